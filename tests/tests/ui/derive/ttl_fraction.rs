//! A time to live is counted in milliseconds.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(ttl = "1500us")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
