//! Finders: `find`, and `find_by_<field>` for every indexed field.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Visibility};

use super::{docs, kind, located, span_of};
use crate::model::{Field, Index};

/// All finders of a model; none if it has no index.
pub(super) fn expand(model: &Ident, fields: &[Field], vis: &Visibility) -> TokenStream {
    let by_field: TokenStream =
        fields.iter().filter_map(|field| Some(by_field(field, field.index.as_ref()?, vis))).collect();
    if by_field.is_empty() {
        return by_field;
    }
    let find = find(model, vis);
    quote!(#find #by_field)
}

/// `find()`.
pub(super) fn find(model: &Ident, vis: &Visibility) -> TokenStream {
    let docs = docs::find(model);
    quote! {
        #docs
        #vis fn find() -> __cache::Query<Self> {
            __cache::find()
        }
    }
}

fn by_field(field: &Field, index: &Index, vis: &Visibility) -> TokenStream {
    let Field { names, ty, .. } = field;
    let (finder, handle) = (located(&names.finder, ty), located(&names.handle, ty));
    let kind = kind(ty, index);
    let docs = docs::finder(field, index);
    quote_spanned! {span_of(ty)=>
        #docs
        #vis fn #finder(value: impl __cache::FindBy<__cache::ScalarOf<#ty>, #kind>) -> __cache::Query<Self> {
            __cache::find_by(Self::#handle, value)
        }
    }
}
