//! Embedded structs: where they are in their models, and the handles of their fields.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Ident, Visibility};

use super::handles::{indexed, kind, options_type};
use super::place::{at_one_place, span_of, visibility};
use super::{docs, forms, place};
use crate::model::{Embedding, Field, Model};

/// The type that marks an embedded struct's place. It is public, so that handles can be used wherever the model can, and
/// generic over the embedded type: where that is private, so is the place.
pub(super) fn marker(field: &Field) -> Ident {
    format_ident!("At_{}", field.names.plain)
}

/// Where a field's embedded struct is: a marker type, generic over the place of the struct around it, if any.
pub(super) fn place(field: &Field, embedding: Embedding, around: Option<&Ident>) -> TokenStream {
    let (marker, ty, span) = (marker(field), at_one_place(&field.ty), span_of(&field.ty));
    let (member, name) = match embedding {
        Embedding::Member => (field.names.member.serialize.as_str(), field.names.member.serialize.as_str()),
        // No part of a path or a name; it tells two flattened structs apart.
        Embedding::Flat => (field.names.plain.as_str(), field.names.plain.as_str()),
    };
    let shape = quote_spanned!(span=> <#ty as __cache::Embedded>::Shape);
    let step = match embedding {
        Embedding::Member => quote_spanned!(span=> <#shape as __cache::Shape>::STEP),
        Embedding::Flat => quote!(__cache::Step::Flat),
    };
    let (definition, generics, parent, sort) = match around {
        None => (
            quote!(pub struct #marker<T>(::core::marker::PhantomData<fn() -> T>);),
            quote!(<#ty>),
            quote!(::core::option::Option::None),
            quote!(S),
        ),
        Some(around) => (
            quote!(pub struct #marker<#around, T>(::core::marker::PhantomData<fn() -> (#around, T)>);),
            quote!(<#around, #ty>),
            quote!(<#around as __cache::Path>::PATH),
            quote!(<#around as __cache::Path>::Sort<S>),
        ),
    };
    let optional = if field.skippable {
        quote!(true)
    } else {
        quote_spanned!(span=> <#ty as __cache::Embedded>::OPTIONAL)
    };
    let bound = around.map(|around| quote!(<#around: __cache::Path>));
    quote_spanned! {span=>
        #[allow(non_camel_case_types, missing_docs, missing_debug_implementations, unreachable_pub, unnameable_types)]
        #definition
        impl #bound __cache::Nested for #marker #generics {
            const AT: __cache::FieldPath = __cache::FieldPath::new(#parent, #member, #name, #step).optional(#optional);
            type Sort<S: 'static> = <#shape as __cache::Shape>::Sort<#sort>;
            type Value = #ty;
        }
    }
}

/// The type of the handles of a field's embedded struct.
pub(super) fn fields_type(field: &Field, model: &TokenStream, around: Option<&Ident>) -> TokenStream {
    let (marker, ty, span) = (marker(field), at_one_place(&field.ty), span_of(&field.ty));
    let generics = around.map_or_else(|| quote!(<#ty>), |around| quote!(<#around, #ty>));
    quote_spanned!(span=> <#ty as __cache::Embedded>::Fields<#model, #marker #generics>)
}

/// `#[derive(CacheEmbedded)]`.
pub(super) fn expand(model: &Model) -> TokenStream {
    let Model { name, vis, fields, path, .. } = model;
    let path = path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream);
    let (vis, around) = (visibility(vis), format_ident!("P"));
    let handles = format_ident!("{}Fields", name);
    let places = fields.iter().filter_map(|field| Some(place(field, field.embedded?, Some(&around))));
    let definitions = fields.iter().map(|field| definition(field, &vis));
    let values = fields.iter().map(value);
    let entries = fields.iter().map(|field| {
        let ident = &field.names.ident;
        match field.embedded {
            None => quote!(__cache::Entry::Field(Self::ALL.#ident.def())),
            Some(_) => {
                let fields = fields_type(field, &quote!(M), Some(&around));
                quote_spanned!(span_of(&field.ty)=>
                    __cache::Entry::Embedded(<#fields as __cache::EmbeddedFields>::ENTRIES)
                )
            }
        }
    });
    let (about, forms) = (docs::embedded(name), forms::expand(model));
    quote! {
        const _: () = {
            use #path::__private as __cache;
            #(#places)*
            #forms
            #about
            // The places are named by nobody else, and a part's own type may be private where this one is not.
            #[allow(private_interfaces)]
            #vis struct #handles<M: 'static, P: __cache::Path> {
                #(#definitions)*
                #[doc(hidden)]
                __place: ::core::marker::PhantomData<fn() -> P>,
            }
            impl<M: 'static, P: __cache::Path> ::core::clone::Clone for #handles<M, P> {
                fn clone(&self) -> Self {
                    *self
                }
            }
            impl<M: 'static, P: __cache::Path> ::core::marker::Copy for #handles<M, P> {}
            impl<M: 'static, P: __cache::Path> __cache::EmbeddedFields for #handles<M, P> {
                const ALL: Self = Self { #(#values,)* __place: ::core::marker::PhantomData };
                const ENTRIES: &'static [__cache::Entry] = &[#(#entries),*];
            }
            impl<M: 'static, P: __cache::Path> #handles<M, P> {
                /// Documents of whose list one element meets the whole condition, where conditions side by side may be
                /// met by several. A document without elements is not found. Within it, `part.…` is the element alone.
                #vis fn any(self, condition: impl ::core::ops::FnOnce(Self) -> __cache::Filter<M>) -> __cache::Filter<M>
                where
                    P::Sort<__cache::Yes>: __cache::Many,
                {
                    __cache::any_embedded::<M, P>(condition(self))
                }
                #[doc(hidden)]
                #[allow(dead_code, private_bounds)]
                #vis const fn read_as<T: __cache::ReadFrom<P::Value, R>, R: __cache::ReadMode>(
                    &self,
                ) -> __cache::FieldDef {
                    __cache::embedded_as::<P, T, R>()
                }
            }
            impl __cache::Single for #name {}
            impl __cache::Embedded for #name {
                type Fields<M: 'static, P: __cache::Path> = #handles<M, P>;
                type Shape = __cache::One;
            }
        };
    }
}

fn definition(field: &Field, vis: &Visibility) -> TokenStream {
    let (ident, ty, docs) = (&field.names.ident, &field.ty, docs::handle(field));
    let span = span_of(ty);
    let ty = match (&field.embedded, &field.index) {
        (Some(_), _) => fields_type(field, &quote!(M), Some(&format_ident!("P"))),
        (None, None) => {
            quote_spanned!(span=> __cache::Field<M, #ty, __cache::Stored, __cache::Options<__cache::No>>)
        }
        (None, Some(index)) => {
            let kind = kind(ty, index);
            let options = options_type(Some(index), |sortable| quote!(<P as __cache::Path>::Sort<#sortable>));
            quote_spanned!(span=> __cache::Field<M, #ty, #kind, #options>)
        }
    };
    quote!(#docs #vis #ident: #ty,)
}

fn value(field: &Field) -> TokenStream {
    let (ident, span) = (&field.names.ident, place::span_of(&field.ty));
    let value = match (&field.embedded, &field.index) {
        (Some(_), _) => {
            let fields = fields_type(field, &quote!(M), Some(&format_ident!("P")));
            quote_spanned!(span=> <#fields as __cache::EmbeddedFields>::ALL)
        }
        (None, None) => {
            let member = &field.names.member.serialize;
            quote_spanned!(span=> __cache::Field::stored(#member).within_embedded::<P>())
        }
        (None, Some(index)) => {
            let indexed = indexed(field, index);
            quote_spanned!(span=> #indexed.within_embedded::<P>())
        }
    };
    quote!(#ident: #value)
}
