//! Floats are not the same to the letter.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[unique]
    score: f64,
}

fn main() {}
