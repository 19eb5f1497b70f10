//! Documentation of what is generated. No links: they would be resolved among the user's names.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;
use syn::ext::IdentExt;

use crate::argument::is_search_name;
use crate::attr::Kind;
use crate::model::{Field, Index};

/// For the handle of a field.
pub(super) fn handle(field: &Field) -> TokenStream {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    let path = if is_search_name(member) { format!("$.{member}") } else { format!("$[{member:?}]") };
    let about = match &field.index {
        _ if field.embedded.is_some() => format!("The fields of `{plain}`, an embedded struct."),
        Some(index) => {
            format!("The field `{plain}`: `{path}` in the document, `@{}` in queries.", index.name)
        }
        None => format!("The field `{plain}`: `{path}` in the document, not indexed."),
    };
    match &field.summary {
        Some(summary) => lines(&format!("{summary}\n\n{about}")),
        None => lines(&about),
    }
}

/// For the handles of an embedded struct.
pub(super) fn embedded(name: &Ident) -> TokenStream {
    let name = name.unraw();
    lines(&format!("The fields of `{name}` within a model `M`, at the place `P`."))
}

/// For `find_by_<field>`.
pub(super) fn finder(field: &Field, index: &Index) -> TokenStream {
    let plain = &field.names.plain;
    lines(&match index.kind.as_ref().map(|(kind, _)| kind) {
        None => format!("The documents with this `{plain}`: a value, or of numbers also a range."),
        Some(Kind::Tag) => format!("The documents with this `{plain}`."),
        Some(Kind::Numeric) => format!("The documents with this `{plain}`: a value or a range."),
        Some(Kind::Text) => format!("The documents whose `{plain}` has all these words."),
        Some(Kind::Geo) => {
            format!("The documents whose `{plain}` is near a point: the point and the distance.")
        }
        Some(Kind::GeoShape) => format!("The documents whose `{plain}` lies like this."),
        Some(Kind::Vector) => {
            format!("The documents whose `{plain}` is near a vector: the vector and the distance.")
        }
    })
}

/// For `get_by_<field>`.
pub(super) fn getter(names: &[&str]) -> TokenStream {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    lines(&format!(
        "The document with this {}, of which there is at most one; `None` if there is none. Two key reads, and no \
         search.\n\n# Errors\nAs `get`.",
        names.join(" and ")
    ))
}

/// For `modify`.
pub(super) fn modify(name: &Ident) -> TokenStream {
    let name = name.unraw();
    lines(&format!(
        "Changes the `{name}` with this primary key: reads it, lets the closure change it, and stores it unless \
         somebody else stored another one meanwhile; then all of that again, with the newer one, after a short wait \
         of random length. Answers the document as it is stored. A `ttl` of the model starts anew.\n\nThe closure \
         may be called many times, and leaves the primary key as it is; what it does to the version has no effect. \
         When the future is dropped, the last change may or may not be stored.\n\n# Errors\n`NotFound` if there is \
         none, `VersionConflict` if others were faster for 30 seconds, `OtherKey` if the primary key was changed; \
         else as `save`."
    ))
}

fn lines(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}
