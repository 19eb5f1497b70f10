//! The version has a member of its own.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(schema_version = 2)]
struct User {
    #[primary_key]
    id: String,
    #[serde(rename = "_v")]
    form: u8,
}

fn main() {}
