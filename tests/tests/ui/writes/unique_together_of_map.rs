//! A map is no value of its own.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(unique(tenant, limits))]
struct User {
    #[primary_key]
    id: String,
    tenant: String,
    limits: std::collections::HashMap<String, u32>,
}

fn main() {}
