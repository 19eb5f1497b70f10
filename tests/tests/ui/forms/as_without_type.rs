//! `as` names a type.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(as)]
    status: String,
}

fn main() {}
