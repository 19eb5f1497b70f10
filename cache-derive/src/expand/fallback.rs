//! The expansion of an input with mistakes: every mistake as an error, and stubs for what was understood.
//!
//! Without the stubs, each use of the model elsewhere would add a message of its own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

use super::{block, schema};
use crate::model::Model;

/// The errors and the stubs.
pub(super) fn expand(model: &Model, input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    // Serde derives nothing for unions, and what it derives for generic types has bounds: a stub of `CacheModel`,
    // which asks for serde's traits, would be a message more.
    if !input.generics.params.is_empty() || matches!(input.data, Data::Union(_)) {
        return errors;
    }
    let schema = schema::with_fields(model, &TokenStream::new());
    // Whether the model has an index may be just what was mistaken, so `find` is there in any case.
    let stubs = block::expand(model, &schema, true);
    quote!(#errors #stubs)
}

/// The errors and what was understood of an embedded struct, so that the models which embed it add no messages.
pub(super) fn embedded(mut model: Model, input: &DeriveInput, errors: syn::Error) -> TokenStream {
    let errors = errors.into_compile_error();
    if !input.generics.params.is_empty() || model.fields.is_empty() {
        return errors;
    }
    // One that is within itself would have no end.
    model.fields.retain(|field| field.embedded.is_none());
    let stubs = super::embedded::expand(&model);
    quote!(#errors #stubs)
}
