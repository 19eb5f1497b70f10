//! The server takes one shape a document, also from embedded lists.

use cache_core::{CacheEmbedded, CacheModel, GeoShape};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Zone {
    #[index]
    area: GeoShape,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[embedded]
    zones: Vec<Zone>,
}

fn main() {}
