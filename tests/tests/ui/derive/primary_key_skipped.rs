//! The primary key is in the document.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[serde(skip)]
    id: String,
}

fn main() {}
