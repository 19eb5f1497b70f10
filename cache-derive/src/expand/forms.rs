//! Forms: what the modules of `#[serde(with = …)]` say that they write.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::Ident;

use super::place::{at_one_place, call_site_at, located};
use crate::model::{Form, Model};

/// The forms of the fields that a module writes.
pub(super) fn expand(model: &Model) -> TokenStream {
    let forms = model.fields.iter().filter_map(|field| field.form.as_ref());
    forms.map(|form| of_field(&model.name, form, "HasForm")).collect()
}

/// A module that says what it writes exports a `__CacheForm`, which hides the one of the block around. Nothing else
/// is named within the module's reach, which may export anything. `form_of` is the trait that tells the form.
pub(super) fn of_field(name: &Ident, form: &Form, form_of: &str) -> TokenStream {
    let Form { number, module, own } = form;
    let span = call_site_at(module.span);
    let (name, own, form_of) = (located(name, span), at_one_place(own), Ident::new(form_of, span));
    let path = module.path.to_token_stream();
    quote_spanned! {span=>
        const _: () = {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use __cache::default_form::*;
            type __CacheModel = #name;
            type __CacheField = #own;
            const _: () = {
                #[allow(unused_imports, clippy::wildcard_imports)]
                use #path::*;
                impl __cache::#form_of<#number> for __CacheModel {
                    type As = __CacheForm<__CacheField>;
                }
            };
        };
    }
}
