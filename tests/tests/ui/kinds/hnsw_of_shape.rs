//! Algorithms are for vectors.

use cache_core::{CacheModel, GeoShape};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(hnsw)]
    area: GeoShape,
}

fn main() {}
