//! Handles: a constant per field, typed by value, kind and options.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Type, Visibility};

use super::docs;
use super::place::{call_site_at, located, span_of};
use crate::attr::Kind;
use crate::model::{Field, Index};

/// The constants of all fields but embedded structs.
pub(super) fn expand(fields: &[Field], vis: &Visibility) -> TokenStream {
    fields.iter().filter(|field| field.embedded.is_none()).map(|field| handle(field, vis)).collect()
}

fn handle(field: &Field, vis: &Visibility) -> TokenStream {
    let Field { names, ty, index, .. } = field;
    let (span, member, handle) = (span_of(ty), &names.member.serialize, &names.handle);
    let docs = docs::handle(field);
    let (kind, value) = match index {
        None => {
            (quote_spanned!(span=> __cache::Stored), quote_spanned!(span=> __cache::Field::stored(#member)))
        }
        Some(index) => (kind(ty, index), indexed(field, index)),
    };
    let sortable = sort_flag(index.as_ref());
    quote_spanned! {span=>
        #docs
        #vis const #handle: __cache::Field<Self, #ty, #kind, __cache::Options<#sortable>> = #value;
    }
}

/// Whether a field was declared sortable, as a type.
pub(super) fn sort_flag(index: Option<&Index>) -> TokenStream {
    let sortable = index.is_some_and(|index| index.sortable.is_some());
    if sortable { quote!(__cache::Yes) } else { quote!(__cache::No) }
}

/// The value of a handle. It does not repeat the type, so that a type that cannot be indexed is one message; a
/// type that cannot be indexed like this is a message at the word that asks for it.
pub(super) fn indexed(field: &Field, index: &Index) -> TokenStream {
    let (member, name) = (&field.names.member.serialize, &index.name);
    let option = |word: &Ident| {
        let span = call_site_at(word.span());
        let method = located(word, span);
        quote_spanned!(span=> .#method())
    };
    let sortable = index.sortable.as_ref().map(option);
    let fold_case = index.fold_case.as_ref().map(option);
    match &index.kind {
        None => quote_spanned! {span_of(&field.ty)=>
            __cache::Field::inferred(#member, #name) #sortable #fold_case
        },
        Some((_, word)) => quote_spanned! {call_site_at(word.span())=>
            __cache::Field::indexed(#member, #name) #sortable #fold_case
        },
    }
}

/// The kind of an indexed field as a type.
pub(super) fn kind(ty: &Type, index: &Index) -> TokenStream {
    let span = span_of(ty);
    match index.kind.as_ref().map(|(kind, _)| kind) {
        None => quote_spanned!(span=> __cache::KindOf<#ty>),
        Some(Kind::Tag) => quote_spanned!(span=> __cache::Tag),
        Some(Kind::Numeric) => quote_spanned!(span=> __cache::Numeric),
        Some(Kind::Text) => quote_spanned!(span=> __cache::Text),
    }
}
