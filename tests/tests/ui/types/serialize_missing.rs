//! A model is written by serde.

use cache_core::CacheModel;
use serde::Deserialize;

#[derive(Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    email: String,
}

fn main() {}
