//! Members are what serde writes, for each of its rules.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]
#![allow(non_snake_case)]

use cache_core::{CacheModel, IndexSchema};
use serde::{Deserialize, Serialize};

macro_rules! rule {
    ($name:ident, $rule:literal) => {
        #[derive(Default, Serialize, Deserialize, CacheModel)]
        #[serde(rename_all = $rule)]
        struct $name {
            #[primary_key]
            user_id: String,
            #[index(name = "first")]
            first_name: String,
            #[serde(rename = "e-mail")]
            email: String,
            _a__b_: u8,
            z42: u8,
            r#type: u8,
            #[serde(skip)]
            skipped: u8,
        }

        impl $name {
            fn check() {
                let document = serde_json::to_value(Self::default()).unwrap();
                let mut written: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
                let schema = <Self as IndexSchema>::schema();
                let mut members: Vec<_> = schema.fields().map(|field| field.member()).collect();
                written.sort_unstable();
                members.sort_unstable();
                assert_eq!(members, written, $rule);
                assert!(schema.primary_key().all(|key| members.contains(&key)), $rule);
            }
        }
    };
}

rule!(Lower, "lowercase");
rule!(Upper, "UPPERCASE");
rule!(Pascal, "PascalCase");
rule!(Camel, "camelCase");
rule!(Snake, "snake_case");
rule!(ScreamingSnake, "SCREAMING_SNAKE_CASE");
rule!(Kebab, "kebab-case");
rule!(ScreamingKebab, "SCREAMING-KEBAB-CASE");

#[test]
fn is_accepted() {
    Lower::check();
    Upper::check();
    Pascal::check();
    Camel::check();
    Snake::check();
    ScreamingSnake::check();
    Kebab::check();
    ScreamingKebab::check();
}
