//! What a field was declared with, as types.

use std::marker::PhantomData;

use crate::kind::{Suffixed, Text, Wild};
use crate::path::Many;

/// What a field was declared with, in its type: whether it is sortable, whether documents that lack it can be
/// searched for, whether it knows what words sound like, whether empty texts can be searched for, and whether the index knows
/// the ends of values.
#[derive(Debug, Clone, Copy)]
pub struct Options<S, X = No, P = No, E = No, W = No>(PhantomData<(S, X, P, E, W)>);

/// The field was declared with it.
#[derive(Debug, Clone, Copy)]
pub enum Yes {}

/// The field was declared without it.
#[derive(Debug, Clone, Copy)]
pub enum No {}

/// Options of fields that answers can be sorted by.
#[diagnostic::on_unimplemented(
    message = "this field is not sortable",
    label = "answers cannot be sorted by it",
    note = "write `#[index(sortable)]` at the field"
)]
pub trait Sortable {}

impl<X, P, E, W> Sortable for Options<Yes, X, P, E, W> {}

/// Options of fields whose absence is indexed.
#[diagnostic::on_unimplemented(
    message = "the index does not know which documents lack this field",
    label = "missing values are not indexed",
    note = "write `#[index(index_missing)]` and `#[serde(skip_serializing_if = \"Option::is_none\")]` at an `Option` field"
)]
pub trait IndexesMissing {}

impl<S, P, E, W> IndexesMissing for Options<S, Yes, P, E, W> {}

/// Options of fields that know what words sound like.
#[diagnostic::on_unimplemented(
    message = "the index does not know what the words of this field sound like",
    label = "not declared `phonetic`",
    note = "write `#[index(text, phonetic = \"en\")]` at the field"
)]
pub trait Phonetic {}

impl<S, X, E, W> Phonetic for Options<S, X, Yes, E, W> {}

/// Options of fields whose empty texts are indexed.
#[diagnostic::on_unimplemented(
    message = "the index does not know which texts of this field are empty",
    label = "empty texts are not indexed",
    note = "write `#[index(text, index_empty)]` at the field; a TAG field is asked with `eq(\"\")`"
)]
pub trait IndexesEmpty {}

impl<S, X, P, W> IndexesEmpty for Options<S, X, P, Yes, W> {}

/// Options of fields whose index knows the ends of values.
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
