//! The server takes no lists of `bool`.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[index]
    answers: Vec<bool>,
}

fn main() {}
