//! A number is not indexed as TEXT.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(text)]
    age: i64,
}

fn main() {}
