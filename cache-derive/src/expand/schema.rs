//! `IndexSchema`: the model as one `static`, and its entry in the list of all models.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::place::{located, span_of};
use super::{embedded, unique, version};
use crate::model::{HashTag, Model};

/// The implementation of a model without mistakes.
pub(super) fn expand(model: &Model) -> TokenStream {
    let name = &model.name;
    // Inside the `static`, `Self` would not be the model.
    let entries = model.fields.iter().map(|field| match field.embedded {
        None => {
            let handle = located(&field.names.handle, span_of(&field.ty));
            quote!(__cache::Entry::Field(#name::#handle.def()))
        }
        Some(_) => {
            let fields = embedded::fields_type(field, &quote!(#name), None);
            quote_spanned!(span_of(&field.ty)=>
                __cache::Entry::Embedded(<#fields as __cache::EmbeddedFields>::ENTRIES)
            )
        }
    });
    let schema = with_fields(model, &quote!(#(#entries),*));
    // What that does is no business of this crate, which cannot see the features of the other.
    quote! {
        #schema
        __cache::register!(#name);
    }
}

/// The implementation with these definitions of fields.
pub(super) fn with_fields(model: &Model, fields: &TokenStream) -> TokenStream {
    let (name, prefix) = (&model.name, &model.prefix);
    let plain = name.unraw().to_string();
    let language =
        model.language.as_ref().map(|language| quote!(.with_language(__cache::Language::#language)));
    let stopwords = model.stopwords.as_ref().map(|words| quote!(.with_stopwords(&[#(#words),*])));
    let score = model.score.as_ref().map(|score| quote!(.with_score(#score)));
    let filter = model.filter.as_ref().map(|filter| quote!(.with_filter(#filter)));
    let version = model.version.as_ref().map(version::of_schema);
    let unique = unique::of_schema(&model.unique);
    let mut members = model.key.iter().map(|key| key.member.as_str());
    let key = members.next().unwrap_or("id");
    let members: Vec<_> = members.collect();
    let further = (!members.is_empty()).then(|| quote!(.with_further_keys(&[#(#members),*])));
    let hash_tag = model.hash_tag.map(|tag| match tag {
        HashTag::Model => quote!(.with_hash_tag(__cache::HashTag::Model)),
        HashTag::Part(number) => {
            let number = Literal::usize_unsuffixed(number);
            quote!(.with_hash_tag(__cache::HashTag::Part(#number)))
        }
    });
    quote! {
        impl __cache::IndexSchema for #name {
            fn schema() -> &'static __cache::Schema {
                static SCHEMA: __cache::Schema = __cache::Schema::new(#plain, #prefix, #key, &[#fields])
                    #further #hash_tag #language #stopwords #score #filter #version #unique;
                &SCHEMA
            }
        }
    }
}
