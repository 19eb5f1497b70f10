//! The expansion: from the input of the derive to its output.

// A file imports from those before it: place, docs, handles, forms, embedded, upgrade, version, unique, schema, finders, model,
// block, fallback, value, view.

mod block;
mod docs;
mod embedded;
mod fallback;
mod finders;
mod forms;
mod handles;
mod model;
mod place;
mod schema;
mod unique;
mod upgrade;
mod value;
mod version;
mod view;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::check::{Role, check};
use crate::errors::collect;
use crate::model::Draft;
use crate::value::Value;
use crate::view::View;

/// `#[derive(CacheModel)]`.
pub(crate) fn cache_model(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (model, verdict) = collect(|errors| check(Role::Model, Draft::read(&input, errors), errors));
    match verdict {
        Ok(()) => {
            let indexed = model.fields.iter().any(|field| field.index.is_some() || field.embedded.is_some());
            block::expand(&model, &schema::expand(&model), indexed)
        }
        Err(error) => fallback::expand(&model, &input, &error),
    }
}

/// `#[derive(CacheEmbedded)]`.
pub(crate) fn cache_embedded(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (model, verdict) = collect(|errors| check(Role::Embedded, Draft::read(&input, errors), errors));
    match verdict {
        Ok(()) => embedded::expand(&model),
        Err(error) => fallback::embedded(model, &input, error),
    }
}

/// `#[derive(CacheValue)]`.
pub(crate) fn cache_value(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (value, verdict) = collect(|errors| Value::read(&input, errors));
    let mut expansion = verdict.map_or_else(syn::Error::into_compile_error, |()| TokenStream::new());
    if input.generics.params.is_empty() {
        expansion.extend(value::expand(&value));
    }
    expansion
}

/// `#[derive(CacheView)]`.
pub(crate) fn cache_view(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (view, verdict) = collect(|errors| View::read(&input, errors));
    match verdict {
        Ok(()) => view::expand(&view),
        Err(error) => {
            let (errors, stub) = (error.into_compile_error(), view::stub(&view, &input));
            quote!(#errors #stub)
        }
    }
}
