//! `#[derive(CacheView)]`: which members a view reads, each checked against the handle of the model.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Ident, Path};

use super::forms;
use super::place::{at_one_place, call_site_at, located, span_of};
use crate::view::{View, ViewField};

/// The implementation.
pub(super) fn expand(view: &View) -> TokenStream {
    let View { name, model, fields, .. } = view;
    let (path, Some(model)) = (path(view), model) else { return TokenStream::new() };
    let members = fields.iter().map(|field| member(name, model, field));
    let forms =
        fields.iter().filter_map(|field| Some(forms::of_field(name, field.form.as_ref()?, "ReadWith")));
    let span = call_site_at(name.span());
    let (located, plain) = (located(name, span), name.unraw().to_string());
    // Outside the implementation, so that the compiler evaluates it whether or not the view is used.
    quote_spanned! {span=>
        const _: () = {
            use #path::__private as __cache;
            #[allow(unused_imports)]
            use __cache::NotScalar as _;
            #(#forms)*
            const __MEMBERS: &[__cache::Member] = &[#(#members),*];
            impl __cache::Row<#model> for #located {
                const LOADS: __cache::Loads = __cache::Loads::members(__MEMBERS);
                fn read(hit: &__cache::Hit) -> __cache::Result<Self> {
                    __cache::read_view::<#model, Self>(hit, #plain)
                }
            }
        };
    }
}

/// The member that a field is read from.
fn member(view: &Ident, model: &Path, field: &ViewField) -> TokenStream {
    let ViewField { name, ty, handle, stored, form, is_custom } = field;
    let (span, handle) = (span_of(ty), quote!(#(#handle).*));
    let own = at_one_place(ty);
    let read = match (stored, form) {
        (Some(stored), _) => stored.to_token_stream(),
        (None, Some(form)) => {
            let number = &form.number;
            quote_spanned!(span=> <#view as __cache::ReadWith<#number>>::As)
        }
        (None, None) if *is_custom => quote_spanned!(span=> __cache::NoForm<#own>),
        (None, None) => own,
    };
    quote_spanned! {span=>
        __cache::Member::new(
            #name,
            <#model>::#handle.read_as::<#read, _>(),
            __cache::IsScalar::<#read>::SCALAR,
        )
    }
}

/// An implementation that is never run, so that uses of a view with mistakes add no messages.
pub(super) fn stub(view: &View, input: &DeriveInput) -> TokenStream {
    let View { name, model: Some(model), .. } = view else { return TokenStream::new() };
    if !input.generics.params.is_empty() || matches!(input.data, Data::Union(_)) {
        return TokenStream::new();
    }
    let path = path(view);
    quote! {
        const _: () = {
            use #path::__private as __cache;
            impl __cache::Row<#model> for #name {
                const LOADS: __cache::Loads = __cache::Loads::KEY;
                fn read(_: &__cache::Hit) -> __cache::Result<Self> {
                    loop {}
                }
            }
        };
    }
}

fn path(view: &View) -> TokenStream {
    view.path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream)
}
