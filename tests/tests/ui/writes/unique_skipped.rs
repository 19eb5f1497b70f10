//! A unique value is stored.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[serde(skip)]
    #[unique]
    email: String,
}

fn main() {}
