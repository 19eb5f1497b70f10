//! Two fields are not one member.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[serde(rename = "email", skip_deserializing)]
    address: String,
    email: String,
}

fn main() {}
