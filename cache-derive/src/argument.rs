//! Arguments of attributes: names, strings, numbers, durations, each read with an example in its message.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, Ident, Lit, LitStr, Member, Path, Token, Type};

use crate::errors::Errors;

/// The languages that both the server and `Filter::accepts` can stem.
const LANGUAGES: [&str; 18] = [
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
];

pub(crate) fn language(literal: &LitStr) -> Result<Ident, String> {
    let name = literal.value();
    if !LANGUAGES.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` is no language that can be stemmed; write one of {}",
            LANGUAGES.join(", ")
        ));
    }
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    Ok(Ident::new(&first.into_iter().chain(letters).collect::<String>(), literal.span()))
}

/// `["the", "of"]`, in lower case; the empty list leaves no word out.
pub(crate) fn words(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<LitStr>> {
    let example = "stopwords = [\"the\", \"of\"]";
    let list = match value(meta, example)? {
        Expr::Array(list) => list,
        other => {
            return Err(syn::Error::new_spanned(other, format!("expected a list of words: `{example}`")));
        }
    };
    list.elems
        .into_iter()
        .map(|element| match element {
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(word) if is_word(&word.value()) => Ok(word),
                other => {
                    Err(syn::Error::new_spanned(other, format!("expected a word in lower case: `{example}`")))
                }
            },
            other => Err(syn::Error::new_spanned(other, format!("expected a word: `{example}`"))),
        })
        .collect()
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() && !letter.is_uppercase())
}

/// A literal of any kind.
pub(crate) fn literal(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<Lit> {
    match value(meta, example)? {
        Expr::Lit(literal) => Ok(literal.lit),
        other => Err(syn::Error::new_spanned(other, format!("expected a literal: `{example}`"))),
    }
}

/// A number from zero to one, as the text that the server is told.
pub(crate) fn score(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let literal = literal(meta, "score = 0.5")?;
    let digits = match &literal {
        Lit::Float(number) => number.base10_digits(),
        Lit::Int(number) => number.base10_digits(),
        _ => "",
    };
    match digits.parse::<f64>() {
        Ok(score) if (0.0..=1.0).contains(&score) => Ok(LitStr::new(digits, literal.span())),
        _ => Err(syn::Error::new_spanned(literal, "expected a number from 0 to 1: `score = 0.5`")),
    }
}

/// The part of a time to live by which it is longer or shorter.
pub(crate) fn jitter(meta: &ParseNestedMeta<'_>) -> syn::Result<f64> {
    let literal = literal(meta, "jitter = 0.1")?;
    let jitter = match &literal {
        Lit::Float(number) => number.base10_parse::<f64>().ok(),
        _ => None,
    };
    jitter.filter(|jitter| *jitter > 0.0 && *jitter <= 0.5).ok_or_else(|| {
        syn::Error::new_spanned(
            literal,
            "expected a part of the `ttl`, more than 0 and at most 0.5: `jitter = 0.1` is 10 % more or less",
        )
    })
}

/// A version of a form of documents, from 1 on.
pub(crate) fn schema_version(meta: &ParseNestedMeta<'_>) -> syn::Result<u32> {
    let literal = literal(meta, "schema_version = 2")?;
    let version = match &literal {
        Lit::Int(number) => number.base10_parse().ok().filter(|version| *version > 0),
        _ => None,
    };
    version.ok_or_else(|| {
        syn::Error::new_spanned(
            literal,
            format!("expected a whole number from 1 to {}: `schema_version = 2`", u32::MAX),
        )
    })
}

/// The path of a function.
pub(crate) fn function(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let example = "upgrade = upgrade_user";
    match value(meta, example)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(syn::Error::new_spanned(other, format!("expected the path of a function: `{example}`"))),
    }
}

/// One ASCII punctuation mark: what the server takes as a separator.
pub(crate) fn separator(meta: &ParseNestedMeta<'_>) -> syn::Result<Lit> {
    let example = "separator = ','";
    match value(meta, example)? {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Char(mark) if mark.value().is_ascii_punctuation() => Ok(literal.lit),
            other => {
                Err(syn::Error::new_spanned(other, format!("expected one punctuation mark: `{example}`")))
            }
        },
        other => Err(syn::Error::new_spanned(other, format!("expected a character: `{example}`"))),
    }
}

/// A positive number, as the text that the server is told.
pub(crate) fn weight(meta: &ParseNestedMeta<'_>) -> syn::Result<Lit> {
    let example = "weight = 2.0";
    let literal = match value(meta, example)? {
        Expr::Lit(literal) => literal.lit,
        other => return Err(syn::Error::new_spanned(other, format!("expected a number: `{example}`"))),
    };
    let digits = match &literal {
        Lit::Float(number) => number.base10_digits().to_owned(),
        Lit::Int(number) => number.base10_digits().to_owned(),
        other => return Err(syn::Error::new_spanned(other, format!("expected a number: `{example}`"))),
    };
    match digits.parse::<f64>() {
        Ok(weight) if weight > 0.0 && weight.is_finite() => {
            Ok(Lit::Str(LitStr::new(&digits, literal.span())))
        }
        _ => Err(syn::Error::new_spanned(literal, "a weight is greater than zero and finite")),
    }
}

/// Whether queries can name a field like this without quoting.
pub(crate) fn is_search_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// Why this prefix would make keys ambiguous. The same rules as `check_name` of `cache-index`, at compile time.
pub(crate) fn refused_prefix(prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() {
        Some("the prefix is empty; leave `prefix` out to use the struct's name in snake case")
    } else if prefix.split(':').any(str::is_empty) {
        Some(
            "the prefix has an empty part: `:` separates parts, so it cannot stand at the ends or beside another",
        )
    } else if prefix.starts_with('~') {
        Some("prefixes that begin with `~` are reserved for keys that are not documents; choose another")
    } else if prefix.chars().any(char::is_control) {
        Some("the prefix has a control character; remove it")
    } else {
        None
    }
}

/// A `ttl` of documents in words, as the milliseconds that the server counts in.
pub(crate) fn document_ttl(ttl: &str) -> Result<u64, String> {
    match milliseconds(ttl, "ttl")? {
        0 => Err(
            "a `ttl` of zero would delete every document as it is written; leave `ttl` out to keep documents"
                .into(),
        ),
        milliseconds => Ok(milliseconds),
    }
}

/// A duration in words as the milliseconds that the server counts in.
pub(crate) fn milliseconds(words: &str, name: &str) -> Result<u64, String> {
    let duration = humantime::parse_duration(words)
        .map_err(|_| format!("`{words}` is no duration; write one like `30m`, `1h 30m` or `500ms`"))?;
    if duration.subsec_nanos() % 1_000_000 != 0 {
        return Err(format!("the server counts a `{name}` in milliseconds; write a whole number of them"));
    }
    u64::try_from(duration.as_millis()).map_err(|_| {
        format!("this `{name}` is longer than the server can count; leave `{name}` out to have none")
    })
}

/// Reads every argument of an attribute; one that is refused does not hide the mistakes behind it.
pub(crate) fn arguments(
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

pub(crate) fn argument_name(meta: &ParseNestedMeta<'_>, takes: &str) -> syn::Result<Ident> {
    let unknown = || syn::Error::new_spanned(&meta.path, format!("unknown argument; {takes}"));
    meta.path.get_ident().map(IdentExt::unraw).ok_or_else(unknown)
}

pub(crate) fn unknown(name: &Ident, takes: &str) -> syn::Error {
    syn::Error::new_spanned(name, format!("unknown argument `{name}`; {takes}"))
}

pub(crate) fn set<T>(slot: &mut Option<T>, value: T, name: &Ident, errors: &mut Errors) {
    match slot {
        Some(_) => errors.at(name, format!("`{name}` is written twice; keep one of them")),
        None => *slot = Some(value),
    }
}

pub(crate) fn bare(meta: &ParseNestedMeta<'_>, name: &Ident) -> syn::Result<()> {
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        return Ok(());
    }
    Err(syn::Error::new_spanned(name, format!("`{name}` takes no value; write it alone")))
}

/// `(tenant, email)`: names of fields.
pub(crate) fn fields(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<Ident>> {
    if !meta.input.peek(syn::token::Paren) {
        return Err(syn::Error::new_spanned(&meta.path, "expected names of fields: `unique(tenant, email)`"));
    }
    let inside;
    syn::parenthesized!(inside in meta.input);
    let names = inside.parse_terminated(Ident::parse_any, Token![,])?;
    Ok(names.into_iter().collect())
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

pub(crate) fn string(meta: &ParseNestedMeta<'_>, example: &str) -> syn::Result<LitStr> {
    match value(meta, example)? {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(literal) => Ok(literal),
            other => Err(syn::Error::new_spanned(other, format!("expected a string: `{example}`"))),
        },
        other => Err(syn::Error::new_spanned(other, format!("expected a string literal: `{example}`"))),
    }
}

/// `EMAIL`, or `ADDRESS.city`: the handle of a field, as it stands behind the model.
pub(crate) fn handle(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<Ident>> {
    let example = "field = ADDRESS.city";
    fn names(expr: &Expr, found: &mut Vec<Ident>) -> bool {
        match expr {
            Expr::Path(path) => {
                found.extend(path.path.get_ident().cloned());
                path.qself.is_none() && path.path.get_ident().is_some()
            }
            Expr::Field(field) => {
                let around = names(&field.base, found);
                let Member::Named(name) = &field.member else { return false };
                found.push(name.clone());
                around
            }
            _ => false,
        }
    }
    let (expr, mut found) = (value(meta, example)?, Vec::new());
    if names(&expr, &mut found) {
        return Ok(found);
    }
    Err(syn::Error::new_spanned(
        expr,
        format!("expected the handle of a field of the model, without the model before it: `{example}`"),
    ))
}

/// The path of a type.
pub(crate) fn model(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let example = "model = User";
    match value(meta, example)? {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        other => Err(syn::Error::new_spanned(other, format!("expected the name of a model: `{example}`"))),
    }
}

/// The type that serde writes in place of the field's own.
pub(crate) fn stored_type(meta: &ParseNestedMeta<'_>) -> syn::Result<Type> {
    if !meta.input.peek(Token![=]) {
        return Err(syn::Error::new_spanned(
            &meta.path,
            "expected the type that serde writes: `as = String`",
        ));
    }
    let mut ty = meta.value()?.parse()?;
    while let Type::Group(group) = ty {
        ty = *group.elem;
    }
    Ok(ty)
}

pub(crate) fn crate_path(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
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
