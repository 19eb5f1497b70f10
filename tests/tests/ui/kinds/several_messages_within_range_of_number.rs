//! Similarity is asked of vectors.

use cache_core::{CacheModel, Vector};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    age: u8,
}

fn main() {
    let _ = Place::AGE.within_range(&Vector::from([1.0_f32]), 0.5);
}
