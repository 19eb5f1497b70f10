//! A field is indexed as one kind.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(tag, text)]
    email: String,
}

fn main() {}
