//! `#[index]` belongs to a field.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[index]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
