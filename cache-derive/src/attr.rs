//! Our own grammar: `#[cache(…)]` on the struct; `#[primary_key]`, `#[index(…)]` and `#[embedded]` on its fields.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, Ident, Lit, LitStr, Meta, Path, Token};

use crate::errors::Errors;

const CACHE_TAKES: &str =
    "`#[cache(…)]` of `CacheModel` takes `prefix = \"…\"`, `ttl = \"30m\"` and `crate = path`";
const INDEX_TAKES: &str = "`#[index(…)]` of `CacheModel` takes one of `tag`, `numeric` and `text`, and `sortable`, \
                           `fold_case`, `name = \"…\"`";

/// What `#[cache(…)]` says.
#[derive(Default)]
pub(crate) struct CacheAttr {
    /// What the keys of the documents begin with.
    pub(crate) prefix: Option<String>,
    /// How long a document lives, in milliseconds.
    pub(crate) ttl: Option<u64>,
    /// Where `cache_core` is.
    pub(crate) path: Option<Path>,
}

/// What `#[primary_key]` and `#[index(…)]` say.
#[derive(Default)]
pub(crate) struct FieldAttr {
    /// The word `primary_key`.
    pub(crate) primary_key: Option<Ident>,
    /// The index.
    pub(crate) index: Option<IndexAttr>,
    /// The word `embedded`.
    pub(crate) embedded: Option<Ident>,
}

/// What `#[index(…)]` says.
pub(crate) struct IndexAttr {
    /// The word `index`.
    pub(crate) word: Ident,
    /// The kind, if it does not follow from the type, and its word.
    pub(crate) kind: Option<(Kind, Ident)>,
    /// The word `sortable`.
    pub(crate) sortable: Option<Ident>,
    /// The word `fold_case`.
    pub(crate) fold_case: Option<Ident>,
    /// The name that queries use, if it is not the document's, and its literal.
    pub(crate) name: Option<(String, LitStr)>,
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
            if ["primary_key", "index", "embedded"].iter().any(|word| path.is_ident(word)) {
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
                errors.at(attribute, "`#[cache(…)]` of `CacheModel` belongs to the struct, not to a field");
            } else if word == "primary_key" || word == "embedded" {
                if !matches!(attribute.meta, Meta::Path(_)) {
                    errors.at(
                        &attribute.meta,
                        format!("`#[{word}]` of `CacheModel` takes no arguments; remove them"),
                    );
                }
                let slot = if word == "embedded" { &mut read.embedded } else { &mut read.primary_key };
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

impl IndexAttr {
    fn read(attribute: &Attribute, word: &Ident, errors: &mut Errors) -> Self {
        let mut read = Self { word: word.clone(), kind: None, sortable: None, fold_case: None, name: None };
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
            "sortable" => {
                set(&mut self.sortable, name.clone(), &name, errors);
                return bare(meta, &name);
            }
            "fold_case" => {
                set(&mut self.fold_case, name.clone(), &name, errors);
                return bare(meta, &name);
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

/// Whether queries can name a field like this without quoting.
pub(crate) fn is_search_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// Why this prefix would make keys ambiguous. The same rules as `check_name` of `cache-index`, at compile time.
fn refused_prefix(prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() {
        Some("the prefix is empty; leave `prefix` out to use the struct's name in snake case")
    } else if prefix.split(':').any(str::is_empty) {
        Some(
            "the prefix has an empty part: `:` separates parts, so it cannot stand at the ends or beside another",
        )
    } else if prefix.starts_with('~') {
        Some("prefixes that begin with `~` are reserved for keys that are not documents; choose another")
    } else {
        None
    }
}

/// A duration in words as the milliseconds that the server counts in.
fn milliseconds(ttl: &str) -> Result<u64, String> {
    let duration = humantime::parse_duration(ttl)
        .map_err(|_| format!("`{ttl}` is no duration; write one like `30m`, `1h 30m` or `500ms`"))?;
    if duration.is_zero() {
        return Err("a `ttl` of zero would delete every document as it is written; leave `ttl` out to keep \
                    documents"
            .into());
    }
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err("the server counts a `ttl` in milliseconds; write a whole number of them".into());
    }
    u64::try_from(duration.as_millis()).map_err(|_| {
        "this `ttl` is longer than the server can count; leave `ttl` out to keep documents".into()
    })
}

/// Reads every argument of an attribute; one that is refused does not hide the mistakes behind it.
fn arguments(
    attribute: &Attribute,
    errors: &mut Errors,
    mut read: impl FnMut(&ParseNestedMeta<'_>, &mut Errors) -> syn::Result<()>,
) {
    let all = attribute.parse_nested_meta(|meta| {
        let outcome = read(&meta, errors);
        if errors.absorb(outcome).is_none() {
            while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                meta.input.parse::<proc_macro2::TokenTree>()?;
            }
        }
        Ok(())
    });
    errors.absorb(all);
}

fn argument_name(meta: &ParseNestedMeta<'_>, takes: &str) -> syn::Result<Ident> {
    let unknown = || syn::Error::new_spanned(&meta.path, format!("unknown argument; {takes}"));
    meta.path.get_ident().map(IdentExt::unraw).ok_or_else(unknown)
}

fn unknown(name: &Ident, takes: &str) -> syn::Error {
    syn::Error::new_spanned(name, format!("unknown argument `{name}`; {takes}"))
}

fn set<T>(slot: &mut Option<T>, value: T, name: &Ident, errors: &mut Errors) {
    match slot {
        Some(_) => errors.at(name, format!("`{name}` is written twice; keep one of them")),
        None => *slot = Some(value),
    }
}

fn bare(meta: &ParseNestedMeta<'_>, name: &Ident) -> syn::Result<()> {
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        return Ok(());
    }
    Err(syn::Error::new_spanned(name, format!("`{name}` takes no value; write it alone")))
}

fn value(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<Expr> {
    if !meta.input.peek(Token![=]) {
        return Err(syn::Error::new_spanned(&meta.path, format!("expected a value: `{example}`")));
    }
    let mut value: Expr = meta.value()?.parse()?;
    // What a `macro_rules!` macro passes on arrives in groups without delimiters.
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    Ok(value)
}

fn string(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<LitStr> {
    match value(meta, example)? {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(literal) => Ok(literal),
            other => Err(syn::Error::new_spanned(other, format!("expected a string: `{example}`"))),
        },
        other => Err(syn::Error::new_spanned(other, format!("expected a string literal: `{example}`"))),
    }
}

fn crate_path(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let example = "crate = my_crate::cache_core";
    match value(meta, example)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(literal) => literal.parse_with(Path::parse_mod_style).map_err(|_| {
                syn::Error::new_spanned(&literal, format!("expected the path of a module: `{example}`"))
            }),
            other => Err(syn::Error::new_spanned(other, format!("expected a path: `{example}`"))),
        },
        other => Err(syn::Error::new_spanned(other, format!("expected a path: `{example}`"))),
    }
}
