//! An element is of the list's type.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    tags: Vec<String>,
}

fn main() {
    let _ = User::patch("u1").push(User::TAGS, 7);
}
