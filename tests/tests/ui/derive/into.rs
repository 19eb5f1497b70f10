//! A document has the struct's own members.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, CacheModel)]
#[serde(into = "String")]
struct User {
    #[primary_key]
    id: String,
}

impl From<User> for String {
    fn from(user: User) -> Self {
        user.id
    }
}

fn main() {}
