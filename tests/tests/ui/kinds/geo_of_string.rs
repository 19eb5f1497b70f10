//! A string is no point.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(geo)]
    at: String,
}

fn main() {}
