//! The version of the documents' form, and what brings older documents to it.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::place::call_site_at;
use crate::model::FormVersion;

/// What the model says of it, as a part of an implementation at this place.
pub(super) fn of_model(form: &FormVersion, at: Span) -> TokenStream {
    let number = Literal::u32_unsuffixed(form.number);
    let upgrade = form.upgrade.as_ref().map(|path| {
        // A function of another type is a message at its name.
        let call = quote_spanned!(call_site_at(path.span())=> #path(from, document));
        quote_spanned! {at=>
            fn upgrade_document(
                from: u32,
                document: &mut __cache::JsonMap,
            ) -> ::core::result::Result<(), __cache::BoxError> {
                #call.map_err(::core::convert::Into::into)
            }
        }
    });
    quote_spanned! {at=>
        const SCHEMA_VERSION: ::core::option::Option<u32> = ::core::option::Option::Some(#number);
        #upgrade
    }
}
