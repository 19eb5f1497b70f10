//! A time to live is written in words.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(ttl = "half an hour")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
