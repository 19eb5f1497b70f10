//! `#[index(…)]` takes what it knows.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(unique)]
    email: String,
}

fn main() {}
