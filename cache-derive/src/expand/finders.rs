//! Finders: `find_by_<field>` for every indexed field.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Visibility;

use super::docs;
use super::handles::kind;
use super::place::{located, span_of, visibility};
use crate::model::{Field, Index, Model};

/// All finders of a model; none if it has no index.
pub(super) fn expand(model: &Model) -> TokenStream {
    let vis = visibility(&model.vis);
    let searched = |field: &Field| field.index.as_ref().is_some_and(|index| !index.has("no_index"));
    let fields = model.fields.iter().filter(|field| searched(field));
    fields.filter_map(|field| Some(by_field(field, field.index.as_ref()?, &vis))).collect()
}

fn by_field(field: &Field, index: &Index, vis: &Visibility) -> TokenStream {
    let Field { names, ty, .. } = field;
    let span = span_of(ty);
    let (finder, handle) = (located(&names.finder, span), located(&names.handle, span));
    let (docs, kind) = (docs::finder(field, index), kind(ty, index));
    quote_spanned! {span=>
        #docs
        #vis fn #finder(value: impl __cache::FindBy<__cache::ScalarOf<#ty>, #kind>) -> __cache::Query<Self> {
            __cache::find_by(Self::#handle, value)
        }
    }
}
