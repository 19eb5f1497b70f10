//! Our own grammar: `#[cache(…)]` on the struct; `#[primary_key]`, `#[index(…)]`, `#[embedded]`, `#[version]` and
//! `#[unique]` on its fields.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, Lit, LitStr, Meta, Path, Token};

use crate::argument::{
    argument_name, arguments, bare, crate_path, fields, is_search_name, language, milliseconds,
    refused_prefix, separator, set, string, unknown, weight, words,
};
use crate::errors::Errors;

const CACHE_TAKES: &str = "`#[cache(…)]` of `CacheModel` takes `prefix = \"…\"`, `ttl = \"30m\"`, `language = \"german\"`, \
     `stopwords = [\"…\"]`, `hash_tag`, `unique(a, b)` and `crate = path`";
const INDEX_TAKES: &str = "`#[index(…)]` of `CacheModel` takes one of `tag`, `numeric` and `text`, and `sortable`, \
                           `fold_case`, `separator = ','`, `no_stem`, `weight = 2.0`, `with_suffix_trie`, \
                           `index_missing`, `name = \"…\"`";

/// What `#[cache(…)]` says.
#[derive(Default)]
pub(crate) struct CacheAttr {
    /// What the keys of the documents begin with.
    pub(crate) prefix: Option<String>,
    /// How long a document lives, in milliseconds.
    pub(crate) ttl: Option<u64>,
    /// The language of the texts, as the name of its variant.
    pub(crate) language: Option<Ident>,
    /// The words that texts leave out.
    pub(crate) stopwords: Option<Vec<LitStr>>,
    /// The word `hash_tag`.
    pub(crate) hash_tag: Option<Ident>,
    /// The fields of each `unique(…)`, and the word.
    pub(crate) unique: Vec<(Ident, Vec<Ident>)>,
    /// Where `cache_core` is.
    pub(crate) path: Option<Path>,
}

/// What our attributes of a field say.
#[derive(Default)]
pub(crate) struct FieldAttr {
    /// The word `primary_key`.
    pub(crate) primary_key: Option<Ident>,
    /// The index.
    pub(crate) index: Option<IndexAttr>,
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
}

/// An option of an index: what the handle's declaration calls with the same name.
#[derive(Clone)]
pub(crate) struct IndexOption {
    /// The word.
    pub(crate) word: Ident,
    /// Its value, if it takes one.
    pub(crate) value: Option<Lit>,
}

impl IndexOption {
    /// Whether it is this one.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.word == word
    }
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
                match milliseconds(&literal.value()) {
                    Err(reason) => errors.at(&literal, reason),
                    Ok(ttl) => set(&mut self.ttl, ttl, &name, errors),
                }
            }
            "language" => {
                let literal = string(meta, "language = \"german\"")?;
                match language(&literal) {
                    Err(reason) => errors.at(&literal, reason),
                    Ok(language) => set(&mut self.language, language, &name, errors),
                }
            }
            "stopwords" => set(&mut self.stopwords, words(meta)?, &name, errors),
            "hash_tag" => {
                set(&mut self.hash_tag, name.clone(), &name, errors);
                return bare(meta, &name);
            }
            "unique" => self.unique.push((name, fields(meta)?)),
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
                match read.index {
                    Some(_) => errors.at(
                        word,
                        "`CacheModel` makes one index per field; put all arguments into one `#[index(…)]`",
                    ),
                    None => read.index = Some(index),
                }
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
        let mut read = Self { word: word.clone(), kind: None, options: Vec::new(), name: None };
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
        let kind = match name.to_string().as_str() {
            "tag" => Kind::Tag,
            "numeric" => Kind::Numeric,
            "text" => Kind::Text,
            "sortable" | "fold_case" | "no_stem" | "with_suffix_trie" | "index_missing" => {
                self.option(&name, None, errors);
                return bare(meta, &name);
            }
            "separator" => {
                let separator = separator(meta)?;
                self.option(&name, Some(separator), errors);
                return Ok(());
            }
            "weight" => {
                let weight = weight(meta)?;
                self.option(&name, Some(weight), errors);
                return Ok(());
            }
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
            _ => return Err(unknown(&name, INDEX_TAKES)),
        };
        match &self.kind {
            Some((first, _)) if *first != kind => {
                errors.at(&name, "a field is indexed as one kind; keep one of `tag`, `numeric` and `text`");
            }
            _ => set(&mut self.kind, (kind, name.clone()), &name, errors),
        }
        bare(meta, &name)
    }
}

impl IndexAttr {
    fn option(&mut self, word: &Ident, value: Option<Lit>, errors: &mut Errors) {
        if self.options.iter().any(|option| option.word == *word) {
            errors.at(word, format!("`{word}` is written twice; keep one of them"));
        } else {
            self.options.push(IndexOption { word: word.clone(), value });
        }
    }
}
