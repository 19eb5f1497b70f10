//! A model without an index is stored and read; it has no finders.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use cache_core::{Cache, CacheModel, IndexSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Session {
    #[primary_key]
    id: String,
    user: String,
}

impl Session {
    /// The name is free.
    fn find() -> &'static str {
        "mine"
    }
}

async fn uses(cache: &Cache) -> cache_core::Result<Option<Session>> {
    let _ = Session { id: "s1".to_owned(), user: "ann".to_owned() }.save(cache).await?;
    Session::get(cache, "s1").await
}

#[test]
fn is_accepted() {
    let _ = uses;
    assert_eq!(Session::find(), "mine");
    assert!(!<Session as IndexSchema>::schema().is_indexed());
    assert_eq!(Session::USER.def().member(), "user");
}
