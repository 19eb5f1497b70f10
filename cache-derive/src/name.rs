//! Names: everything that a field is called, computed once; and the prefix that follows from a struct's name.

use proc_macro2::Span;
use quote::format_ident;
use syn::Ident;
use syn::ext::IdentExt;

use crate::serde_attr::{Both, ContainerSerde, FieldSerde};

/// What a field is called, and where.
#[derive(Clone)]
pub(crate) struct Names {
    /// In the struct, raw where it is written so: `r#type`.
    pub(crate) ident: Ident,
    /// In messages and docs: `type`.
    pub(crate) plain: String,
    /// The handle: `TYPE`.
    pub(crate) handle: Ident,
    /// The finder: `find_by_type`.
    pub(crate) finder: Ident,
    /// The member of the document that serde writes, and the one that it reads.
    pub(crate) member: Both<String>,
}

impl Names {
    /// The names of a field.
    pub(crate) fn new(ident: &Ident, field: &FieldSerde, container: &ContainerSerde) -> Self {
        let plain = ident.unraw().to_string();
        // Located at the field, resolved like the expansion: a lint that the user turned on sees generated code.
        let span = ident.span().resolved_at(Span::call_site());
        let upper = plain.to_uppercase();
        // Some letters have no upper case that an identifier may contain.
        let upper = if syn::parse_str::<Ident>(&upper).is_ok() { &upper } else { &plain };
        let rules = &container.rename_all;
        let given = field.rename.clone();
        Self {
            handle: Ident::new(upper, span),
            finder: format_ident!("find_by_{plain}", span = span),
            member: Both {
                serialize: given.serialize.unwrap_or_else(|| rules.serialize.apply(&plain)),
                deserialize: given.deserialize.unwrap_or_else(|| rules.deserialize.apply(&plain)),
            },
            ident: ident.clone(),
            plain,
        }
    }
}

impl Names {
    /// What another index of the field is called, whose search name is this.
    pub(crate) fn of_index(&self, name: &str, span: Span) -> Self {
        let span = span.resolved_at(Span::call_site());
        Self {
            ident: Ident::new(name, span),
            plain: self.plain.clone(),
            handle: Ident::new(&name.to_uppercase(), span),
            finder: format_ident!("find_by_{name}", span = span),
            member: self.member.clone(),
        }
    }
}

/// `HTTPServer` as `http_server`, `UserV2` as `user_v2`.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_snake_case() {
        for (name, prefix) in [
            ("User", "user"),
            ("UserSession", "user_session"),
            ("HTTPServer", "http_server"),
            ("MyHTTP", "my_http"),
            ("UserV2", "user_v2"),
            ("V2Beta", "v2_beta"),
            ("ABTest", "ab_test"),
            ("User_Session", "user_session"),
            ("_Hidden", "_hidden"),
            ("lower", "lower"),
            ("X", "x"),
            ("Größe", "größe"),
        ] {
            assert_eq!(snake_case(name), prefix);
        }
    }

    #[test]
    fn names_are_computed_from_the_identifier_without_its_raw_mark() {
        let names = |ident: &str| {
            let ident: Ident = syn::parse_str(ident).unwrap();
            let names = Names::new(&ident, &FieldSerde::default(), &ContainerSerde::default());
            [names.plain, names.handle.to_string(), names.finder.to_string(), names.member.serialize]
        };
        assert_eq!(names("r#type"), ["type", "TYPE", "find_by_type", "type"]);
        assert_eq!(names("email2"), ["email2", "EMAIL2", "find_by_email2", "email2"]);
        assert_eq!(names("aB"), ["aB", "AB", "find_by_aB", "aB"]);
        assert_eq!(names("straße"), ["straße", "STRASSE", "find_by_straße", "straße"]);
    }
}
