//! A document with a key of one part shares it with no other.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[cache(hash_tag)]
    id: String,
}

fn main() {}
