//! The expansion: the same function with the gate around its body.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{PatType, Type};

use super::function::Gated;

pub(super) fn expand(gated: Gated) -> TokenStream {
    let Gated { mut function, arguments, cache, lease, answer } = gated;
    let block = &function.block;
    let core = arguments.path.as_ref().map_or_else(|| quote!(::cache_core), |path| quote!(#path));
    let span = answer.span();
    let key = arguments.key;
    let times = arguments
        .times
        .iter()
        .map(|(name, time)| quote_spanned!(name.span()=> .#name(::core::time::Duration::from_millis(#time))));
    let settings =
        arguments.settings.iter().map(|(name, value)| quote_spanned!(name.span()=> .#name(#value)));
    let strict = arguments.strict.iter().map(|name| quote_spanned!(name.span()=> .#name()));
    // With the type as it is written, so that its import is used.
    let (parameter, binding) = match lease {
        None => (quote!(_: #core::Lease), TokenStream::new()),
        Some(PatType { pat, ty, .. }) if matches!(*ty, Type::Reference(_)) => {
            (quote!(__lease: #core::Lease), quote!(let #pat: #ty = &__lease;))
        }
        Some(PatType { pat, ty, .. }) => (quote!(#pat: #ty), TokenStream::new()),
    };
    function.block = syn::parse_quote!({
        let __gate = #core::Gate::new(#key) #(#times)* #(#settings)* #(#strict)*;
        #core::__private::gated(&__gate, &#cache, async |#parameter| -> #answer {
            #binding
            #block
        }).await
    });
    function.sig.output = syn::parse_quote_spanned!(span=> -> #core::__private::Gated<#answer>);
    quote!(#function)
}
