//! A field is unique with others.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(unique(email, email))]
struct User {
    #[primary_key]
    id: String,
    email: String,
}

fn main() {}
