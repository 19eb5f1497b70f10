//! A field that is not written has no index.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    #[serde(skip)]
    email: String,
}

fn main() {}
