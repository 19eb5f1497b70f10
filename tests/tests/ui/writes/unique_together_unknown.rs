//! Fields that are unique together are fields.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(unique(tenant, email))]
struct User {
    #[primary_key]
    id: String,
    email: String,
}

fn main() {}
