//! The primary key is read back.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[serde(skip_deserializing)]
    id: String,
}

fn main() {}
