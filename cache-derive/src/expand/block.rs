//! The block that all items of an expansion stand in.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::place::visibility;
use super::{finders, handles, model};
use crate::model::Model;

/// The items, where `__cache` names what they use and where they add no name to the user's module.
pub(super) fn expand(model: &Model, schema: &TokenStream, indexed: bool) -> TokenStream {
    let Model { name, vis, fields, path, .. } = model;
    let path = path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream);
    let handles = handles::expand(fields, &visibility(vis));
    let finders = finders::expand(model);
    let implementation = model::expand(model);
    let searched = indexed.then(|| quote!(impl __cache::Indexed for #name {}));
    quote! {
        const _: () = {
            use #path::__private as __cache;
            #schema
            impl #name {
                #handles
                #finders
            }
            #implementation
            #searched
        };
    }
}
