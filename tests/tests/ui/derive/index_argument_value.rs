//! `sortable` stands alone.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(sortable = true)]
    email: String,
}

fn main() {}
