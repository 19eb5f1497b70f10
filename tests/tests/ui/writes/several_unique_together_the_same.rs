//! One rule is said once; and without names it is none.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(unique(tenant, email), unique(email, tenant), unique)]
struct User {
    #[primary_key]
    id: String,
    email: String,
    tenant: String,
}

fn main() {}
