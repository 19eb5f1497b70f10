//! A list is not sortable.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(sortable)]
    tags: Vec<String>,
}

fn main() {}
