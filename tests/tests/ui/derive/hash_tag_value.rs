//! A hash tag is what the key has, not what one says.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(hash_tag = "users")]
struct User {
    #[primary_key]
    id: u64,
}

fn main() {}
