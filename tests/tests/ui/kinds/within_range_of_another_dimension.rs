//! Vectors of different dimensions are not compared.

use cache_core::{CacheModel, Vector};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    embedding: Vector<f32, 3>,
}

fn main() {
    let _ = Place::EMBEDDING.within_range(&Vector::from([1.0_f32, 2.0]), 0.5);
}
