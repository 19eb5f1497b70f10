//! Two fields do not share a handle.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[allow(non_snake_case)]
#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    a_b: String,
    A_B: String,
}

fn main() {}
