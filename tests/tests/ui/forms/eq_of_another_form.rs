//! A field that is indexed as what serde writes takes the operands of that.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Status(String);

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(as = String)]
    status: Status,
}

fn main() {
    let _ = User::STATUS.eq(Status("active".to_owned()));
}
