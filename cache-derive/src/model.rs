//! The model: what the input says (`Draft`), and what is generated from it once the rules hold (`Model`).

use proc_macro2::{Literal, Span};
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, Ident, Lit, LitStr, Meta, Path, Type, Visibility,
    parse_quote_spanned,
};

use crate::attr::{CacheAttr, FieldAttr, Kind};
use crate::errors::Errors;
use crate::name::Names;
use crate::option::IndexOption;
use crate::serde_attr::{ContainerSerde, FieldSerde};

/// The input, attribute by attribute, before any rule about more than one of them.
pub(crate) struct Draft<'a> {
    /// The whole input.
    pub(crate) input: &'a DeriveInput,
    /// Our attributes of the struct.
    pub(crate) cache: CacheAttr,
    /// Serde's attributes of the struct.
    pub(crate) serde: ContainerSerde,
    /// The fields, if the input is a struct with named ones.
    pub(crate) fields: Option<Vec<DraftField<'a>>>,
}

/// A field of a [`Draft`].
pub(crate) struct DraftField<'a> {
    /// The type.
    pub(crate) ty: &'a Type,
    /// What the field is called.
    pub(crate) names: Names,
    /// The first paragraph of its documentation.
    pub(crate) summary: Option<String>,
    /// Our attributes.
    pub(crate) attr: FieldAttr,
    /// Serde's attributes.
    pub(crate) serde: FieldSerde,
}

/// A model that follows all rules; or, where mistakes are reported, what was understood of one.
pub(crate) struct Model {
    /// The struct.
    pub(crate) name: Ident,
    /// Its visibility, which is that of handles and finders.
    pub(crate) vis: Visibility,
    /// Where `cache_core` is, if it was said.
    pub(crate) path: Option<Path>,
    /// What the keys of the documents begin with.
    pub(crate) prefix: String,
    /// How long a document lives, in milliseconds.
    pub(crate) ttl: Option<u64>,
    /// By what part of it that is more or less.
    pub(crate) jitter: Option<f64>,
    /// The language of the texts.
    pub(crate) language: Option<Ident>,
    /// The words that texts leave out.
    pub(crate) stopwords: Option<Vec<LitStr>>,
    /// What a document counts in scores.
    pub(crate) score: Option<LitStr>,
    /// Which documents are in the index.
    pub(crate) filter: Option<LitStr>,
    /// The parts of the primary key. None only where that is reported as a mistake.
    pub(crate) key: Vec<Key>,
    /// Which documents share a slot of a cluster.
    pub(crate) hash_tag: Option<HashTag>,
    /// The version, if it has one.
    pub(crate) version: Option<Version>,
    /// The version of the documents' form, if it was said.
    pub(crate) form: Option<FormVersion>,
    /// The fields whose values no two documents share, each time those of several together.
    pub(crate) unique: Vec<Vec<UniquePart>>,
    /// The fields that have a handle, in order.
    pub(crate) fields: Vec<Field>,
}

/// Which documents share a slot of a cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashTag {
    /// All of the model.
    Model,
    /// Those that share the part of the primary key with this number.
    Part(usize),
}

/// A field that holds the primary key, or a part of it.
pub(crate) struct Key {
    /// The field.
    pub(crate) ident: Ident,
    /// Its type.
    pub(crate) ty: Type,
    /// The member of the document.
    pub(crate) member: String,
}

/// The field that holds the version.
pub(crate) struct Version {
    /// The field.
    pub(crate) ident: Ident,
    /// Its type.
    pub(crate) ty: Type,
    /// The member of the document.
    pub(crate) member: String,
}

/// Which form of the documents a model is.
pub(crate) struct FormVersion {
    /// Its number.
    pub(crate) number: u32,
    /// The function that brings older documents to it.
    pub(crate) upgrade: Option<Path>,
}

/// A field of a unique tuple.
#[derive(Clone)]
pub(crate) struct UniquePart {
    /// Its name, without the mark of raw identifiers.
    pub(crate) plain: String,
    /// Its type.
    pub(crate) ty: Type,
    /// The member of the document.
    pub(crate) member: String,
}

/// A field that is a member of the document; or one of its indexes, beside the first.
pub(crate) struct Field {
    /// What it is called. Serde reads and writes the same member, or an alias of it.
    pub(crate) names: Names,
    /// The type of what serde writes: the field's own, if neither `#[index(as = …)]` nor `form` says otherwise.
    pub(crate) ty: Type,
    /// The form that a module gives it.
    pub(crate) form: Option<Form>,
    /// Whether serde leaves it out of some documents.
    pub(crate) skippable: bool,
    /// The first paragraph of its documentation.
    pub(crate) summary: Option<String>,
    /// The index, if it has one.
    pub(crate) index: Option<Index>,
    /// How the struct that it holds is embedded, if it is.
    pub(crate) embedded: Option<Embedding>,
}

/// How an embedded struct is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Embedding {
    /// As a member.
    Member,
    /// With its own members in the member's place.
    Flat,
}

/// How a field is indexed.
pub(crate) struct Index {
    /// The name that queries use.
    pub(crate) name: String,
    /// The kind, if it does not follow from the type, and its word.
    pub(crate) kind: Option<(Kind, Ident)>,
    /// The options.
    pub(crate) options: Vec<IndexOption>,
    /// What serde writes of the field, if that is not the field's type.
    pub(crate) stored: Option<Type>,
    /// The module that writes the field and may say what it writes.
    pub(crate) module: Option<Module>,
}

/// A module of `#[serde(with = …)]`.
#[derive(Clone)]
pub(crate) struct Module {
    /// Where it is.
    pub(crate) path: Path,
    /// Where that is written.
    pub(crate) span: Span,
}

/// A field whose form a module decides.
pub(crate) struct Form {
    /// The number under which the form is known.
    pub(crate) number: Literal,
    /// The module.
    pub(crate) module: Module,
    /// The field's own type.
    pub(crate) own: Type,
}

impl Form {
    /// The type of what the module writes, as the expansion names it.
    pub(crate) fn ty(&self, model: &Ident) -> Type {
        let (span, number) = (self.own.span().resolved_at(Span::call_site()), &self.number);
        parse_quote_spanned!(span=> <#model as __cache::HasForm<#number>>::As)
    }
}

impl Index {
    /// Whether the option was written.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.options.iter().any(|option| option.is(word))
    }
}

impl<'a> Draft<'a> {
    /// Reads all attributes.
    pub(crate) fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let cache = CacheAttr::read(&input.attrs, errors);
        let serde = ContainerSerde::read(&input.attrs);
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => {
                    let read = |field| DraftField::read(field, &serde, errors);
                    Some(fields.named.iter().filter_map(read).collect())
                }
                Fields::Unnamed(_) | Fields::Unit => None,
            },
            Data::Enum(_) | Data::Union(_) => None,
        };
        Self { input, cache, serde, fields }
    }
}

impl<'a> DraftField<'a> {
    fn read(field: &'a syn::Field, container: &ContainerSerde, errors: &mut Errors) -> Option<Self> {
        let serde = FieldSerde::read(&field.attrs);
        Some(Self {
            ty: &field.ty,
            names: Names::new(field.ident.as_ref()?, &serde, container),
            summary: summary(&field.attrs),
            attr: FieldAttr::read(&field.attrs, errors),
            serde,
        })
    }
}

/// The first paragraph of a doc comment. None if it may hold a link: the link's definition can be in a later
/// paragraph, and its target can be private where the handle is public.
fn summary(attributes: &[Attribute]) -> Option<String> {
    let docs: Vec<String> = attributes.iter().filter_map(doc).collect();
    let docs = docs.join("\n");
    let lines = docs.lines().map(str::trim);
    let paragraph: Vec<&str> =
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join("\n");
    (!paragraph.is_empty() && !paragraph.contains(['[', '<'])).then_some(paragraph)
}

fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
