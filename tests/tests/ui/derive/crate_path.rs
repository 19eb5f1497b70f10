//! `crate` takes a path.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(crate = 5)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
