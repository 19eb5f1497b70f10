//! A prefix has no control characters.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user\n")]
struct User {
    #[primary_key]
    id: u64,
}

fn main() {}
