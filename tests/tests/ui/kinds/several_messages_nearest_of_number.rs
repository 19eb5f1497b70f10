//! Numbers are near to nothing.

use cache_core::{CacheModel, Vector};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    age: i64,
}

fn main() {
    let _ = User::AGE.nearest(3, &Vector::from([1.0_f32]));
}
