//! A flattened struct's members stand beside the model's own.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Audit {
    #[index]
    author: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct Post {
    #[primary_key]
    id: u64,
    author: String,
    #[embedded]
    #[serde(flatten)]
    audit: Audit,
}

fn main() {}
