//! Field handles: a model's fields as typed constants, from which filters and sort keys are made.

mod affix;
mod any;
mod declare;
mod near;
mod options;
mod select;
#[cfg(feature = "geo")]
mod shapes;
mod words;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use crate::error::QueryError;
use crate::filter::{Filter, Node, NumericRange, Test, not_exact};
use crate::kind::{Comparable, Ordered, Worded};
use crate::schema::FieldDef;
use crate::sort::{Direction, SortKey};
use crate::value::{Comparand, Operand};

pub use affix::Part;
pub use any::any_embedded;
pub use options::{IndexesEmpty, IndexesMissing, No, Options, Phonetic, Sortable, SuffixTrie, Yes};
pub use select::embedded_as;

/// The largest integer that a double tells from its neighbours (`Number.MAX_SAFE_INTEGER` of ECMAScript).
const MAX_EXACT: i128 = (1 << 53) - 1;

/// A field of model `M`: its value type `V`, its kind `K` and its options `O`.
///
/// `#[derive(CacheModel)]` makes one for every field, as a constant named like the field in upper case.
///
/// ```
/// # use cache_index::{Field, FieldDef, Filter, IndexSchema, No, Numeric, Options, Schema, Tag};
/// # struct User;
/// # impl IndexSchema for User {
/// #     fn schema() -> &'static Schema {
/// #         static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// #         &SCHEMA
/// #     }
/// # }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> =
/// #         Field::new(FieldDef::indexed::<String, Tag>("email", "email"));
/// #     const AGE: Field<User, i64, Numeric, Options<No>> =
/// #         Field::new(FieldDef::indexed::<i64, Numeric>("age", "age"));
/// # }
/// let filter = User::EMAIL.eq("ann@example.com") | User::AGE.between(18..65);
/// assert_eq!(filter.render()?.text(), "@email:{$p0}|@age:[$p1 ($p2]");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Field<M, V, K, O> {
    def: FieldDef,
    types: Types<M, V, K, O>,
}

/// Owns none of them: a handle is `Send`, `Sync` and `Copy` whatever its types are.
type Types<M, V, K, O> = PhantomData<fn() -> (M, V, K, O)>;

impl<M, V, K, O> Field<M, V, K, O> {
    /// The handle of a field. Whoever calls it vouches for the types; the derive does.
    pub const fn new(def: FieldDef) -> Self {
        Self { def, types: PhantomData }
    }

    /// The field as data.
    pub const fn def(&self) -> FieldDef {
        self.def
    }
}

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose value is this one; of a list, those that have it as an element.
    ///
    /// Strings are compared byte for byte (unless the field is declared `fold_case`), integers exactly. The index holds
    /// doubles, so that of an integer beyond ±(2^53 - 1) the server also finds the neighbours, which are then left out
    /// here: the documents are read for it, all of them for a negation. Ranges refuse such an operand
    /// ([`QueryError::NotExact`]). The few doubles that RedisJSON alters (see [`write_json`](crate::write_json)) are
    /// found by what it made of them. A document without the field, or with `null`, is not found.
    #[doc(alias = "==")]
    pub fn eq<T>(self, value: T) -> Filter<M>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        self.is_in([value])
    }

    /// Documents whose value is not this one, those without a value among them: the negation of [`Field::eq`].
    #[doc(alias = "!=")]
    pub fn ne<T>(self, value: T) -> Filter<M>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        !self.eq(value)
    }

    /// Documents whose value is one of these. No values: no documents.
    #[doc(alias = "<<")]
    pub fn is_in<T>(self, values: impl IntoIterator<Item = T>) -> Filter<M>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        let mut tags = Vec::new();
        let mut node = Node::None;
        for value in values {
            match self.checked(value.into_comparand()) {
                Ok(Checked::Tag(tag)) => tags.push(tag),
                Ok(Checked::Number(number)) => {
                    let at = Bound::Included(number);
                    node = node.or(self.range(NumericRange { start: at, end: at }));
                }
                Ok(Checked::Integer(number)) => node = node.or(Node::Leaf(self.def, Test::Integer(number))),
                Err(error) => return Filter::new(Node::Invalid(error)),
            }
        }
        if !tags.is_empty() {
            node = node.or(Node::Leaf(self.def, Test::TagIn(tags)));
        }
        Filter::new(node)
    }

    /// Documents whose value is none of these, those without a value among them. No values: all documents.
    pub fn not_in<T>(self, values: impl IntoIterator<Item = T>) -> Filter<M>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        !self.is_in(values)
    }

    /// Documents whose value is greater.
    #[doc(alias = ">")]
    pub fn gt<T>(self, value: T) -> Filter<M>
    where
        K: Ordered<V>,
        T: Operand<K::Scalar>,
    {
        self.bounded(Bound::Excluded(value), Bound::Unbounded)
    }

    /// Documents whose value is greater or equal.
    #[doc(alias = ">=")]
    pub fn ge<T>(self, value: T) -> Filter<M>
    where
        K: Ordered<V>,
        T: Operand<K::Scalar>,
    {
        self.bounded(Bound::Included(value), Bound::Unbounded)
    }

    /// Documents whose value is less.
    #[doc(alias = "<")]
    pub fn lt<T>(self, value: T) -> Filter<M>
    where
        K: Ordered<V>,
        T: Operand<K::Scalar>,
    {
        self.bounded(Bound::Unbounded, Bound::Excluded(value))
    }

    /// Documents whose value is less or equal.
    #[doc(alias = "<=")]
    pub fn le<T>(self, value: T) -> Filter<M>
    where
        K: Ordered<V>,
        T: Operand<K::Scalar>,
    {
        self.bounded(Bound::Unbounded, Bound::Included(value))
    }

    /// Documents whose value is in this Rust range: `18..65`, `18..=65`, `..65`, `18..`. An empty range: no
    /// documents. `..` is every document that has a value.
    pub fn between<T>(self, range: impl RangeBounds<T>) -> Filter<M>
    where
        K: Ordered<V>,
        T: Operand<K::Scalar> + Clone,
    {
        self.bounded(range.start_bound().cloned(), range.end_bound().cloned())
    }

    fn bounded<T>(self, start: Bound<T>, end: Bound<T>) -> Filter<M>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        let node = self
            .bound(start)
            .and_then(|start| Ok(self.range(NumericRange { start, end: self.bound(end)? })))
            .unwrap_or_else(Node::Invalid);
        Filter::new(node)
    }

    fn bound<T>(self, bound: Bound<T>) -> Result<Bound<f64>, QueryError>
    where
        K: Comparable<V>,
        T: Operand<K::Scalar>,
    {
        let number = |value: T| match self.checked(value.into_comparand())? {
            Checked::Number(number) => Ok(number),
            Checked::Integer(number) => Err(not_exact(&self.def, number)),
            // No ordered kind compares tags.
            Checked::Tag(tag) => Err(QueryError::NotFinite { field: self.def.name(), value: tag }),
        };
        Ok(match bound {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(value) => Bound::Included(number(value)?),
            Bound::Excluded(value) => Bound::Excluded(number(value)?),
        })
    }
}

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose text has all words of this one, in any order, in this or another inflection.
    ///
    /// The text is cut into words as the server cuts the documents' text; stopwords are left out. A text without
    /// a word is refused, since the server would find nothing.
    #[doc(alias = "%")]
    #[doc(alias = "full_text_search")]
    pub fn matches(self, text: impl AsRef<str>) -> Filter<M>
    where
        K: Worded,
    {
        let (field, text) = (self.def.name(), text.as_ref());
        Filter::new(if text.contains('\0') {
            Node::Invalid(QueryError::NulCharacter { field })
        } else {
            Node::Leaf(self.def, Test::Words(text.to_owned()))
        })
    }

    /// Documents whose text has, for each word of this one, a word that sounds alike in the language that the field was
    /// declared `phonetic` with (Double Metaphone): `jon` finds `John`.
    ///
    /// Only the server decides it: [`Filter::accepts`] refuses it. And only as it stands: negated it is refused, since
    /// the server would then leave out nothing but the words themselves. Nor does it stand in a query for words as they are
    /// written ([`QueryError::NotVerbatim`]).
    pub fn sounds_like(self, text: impl AsRef<str>) -> Filter<M>
    where
        K: Worded,
        O: Phonetic,
    {
        let (field, text) = (self.def.name(), text.as_ref());
        Filter::new(if text.contains('\0') {
            Node::Invalid(QueryError::NulCharacter { field })
        } else {
            Node::Leaf(self.def, Test::Sounds(text.to_owned()))
        })
    }

    /// Documents whose text is empty. Of an `Option`, those with an empty text, not those without one.
    pub fn is_empty(self) -> Filter<M>
    where
        K: Worded,
        O: IndexesEmpty,
    {
        Filter::new(Node::Leaf(self.def, Test::Empty))
    }

    /// Documents that lack the field: those whose `Option` was `None` when they were saved.
    pub fn is_missing(self) -> Filter<M>
    where
        O: IndexesMissing,
    {
        Filter::new(Node::Leaf(self.def, Test::Missing))
    }

    /// Documents that have the field.
    pub fn is_some(self) -> Filter<M>
    where
        O: IndexesMissing,
    {
        !self.is_missing()
    }

    /// Sorts answers by this field, the smallest first.
    pub fn asc(self) -> SortKey<M>
    where
        O: Sortable,
    {
        SortKey::new(self.def.name(), Direction::Ascending)
    }

    /// Sorts answers by this field, the largest first.
    pub fn desc(self) -> SortKey<M>
    where
        O: Sortable,
    {
        SortKey::new(self.def.name(), Direction::Descending)
    }

    fn range(self, range: NumericRange) -> Node {
        if range.is_empty() { Node::None } else { Node::Leaf(self.def, Test::Range(range)) }
    }

    fn checked(self, comparand: Comparand) -> Result<Checked, QueryError> {
        let (field, most) = (self.def.name(), self.def.longest_tag());
        match comparand {
            Comparand::Tag(tag) if tag.contains('\0') => Err(QueryError::NulCharacter { field }),
            Comparand::Tag(tag) if tag.len() > most => {
                Err(QueryError::TooLong { field, length: tag.len(), most })
            }
            Comparand::Tag(tag) => Ok(Checked::Tag(tag)),
            Comparand::Inexact(value) => Err(QueryError::BetweenDoubles { field, value }),
            Comparand::Unnamed => Err(QueryError::Unnamed { field }),
            Comparand::Integer(number) if number.abs() > MAX_EXACT => Ok(Checked::Integer(number)),
            Comparand::Integer(number) => Ok(Checked::Number(number as f64)),
            Comparand::Float(number) if number.is_finite() => Ok(Checked::Number(number)),
            Comparand::Float(number) => Err(QueryError::NotFinite { field, value: number.to_string() }),
        }
    }
}

enum Checked {
    Tag(String),
    Number(f64),
    /// An integer that is no double, or a neighbour of one.
    Integer(i128),
}

impl<M, V, K, O> Clone for Field<M, V, K, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, V, K, O> Copy for Field<M, V, K, O> {}

impl<M, V, K, O> fmt::Debug for Field<M, V, K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.def.fmt(f)
    }
}
