//! A model has one version.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[version]
    version: u64,
    #[version]
    revision: u64,
}

fn main() {}
