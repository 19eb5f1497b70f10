//! A model has no type parameters.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User<T> {
    #[primary_key]
    id: T,
}

fn main() {}
