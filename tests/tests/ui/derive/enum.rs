//! A model is no enum.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
enum User {
    Known { id: String },
    Unknown,
}

fn main() {}
