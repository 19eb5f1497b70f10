//! Embedded structs: how a field holds one.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Ident;

use crate::argument::is_search_name;
use crate::errors::Errors;
use crate::model::{DraftField, Embedding};

/// What `#[embedded]` at this field makes.
pub(super) fn embedding(
    around: &Ident,
    field: &DraftField<'_>,
    word: &Ident,
    errors: &mut Errors,
) -> Embedding {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    if field.attr.index.is_some() {
        errors.at(
            word,
            format!(
                "`{plain}` is indexed as a whole or embedded, not both; remove `#[index]` or `#[embedded]`"
            ),
        );
    }
    if mentions(field.ty.to_token_stream(), around) {
        errors.at(
            field.ty,
            format!(
                "`{around}` within itself has no end of fields to index; remove `#[embedded]` to store `{plain}` without \
                 an index"
            ),
        );
    }
    if let Some(other) = &field.serde.serialize_with {
        errors.at(
            word,
            format!("`CacheModel` cannot see what `#[serde({other} = …)]` writes for `{plain}`; remove `#[embedded]`"),
        );
    }
    if field.serde.flatten.is_some() {
        return Embedding::Flat;
    }
    if !is_search_name(member) {
        errors.at(
            word,
            format!(
                "queries cannot name the member `{member}`, which is a part of the names of the fields within it; \
                 rename `{plain}`"
            ),
        );
    }
    Embedding::Member
}

/// Whether a type is, or holds, the struct around it. `module::Node` may be another `Node`.
fn mentions(ty: TokenStream, around: &Ident) -> bool {
    let mut tokens = ty.into_iter().peekable();
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    let mut in_path = false;
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Group(group) => mentions(group.stream(), around),
            TokenTree::Ident(ident) => {
                let alone = !in_path && !tokens.peek().is_some_and(is_colon);
                alone && (ident == around || ident == "Self")
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
        in_path = is_colon(&token);
    }
    false
}
