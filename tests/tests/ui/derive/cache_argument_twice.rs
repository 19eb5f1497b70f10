//! An argument is written once.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
#[cache(prefix = "person")]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
