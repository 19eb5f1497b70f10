//! A model with members of every shape, a view of each, and random documents.

use std::collections::BTreeMap;

use cache_core::{Cache, CacheEmbedded, CacheModel, CacheView, Migrator};
use chrono::{DateTime, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Mark {
    #[index]
    pub(crate) by: String,
    pub(crate) points: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Part {
    #[index]
    pub(crate) name: String,
    pub(crate) sizes: Vec<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    #[embedded]
    pub(crate) marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Geo {
    #[index]
    pub(crate) height: Option<f64>,
    pub(crate) codes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Address {
    #[index]
    pub(crate) city: String,
    pub(crate) lines: Vec<String>,
    #[embedded]
    pub(crate) geo: Option<Geo>,
    #[embedded]
    pub(crate) doors: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Audit {
    #[index]
    pub(crate) author: String,
    pub(crate) editors: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
pub(crate) struct Thing {
    #[primary_key]
    pub(crate) id: u32,
    #[index(sortable)]
    pub(crate) name: String,
    #[index(sortable)]
    pub(crate) big: u64,
    #[index(sortable)]
    pub(crate) age: Option<i64>,
    #[index]
    pub(crate) score: f64,
    #[index(sortable)]
    #[serde(with = "cache_core::epoch_millis")]
    pub(crate) seen: DateTime<Utc>,
    #[serde(with = "cache_core::epoch_seconds")]
    pub(crate) made: DateTime<Utc>,
    #[index]
    pub(crate) tags: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    #[serde(rename = "die Größe")]
    pub(crate) size: Option<f32>,
    pub(crate) any: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maybe: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) extras: Vec<u8>,
    #[embedded]
    pub(crate) home: Address,
    #[embedded]
    pub(crate) work: Option<Address>,
    #[embedded]
    pub(crate) parts: Vec<Part>,
    #[embedded]
    pub(crate) shelves: Option<BTreeMap<String, Mark>>,
    #[embedded]
    #[serde(flatten)]
    pub(crate) audit: Audit,
}

/// All of it, member by member.
#[derive(Debug, Clone, PartialEq, Deserialize, CacheView)]
#[cache(model = Thing)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Each {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) big: u64,
    pub(crate) age: Option<i64>,
    pub(crate) score: Option<f64>,
    #[serde(with = "cache_core::epoch_millis")]
    pub(crate) seen: DateTime<Utc>,
    #[serde(with = "cache_core::epoch_seconds")]
    pub(crate) made: DateTime<Utc>,
    pub(crate) tags: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) size: Option<f32>,
    pub(crate) any: Value,
    pub(crate) maybe: Option<Vec<u64>>,
    #[serde(default)]
    pub(crate) extras: Vec<u8>,
    #[cache(field = HOME.city)]
    pub(crate) home_city: String,
    #[cache(field = HOME.lines)]
    pub(crate) home_lines: Vec<String>,
    #[cache(field = HOME.geo.height)]
    pub(crate) height: Option<f64>,
    #[cache(field = HOME.geo.codes)]
    pub(crate) codes: Option<Vec<u8>>,
    #[cache(field = HOME.geo)]
    pub(crate) geo: Option<Geo>,
    #[cache(field = HOME.doors.by)]
    pub(crate) doors: Vec<String>,
    pub(crate) work: Option<Address>,
    #[cache(field = WORK.lines)]
    pub(crate) work_lines: Option<Vec<String>>,
    #[cache(field = WORK.doors.points)]
    pub(crate) work_doors: Option<Vec<Option<u8>>>,
    #[cache(field = PARTS)]
    pub(crate) whole_parts: Vec<Part>,
    #[cache(field = PARTS.name)]
    pub(crate) part_names: Vec<String>,
    #[cache(field = PARTS.sizes)]
    pub(crate) part_sizes: Vec<Vec<i64>>,
    #[cache(field = PARTS.hint)]
    pub(crate) part_hints: Vec<Option<String>>,
    #[cache(field = PARTS.marks.points)]
    pub(crate) marks: Vec<Option<u8>>,
    #[cache(field = SHELVES.by)]
    pub(crate) shelves: Option<Vec<String>>,
    #[cache(field = AUDIT.author)]
    pub(crate) author: String,
    #[cache(field = AUDIT.editors)]
    pub(crate) editors: Vec<String>,
}

impl From<&Thing> for Each {
    fn from(thing: &Thing) -> Self {
        let thing = thing.clone();
        let by = |mark: &Mark| mark.by.clone();
        let geo = thing.home.geo;
        Self {
            id: thing.id,
            name: thing.name,
            big: thing.big,
            age: thing.age,
            score: Some(thing.score),
            seen: thing.seen,
            made: thing.made,
            tags: thing.tags,
            rows: thing.rows,
            size: thing.size,
            any: thing.any,
            maybe: thing.maybe,
            extras: thing.extras,
            home_city: thing.home.city,
            home_lines: thing.home.lines,
            height: geo.as_ref().and_then(|geo| geo.height),
            codes: geo.as_ref().map(|geo| geo.codes.clone()),
            geo,
            doors: thing.home.doors.iter().map(by).collect(),
            work_lines: thing.work.as_ref().map(|work| work.lines.clone()),
            work_doors: thing.work.as_ref().map(|work| work.doors.iter().map(|door| door.points).collect()),
            work: thing.work,
            part_names: thing.parts.iter().map(|part| part.name.clone()).collect(),
            part_sizes: thing.parts.iter().map(|part| part.sizes.clone()).collect(),
            part_hints: thing.parts.iter().map(|part| part.hint.clone()).collect(),
            marks: thing.parts.iter().flat_map(|part| part.marks.iter().map(|mark| mark.points)).collect(),
            whole_parts: thing.parts,
            shelves: thing.shelves.map(|shelves| shelves.values().map(by).collect()),
            author: thing.audit.author,
            editors: thing.audit.editors,
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let hostile =
        select(vec!["", " ", "a", "5", "null", "[]", "[\"", "\\", "\"", "\n", "ß", "🦊", "$", "1,2"]);
    prop_oneof![3 => hostile.prop_map(str::to_owned), 1 => ".{0,6}"].prop_map(|text| text.replace('\0', ""))
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn double() -> impl Strategy<Value = f64> {
    let any = any::<f64>().prop_filter("not finite", |number| number.is_finite());
    prop_oneof![any, -180.0..180.0, select(vec![0.0, -0.0, 1.0, 0.1, 9_007_199_254_740_993.0, 1e300, 5e-324])]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        double().prop_map(Value::from),
        text().prop_map(Value::from),
        Just(Value::Array(Vec::new())),
        Just(Value::Object(serde_json::Map::new())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-c é]{0,2}", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn mark() -> impl Strategy<Value = Mark> {
    (text(), option::of(any::<u8>())).prop_map(|(by, points)| Mark { by, points })
}

fn part() -> impl Strategy<Value = Part> {
    (text(), vec(any::<i64>(), 0..3), option::of(text()), vec(mark(), 0..3))
        .prop_map(|(name, sizes, hint, marks)| Part { name, sizes, hint, marks })
}

fn address() -> impl Strategy<Value = Address> {
    let geo =
        (option::of(double()), vec(any::<u8>(), 0..2)).prop_map(|(height, codes)| Geo { height, codes });
    (text(), texts(), option::of(geo), vec(mark(), 0..2)).prop_map(|(city, lines, geo, doors)| Address {
        city,
        lines,
        geo,
        doors,
    })
}

fn thing() -> impl Strategy<Value = Thing> {
    let big = prop_oneof![any::<u64>(), select(vec![0, u64::MAX, (1 << 53) + 1])];
    let date = (-60_000_000_000_i64..200_000_000_000)
        .prop_filter_map("no date", |seconds| DateTime::from_timestamp(seconds, 0));
    let millis = (-60_000_000_000_000_i64..200_000_000_000_000)
        .prop_filter_map("no date", DateTime::from_timestamp_millis);
    let age = option::of(prop_oneof![0..3_i64, any::<i64>()]);
    let scalars = (text(), big, age, double(), millis, date, option::of(-9.0_f32..9.0));
    let lists = (texts(), vec(texts(), 0..3), json(), option::of(vec(any::<u64>(), 0..3)));
    let more = (vec(any::<u8>(), 0..2), option::of(btree_map("[a-z]{1,2}", mark(), 0..3)), text(), texts());
    (scalars, lists, more, address(), option::of(address()), vec(part(), 0..3)).prop_map(
        |(scalars, lists, more, home, work, parts)| {
            let (name, big, age, score, seen, made, size) = scalars;
            let ((tags, rows, any, maybe), (extras, shelves, author, editors)) = (lists, more);
            let audit = Audit { author, editors };
            Thing {
                id: 0,
                name,
                big,
                age,
                score,
                seen,
                made,
                tags,
                rows,
                size,
                any,
                maybe,
                extras,
                home,
                work,
                parts,
                shelves,
                audit,
            }
        },
    )
}

/// So many random documents, saved, as they are read as a whole: doubles may come back a unit in the last place off.
pub(crate) async fn saved(cache: &Cache, number: u32) -> Vec<Thing> {
    Migrator::new().register::<Thing>().run(cache).await.unwrap();
    let mut runner = TestRunner::default();
    let strategy = thing();
    let made: Vec<_> =
        (0..number).map(|id| Thing { id, ..strategy.new_tree(&mut runner).unwrap().current() }).collect();
    for saved in Thing::save_many(cache, &made).await {
        let _ = saved.unwrap();
    }
    let read = Thing::get_many(cache, 0..number).await.unwrap();
    read.into_iter().map(Option::unwrap).collect()
}
