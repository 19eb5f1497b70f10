//! What a field was declared with, as types.

use std::marker::PhantomData;

use crate::kind::{Suffixed, Text, Wild};
use crate::path::Many;

/// What a field was declared with, in its type: whether it is sortable, whether documents that lack it can be
/// searched for, whether it knows what words sound like, whether empty texts can be searched for, and whether the index knows
/// the ends of values.
///
/// ```
/// use cache_index::{Field, No, Numeric, Options, Yes};
/// # struct User;
///
/// // `#[index(sortable)] age: u8` and `#[index(index_missing)] bonus: Option<f64>`:
/// const AGE: Field<User, u8, Numeric, Options<Yes>> = Field::inferred("age", "age").sortable();
/// const BONUS: Field<User, Option<f64>, Numeric, Options<No, Yes>> =
///     Field::inferred("bonus", "bonus").index_missing();
/// assert!(AGE.def().is_sortable() && BONUS.def().indexes_missing());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Options<S, X = No, P = No, E = No, W = No>(PhantomData<(S, X, P, E, W)>);

/// The field was declared with it.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<Yes>> = Field::indexed("age", "age").sortable();
/// # }
/// let by_age: SortKey<User> = User::AGE.asc();
/// assert_eq!(by_age.field().to_string(), "age");
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Yes {}

/// The field was declared without it.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// // `User::AGE.asc()` would not compile: the message says to write `#[index(sortable)]`.
/// assert!(!User::AGE.def().is_sortable());
/// ```
#[derive(Debug, Clone, Copy)]
pub enum No {}

/// Options of fields that answers can be sorted by.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<Yes>> = Field::indexed("age", "age").sortable();
/// # }
/// use cache_index::{Field, SortKey, Sortable};
///
/// fn by<M, V, K, O: Sortable>(field: Field<M, V, K, O>, descending: bool) -> SortKey<M> {
///     if descending { field.desc() } else { field.asc() }
/// }
/// assert_eq!(format!("{:?}", by(User::AGE, true)), "age DESC");
/// ```
#[diagnostic::on_unimplemented(
    message = "this field is not sortable",
    label = "answers cannot be sorted by it",
    note = "write `#[index(sortable)]` at the field"
)]
pub trait Sortable {}

impl<X, P, E, W> Sortable for Options<Yes, X, P, E, W> {}

/// Options of fields whose absence is indexed.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BONUS: Field<User, Option<f64>, Numeric, Options<No, Yes>> = Field::indexed("bonus", "bonus").index_missing();
/// # }
/// use cache_index::{Field, Filter, IndexesMissing};
///
/// fn known<M, V, K, O: IndexesMissing>(field: Field<M, V, K, O>) -> Filter<M> {
///     field.is_some()
/// }
/// assert!(known(User::BONUS).accepts_json(&serde_json::json!({ "bonus": 1.5 }))?);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the index does not know which documents lack this field",
    label = "missing values are not indexed",
    note = "write `#[index(index_missing)]` and `#[serde(skip_serializing_if = \"Option::is_none\")]` at an `Option` field"
)]
pub trait IndexesMissing {}

impl<S, P, E, W> IndexesMissing for Options<S, Yes, P, E, W> {}

/// Options of fields that know what words sound like.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const NAME: Field<User, String, Text, Options<No, No, Yes>> = Field::indexed("name", "name").phonetic("en");
/// # }
/// use cache_index::{Field, Filter, Phonetic, Worded};
///
/// fn heard<M, V, K: Worded, O: Phonetic>(field: Field<M, V, K, O>, name: &str) -> Filter<M> {
///     field.sounds_like(name)
/// }
/// assert!(heard(User::NAME, "jon").render()?.text().contains("$phonetic:true"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the index does not know what the words of this field sound like",
    label = "not declared `phonetic`",
    note = "write `#[index(text, phonetic = \"en\")]` at the field"
)]
pub trait Phonetic {}

impl<S, X, E, W> Phonetic for Options<S, X, Yes, E, W> {}

/// Options of fields whose empty texts are indexed.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BIO: Field<User, String, Text, Options<No, No, No, Yes>> = Field::indexed("bio", "bio").index_empty();
/// # }
/// use cache_index::{Field, Filter, IndexesEmpty, Worded};
///
/// fn unwritten<M, V, K: Worded, O: IndexesEmpty>(field: Field<M, V, K, O>) -> Filter<M> {
///     field.is_empty()
/// }
/// assert!(unwritten(User::BIO).accepts_json(&serde_json::json!({ "bio": "" }))?);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the index does not know which texts of this field are empty",
    label = "empty texts are not indexed",
    note = "write `#[index(text, index_empty)]` at the field; a TAG field is asked with `eq(\"\")`"
)]
pub trait IndexesEmpty {}

impl<S, X, P, W> IndexesEmpty for Options<S, X, P, Yes, W> {}

/// Options of fields whose index knows the ends of values.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BIO: Field<User, String, Text, Options<No, No, No, No, Yes>> = Field::indexed("bio", "bio").with_suffix_trie();
/// # }
/// use cache_index::{Field, Filter, SuffixTrie, Text};
///
/// fn rhymes<M, V, O: SuffixTrie>(field: Field<M, V, Text, O>, end: &str) -> Filter<M> {
///     field.ends_with(end)
/// }
/// assert!(rhymes(User::BIO, "ight").accepts_json(&serde_json::json!({ "bio": "late at night" }))?);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the index does not know how the words of this field end",
    label = "a TEXT field that is not declared `with_suffix_trie`",
    note = "write `#[index(text, with_suffix_trie)]` at the field; a TAG field needs nothing"
)]
pub trait SuffixTrie {}

impl<S, X, P, E> SuffixTrie for Options<S, X, P, E, Yes> {}

impl<O: SuffixTrie> Suffixed<O> for Text {}

impl<O: SuffixTrie> Wild<O> for Text {}

impl Many for No {}
