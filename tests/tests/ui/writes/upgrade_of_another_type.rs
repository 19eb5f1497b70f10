//! `upgrade` takes the version and the members of a document.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(schema_version = 2, upgrade = upgrade)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}

fn upgrade(_: &mut serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
    Ok(())
}
