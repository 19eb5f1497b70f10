//! 128-bit integers are not indexed: JSON's numbers cannot hold them.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    big: i128,
}

fn main() {}
