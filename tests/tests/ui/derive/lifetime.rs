//! A model has no lifetimes.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User<'a> {
    #[primary_key]
    id: &'a str,
}

fn main() {}
