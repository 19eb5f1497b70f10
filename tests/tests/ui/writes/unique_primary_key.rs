//! A primary key is unique as it is.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[unique]
    id: String,
}

fn main() {}
