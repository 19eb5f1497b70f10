//! `#[cache(…)]` belongs to the struct.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[cache(ttl = "30m")]
    email: String,
}

fn main() {}
