//! A time to live has a unit.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(ttl = 30)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
