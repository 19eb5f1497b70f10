//! Handles of embedded structs can be used wherever the model can, in other modules too.

#![allow(dead_code)]

mod models {
    use cache_core::{CacheEmbedded, CacheModel};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, CacheEmbedded)]
    pub(crate) struct Geo {
        #[index]
        pub(crate) country: String,
    }

    #[derive(Serialize, Deserialize, CacheEmbedded)]
    pub(crate) struct Address {
        #[index]
        pub(crate) city: String,
        #[embedded]
        pub(crate) geo: Geo,
    }

    #[derive(Serialize, Deserialize, CacheEmbedded)]
    struct Hidden {
        #[index]
        key: String,
    }

    #[derive(Serialize, Deserialize, CacheModel)]
    pub(crate) struct User {
        #[primary_key]
        id: u64,
        #[embedded]
        addresses: Vec<Address>,
        #[embedded]
        hidden: Option<Hidden>,
    }

    pub(crate) fn by_key(key: &str) -> cache_core::Query<User> {
        User::find().filter(User::HIDDEN.key.eq(key))
    }
}

use cache_core::CacheModel;
use models::User;

#[test]
fn is_accepted() {
    let both = User::ADDRESSES.any(|address| address.city.eq("Bern") & address.geo.country.eq("CH"));
    let _ = (models::by_key("x"), User::find().filter(both & User::ADDRESSES.geo.country.ne("DE")));
}
