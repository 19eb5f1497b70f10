//! Members of one name in different places, also where one of them is flattened; a struct of the same name elsewhere.

#![allow(dead_code)]

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

mod elsewhere {
    use super::*;

    #[derive(Serialize, Deserialize, CacheEmbedded)]
    pub struct Part {
        #[index]
        pub city: String,
    }
}

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    name: String,
    #[embedded]
    #[serde(flatten)]
    other: elsewhere::Part,
    #[embedded]
    within: Vec<elsewhere::Part>,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    city: u64,
    #[embedded]
    name: Part,
    #[embedded]
    other: Option<Part>,
}

#[test]
fn is_accepted() {}
