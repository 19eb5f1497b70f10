//! A key has one hash tag.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[cache(hash_tag)]
    tenant: String,
    #[primary_key]
    #[cache(hash_tag)]
    id: u64,
}

fn main() {}
