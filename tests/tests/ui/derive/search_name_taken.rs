//! Two fields do not share a search name.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(name = "email")]
    address: String,
    #[index]
    email: String,
}

fn main() {}
