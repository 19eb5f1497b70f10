//! TAG fields have no order.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    email: String,
}

fn main() {
    let _ = User::EMAIL.lt("m");
}
