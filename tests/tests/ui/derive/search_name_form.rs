//! A search name can stand in a query.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(name = "e-mail")]
    email: String,
}

fn main() {}
