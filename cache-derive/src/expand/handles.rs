//! Handles: a constant per field, typed by value, kind and options.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Type, Visibility};

use super::docs;
use super::place::{call_site_at, located, span_of};
use crate::attr::Kind;
use crate::model::{Field, Index};
use crate::option::IndexOption;

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
    let options = options_type(index.as_ref(), |sortable| sortable);
    quote_spanned! {span=>
        #docs
        #vis const #handle: __cache::Field<Self, #ty, #kind, #options> = #value;
    }
}

/// A field's options as a type. What is left of its wish to be sortable may depend on where it is.
pub(super) fn options_type(
    index: Option<&Index>,
    sort: impl FnOnce(TokenStream) -> TokenStream,
) -> TokenStream {
    let has = |word: &str| index.is_some_and(|index| index.has(word));
    let flag = |wanted: bool| if wanted { quote!(__cache::Yes) } else { quote!(__cache::No) };
    let sortable = sort(flag(has("sortable")));
    // What is not there at the end need not be written.
    let others = ["index_missing", "phonetic", "index_empty", "with_suffix_trie"].map(has);
    let written = others.iter().rposition(|has| *has).map_or(0, |last| last + 1);
    let others = others.iter().take(written).map(|has| flag(*has));
    quote!(__cache::Options<#sortable #(, #others)*>)
}

/// The value of a handle. It does not repeat the type, so that a type that cannot be indexed is one message; a
/// type that cannot be indexed like this is a message at the word that asks for it.
pub(super) fn indexed(field: &Field, index: &Index) -> TokenStream {
    let (member, name) = (&field.names.member.serialize, &index.name);
    let options = index.options.iter().map(|IndexOption { word, value }| {
        let span = call_site_at(word.span());
        let method = located(word, span);
        quote_spanned!(span=> .#method(#value))
    });
    let skippable = field.skippable.then(|| quote!(.skippable()));
    match &index.kind {
        None => quote_spanned! {span_of(&field.ty)=>
            __cache::Field::inferred(#member, #name) #(#options)* #skippable
        },
        Some((kind, word)) if index.has("no_index") => {
            let kind = kind_type(*kind);
            quote_spanned! {call_site_at(word.span())=>
                __cache::Field::indexed_as::<__cache::#kind>(#member, #name) #(#options)* #skippable
            }
        }
        Some((_, word)) => quote_spanned! {call_site_at(word.span())=>
            __cache::Field::indexed(#member, #name) #(#options)* #skippable
        },
    }
}

/// The kind of an indexed field as a type.
pub(super) fn kind(ty: &Type, index: &Index) -> TokenStream {
    let span = span_of(ty);
    if index.has("no_index") {
        return quote_spanned!(span=> __cache::Stored);
    }
    match &index.kind {
        None => quote_spanned!(span=> __cache::KindOf<#ty>),
        Some((kind, _)) => {
            let kind = kind_type(*kind);
            quote_spanned!(span=> __cache::#kind)
        }
    }
}

fn kind_type(kind: Kind) -> TokenStream {
    match kind {
        Kind::Tag => quote!(Tag),
        Kind::Numeric => quote!(Numeric),
        Kind::Text => quote!(Text),
        Kind::Geo => quote!(Geo),
        Kind::GeoShape => quote!(GeoShapeKind),
        Kind::Vector => quote!(VectorKind),
    }
}
