//! Views: structs that are read from some members of a model's documents, as `#[derive(CacheView)]` finds them.

use proc_macro2::Literal;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, Meta, Path, Type};

use crate::argument::{argument_name, arguments, crate_path, handle, model, set, stored_type, unknown};
use crate::errors::Errors;
use crate::model::{Form, Module};
use crate::name::Names;
use crate::serde_attr::{ContainerSerde, FieldSerde};

const STRUCT_TAKES: &str = "`#[cache(…)]` of a `CacheView` takes `model = User` and `crate = path`";
const FIELD_TAKES: &str =
    "`#[cache(…)]` at a field of a `CacheView` takes `field = ADDRESS.city` and `as = String`";

/// A view of a model.
pub(crate) struct View {
    /// The struct.
    pub(crate) name: Ident,
    /// Where `cache_core` is, if it was said.
    pub(crate) path: Option<Path>,
    /// The model. None only where that is reported as a mistake.
    pub(crate) model: Option<Path>,
    /// What is read, in order.
    pub(crate) fields: Vec<ViewField>,
}

/// A field of a view that is read from the document.
pub(crate) struct ViewField {
    /// What serde calls it.
    pub(crate) name: String,
    /// Its type.
    pub(crate) ty: Type,
    /// The handle that it is read from, name by name.
    pub(crate) handle: Vec<Ident>,
    /// What serde writes of the model's field, if that was said.
    pub(crate) stored: Option<Type>,
    /// The module that reads it.
    pub(crate) form: Option<Form>,
    /// Whether it is read by other code, which nothing is known of.
    pub(crate) is_custom: bool,
}

#[derive(Default)]
struct ViewAttr {
    model: Option<Path>,
    path: Option<Path>,
}

#[derive(Default)]
struct ViewFieldAttr {
    handle: Option<Vec<Ident>>,
    stored: Option<Type>,
}

impl View {
    /// Reads the input.
    pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> Self {
        let attr = ViewAttr::read(&input.attrs, errors);
        let serde = ContainerSerde::read(&input.attrs);
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics.params,
                "a view is one concrete type that owns its data; remove the parameters",
            );
        }
        for word in [&serde.transparent, &serde.from].into_iter().flatten() {
            errors.at(
                word,
                format!("`{word}` reads another value than the fields that a view selects; remove it"),
            );
        }
        let mut view =
            Self { name: input.ident.clone(), path: attr.path, model: attr.model, fields: Vec::new() };
        let Some(fields) = named_fields(input) else {
            errors.at(
                &input.ident,
                format!(
                    "a view is a struct with named fields; write `struct {} {{ id: String, … }}`",
                    input.ident
                ),
            );
            return view;
        };
        if view.model.is_none() {
            errors.at(
                &input.ident,
                format!("`{}` is a view of a model; write `#[cache(model = User)]` at it", input.ident),
            );
        }
        let fields = fields.iter().enumerate();
        view.fields =
            fields.filter_map(|(number, field)| ViewField::read(number, field, &serde, errors)).collect();
        if view.fields.is_empty() {
            errors.at(
                &input.ident,
                format!(
                    "`{}` reads nothing; give it a field of the model, such as its primary key",
                    input.ident
                ),
            );
        }
        view
    }
}

fn named_fields(input: &DeriveInput) -> Option<&Fields> {
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => Some(&data.fields),
        _ => None,
    }
}

impl ViewField {
    /// `None`: serde does not read it.
    fn read(
        number: usize,
        field: &syn::Field,
        container: &ContainerSerde,
        errors: &mut Errors,
    ) -> Option<Self> {
        let attr = ViewFieldAttr::read(&field.attrs, errors);
        let serde = FieldSerde::read(&field.attrs);
        let names = Names::new(field.ident.as_ref()?, &serde, container);
        if let Some(word) = &serde.flatten {
            errors.at(
                word,
                format!(
                    "a view cannot see which members `{}` flattens; list the fields that are to be read",
                    names.plain
                ),
            );
        }
        if serde.skip_deserializing.is_some() {
            return None;
        }
        let custom = serde.deserialize_with.as_ref();
        let module = serde.with.as_ref().filter(|_| custom.is_some_and(|word| word == "with"));
        let form = module.and_then(|literal| {
            let path = literal.parse_with(Path::parse_mod_style).ok()?;
            let module = Module { path, span: literal.span() };
            Some(Form { number: Literal::usize_unsuffixed(number), module, own: field.ty.clone() })
        });
        Some(Self {
            name: names.member.deserialize,
            ty: field.ty.clone(),
            handle: attr.handle.unwrap_or_else(|| vec![names.handle]),
            is_custom: form.is_none() && custom.is_some(),
            stored: attr.stored,
            form,
        })
    }
}

impl ViewAttr {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        each(attributes, STRUCT_TAKES, errors, |attribute, errors| {
            arguments(attribute, errors, |meta, errors| {
                let name = argument_name(meta, STRUCT_TAKES)?;
                match name.to_string().as_str() {
                    "model" => set(&mut read.model, model(meta)?, &name, errors),
                    "crate" => set(&mut read.path, crate_path(meta)?, &name, errors),
                    _ => return Err(unknown(&name, STRUCT_TAKES)),
                }
                Ok(())
            });
        });
        read
    }
}

impl ViewFieldAttr {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        each(attributes, FIELD_TAKES, errors, |attribute, errors| {
            arguments(attribute, errors, |meta, errors| {
                let name = argument_name(meta, FIELD_TAKES)?;
                match name.to_string().as_str() {
                    "field" => set(&mut read.handle, handle(meta)?, &name, errors),
                    "as" => set(&mut read.stored, stored_type(meta)?, &name, errors),
                    _ => return Err(unknown(&name, FIELD_TAKES)),
                }
                Ok(())
            });
        });
        read
    }
}

/// Calls the function for each `#[cache(…)]`.
fn each(
    attributes: &[Attribute],
    takes: &str,
    errors: &mut Errors,
    mut read: impl FnMut(&Attribute, &mut Errors),
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cache")) {
        match &attribute.meta {
            Meta::List(_) => read(attribute, errors),
            other => errors.at(other.to_token_stream(), takes),
        }
    }
}
