//! A TEMPORARY index would delete its documents.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(temporary = "30m")]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    city: String,
}

fn main() {}
