//! Sets are not appended to: the server does not see whether an element is there.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    tags: std::collections::BTreeSet<String>,
}

fn main() {
    let _ = User::patch("u1").push(User::TAGS, "new");
}
