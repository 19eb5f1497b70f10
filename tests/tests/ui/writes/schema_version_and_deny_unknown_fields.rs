//! Documents of newer versions are read all the same.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(schema_version = 2)]
#[serde(deny_unknown_fields)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
