//! A flattened struct is no member.

use cache_core::{CacheEmbedded, CacheModel, CacheView};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Audit {
    #[index]
    author: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[embedded]
    #[serde(flatten)]
    audit: Audit,
}

#[derive(Deserialize, CacheView)]
#[cache(model = User)]
struct Card {
    #[cache(field = AUDIT)]
    audit: Audit,
}

fn main() {}
