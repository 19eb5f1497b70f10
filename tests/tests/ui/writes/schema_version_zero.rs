//! Versions are counted from 1.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(schema_version = 0)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
