//! Nothing is to be said of a unique field.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[unique(fold_case)]
    email: String,
}

fn main() {}
