//! A key has one hash tag, at the struct or at a part.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
struct User {
    #[primary_key]
    #[cache(hash_tag)]
    tenant: String,
    #[primary_key]
    id: u64,
}

fn main() {}
