//! The block that all items of an expansion stand in.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::place::{span_of, visibility};
use super::{docs, embedded, finders, forms, handles, model, unique, version};
use crate::model::Model;

/// The items, where `__cache` names what they use and where they add no name to the user's module.
pub(super) fn expand(model: &Model, schema: &TokenStream, indexed: bool) -> TokenStream {
    let Model { name, vis, fields, path, .. } = model;
    let path = path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream);
    let vis = visibility(vis);
    let handles = handles::expand(fields, &vis);
    let places = fields.iter().filter_map(|field| Some(embedded::place(field, field.embedded?, None)));
    let embedded = fields.iter().filter(|field| field.embedded.is_some()).map(|field| {
        let (handle, docs) = (&field.names.handle, docs::handle(field));
        let fields = embedded::fields_type(field, &quote!(Self), None);
        quote_spanned!(span_of(&field.ty)=>
            #docs
            #[allow(private_interfaces)]
            #vis const #handle: #fields = <#fields as __cache::EmbeddedFields>::ALL;
        )
    });
    let (forms, finders) = (forms::expand(model), finders::expand(model));
    let implementation = model::expand(model);
    let getters = unique::getters(&model.unique, &vis);
    let versioned = model.version.as_ref().map(|version| version::expand(name, &vis, version));
    let searched = indexed.then(|| quote!(impl __cache::Indexed for #name {}));
    quote! {
        const _: () = {
            use #path::__private as __cache;
            #schema
            #(#places)*
            #forms
            impl #name {
                #handles
                #(#embedded)*
                #finders
                #getters
            }
            #implementation
            #versioned
            #searched
        };
    }
}
