//! The expansion: from the input of the derive to its output.

mod docs;
mod fallback;
mod finders;
mod handles;
mod model;
mod schema;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Ident, Token, Type, Visibility};

use crate::attr::Kind;
use crate::check::check;
use crate::errors::collect;
use crate::model::{Draft, Index, Model};

/// `#[derive(CacheModel)]`.
pub(crate) fn cache_model(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let (model, verdict) = collect(|errors| check(Draft::read(&input, errors), errors));
    match verdict {
        Ok(()) => whole(&model),
        Err(error) => fallback::expand(&model, &input, &error),
    }
}

fn whole(model: &Model) -> TokenStream {
    let finders = finders::expand(&model.name, &model.fields, &visibility(model));
    assembled(model, &schema::expand(model), &finders)
}

/// Puts the items where `__cache` names what they use, and where they add no name to the user's module.
fn assembled(model: &Model, schema: &TokenStream, finders: &TokenStream) -> TokenStream {
    let Model { name, fields, path, .. } = model;
    let path = path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream);
    let handles = handles::expand(fields, &visibility(model));
    let implementation = model::expand(model);
    quote! {
        const _: () = {
            use #path::__private as __cache;
            #schema
            impl #name {
                #handles
                #finders
            }
            #implementation
        };
    }
}

/// The struct's visibility, without the place in the source that `unreachable_pub` would blame for every item.
fn visibility(model: &Model) -> Visibility {
    match &model.vis {
        Visibility::Public(_) => Visibility::Public(Token![pub](Span::call_site())),
        other => other.clone(),
    }
}

/// Where generated code that mentions a field's type is located.
///
/// The compiler reports a type that does not fit once for every place that mentions it, and drops messages that
/// are the same to the letter, the place included. So all of it is located at one token of the type.
fn span_of(ty: &Type) -> Span {
    call_site_at(ty.span())
}

/// Located there, but resolved like the rest of the expansion: lints leave what is generated alone.
fn call_site_at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// The name of a field's handle or finder, where the compiler reports the type.
fn located(name: &Ident, ty: &Type) -> Ident {
    let mut name = name.clone();
    name.set_span(span_of(ty));
    name
}

/// The kind of an indexed field as a type.
fn kind(ty: &Type, index: &Index) -> TokenStream {
    let span = span_of(ty);
    match index.kind {
        None => quote_spanned!(span=> __cache::KindOf<#ty>),
        Some(Kind::Tag) => quote_spanned!(span=> __cache::Tag),
        Some(Kind::Numeric) => quote_spanned!(span=> __cache::Numeric),
        Some(Kind::Text) => quote_spanned!(span=> __cache::Text),
    }
}
