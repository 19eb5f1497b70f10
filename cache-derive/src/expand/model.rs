//! `CacheModel`: the primary key and the time to live.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;

use super::place::{call_site_at, located, span_of};
use super::{upgrade, version};
use crate::model::{Key, Model};

/// The implementation. Without a primary key it is a stub that is never run.
pub(super) fn expand(model: &Model) -> TokenStream {
    // All of it at one place, so that a trait that the struct lacks is one message.
    let span = call_site_at(model.name.span());
    let name = located(&model.name, span);
    let (key, reference, value) = match &model.key[..] {
        [] => (
            quote_spanned!(span=> type PrimaryKey = ::std::string::String;),
            quote_spanned!(span=> &Self::PrimaryKey),
            quote_spanned!(span=> loop {}),
        ),
        [Key { ident, ty, .. }] => (
            quote_spanned!(span_of(ty)=> type PrimaryKey = #ty;),
            quote_spanned!(span=> &Self::PrimaryKey),
            quote_spanned!(span=> &self.#ident),
        ),
        parts => {
            let types: Vec<_> = parts.iter().map(|part| &part.ty).collect();
            let idents = parts.iter().map(|part| &part.ident);
            (
                quote_spanned!(span=> type PrimaryKey = (#(#types),*);),
                quote_spanned!(span=> (#(&#types),*)),
                quote_spanned!(span=> (#(&self.#idents),*)),
            )
        }
    };
    let ttl = match model.ttl.map(Literal::u64_unsuffixed) {
        Some(ttl) => {
            quote_spanned!(span=> ::core::option::Option::Some(::core::time::Duration::from_millis(#ttl)))
        }
        None => quote_spanned!(span=> ::core::option::Option::None),
    };
    let jitter = model.jitter.map(|jitter| {
        let jitter = Literal::f64_unsuffixed(jitter);
        quote_spanned!(span=> const TTL_JITTER: f64 = #jitter;)
    });
    let version = model.version.as_ref().map(|version| version::of_model(version, span));
    let form = model.form.as_ref().map(|form| upgrade::of_model(form, span));
    quote_spanned! {span=>
        impl __cache::Model for #name {
            #key
            const TTL: ::core::option::Option<::core::time::Duration> = #ttl;
            #jitter
            fn primary_key(&self) -> #reference {
                #value
            }
            #version
            #form
        }
    }
}
