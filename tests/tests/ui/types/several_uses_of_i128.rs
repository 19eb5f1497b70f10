//! Uses of a field whose type has no index kind.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    big: i128,
}

fn main() {
    let _ = User::find_by_big(3);
    let _ = User::find().filter(User::BIG.eq(3));
}
