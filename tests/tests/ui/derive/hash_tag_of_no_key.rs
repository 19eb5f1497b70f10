//! A hash tag is part of the key.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    tenant: String,
    #[primary_key]
    id: u64,
    #[cache(hash_tag)]
    region: String,
}

fn main() {}
