//! A model is no union.

use cache_core::CacheModel;

#[derive(CacheModel)]
union User {
    id: u64,
    number: f64,
}

fn main() {}
