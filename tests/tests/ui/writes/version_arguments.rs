//! Nothing is to be said of a version.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[version(start = 1)]
    version: u64,
}

fn main() {}
