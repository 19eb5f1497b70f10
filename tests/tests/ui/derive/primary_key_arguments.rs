//! `#[primary_key]` takes no arguments.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key(auto)]
    id: String,
}

fn main() {}
