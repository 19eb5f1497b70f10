//! Vectors are made of floating point numbers.

use cache_core::{CacheModel, Vector};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    embedding: Vector<u8, 3>,
}

fn main() {}
