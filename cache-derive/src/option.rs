//! Options of an index: words alone, and words with a value, each with an example in its message.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::{Ident, Lit, LitStr};

use crate::argument::{bare, literal, separator, string, weight};

/// The options that stand alone.
const BARE: [&str; 11] = [
    "sortable",
    "unf",
    "no_index",
    "fold_case",
    "no_stem",
    "with_suffix_trie",
    "index_missing",
    "index_empty",
    "flat",
    "spherical",
    "hnsw",
];

/// An option of an index: what the handle's declaration calls with the same name.
#[derive(Clone)]
pub(crate) struct IndexOption {
    /// The word.
    pub(crate) word: Ident,
    /// Its value, if it takes one.
    pub(crate) value: Option<TokenStream>,
}

impl IndexOption {
    /// Reads the value of the option of this name; `None`: there is no such option.
    pub(crate) fn read(meta: &ParseNestedMeta<'_>, word: &Ident) -> Option<syn::Result<Self>> {
        let name = word.to_string();
        if BARE.contains(&name.as_str()) {
            return Some(bare(meta, word).map(|()| Self { word: word.clone(), value: None }));
        }
        let value = match name.as_str() {
            "separator" => separator(meta).map(ToTokens::into_token_stream),
            "weight" => weight(meta).map(ToTokens::into_token_stream),
            "phonetic" => phonetic(meta),
            "distance_metric" => distance_metric(meta),
            "epsilon" => epsilon(meta),
            "m" | "ef_construction" | "ef_runtime" | "block_size" | "initial_cap" => count(meta, &name),
            _ => return None,
        };
        Some(value.map(|value| Self { word: word.clone(), value: Some(value) }))
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.word == word
    }
}

fn phonetic(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let language = string(meta, "phonetic = \"en\"")?;
    match language.value().as_str() {
        "en" | "fr" | "pt" | "es" => Ok(language.into_token_stream()),
        other => Err(syn::Error::new_spanned(
            &language,
            format!(
                "the server does not know what `{other}` sounds like; write one of `en`, `fr`, `pt` and `es`"
            ),
        )),
    }
}

fn distance_metric(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let metric = string(meta, "distance_metric = \"cosine\"")?;
    match metric.value().to_ascii_lowercase().as_str() {
        "cosine" => Ok(quote!(__cache::DistanceMetric::Cosine)),
        "l2" => Ok(quote!(__cache::DistanceMetric::L2)),
        "ip" => Ok(quote!(__cache::DistanceMetric::Ip)),
        other => Err(syn::Error::new_spanned(
            &metric,
            format!("`{other}` is no distance metric; write one of `cosine`, `l2` and `ip`"),
        )),
    }
}

/// A number greater than zero, as the text that the server is told.
fn epsilon(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let literal = literal(meta, "epsilon = 0.01")?;
    let digits = match &literal {
        Lit::Float(number) => number.base10_digits(),
        Lit::Int(number) => number.base10_digits(),
        _ => "",
    };
    match digits.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => {
            Ok(LitStr::new(digits, literal.span()).into_token_stream())
        }
        _ => Err(syn::Error::new_spanned(literal, "expected a number greater than zero: `epsilon = 0.01`")),
    }
}

fn count(meta: &ParseNestedMeta<'_>, word: &str) -> syn::Result<TokenStream> {
    let literal = literal(meta, &format!("{word} = 16"))?;
    match &literal {
        Lit::Int(number) if number.base10_parse::<u32>().is_ok_and(|number| number > 0) => {
            Ok(number.into_token_stream())
        }
        _ => Err(syn::Error::new_spanned(
            literal,
            format!("expected a whole number greater than zero: `{word} = 16`"),
        )),
    }
}
