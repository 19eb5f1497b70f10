//! Handles: a constant per field, typed by value, kind and options.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Visibility;

use super::{docs, kind, span_of};
use crate::model::Field;

/// The constants of all fields.
pub(super) fn expand(fields: &[Field], vis: &Visibility) -> TokenStream {
    fields.iter().map(|field| handle(field, vis)).collect()
}

fn handle(field: &Field, vis: &Visibility) -> TokenStream {
    let Field { names, ty, index, .. } = field;
    let (span, member, handle) = (span_of(ty), &names.member.serialize, &names.handle);
    let docs = docs::handle(field);
    let (kind, sortable, def) = match index {
        None => (
            quote_spanned!(span=> __cache::Stored),
            false,
            quote_spanned!(span=> __cache::FieldDef::stored(#member)),
        ),
        Some(index) => {
            let (kind, name) = (kind(ty, index), &index.name);
            let sortable = index.sortable.then(|| quote_spanned!(span=> .sortable::<#ty>()));
            let fold_case = index.fold_case.then(|| quote_spanned!(span=> .fold_case::<#ty>()));
            let def = quote_spanned!(span=>
                __cache::FieldDef::indexed::<#ty, #kind>(#member, #name) #sortable #fold_case
            );
            (kind, index.sortable, def)
        }
    };
    quote_spanned! {span=>
        #docs
        #vis const #handle: __cache::Field<Self, #ty, #kind, __cache::Options<#sortable>> =
            __cache::Field::new(#def);
    }
}
