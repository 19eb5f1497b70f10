//! A list of lists is not indexed.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    tags: Vec<Vec<String>>,
}

fn main() {}
