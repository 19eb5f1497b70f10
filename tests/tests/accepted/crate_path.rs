//! The library can be a re-export.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

mod library {
    pub mod cache {
        pub use cache_core::*;
    }
}

mod shadowed {
    use serde::{Deserialize, Serialize};

    use crate::crate_path::library::cache::CacheModel;

    // What a name in scope is does not matter to generated code.
    mod cache_core {}
    mod core {}
    mod std {}
    struct Option;
    struct Field;
    struct Query;

    #[derive(Serialize, Deserialize, CacheModel)]
    #[cache(crate = crate::crate_path::library::cache)]
    pub(super) struct ByPath {
        #[primary_key]
        pub(super) id: u64,
        #[index]
        pub(super) name: String,
    }

    #[derive(Serialize, Deserialize, CacheModel)]
    #[cache(crate = "crate::crate_path::library::cache", ttl = "1s")]
    pub(super) struct ByString {
        #[primary_key]
        id: u64,
        #[index]
        name: String,
    }

    pub(super) fn uses() {
        let _ = (Option, Field, Query);
        let _ = ByString::find_by_name("ann");
    }
}

#[test]
fn is_accepted() {
    let _ = shadowed::ByPath::find_by_name("ann");
    shadowed::uses();
}
