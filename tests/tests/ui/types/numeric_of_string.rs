//! A string is not indexed as NUMERIC.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(numeric)]
    age: String,
}

fn main() {}
