//! What a field was declared with, as types.

use std::marker::PhantomData;

use crate::path::Many;

/// What a field was declared with, in its type: whether it is sortable, whether documents that lack it can be
/// searched for, whether it knows what words sound like, and whether empty texts can be searched for.
#[derive(Debug, Clone, Copy)]
pub struct Options<S, X = No, P = No, E = No>(PhantomData<(S, X, P, E)>);

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

impl<X, P, E> Sortable for Options<Yes, X, P, E> {}

/// Options of fields whose absence is indexed.
#[diagnostic::on_unimplemented(
    message = "the index does not know which documents lack this field",
    label = "missing values are not indexed",
    note = "write `#[index(index_missing)]` and `#[serde(skip_serializing_if = \"Option::is_none\")]` at an `Option` field"
)]
pub trait IndexesMissing {}

impl<S, P, E> IndexesMissing for Options<S, Yes, P, E> {}

/// Options of fields that know what words sound like.
#[diagnostic::on_unimplemented(
    message = "the index does not know what the words of this field sound like",
    label = "not declared `phonetic`",
    note = "write `#[index(text, phonetic = \"en\")]` at the field"
)]
pub trait Phonetic {}

impl<S, X, E> Phonetic for Options<S, X, Yes, E> {}

/// Options of fields whose empty texts are indexed.
#[diagnostic::on_unimplemented(
    message = "the index does not know which texts of this field are empty",
    label = "empty texts are not indexed",
    note = "write `#[index(text, index_empty)]` at the field; a TAG field is asked with `eq(\"\")`"
)]
pub trait IndexesEmpty {}

impl<S, X, P> IndexesEmpty for Options<S, X, P, Yes> {}

impl Many for No {}
