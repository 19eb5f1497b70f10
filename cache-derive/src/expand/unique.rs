//! Unique fields: which they are, and `get_by_<field>`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Visibility};

use super::docs;
use super::place::{at_one_place, span_of};
use crate::model::UniquePart;

/// What the schema says of them.
pub(super) fn of_schema(unique: &[Vec<UniquePart>]) -> Option<TokenStream> {
    let tuples = unique.iter().map(|parts| {
        let members = parts.iter().map(|UniquePart { ty, member, .. }| {
            let (span, ty) = (span_of(ty), at_one_place(ty));
            quote_spanned!(span=> __cache::unique_member::<#ty>(#member))
        });
        quote!(&[#(#members),*])
    });
    (!unique.is_empty()).then(|| quote!(.with_unique(&[#(#tuples),*])))
}

/// A function for each that reads a document by its value.
pub(super) fn getters(unique: &[Vec<UniquePart>], vis: &Visibility) -> TokenStream {
    unique.iter().enumerate().map(|(number, parts)| getter(number, parts, vis)).collect()
}

fn getter(number: usize, parts: &[UniquePart], vis: &Visibility) -> TokenStream {
    let names: Vec<_> = parts.iter().map(|part| part.plain.as_str()).collect();
    let (name, docs) = (format_ident!("get_by_{}", names.join("_and_")), docs::getter(&names));
    let arguments = parts.iter().enumerate().map(|(position, UniquePart { ty, .. })| {
        let (span, ty, value) = (span_of(ty), at_one_place(ty), argument(position, parts));
        quote_spanned! {span=>
            #value: impl __cache::UniqueOperand<#ty>
        }
    });
    let values = parts.iter().enumerate().map(|(position, UniquePart { ty, .. })| {
        let (span, ty, value) = (span_of(ty), at_one_place(ty), argument(position, parts));
        quote_spanned!(span=> __cache::UniqueOperand::<#ty>::unique_json(#value))
    });
    quote! {
        #docs
        #vis fn #name<'a>(
            cache: &'a __cache::Cache,
            #(#arguments),*
        ) -> __cache::BoxFuture<'a, __cache::Result<::core::option::Option<Self>>> {
            __cache::get_by_unique(cache, #number, [#(#values),*])
        }
    }
}

/// The name of an argument. Not the field's: a field can be called `cache`.
fn argument(position: usize, parts: &[UniquePart]) -> Ident {
    match parts {
        [_] => format_ident!("value"),
        _ => format_ident!("value_{position}"),
    }
}
