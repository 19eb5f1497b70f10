//! The version: where it is, how it is read and set, and `modify`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Ident, Visibility};

use super::docs;
use super::place::{at_one_place, span_of};
use crate::model::Version;

/// What the schema says of it.
pub(super) fn of_schema(version: &Version) -> TokenStream {
    let (span, ty, member) = (span_of(&version.ty), at_one_place(&version.ty), &version.member);
    quote_spanned!(span=> .with_version(#member, <#ty as __cache::VersionValue>::MOST))
}

/// What the model says of it, as a part of an implementation at this place.
pub(super) fn of_model(version: &Version, at: Span) -> TokenStream {
    let (span, ty, ident) = (span_of(&version.ty), at_one_place(&version.ty), &version.ident);
    let count = quote_spanned!(span=> <#ty as __cache::VersionValue>::count(self.#ident));
    quote_spanned! {at=>
        fn document_version(&self) -> ::core::option::Option<u64> {
            #count
        }
    }
}

/// What only models with a version have.
pub(super) fn expand(name: &Ident, vis: &Visibility, version: &Version) -> TokenStream {
    let (span, ty, ident) = (span_of(&version.ty), at_one_place(&version.ty), &version.ident);
    let docs = docs::modify(name);
    quote_spanned! {span=>
        impl __cache::Versioned for #name {
            fn set_version(&mut self, version: u64) {
                self.#ident = <#ty as __cache::VersionValue>::counted(version);
            }
        }
        impl #name {
            #docs
            #vis async fn modify(
                cache: &__cache::Cache,
                id: impl __cache::Id<<Self as __cache::Model>::PrimaryKey> + ::core::marker::Send,
                change: impl ::core::ops::FnMut(&mut Self) + ::core::marker::Send,
            ) -> __cache::Result<Self> {
                __cache::modify(cache, id, change).await
            }
        }
    }
}
