//! Fields may be called like anything that the library or the expansion names.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use cache_core::{CacheModel, IndexSchema, Model};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct Names {
    #[primary_key]
    primary_key: String,
    #[index]
    eq: String,
    #[index]
    filter: String,
    #[index]
    new: String,
    #[index]
    path: String,
    #[index]
    index: String,
    #[index]
    schema: String,
    #[index]
    find: String,
    #[index]
    ttl: i64,
    #[index]
    def: String,
    #[index]
    value: String,
    #[index]
    model: String,
    #[index]
    core: String,
    #[index]
    std: String,
    #[index]
    __cache: String,
    #[index]
    _hidden: String,
    #[index]
    zahl2: i64,
    #[index]
    by_id: String,
    cache: String,
    self_: String,
}

#[test]
fn is_accepted() {
    let _ = Names::find()
        .filter(Names::EQ.eq("a") & Names::FILTER.eq("b") & Names::NEW.ne("c") & Names::PATH.eq("d"))
        .filter(Names::INDEX.eq("e") & Names::SCHEMA.eq("f") & Names::FIND.eq("g") & Names::TTL.lt(3))
        .filter(Names::__CACHE.eq("h") & Names::_HIDDEN.eq("i") & Names::ZAHL2.ge(4));
    let _ = Names::find_by_find("x");
    let _ = Names::find_by_by_id("x");
    let _ = Names::find_by__hidden("x");
    assert_eq!(<Names as IndexSchema>::schema().indexed().count(), 17);
    assert_eq!(<Names as Model>::TTL, Some(std::time::Duration::from_secs(1800)));
}
