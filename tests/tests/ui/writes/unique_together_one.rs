//! Several fields are unique together.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(unique(email))]
struct User {
    #[primary_key]
    id: String,
    email: String,
}

fn main() {}
