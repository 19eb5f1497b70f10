//! A time to live is longer than nothing.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(ttl = "0s")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
