//! What a field was declared with, as types.

use std::marker::PhantomData;

/// What a field was declared with, in its type: whether it is sortable, and whether documents that lack it can be
/// searched for.
#[derive(Debug, Clone, Copy)]
pub struct Options<S, X = No>(PhantomData<(S, X)>);

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

impl<X> Sortable for Options<Yes, X> {}

/// Options of fields whose absence is indexed.
#[diagnostic::on_unimplemented(
    message = "the index does not know which documents lack this field",
    label = "missing values are not indexed",
    note = "write `#[index(index_missing)]` and `#[serde(skip_serializing_if = \"Option::is_none\")]` at an `Option` field"
)]
pub trait IndexesMissing {}

impl<S> IndexesMissing for Options<S, Yes> {}
