//! The members of the document: each field, and each further index of one, under names of its own.

use std::collections::HashMap;

use proc_macro2::Literal;
use quote::ToTokens;
use syn::Ident;

use super::embedding::embedding;
use super::index::index;
use crate::attr::IndexAttr;
use crate::errors::Errors;
use crate::model::{DraftField, Field, Form, Index};
use crate::name::Names;

/// The names that are taken, each with the field that has it.
#[derive(Default)]
struct Taken {
    handles: HashMap<String, String>,
    members: HashMap<String, String>,
    searches: HashMap<String, String>,
}

/// The fields that are in the document, in order, each with its further indexes behind it.
pub(super) fn members(name: &Ident, drafts: Vec<DraftField<'_>>, errors: &mut Errors) -> Vec<Field> {
    let mut taken = Taken::default();
    let mut fields = Vec::new();
    for mut draft in drafts {
        if let (Some(attr), Some((reason, attribute))) = (draft.attr.indexes.first(), draft.absence()) {
            let plain = &draft.names.plain;
            errors.at(
                &attr.word,
                format!(
                    "the index of `{plain}` would be empty, since it {reason}; remove `#[index]` or `{attribute}`"
                ),
            );
        }
        if !draft.is_member() {
            continue;
        }
        let embedded = draft.attr.embedded.as_ref().map(|word| embedding(name, &draft, word, errors));
        let attrs = std::mem::take(&mut draft.attr.indexes);
        let mut indexes =
            attrs.iter().map(|attr| (attr, index(&draft, attr, errors))).collect::<Vec<_>>().into_iter();
        let first = indexes.next();
        let names = draft.names.clone();
        let ours = taken.handle(&names, errors);
        // The search name of a member that is taken would be a second message about the same thing.
        let alone = ours && taken.member(&names, errors);
        if let Some((attr, index)) = first.as_ref().filter(|_| alone) {
            taken.search(&names, attr, index, errors);
        }
        let field = |number, names, index: Option<Index>, embedded| {
            let form = index.as_ref().and_then(|index| index.module.clone()).map(|module| Form {
                number: Literal::usize_unsuffixed(number),
                module,
                own: draft.ty.clone(),
            });
            let stored = index.as_ref().and_then(|index| index.stored.clone());
            Field {
                names,
                ty: stored
                    .or_else(|| form.as_ref().map(|form| form.ty(name)))
                    .unwrap_or_else(|| draft.ty.clone()),
                form,
                skippable: draft.serde.skip_serializing_if.is_some(),
                summary: draft.summary.clone(),
                index,
                embedded,
            }
        };
        if ours {
            let index = first.map(|(_, index)| index).filter(|_| embedded.is_none());
            fields.push(field(fields.len(), names, index, embedded));
        }
        for (attr, index) in indexes {
            if let Some(names) = further(&draft, attr, errors)
                && taken.handle(&names, errors)
            {
                taken.search(&names, attr, &index, errors);
                fields.push(field(fields.len(), names, Some(index), None));
            }
        }
    }
    fields
}

/// What another index of a field is called.
fn further(draft: &DraftField<'_>, attr: &IndexAttr, errors: &mut Errors) -> Option<Names> {
    let plain = &draft.names.plain;
    let Some((name, literal)) = &attr.name else {
        errors.at(
            &attr.word,
            format!(
                "`{plain}` has an index already; give this one a name, which its handle and its finder have too: \
                 `#[index(…, name = \"{plain}_text\")]`"
            ),
        );
        return None;
    };
    if syn::parse_str::<Ident>(name).is_err() {
        errors.at(literal, format!("`{name}` cannot be the name of a handle; choose another"));
        return None;
    }
    Some(draft.names.of_index(name, literal.span()))
}

impl Taken {
    fn handle(&mut self, names: &Names, errors: &mut Errors) -> bool {
        let (plain, member) = (&names.plain, &names.member.serialize);
        let Some(first) = self.handles.insert(names.handle.to_string(), plain.clone()) else { return true };
        errors.at(
            &names.ident,
            format!(
                "the handles of `{first}` and `{plain}` would both be `{}`; rename one of the fields, and keep its \
                 member with `#[serde(rename = \"{member}\")]`",
                names.handle
            ),
        );
        false
    }

    fn member(&mut self, names: &Names, errors: &mut Errors) -> bool {
        let (plain, member) = (&names.plain, &names.member.serialize);
        let Some(first) = self.members.insert(member.clone(), plain.clone()) else { return true };
        errors.at(
            &names.ident,
            format!(
                "`{first}` and `{plain}` are both the member `{member}` of the document; rename one of them"
            ),
        );
        false
    }

    fn search(&mut self, names: &Names, attr: &IndexAttr, index: &Index, errors: &mut Errors) {
        let plain = &names.plain;
        let Some(first) = self.searches.insert(index.name.clone(), plain.clone()) else { return };
        let literal = attr.name.as_ref().map(|(_, literal)| literal.into_token_stream());
        errors.at(
            literal.unwrap_or_else(|| names.ident.to_token_stream()),
            format!(
                "`{first}` and `{plain}` are both searched as `{}`; write another name: `#[index(name = \"…\")]`",
                index.name
            ),
        );
    }
}
