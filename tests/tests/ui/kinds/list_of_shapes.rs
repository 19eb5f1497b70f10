//! The server takes one shape a document.

use cache_core::{CacheModel, GeoShape};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    areas: Vec<GeoShape>,
}

fn main() {}
