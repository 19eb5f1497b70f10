//! The expansion: from the input of the derive to its output.

// A file imports from those before it: place, docs, schema, handles, finders, model, block, fallback.

mod block;
mod docs;
mod fallback;
mod finders;
mod handles;
mod model;
mod place;
mod schema;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::check::check;
use crate::errors::collect;
use crate::model::Draft;

/// `#[derive(CacheModel)]`.
pub(crate) fn cache_model(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (model, verdict) = collect(|errors| check(Draft::read(&input, errors), errors));
    match verdict {
        Ok(()) => {
            let indexed = model.fields.iter().any(|field| field.index.is_some());
            block::expand(&model, &schema::expand(&model), indexed)
        }
        Err(error) => fallback::expand(&model, &input, &error),
    }
}
