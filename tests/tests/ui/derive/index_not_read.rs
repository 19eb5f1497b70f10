//! What is not read back would be lost with the next save.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    #[serde(skip_deserializing)]
    email: String,
}

fn main() {}
