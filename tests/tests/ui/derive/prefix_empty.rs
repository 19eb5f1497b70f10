//! A prefix is not empty.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
