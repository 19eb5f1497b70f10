//! Values: newtypes and enums without data, as `#[derive(CacheValue)]` finds them in its input.

use quote::ToTokens;
use syn::{Data, DeriveInput, Field, Fields, Ident, Member, Path, Type};

use crate::attr::CacheAttr;
use crate::errors::Errors;
use crate::serde_attr::{ContainerSerde, FieldSerde};

/// A type whose values are indexed.
pub(crate) struct Value {
    /// The type.
    pub(crate) name: Ident,
    /// Where `cache_core` is, if it was said.
    pub(crate) path: Option<Path>,
    /// What it is. None only where that is reported as a mistake.
    pub(crate) shape: Option<Shape>,
}

/// What a value is.
pub(crate) enum Shape {
    /// One value in a wrapper: its place and its type.
    Newtype(Member, Box<Type>),
    /// One of some names.
    Enum,
}

impl Value {
    /// Reads the input.
    pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> Self {
        let cache = CacheAttr::read(&input.attrs, errors);
        let serde = ContainerSerde::read(&input.attrs);
        if cache.prefix.is_some() || cache.ttl.is_some() || cache.jitter.is_some() {
            errors.at(&input.ident, "a value has no keys of its own; remove `prefix` and `ttl`");
        }
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics.params,
                "`CacheValue` is derived for one concrete type; remove the parameters",
            );
        }
        if let Some(word) = &serde.into {
            errors.at(
                word,
                "`into` stores another type, which `CacheValue` cannot see here; derive `CacheValue` for that type",
            );
        }
        let shape = match &input.data {
            Data::Struct(data) => newtype(&input.ident, &data.fields, &serde, errors),
            Data::Enum(data) => {
                for variant in data.variants.iter().filter(|variant| !variant.fields.is_empty()) {
                    errors.at(
                        &variant.fields,
                        format!(
                            "`{}` has data, and an indexed enum has only names; remove the data, or store the field \
                             without `#[index]`",
                            variant.ident
                        ),
                    );
                }
                Some(Shape::Enum)
            }
            Data::Union(data) => {
                errors.at(
                    data.union_token,
                    "a union cannot be stored; write a newtype or an enum without data",
                );
                None
            }
        };
        Self { name: input.ident.clone(), path: cache.path, shape }
    }
}

fn newtype(name: &Ident, fields: &Fields, serde: &ContainerSerde, errors: &mut Errors) -> Option<Shape> {
    let mut all = fields.iter();
    let (Some(field), None) = (all.next(), all.next()) else {
        let tokens = if fields.is_empty() { name.to_token_stream() } else { fields.to_token_stream() };
        errors.at(
            tokens,
            format!("an indexed value is one value; write a newtype, `struct {name}(String);`, or embed the struct"),
        );
        return None;
    };
    if let Some(word) = FieldSerde::read(&field.attrs).serialize_with {
        errors.at(&word, format!("`CacheValue` cannot see what `{word}` writes; remove it"));
    }
    if field.ident.is_some() && serde.transparent.is_none() {
        errors.at(
            name,
            format!("`{name}` is stored as an object; write `#[serde(transparent)]`, or `struct {name}(…);`"),
        );
    }
    Some(Shape::Newtype(member(field), Box::new(field.ty.clone())))
}

fn member(field: &Field) -> Member {
    field.ident.clone().map_or_else(|| Member::from(0), Member::from)
}
