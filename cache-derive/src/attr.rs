//! Our own grammar: `#[cache(…)]` on the struct; `#[primary_key]`, `#[index(…)]`, `#[embedded]`, `#[version]` and
//! `#[unique]` on its fields.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, LitStr, Meta, Path, Token, Type};

use crate::argument::{
    argument_name, arguments, bare, crate_path, document_ttl, fields, function, is_search_name, jitter,
    language, refused_prefix, schema_version, score, set, stored_type, string, unknown, words,
};
use crate::errors::Errors;
use crate::option::IndexOption;

const CACHE_TAKES: &str = "`#[cache(…)]` of `CacheModel` takes `prefix = \"…\"`, `ttl = \"30m\"`, `jitter = 0.1`, `language = \"german\"`, \
     `stopwords = [\"…\"]`, `score = 0.5`, `filter = \"@age > 17\"`, `hash_tag`, `unique(a, b)`, \
     `schema_version = 2`, `upgrade = function` and `crate = path`";
pub(crate) const INDEX_TAKES: &str = "`#[index(…)]` of `CacheModel` takes one of `tag`, `numeric`, `text`, `geo`, `geoshape` and `vector`; \
     of any kind `sortable`, `unf`, `no_index`, `index_missing`, `name = \"…\"`, `as = String`; \
     of TAG `fold_case`, `separator = ','`, `with_suffix_trie`; \
     of TEXT `no_stem`, `weight = 2.0`, `phonetic = \"en\"`, `index_empty`, `with_suffix_trie`; \
     of GEOSHAPE `flat` or `spherical`; \
     of VECTOR `flat` or `hnsw`, `distance_metric = \"cosine\"`, `initial_cap`, `block_size`, `m`, `ef_construction`, \
     `ef_runtime` and `epsilon`";

/// What `#[cache(…)]` says.
#[derive(Default)]
pub(crate) struct CacheAttr {
    /// What the keys of the documents begin with.
    pub(crate) prefix: Option<String>,
    /// How long a document lives, in milliseconds.
    pub(crate) ttl: Option<u64>,
    /// By what part of it that is more or less, and the word.
    pub(crate) jitter: Option<(f64, Ident)>,
    /// The language of the texts, as the name of its variant.
    pub(crate) language: Option<Ident>,
    /// The words that texts leave out.
    pub(crate) stopwords: Option<Vec<LitStr>>,
    /// What a document counts in scores.
    pub(crate) score: Option<LitStr>,
    /// Which documents are in the index.
    pub(crate) filter: Option<LitStr>,
    /// The word `hash_tag`.
    pub(crate) hash_tag: Option<Ident>,
    /// The fields of each `unique(…)`, and the word.
    pub(crate) unique: Vec<(Ident, Vec<Ident>)>,
    /// The version of the documents' form, and the word.
    pub(crate) schema_version: Option<(u32, Ident)>,
    /// What brings older documents to it, and the word.
    pub(crate) upgrade: Option<(Path, Ident)>,
    /// Where `cache_core` is.
    pub(crate) path: Option<Path>,
}

/// What our attributes of a field say.
#[derive(Default)]
pub(crate) struct FieldAttr {
    /// The word `primary_key`.
    pub(crate) primary_key: Option<Ident>,
    /// The indexes, in order.
    pub(crate) indexes: Vec<IndexAttr>,
    /// The word `embedded`.
    pub(crate) embedded: Option<Ident>,
    /// The word `hash_tag`.
    pub(crate) hash_tag: Option<Ident>,
    /// The word `version`.
    pub(crate) version: Option<Ident>,
    /// The word `unique`.
    pub(crate) unique: Option<Ident>,
}

/// What `#[index(…)]` says.
pub(crate) struct IndexAttr {
    /// The word `index`.
    pub(crate) word: Ident,
    /// The kind, if it does not follow from the type, and its word.
    pub(crate) kind: Option<(Kind, Ident)>,
    /// The options, each once.
    pub(crate) options: Vec<IndexOption>,
    /// The name that queries use, if it is not the document's, and its literal.
    pub(crate) name: Option<(String, LitStr)>,
    /// What serde writes of the field, if that is not the field's type.
    pub(crate) stored: Option<Type>,
}

/// A kind that is written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `tag`
    Tag,
    /// `numeric`
    Numeric,
    /// `text`
    Text,
    /// `geo`
    Geo,
    /// `geoshape`
    GeoShape,
    /// `vector`
    Vector,
}

impl CacheAttr {
    /// Reads the attributes of the struct.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            if ["primary_key", "index", "embedded", "version", "unique"]
                .iter()
                .any(|word| path.is_ident(word))
            {
                errors
                    .at(path, "`CacheModel` reads this attribute at a field; move it to the field it means");
            } else if path.is_ident("cache") {
                match &attribute.meta {
                    Meta::List(_) => arguments(attribute, errors, |meta, errors| read.argument(meta, errors)),
                    _ => errors.at(attribute, CACHE_TAKES),
                }
            }
        }
        read
    }

    fn argument(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
        let name = argument_name(meta, CACHE_TAKES)?;
        match name.to_string().as_str() {
            "prefix" => {
                let literal = string(meta, "prefix = \"user_session\"")?;
                let prefix = literal.value();
                match refused_prefix(&prefix) {
                    Some(reason) => errors.at(&literal, reason),
                    None => set(&mut self.prefix, prefix, &name, errors),
                }
            }
            "ttl" => {
                let literal = string(meta, "ttl = \"30m\"")?;
                match document_ttl(&literal.value()) {
                    Err(reason) => errors.at(&literal, reason),
                    Ok(ttl) => set(&mut self.ttl, ttl, &name, errors),
                }
            }
            "jitter" => set(&mut self.jitter, (jitter(meta)?, name.clone()), &name, errors),
            "language" => {
                let literal = string(meta, "language = \"german\"")?;
                match language(&literal) {
                    Err(reason) => errors.at(&literal, reason),
                    Ok(language) => set(&mut self.language, language, &name, errors),
                }
            }
            "stopwords" => set(&mut self.stopwords, words(meta)?, &name, errors),
            "score" => set(&mut self.score, score(meta)?, &name, errors),
            "filter" => {
                let literal = string(meta, "filter = \"@age > 17\"")?;
                if literal.value().trim().is_empty() {
                    errors.at(
                        &literal,
                        "an empty expression selects nothing; leave `filter` out to index all documents",
                    );
                } else {
                    set(&mut self.filter, literal, &name, errors);
                }
            }
            "temporary" => {
                return Err(syn::Error::new_spanned(
                    &name,
                    "a TEMPORARY index deletes its documents when it expires, also those that other indexes hold; \
                     let documents expire with `ttl = \"30m\"`",
                ));
            }
            "hash_tag" => {
                set(&mut self.hash_tag, name.clone(), &name, errors);
                return bare(meta, &name);
            }
            "unique" => self.unique.push((name, fields(meta)?)),
            "schema_version" => {
                let version = schema_version(meta)?;
                set(&mut self.schema_version, (version, name.clone()), &name, errors);
            }
            "upgrade" => set(&mut self.upgrade, (function(meta)?, name.clone()), &name, errors),
            "crate" => set(&mut self.path, crate_path(meta)?, &name, errors),
            _ => return Err(unknown(&name, CACHE_TAKES)),
        }
        Ok(())
    }
}

impl FieldAttr {
    /// Reads the attributes of a field.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        for attribute in attributes {
            let Some(word) = attribute.path().get_ident() else { continue };
            if word == "cache" {
                read.cache(attribute, errors);
            } else if word == "primary_key" || word == "embedded" || word == "version" || word == "unique" {
                if !matches!(attribute.meta, Meta::Path(_)) {
                    errors.at(
                        &attribute.meta,
                        format!("`#[{word}]` of `CacheModel` takes no arguments; remove them"),
                    );
                }
                let slot = match word.to_string().as_str() {
                    "embedded" => &mut read.embedded,
                    "version" => &mut read.version,
                    "unique" => &mut read.unique,
                    _ => &mut read.primary_key,
                };
                set(slot, word.clone(), word, errors);
            } else if word == "index" {
                let index = IndexAttr::read(attribute, word, errors);
                read.indexes.push(index);
            }
        }
        read
    }
}

impl FieldAttr {
    /// Reads `#[cache(…)]` at a field, which may say `hash_tag` alone.
    fn cache(&mut self, attribute: &Attribute, errors: &mut Errors) {
        let mut only = matches!(attribute.meta, Meta::List(_));
        let all = attribute.parse_nested_meta(|meta| {
            only &= meta.path.is_ident("hash_tag") && (meta.input.is_empty() || meta.input.peek(Token![,]));
            if let Some(word) = meta.path.get_ident().filter(|_| only) {
                set(&mut self.hash_tag, word.clone(), word, errors);
            }
            while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                meta.input.parse::<proc_macro2::TokenTree>()?;
            }
            Ok(())
        });
        if !only || all.is_err() || self.hash_tag.is_none() {
            errors.at(
                attribute,
                "`#[cache(…)]` of `CacheModel` belongs to the struct, not to a field; a part of the primary key may say \
                 `#[cache(hash_tag)]`",
            );
        }
    }
}

impl IndexAttr {
    fn read(attribute: &Attribute, word: &Ident, errors: &mut Errors) -> Self {
        let mut read = Self { word: word.clone(), kind: None, options: Vec::new(), name: None, stored: None };
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(list) if list.tokens.is_empty() => {}
            Meta::List(_) => arguments(attribute, errors, |meta, errors| read.argument(meta, errors)),
            Meta::NameValue(_) => errors.at(&attribute.meta, INDEX_TAKES),
        }
        read
    }

    fn argument(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
        let name = argument_name(meta, INDEX_TAKES)?;
        if let Some(option) = IndexOption::read(meta, &name) {
            self.option(option?, errors);
            return Ok(());
        }
        let kind = match name.to_string().as_str() {
            "tag" => Kind::Tag,
            "numeric" => Kind::Numeric,
            "text" => Kind::Text,
            "geo" => Kind::Geo,
            "geoshape" => Kind::GeoShape,
            "vector" => Kind::Vector,
            "name" => {
                let literal = string(meta, "name = \"email\"")?;
                let value = literal.value();
                if is_search_name(&value) {
                    set(&mut self.name, (value, literal), &name, errors);
                } else {
                    errors.at(
                        literal,
                        "a search name is made of ASCII letters, digits and `_`, and does not begin with a digit",
                    );
                }
                return Ok(());
            }
            "as" => {
                set(&mut self.stored, stored_type(meta)?, &name, errors);
                return Ok(());
            }
            _ => return Err(unknown(&name, INDEX_TAKES)),
        };
        match &self.kind {
            Some((first, _)) if *first != kind => {
                errors.at(&name, "an index has one kind; keep one of them, or write another `#[index(…)]` with a `name` for the other");
            }
            _ => set(&mut self.kind, (kind, name.clone()), &name, errors),
        }
        bare(meta, &name)
    }
}

impl IndexAttr {
    fn option(&mut self, option: IndexOption, errors: &mut Errors) {
        if self.options.iter().any(|known| known.word == option.word) {
            errors.at(&option.word, format!("`{}` is written twice; keep one of them", option.word));
        } else {
            self.options.push(option);
        }
    }
}
