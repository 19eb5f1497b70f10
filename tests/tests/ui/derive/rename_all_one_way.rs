//! All fields are read under the names under which they are written.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[serde(rename_all(serialize = "camelCase"))]
struct User {
    #[primary_key]
    id: String,
    first_name: String,
    last_name: String,
}

fn main() {}
