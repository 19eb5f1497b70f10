//! `#[cache(…)]` takes what it knows.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", expiry = "30m")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
