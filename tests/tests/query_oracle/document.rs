//! The documents: a model with every kind of field, and random ones of it.

use cache_core::{CacheEmbedded, CacheModel, GeoPoint, GeoShape, Vector};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pool::Pool;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Part {
    #[index]
    pub(crate) name: String,
    #[index]
    pub(crate) size: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
pub(crate) struct Doc {
    #[primary_key]
    pub(crate) id: u32,
    #[index]
    pub(crate) tag: String,
    #[index(fold_case)]
    pub(crate) folded: String,
    #[index]
    pub(crate) tags: Vec<String>,
    #[index(separator = ',')]
    pub(crate) list: String,
    #[index]
    pub(crate) number: f64,
    #[index]
    pub(crate) numbers: Vec<i64>,
    #[index]
    pub(crate) big: Vec<i64>,
    #[index(text, index_empty)]
    pub(crate) text: String,
    #[index(text, phonetic = "en", name = "loud")]
    pub(crate) said: String,
    #[index]
    pub(crate) at: GeoPoint,
    #[index(flat)]
    pub(crate) area: Option<GeoShape>,
    #[index(distance_metric = "l2")]
    pub(crate) vector: Vector<f32, 2>,
    #[index(text, no_stem)]
    pub(crate) plain: Option<String>,
    #[index]
    pub(crate) flag: bool,
    #[index(index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maybe: Option<String>,
    #[index(text, with_suffix_trie)]
    pub(crate) tail: String,
    #[embedded]
    pub(crate) parts: Vec<Part>,
}

pub(crate) fn doc(pool: &Pool) -> BoxedStrategy<Doc> {
    let some = |numbers: &BoxedStrategy<i64>| proptest::collection::vec(numbers.clone(), 0..3);
    let (value, words) = (|| pool.value.clone(), || pool.words.clone());
    let strings = (value(), value(), proptest::collection::vec(value(), 0..3), value());
    let numbers = (pool.number.clone(), some(&pool.small), any::<bool>());
    let texts = (words(), proptest::option::of(words()), proptest::option::of(value()));
    let part = (value(), pool.small.clone()).prop_map(|(name, size)| Part { name, size });
    let parts = proptest::collection::vec(part, 0..3);
    let shape = proptest::option::of(pool.shape.clone());
    let places = (words(), pool.point.clone(), shape, pool.vector.clone());
    let bigs = (some(&pool.big), words());
    let fields = (strings, numbers, texts, parts, places, bigs);
    let doc = fields.prop_map(|(strings, numbers, texts, parts, places, (big, tail))| {
        let (said, at, area, vector) = places;
        let ((tag, folded, tags, list), (number, numbers, flag), (text, plain, maybe)) =
            (strings, numbers, texts);
        Doc {
            id: 0,
            tag,
            folded,
            tags,
            list,
            number,
            numbers,
            text,
            plain,
            flag,
            maybe,
            parts,
            said,
            at,
            area,
            vector,
            big,
            tail,
        }
    });
    doc.boxed()
}
