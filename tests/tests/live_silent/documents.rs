//! Calls about documents.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use cache_core::{CacheModel, Expiry};
use futures_util::stream;

use crate::models::{Item, Named, Plain, ids, item, named, plain, stored};
use crate::silence::{Case, DEADLINE, Ended, case, told};

const HOUR: Duration = Duration::from_secs(3_600);

/// Of several answers the worst.
fn all<T, E: std::error::Error + 'static>(answers: Vec<Result<T, E>>) -> Ended {
    answers.into_iter().try_for_each(told)
}

async fn nothing<T>() -> Result<Option<T>, Infallible> {
    Ok(None)
}

pub(crate) fn cases() -> Vec<Case> {
    [alone(), about_names(), many()].concat()
}

fn alone() -> Vec<Case> {
    vec![
        case!("save", |s| stored(s.at).save(&s.cache)),
        case!("save, without an index", |s| plain(s.at).save(&s.cache)),
        case!("save_with", |s| plain(s.at).save_with(&s.cache, Expiry::After(HOUR))),
        case!("insert", |s| item(s.at + 1_000_000).insert(&s.cache)),
        case!("insert_with", |s| plain(s.at + 1_000_000).insert_with(&s.cache, Expiry::After(HOUR))),
        case!("replace", |s| stored(s.at).replace(&s.cache)),
        case!("replace_with", |s| plain(s.at).replace_with(&s.cache, Expiry::After(HOUR))),
        case!("modify", |s| Item::modify(&s.cache, s.at, |item| item.age += 1)),
        case!("patch", |s| Item::patch(s.at).increment(Item::AGE, 1).send(&s.cache)),
        case!("patch, and get", |s| Item::patch(s.at).set(Item::CITY, "Biel").send_and_get(&s.cache)),
        case!("get", |s| Item::get(&s.cache, s.at)),
        case!("get_or_insert_with", |s| Item::get_or_insert_with(&s.cache, s.at, || item(s.at))),
        // Without a server it is loaded, once it was asked what is stored, and who loads.
        case!("get_or_load", |s| Plain::get_or_load(&s.cache, s.at + 1_000_000, nothing))
            .does_without()
            .within(2 * DEADLINE),
        case!("load", |s| Plain::load(s.at).stale_after(Duration::ZERO).get(&s.cache, nothing))
            .does_without()
            .within(2 * DEADLINE),
        case!("load, once per fleet", |s| Plain::load(s.at + 1_000_000)
            .once_per_fleet(HOUR)
            .get(&s.cache, nothing))
        .does_without()
        .within(2 * DEADLINE),
        case!("invalidate", |s| Plain::invalidate(&s.cache, s.at)),
        case!("invalidate_many", |s| Plain::invalidate_many(&s.cache, ids(s.at))),
        case!("delete", |s| stored(s.at).delete(&s.cache)),
        case!("delete_by_id", |s| Item::delete_by_id(&s.cache, s.at)),
        case!("exists", |s| Item::exists(&s.cache, s.at)),
        case!("ttl", |s| Plain::ttl(&s.cache, s.at)),
        case!("expire", |s| Plain::expire(&s.cache, s.at, HOUR)),
        case!("expire_at", |s| Plain::expire_at(&s.cache, s.at, SystemTime::now() + HOUR)),
        case!("persist", |s| Plain::persist(&s.cache, s.at)),
    ]
}

fn about_names() -> Vec<Case> {
    vec![
        case!("save, with a unique value", |s| named(s.at).save(&s.cache)),
        case!("save, with another unique value", |s| Named { id: s.at, name: format!("other {}", s.at) }
            .save(&s.cache)),
        case!("insert, with a unique value", |s| named(s.at + 1_000_000).insert(&s.cache)),
        case!("patch of a unique value", |s| Named::patch(s.at)
            .set(Named::NAME, format!("else {}", s.at))
            .send(&s.cache)),
        case!("get_by a unique value", |s| Named::get_by_name(&s.cache, format!("name {}", s.at).as_str())),
        case!("delete, with a unique value", |s| named(s.at).delete(&s.cache)),
        case!("delete_many, with unique values", |s| Named::delete_many(&s.cache, ids(s.at))),
    ]
}

fn many() -> Vec<Case> {
    vec![
        Case::new("save_many", |s| {
            Box::pin(async move {
                s.falls().await;
                all(Item::save_many(&s.cache, ids(s.at).map(item)).await)
            })
        }),
        Case::new("save_many, without an index", |s| {
            Box::pin(async move {
                s.falls().await;
                all(Plain::save_many(&s.cache, ids(s.at).map(plain)).await)
            })
        }),
        Case::new("save_many, with unique values", |s| {
            Box::pin(async move {
                s.falls().await;
                all(Named::save_many(&s.cache, ids(s.at).map(named)).await)
            })
        }),
        Case::new("save_stream", |s| {
            Box::pin(async move {
                s.falls().await;
                let mut saves = Item::save_stream(&s.cache, stream::iter(ids(s.at).map(item)));
                told(saves.next().await.transpose())
            })
        }),
        case!("get_many", |s| Item::get_many(&s.cache, ids(s.at))),
        case!("delete_many", |s| Item::delete_many(&s.cache, ids(s.at))),
        Case::new("keys", |s| {
            Box::pin(async move {
                s.falls().await;
                told(Item::keys(&s.cache).next().await.transpose())
            })
        }),
        Case::new("ids", |s| {
            Box::pin(async move {
                s.falls().await;
                told(Item::ids(&s.cache).next().await.transpose())
            })
        }),
        case!("count_all", |s| Item::count_all(&s.cache)),
    ]
}
