//! A primary key has at most four parts.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    a: String,
    #[primary_key]
    b: String,
    #[primary_key]
    c: String,
    #[primary_key]
    d: String,
    #[primary_key]
    e: String,
}

fn main() {}
