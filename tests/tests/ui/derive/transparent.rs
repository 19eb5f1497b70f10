//! A document has the struct's own members.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[serde(transparent)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
