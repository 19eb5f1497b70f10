//! Vectors lie on no globe.

use cache_core::{CacheModel, Vector};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(spherical)]
    embedding: Vector<f32, 3>,
}

fn main() {}
