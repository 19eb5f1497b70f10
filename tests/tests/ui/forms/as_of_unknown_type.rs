//! The type that is said to be stored must be one that can be indexed.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Status(String);

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(as = Status)]
    status: Status,
}

fn main() {}
