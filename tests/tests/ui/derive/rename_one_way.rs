//! A field is read under the name under which it is written.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[serde(rename(serialize = "mail"))]
    email: String,
}

fn main() {}
