//! Primary keys of two to four parts, with a hash tag and without, and what may stand for them.

#![allow(dead_code)]

use cache_core::{Cache, CacheModel, Id, Model};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, CacheModel)]
struct Two {
    #[primary_key]
    tenant: String,
    name: String,
    #[primary_key]
    number: u64,
}

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
struct Three {
    #[primary_key]
    a: Box<str>,
    #[primary_key]
    b: char,
    #[primary_key]
    #[index]
    c: i8,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct Four {
    #[primary_key]
    a: u8,
    #[primary_key]
    b: u16,
    #[primary_key]
    #[cache(hash_tag)]
    c: u32,
    #[primary_key]
    d: u64,
}

async fn get<M: Model>(cache: &Cache, id: impl Id<M::PrimaryKey>, model: &M) {
    let _ = M::get(cache, id).await;
    let _ = M::delete_by_id(cache, model.primary_key()).await;
}

async fn all(cache: &Cache, two: Two) {
    let key: (&String, &u64) = two.primary_key();
    let _ = Two::get(cache, key).await;
    let _ = Two::get(cache, ("a", 1)).await;
    let _ = Two::get(cache, ("a", &1_u64)).await;
    let _ = Two::get(cache, &(String::new(), 1)).await;
    let _ = Two::get_many(cache, [("a", 1), ("b", 2)]).await;
    let _ = Three::get(cache, ("a", 'b', -1)).await;
    let _ = Four::get(cache, (1, 2, 3, 4)).await;
    let (_, _, _) = (Two::ids(cache), Four::ids(cache), Three::keys(cache));
    get(cache, ("a", 1), &two.clone()).await;
}

#[test]
fn is_accepted() {
    let _ = all;
}
