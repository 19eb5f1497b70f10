//! Many documents have the same version.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[version]
    #[unique]
    version: u64,
}

fn main() {}
