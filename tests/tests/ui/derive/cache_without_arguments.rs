//! `#[cache]` says something.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
