//! The rules that need more than one attribute or more than one field, and the model that follows them.

mod embedding;
mod form;
mod index;
mod key;
mod members;
mod unique;
mod version;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, GenericParam, Ident};

use self::form::form;
use self::key::{hash_tag, primary_key};
use self::members::members;
use self::unique::unique;
use self::version::version;
use crate::attr::CacheAttr;
use crate::errors::Errors;
use crate::model::{Draft, DraftField, Field, Model};
use crate::name::snake_case;
use crate::serde_attr::ContainerSerde;

/// What the struct is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A model, with a primary key.
    Model,
    /// A part of models.
    Embedded,
}

/// Applies the rules. What breaks one is left out of the model, as far as the rest can do without it.
pub(crate) fn check(role: Role, draft: Draft<'_>, errors: &mut Errors) -> Model {
    let Draft { input, cache, serde, fields } = draft;
    concrete(role, &input.generics, errors);
    if role == Role::Embedded {
        part_of_models(&input.ident, &cache, fields.as_deref().unwrap_or_default(), errors);
    }
    container_serde(&serde, errors);
    let prefix = cache.prefix.clone().unwrap_or_else(|| snake_case(&input.ident.unraw().to_string()));
    let mut model = Model {
        prefix,
        name: input.ident.clone(),
        vis: input.vis.clone(),
        path: cache.path.clone(),
        ttl: cache.ttl,
        jitter: cache.jitter.as_ref().map(|(jitter, _)| *jitter),
        language: cache.language.clone(),
        stopwords: cache.stopwords.clone(),
        score: cache.score.clone(),
        filter: cache.filter.clone(),
        key: Vec::new(),
        hash_tag: None,
        version: None,
        form: None,
        unique: Vec::new(),
        fields: Vec::new(),
    };
    let Some(fields) = fields else {
        named_fields(role, &input.ident, &input.data, errors);
        return model;
    };
    readable(&fields, &serde, errors);
    if role == Role::Model {
        if let (None, Some((_, word))) = (cache.ttl, &cache.jitter) {
            errors.at(word, "there is no `ttl` to be more or less; add `ttl = \"30m\"`");
        }
        model.key = primary_key(&input.ident, &fields, errors);
        model.hash_tag = hash_tag(&cache, &model.prefix, &model.key, &fields, errors);
        model.version = version(&fields, errors);
        model.form = form(&cache, &serde, &fields, errors);
        model.unique = unique(&cache.unique, &fields, errors);
    }
    model.fields = members(&input.ident, fields, errors);
    searched(&model.fields, errors);
    model
}

/// The server leaves documents out of an index that only sorts.
fn searched(fields: &[Field], errors: &mut Errors) {
    let indexes = || fields.iter().filter_map(|field| Some((field, field.index.as_ref()?)));
    let embeds = fields.iter().any(|field| field.embedded.is_some());
    if let Some((field, _)) = indexes().next()
        && !embeds
        && indexes().all(|(_, index)| index.has("no_index"))
    {
        errors.at(
            &field.names.ident,
            "an index that only sorts holds no documents; index another field without `no_index`",
        );
    }
}

fn concrete(role: Role, generics: &syn::Generics, errors: &mut Errors) {
    let Some(first) = generics.params.first() else { return };
    let (what, derive) = match role {
        Role::Model => ("a model", "CacheModel"),
        Role::Embedded => ("an embedded struct", "CacheEmbedded"),
    };
    let advice = match first {
        GenericParam::Lifetime(lifetime) => {
            let lifetime = &lifetime.lifetime;
            format!(
                "remove `{lifetime}` and own the data, for example `String` in place of `&{lifetime} str`"
            )
        }
        GenericParam::Type(parameter) => {
            let parameter = &parameter.ident;
            format!("remove `{parameter}` and derive `{derive}` for a struct of its own per type")
        }
        GenericParam::Const(parameter) => {
            let parameter = &parameter.ident;
            format!("remove `{parameter}` and derive `{derive}` for a struct of its own per value")
        }
    };
    errors.at(&generics.params, format!("{what} is one concrete type: {advice}"));
}

fn named_fields(role: Role, name: &Ident, data: &Data, errors: &mut Errors) {
    let (tokens, what) = match data {
        Data::Enum(data) => (data.enum_token.to_token_stream(), "an enum"),
        Data::Union(data) => (data.union_token.to_token_stream(), "a union"),
        Data::Struct(data) if data.fields.is_empty() => (name.to_token_stream(), "a struct without fields"),
        Data::Struct(data) => (data.fields.to_token_stream(), "a tuple struct"),
    };
    errors.at(
        tokens,
        match role {
            Role::Model => format!(
                "a model is a struct with named fields, and `{name}` is {what}; write \
                 `struct {name} {{ #[primary_key] id: String, … }}`"
            ),
            Role::Embedded => format!(
                "an embedded struct has named fields, and `{name}` is {what}; write `struct {name} {{ city: String, … }}`"
            ),
        },
    );
}

/// What only a model has.
fn part_of_models(name: &Ident, cache: &CacheAttr, fields: &[DraftField<'_>], errors: &mut Errors) {
    let of_the_field = fields.iter().find_map(|field| field.attr.hash_tag.as_ref());
    if let Some(word) = cache.hash_tag.as_ref().or(of_the_field) {
        errors.at(word, format!("`{name}` is embedded in models, which have the keys; remove `hash_tag`"));
    }
    let of_keys = cache.prefix.is_some() || cache.ttl.is_some() || cache.jitter.is_some();
    let of_form = cache.schema_version.is_some() || cache.upgrade.is_some();
    let of_index = cache.language.is_some() || cache.stopwords.is_some() || cache.score.is_some();
    if of_keys || of_form || of_index || cache.filter.is_some() || !cache.unique.is_empty() {
        errors.at(
            name,
            format!(
                "`{name}` is embedded in models, which have the keys and the index; remove all but `crate`"
            ),
        );
    }
    for word in fields.iter().filter_map(|field| field.attr.primary_key.as_ref()) {
        errors.at(
            word,
            format!("`{name}` is embedded in models, which have the primary key; remove `#[primary_key]`"),
        );
    }
    for word in fields.iter().filter_map(|field| field.attr.version.as_ref()) {
        errors
            .at(word, format!("`{name}` is embedded in models, which have the version; remove `#[version]`"));
    }
    for word in fields.iter().filter_map(|field| field.attr.unique.as_ref()) {
        errors.at(
            word,
            format!("`{name}` is embedded in models, whose own fields can be unique; remove `#[unique]`"),
        );
    }
}

fn container_serde(serde: &ContainerSerde, errors: &mut Errors) {
    if let Some(word) = &serde.transparent {
        errors.at(
            word,
            "`transparent` stores the inner value in place of an object with members, which is what `CacheModel` \
             needs; remove it",
        );
    }
    if let Some(word) = &serde.into {
        errors.at(
            word,
            "`into` stores another type, whose members `CacheModel` cannot see here; derive `CacheModel` for that \
             type instead",
        );
    }
}

/// Every member must be read under the name under which it is written.
fn readable(fields: &[DraftField<'_>], serde: &ContainerSerde, errors: &mut Errors) {
    let mut blamed_container = false;
    for field in fields.iter().filter(|field| field.is_member() && field.serde.skip_deserializing.is_none()) {
        let member = &field.names.member;
        if member.serialize == member.deserialize || field.serde.aliases.contains(&member.serialize) {
            continue;
        }
        let (word, plain) = (field.serde.rename_word.as_ref(), &field.names.plain);
        if word.is_none() && std::mem::replace(&mut blamed_container, true) {
            continue;
        }
        errors.at(
            word.or(serde.rename_all_word.as_ref()).unwrap_or(&field.names.ident),
            format!(
                "`CacheModel` could not read its documents back: `{plain}` is written as `{}` and read as `{}`; use \
                 one name for both",
                member.serialize, member.deserialize
            ),
        );
    }
}

/// Whether the server's paths cannot name the member.
fn unaddressable(member: &str) -> bool {
    member.contains(|letter: char| letter.is_control() || letter == '"' || letter == '\\')
}

impl DraftField<'_> {
    /// Whether the document has a member for this field.
    fn is_member(&self) -> bool {
        self.absence().is_none()
    }

    /// Why the document has no member for this field, and by which attribute.
    fn absence(&self) -> Option<(&'static str, String)> {
        if let Some(word) = &self.serde.skip_serializing {
            Some(("is not written", format!("#[serde({word})]")))
        } else {
            let word = self.serde.flatten.as_ref().filter(|_| self.attr.embedded.is_none())?;
            Some(("is replaced by its own members", format!("#[serde({word})]")))
        }
    }
}
