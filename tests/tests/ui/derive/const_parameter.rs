//! A model has no const parameters.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User<const N: usize> {
    #[primary_key]
    id: String,
}

fn main() {}
