//! All mistakes are reported at once.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "", ttl = "0s")]
struct User {
    id: String,
    #[index(tag, text)]
    email: String,
    #[index(unique)]
    age: i64,
}

fn main() {}
