//! Queries, and what is computed of them.

use cache_core::aggregate::count;
use cache_core::{CacheModel, Changes, IndexPolicy, Query, testkit};
use serde_json::Value;
use std::time::Duration;

use crate::models::{City, Item};
use crate::silence::{Case, DEADLINE, case, told};

fn found(id: u32) -> Query<Item> {
    Item::find().filter(Item::ID.eq(id))
}

/// The first query of a cache asks behind its answer what is known of the index: what meets silence there, its answer in hand, has one
/// deadline more, and says that the answer may be incomplete.
pub(crate) fn cases() -> Vec<Case> {
    let cases = vec![
        case!("find, all", |s| found(s.at).all(&s.cache)),
        case!("find, a page", |s| Item::find_by_city("Bern")
            .sort_by(Item::AGE.asc())
            .page(0, 3)
            .all(&s.cache)),
        case!("find, waiting for the index", |s| found(s.at)
            .while_indexing(IndexPolicy::WaitUpTo(Duration::from_secs(10)))
            .all(&s.cache)),
        case!("find, views", |s| found(s.at).select::<City>().all(&s.cache)),
        case!("find, in keys", |s| Item::find().in_keys([s.at]).all(&s.cache)),
        case!("first", |s| found(s.at).sort_by(Item::ID.asc()).first(&s.cache)),
        case!("one", |s| found(s.at).one(&s.cache)),
        case!("count", |s| found(s.at).count(&s.cache)),
        case!("query, exists", |s| found(s.at).exists(&s.cache)),
        case!("query, ids", |s| found(s.at).ids(&s.cache)),
        case!("query, delete", |s| found(s.at).delete(&s.cache)),
        case!("query, update", |s| found(s.at).update(&s.cache, Changes::new().increment(Item::AGE, 1))),
        case!("explain", |s| found(s.at).explain(&s.cache)),
        case!("profile", |s| found(s.at).profile(&s.cache)),
        Case::new("stream", |s| {
            Box::pin(async move {
                s.falls().await;
                told(Item::find().stream(&s.cache).next().await.transpose())
            })
        }),
        Case::new("pages", |s| {
            Box::pin(async move {
                s.falls().await;
                told(Item::find().pages(&s.cache, 10).next().await.transpose())
            })
        }),
        case!("aggregate, rows", |s| Item::find()
            .group_by(Item::CITY)
            .reduce("n", count())
            .rows::<Value>(&s.cache)),
        case!("aggregate, a row", |s| Item::find().aggregate().reduce("n", count()).row::<Value>(&s.cache)),
        Case::new("aggregate, a stream", |s| {
            Box::pin(async move {
                s.falls().await;
                let groups = Item::find().group_by(Item::ID).reduce("n", count());
                told(groups.stream::<Value>(&s.cache).next().await.transpose())
            })
        }),
        case!("testkit::settled", |s| testkit::settled::<Item>(&s.cache)),
    ];
    cases.into_iter().map(|case| case.within(2 * DEADLINE)).collect()
}
