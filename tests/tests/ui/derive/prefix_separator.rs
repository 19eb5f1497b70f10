//! A prefix has no empty part.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user:")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
