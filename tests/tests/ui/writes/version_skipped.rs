//! The version is stored.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[serde(skip)]
    #[version]
    version: u64,
}

fn main() {}
