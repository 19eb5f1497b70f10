//! The primary key stays as it is.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    #[version]
    id: u64,
}

fn main() {}
