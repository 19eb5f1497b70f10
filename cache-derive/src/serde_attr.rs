//! What `#[serde(…)]` says about the document's shape: names, what is left out, what is written by other code.
//!
//! Nothing here reports mistakes in serde's own grammar: serde's derive does, and one mistake is one message.

use proc_macro2::TokenTree;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, LitStr, Token, token};

/// A pair of what is used for writing and what is used for reading.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Both<T> {
    /// For writing.
    pub(crate) serialize: T,
    /// For reading.
    pub(crate) deserialize: T,
}

/// What is written at the struct.
#[derive(Default)]
pub(crate) struct ContainerSerde {
    /// How members are named.
    pub(crate) rename_all: Both<RenameRule>,
    /// The word `rename_all`.
    pub(crate) rename_all_word: Option<Ident>,
    /// The word `transparent`.
    pub(crate) transparent: Option<Ident>,
    /// The word `into`.
    pub(crate) into: Option<Ident>,
    /// The word `from` or `try_from`.
    pub(crate) from: Option<Ident>,
    /// The word `deny_unknown_fields`.
    pub(crate) deny_unknown_fields: Option<Ident>,
}

/// What is written at a field.
#[derive(Default)]
pub(crate) struct FieldSerde {
    /// The names that are given.
    pub(crate) rename: Both<Option<String>>,
    /// The word `rename`.
    pub(crate) rename_word: Option<Ident>,
    /// Further names for reading.
    pub(crate) aliases: Vec<String>,
    /// The word that keeps the field out of the document, `skip` or `skip_serializing`.
    pub(crate) skip_serializing: Option<Ident>,
    /// The word that keeps the field from being read, `skip` or `skip_deserializing`.
    pub(crate) skip_deserializing: Option<Ident>,
    /// The word `skip_serializing_if`.
    pub(crate) skip_serializing_if: Option<Ident>,
    /// The word `flatten`.
    pub(crate) flatten: Option<Ident>,
    /// The word by which other code writes the field, `with` or `serialize_with`.
    pub(crate) serialize_with: Option<Ident>,
    /// The word by which other code reads the field, `with` or `deserialize_with`.
    pub(crate) deserialize_with: Option<Ident>,
    /// The module that writes and reads it: the value of `with`.
    pub(crate) with: Option<LitStr>,
}

impl ContainerSerde {
    /// Reads the attributes of the struct.
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let mut read = Self::default();
        arguments(attributes, |word, meta| {
            match word.to_string().as_str() {
                "rename_all" => {
                    let rules = names(meta)?;
                    let rule = |name: Option<String>| name.and_then(|name| RenameRule::parse(&name));
                    read.rename_all = Both {
                        serialize: rule(rules.serialize).unwrap_or_default(),
                        deserialize: rule(rules.deserialize).unwrap_or_default(),
                    };
                    read.rename_all_word = Some(word);
                }
                "transparent" => read.transparent = Some(word),
                "into" => read.into = Some(word),
                "from" | "try_from" => read.from = Some(word),
                "deny_unknown_fields" => read.deny_unknown_fields = Some(word),
                _ => {}
            }
            Ok(())
        });
        read
    }
}

impl FieldSerde {
    /// Reads the attributes of a field.
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let mut read = Self::default();
        arguments(attributes, |word, meta| {
            match word.to_string().as_str() {
                "rename" => {
                    let names = names(meta)?;
                    read.rename = Both {
                        serialize: names.serialize.or(read.rename.serialize.take()),
                        deserialize: names.deserialize.or(read.rename.deserialize.take()),
                    };
                    read.rename_word = Some(word);
                }
                "alias" => read.aliases.push(meta.value()?.parse::<LitStr>()?.value()),
                "skip" => {
                    read.skip_serializing = Some(word.clone());
                    read.skip_deserializing = Some(word);
                }
                "skip_serializing" => read.skip_serializing = Some(word),
                "skip_deserializing" => read.skip_deserializing = Some(word),
                "skip_serializing_if" => read.skip_serializing_if = Some(word),
                "flatten" => read.flatten = Some(word),
                "serialize_with" => read.serialize_with = Some(word),
                "deserialize_with" => read.deserialize_with = Some(word),
                "with" => {
                    read.serialize_with = Some(word.clone());
                    read.deserialize_with = Some(word);
                    read.with = Some(meta.value()?.parse()?);
                }
                _ => {}
            }
            Ok(())
        });
        read
    }
}

/// Calls the function for every argument and steps over what it leaves of the argument's value.
fn arguments(attributes: &[Attribute], mut read: impl FnMut(Ident, &ParseNestedMeta<'_>) -> syn::Result<()>) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let all = attribute.parse_nested_meta(|meta| {
            if let Some(word) = meta.path.get_ident() {
                read(word.clone(), &meta)?;
            }
            while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
                meta.input.parse::<TokenTree>()?;
            }
            Ok(())
        });
        // Whatever does not parse here does not parse in serde's derive, which reports it.
        drop(all);
    }
}

/// `= "both"`, or `(serialize = "one", deserialize = "other")`.
fn names(meta: &ParseNestedMeta<'_>) -> syn::Result<Both<Option<String>>> {
    let mut names = Both::default();
    if meta.input.peek(token::Paren) {
        meta.parse_nested_meta(|meta| {
            let name = meta.value()?.parse::<LitStr>()?.value();
            if meta.path.is_ident("serialize") {
                names.serialize = Some(name);
            } else if meta.path.is_ident("deserialize") {
                names.deserialize = Some(name);
            }
            Ok(())
        })?;
    } else {
        let name = meta.value()?.parse::<LitStr>()?.value();
        names = Both { serialize: Some(name.clone()), deserialize: Some(name) };
    }
    Ok(names)
}

/// One of serde's rules for naming members.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum RenameRule {
    /// As the field is named; also `lowercase` and `snake_case`, which serde takes every field to be already.
    #[default]
    AsIs,
    /// `UPPERCASE` and `SCREAMING_SNAKE_CASE`
    Upper,
    /// `PascalCase`
    Pascal,
    /// `camelCase`
    Camel,
    /// `kebab-case`
    Kebab,
    /// `SCREAMING-KEBAB-CASE`
    UpperKebab,
}

impl RenameRule {
    fn parse(rule: &str) -> Option<Self> {
        Some(match rule {
            "lowercase" | "snake_case" => Self::AsIs,
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::UpperKebab,
            _ => return None,
        })
    }

    /// The member of a field of this name.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::AsIs => field.to_owned(),
            Self::Upper => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => {
                let pascal = Self::Pascal.apply(field);
                let mut characters = pascal.chars();
                match characters.next() {
                    Some(first) => first.to_ascii_lowercase().to_string() + characters.as_str(),
                    None => pascal,
                }
            }
            Self::Kebab => field.replace('_', "-"),
            Self::UpperKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What serde documents, and what its derive does with fields that are not plain snake case.
    #[test]
    fn rules_name_members_as_serde_does() {
        let rules = [
            "lowercase",
            "UPPERCASE",
            "PascalCase",
            "camelCase",
            "snake_case",
            "SCREAMING_SNAKE_CASE",
            "kebab-case",
            "SCREAMING-KEBAB-CASE",
        ];
        for (field, members) in [
            (
                "outcome",
                ["outcome", "OUTCOME", "Outcome", "outcome", "outcome", "OUTCOME", "outcome", "OUTCOME"],
            ),
            (
                "very_tasty",
                [
                    "very_tasty",
                    "VERY_TASTY",
                    "VeryTasty",
                    "veryTasty",
                    "very_tasty",
                    "VERY_TASTY",
                    "very-tasty",
                    "VERY-TASTY",
                ],
            ),
            ("z42", ["z42", "Z42", "Z42", "z42", "z42", "Z42", "z42", "Z42"]),
            ("_a__b_", ["_a__b_", "_A__B_", "AB", "aB", "_a__b_", "_A__B_", "-a--b-", "-A--B-"]),
            ("aB_c", ["aB_c", "AB_C", "ABC", "aBC", "aB_c", "AB_C", "aB-c", "AB-C"]),
        ] {
            for (rule, member) in rules.into_iter().zip(members) {
                assert_eq!(RenameRule::parse(rule).unwrap().apply(field), member, "{rule} of {field}");
            }
        }
        assert_eq!(RenameRule::parse("Title Case"), None);
    }
}
