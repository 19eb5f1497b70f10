//! A model is read by serde.

use cache_core::CacheModel;
use serde::Serialize;

#[derive(Serialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    email: String,
}

fn main() {}
