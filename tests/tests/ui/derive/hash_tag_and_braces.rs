//! The first braces of a key are its hash tag.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "{user}", hash_tag)]
struct User {
    #[primary_key]
    id: u64,
}

fn main() {}
