//! Ids are read back with `FromStr`.

use std::fmt;

use cache_core::{Cache, CacheModel, PrimaryKey};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Name(String);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PrimaryKey for Name {}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    name: Name,
}

fn ids(cache: &Cache) {
    let _ = User::ids(cache);
}

fn main() {}
