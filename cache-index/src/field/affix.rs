//! Values that are searched by a part of them: beginning, end, anything between.

use super::{Field, SuffixTrie};
use crate::error::{MIN_PREFIX, QueryError};
use crate::filter::{Affix, Filter, Node, Test};
use crate::kind::{FieldKind, Prefixed, Suffixed, Tag, Text, Wild};
use crate::pattern::{Known, Pattern};
use crate::schema::FieldDef;
use crate::text;

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose value, or a word of whose text, begins like this.
    ///
    /// The server wants at least two bytes; a shorter prefix is refused, since its answer would be empty whatever
    /// is there; and on TEXT fields letters that the server folds in a prefix only, such as `ß` and `Ä`. It also stops
    /// at `MAXPREFIXEXPANSIONS` (200) different values; an answer that was stopped says so.
    #[doc(alias = "startswith")]
    #[doc(alias = "prefix")]
    pub fn starts_with(self, prefix: impl AsRef<str>) -> Filter<M>
    where
        K: Prefixed,
    {
        let prefix = prefix.as_ref();
        if K::KIND == FieldKind::Tag && prefix.ends_with('\\') && prefix.len() >= MIN_PREFIX {
            return Filter::new(Node::Invalid(QueryError::PrefixEndsInBackslash { field: self.def.name() }));
        }
        like(self.def, Affix::Prefix, prefix)
    }

    /// Documents whose value ends like this. As with [`starts_with`](Field::starts_with), two bytes are the least, and
    /// an answer that was stopped at 200 different values says so.
    ///
    /// Without `with_suffix_trie` at the field the server looks at every different value that it has.
    #[doc(alias = "endswith")]
    #[doc(alias = "suffix")]
    pub fn ends_with(self, suffix: impl AsRef<str>) -> Filter<M>
    where
        K: Suffixed<O>,
    {
        like(self.def, Affix::Suffix, suffix.as_ref())
    }

    /// Documents whose whole value, or a whole word of whose text, is one that the pattern means: `*` stands for any number of characters, none among them,
    /// and `?` for one. `\\*`, `\\?` and `\\\\` stand for these characters themselves; a backslash before anything else is one.
    ///
    /// `ab*`, `*ab`, `*ab*` and a pattern without wildcards are `starts_with`, `ends_with`, `contains` and `eq`. By any
    /// other the server is asked for the longest part of it that has no wildcard, and what it finds is compared here. At
    /// least two bytes must stand side by side for that; a pattern without them is refused. As with
    /// [`starts_with`](Field::starts_with), an answer that was stopped at 200 different values says so.
    #[doc(alias = "like")]
    #[doc(alias = "glob")]
    pub fn wildcard(self, pattern: impl AsRef<str>) -> Filter<M>
    where
        K: Wild<O>,
    {
        wildcard(self.def, pattern.as_ref())
    }

    /// Of a TAG field, the documents whose value has this in it: see [`ends_with`](Field::ends_with). Of a GEOSHAPE
    /// field, those whose shape contains this one: see `within`.
    pub fn contains(self, part: impl Part<K, O>) -> Filter<M> {
        part.filter(self.def)
    }
}

/// What a value of a field of kind `K` may contain: of a TAG field a string, of a GEOSHAPE field a `&GeoShape`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::{Filter, Options, Part, No, Tag};
///
/// fn with_part(part: impl Part<Tag, Options<No>>) -> Filter<User> {
///     User::EMAIL.contains(part)
/// }
/// assert!(with_part("@example.").accepts_json(&serde_json::json!({ "email": "ann@example.com" }))?);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{K}` field cannot be searched for a `{Self}` that it contains",
    label = "`contains` takes a string for TAG fields, a `&GeoShape` for GEOSHAPE fields",
    note = "search a TEXT field with `matches`; compare numbers with `eq` and `between`"
)]
pub trait Part<K, O> {
    /// The documents whose value contains it.
    fn filter<M>(self, field: FieldDef) -> Filter<M>;
}

impl<T: AsRef<str>, O> Part<Tag, O> for T {
    fn filter<M>(self, field: FieldDef) -> Filter<M> {
        like(field, Affix::Infix, self.as_ref())
    }
}

impl<T: AsRef<str>, O: SuffixTrie> Part<Text, O> for T {
    fn filter<M>(self, field: FieldDef) -> Filter<M> {
        like(field, Affix::Infix, self.as_ref())
    }
}

fn like<M>(field: FieldDef, affix: Affix, part: &str) -> Filter<M> {
    let part_of = if field.kind() == FieldKind::Text { Test::WordLike } else { Test::TagLike };
    Filter::new(match refused(&field, part) {
        Some(error) => Node::Invalid(error),
        None => Node::Leaf(field, part_of(affix, part.to_owned())),
    })
}

fn wildcard<M>(field: FieldDef, text: &str) -> Filter<M> {
    let (name, pattern) = (field.name(), Pattern::new(text));
    let leaf = |test| Node::Leaf(field, test);
    if field.kind() == FieldKind::Text {
        return wildcard_word(field, &pattern, text);
    }
    Filter::new(if let Some(Known::Whole("")) = pattern.simple() {
        leaf(Test::TagIn(vec![String::new()]))
    } else if text.contains('\0') {
        Node::Invalid(QueryError::NulCharacter { field: name })
    } else if text.len() > field.longest_tag() {
        Node::Invalid(QueryError::TooLong { field: name, length: text.len(), most: field.longest_tag() })
    } else {
        let short = || Node::Invalid(QueryError::PatternTooShort { field: name, pattern: text.to_owned() });
        match (pattern.simple(), pattern.longest()) {
            (Some(Known::Whole(whole)), _) => leaf(Test::TagIn(vec![whole.to_owned()])),
            (_, None) => short(),
            (Some(simple), Some(longest)) if simple == longest => match simple {
                Known::Whole(whole) => leaf(Test::TagIn(vec![whole.to_owned()])),
                Known::Prefix(start) => leaf(Test::TagLike(Affix::Prefix, start.to_owned())),
                Known::Suffix(end) => leaf(Test::TagLike(Affix::Suffix, end.to_owned())),
                Known::Infix(part) => leaf(Test::TagLike(Affix::Infix, part.to_owned())),
            },
            _ => leaf(Test::Wildcard(pattern)),
        }
    })
}

/// As [`wildcard`], of the words of a text, which the index holds in lower case.
fn wildcard_word<M>(field: FieldDef, pattern: &Pattern, text: &str) -> Filter<M> {
    let pattern = pattern.to_ascii_lowercase();
    // What ends a word is in none, and an escaped `*` or `?` would be one.
    let split = text.replace(['*', '?'], "x");
    match pattern.longest() {
        _ if text.contains('\0') => {
            Filter::new(Node::Invalid(QueryError::NulCharacter { field: field.name() }))
        }
        _ if text.contains('\\') => {
            Filter::new(Node::Invalid(QueryError::UnsearchableTerm { field: field.name() }))
        }
        _ if text.is_empty() => {
            let (field, text) = (field.name(), String::new());
            Filter::new(Node::Invalid(QueryError::NoTerms { field, text }))
        }
        _ if !text::is_one_word(&split) => Filter::new(Node::Invalid(QueryError::NotOneWord {
            field: field.name(),
            prefix: text.to_owned(),
        })),
        None => Filter::new(Node::Invalid(QueryError::PatternTooShort {
            field: field.name(),
            pattern: text.to_owned(),
        })),
        Some(Known::Prefix(start)) if pattern.simple() == pattern.longest() => {
            like(field, Affix::Prefix, start)
        }
        Some(Known::Suffix(end)) if pattern.simple() == pattern.longest() => like(field, Affix::Suffix, end),
        Some(Known::Infix(part)) if pattern.simple() == pattern.longest() => like(field, Affix::Infix, part),
        Some(_) => Filter::new(Node::Leaf(field, Test::Wildcard(pattern.clone()))),
    }
}

fn refused(def: &FieldDef, part: &str) -> Option<QueryError> {
    let (field, length, most) = (def.name(), part.len(), def.longest_tag());
    if part.contains('\0') {
        Some(QueryError::NulCharacter { field })
    } else if length < MIN_PREFIX {
        Some(QueryError::PrefixTooShort { field, prefix: part.to_owned() })
    } else if length > most {
        Some(QueryError::TooLong { field, length, most })
    } else {
        None
    }
}
