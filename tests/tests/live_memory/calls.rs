//! What is called: documents, filters and calls by chance.

use cache_core::{CacheModel, Filter, Query};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// One with all that makes a script of a write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "thing")]
pub(crate) struct Thing {
    #[primary_key]
    #[index(sortable)]
    pub(crate) id: u8,
    #[index(sortable)]
    pub(crate) city: String,
    #[index(sortable)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) age: Option<i64>,
    #[index(text, sortable)]
    pub(crate) bio: String,
    #[index]
    pub(crate) tags: Vec<String>,
    #[index(sortable)]
    pub(crate) open: bool,
    #[unique]
    #[serde(default)]
    pub(crate) number: Option<u8>,
    #[version]
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) score: f64,
    pub(crate) single: f32,
    pub(crate) small: u8,
}

/// One with none of it, and a time to live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain", ttl = "1h")]
pub(crate) struct Plain {
    #[primary_key]
    pub(crate) id: u8,
    pub(crate) text: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Call {
    Save(Thing),
    Insert(Thing),
    Replace(Thing),
    Ensure(Thing),
    Modify(u8, String),
    SaveFor(Thing, u64),
    SaveMany(Vec<Thing>),
    Get(u8),
    GetMany(Vec<u8>),
    GetBy(u8),
    Delete(u8),
    DeleteMany(Vec<u8>),
    Exists(u8),
    Ttl(u8),
    Expire(u8, u64),
    Persist(u8),
    Patch(u8, i64, String),
    Number(u8, Option<u8>),
    Small(u8, i32),
    Floats(u8, f64, f32),
    Push(u8, Vec<String>),
    RemoveAge(u8),
    Nothing(u8),
    All,
    Find(Wish, Option<(u64, u64)>, u8),
    Ids(Wish),
    Count(Wish),
    First(Wish),
    One(Wish),
    Stream(Wish),
    DeleteFound(Wish),
    Update(Wish, i64),
    Plain(u8, String),
    PlainIfNew(u8),
    PlainTtl(u8),
    DeletePlain(Vec<u8>),
}

/// A filter, before it is one.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    City(String),
    Cities(Vec<String>),
    Starts(String),
    Ages(i64, i64),
    NoAge,
    Words(String),
    Tagged(String),
    Open(bool),
    Not(Box<Wish>),
    Both(Box<Wish>, Box<Wish>),
    Either(Box<Wish>, Box<Wish>),
}

impl Wish {
    pub(crate) fn filter(&self) -> Filter<Thing> {
        match self {
            Self::City(city) => Thing::CITY.eq(city),
            Self::Cities(cities) => Thing::CITY.is_in(cities),
            Self::Starts(start) => Thing::CITY.starts_with(start),
            Self::Ages(from, to) => Thing::AGE.between(*from..*to),
            Self::NoAge => !Thing::AGE.ge(-100),
            Self::Words(words) => Thing::BIO.matches(words),
            Self::Tagged(tag) => Thing::TAGS.eq(tag),
            Self::Open(open) => Thing::OPEN.eq(*open),
            Self::Not(inner) => !inner.filter(),
            Self::Both(one, other) => one.filter() & other.filter(),
            Self::Either(one, other) => one.filter() | other.filter(),
        }
    }

    pub(crate) fn query(&self) -> Query<Thing> {
        Thing::find().filter(self.filter())
    }
}

fn city() -> impl Strategy<Value = String> {
    prop_oneof![Just("Bern"), Just("bern"), Just("Biel"), Just("Zürich"), Just("a-b c"), Just("")]
        .prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = String> {
    vec(prop_oneof![Just("rust"), Just("redis"), Just("Running"), Just("runs"), Just("école")], 1..3)
        .prop_map(|words| words.join(" "))
}

fn id() -> impl Strategy<Value = u8> {
    0_u8..5
}

prop_compose! {
    fn thing()(
        (id, city, age, bio) in (id(), city(), proptest::option::of(-3_i64..6), words()),
        (tags, open, number) in (vec(city(), 0..3), any::<bool>(), proptest::option::of(0_u8..3)),
        (version, score, single, small) in (0_u64..3, -9.5_f64..9.5, -1.5_f32..1.5, any::<u8>()),
    ) -> Thing {
        Thing { id, city, age, bio, tags, open, number, version, score: score.round() / 2.0, single, small }
    }
}

fn wish() -> impl Strategy<Value = Wish> {
    let leaf = prop_oneof![
        city().prop_map(Wish::City),
        vec(city(), 1..3).prop_map(Wish::Cities),
        prop_oneof![Just("B"), Just("be"), Just("a-")].prop_map(|start| Wish::Starts(start.to_owned())),
        (-3_i64..3, 0_i64..6).prop_map(|(from, to)| Wish::Ages(from, from + to + 1)),
        Just(Wish::NoAge),
        words().prop_map(Wish::Words),
        city().prop_map(Wish::Tagged),
        any::<bool>().prop_map(Wish::Open),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let two = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|inner| Wish::Not(Box::new(inner))),
            two().prop_map(|(one, other)| Wish::Both(one, other)),
            two().prop_map(|(one, other)| Wish::Either(one, other)),
        ]
    })
}

pub(crate) fn call() -> impl Strategy<Value = Call> {
    let seconds = || prop_oneof![Just(0_u64), Just(7_200), Just(40)];
    let writes = prop_oneof![
        6 => thing().prop_map(Call::Insert),
        3 => thing().prop_map(Call::Save),
        2 => thing().prop_map(Call::Replace),
        2 => thing().prop_map(Call::Ensure),
        2 => (id(), city()).prop_map(|(id, city)| Call::Modify(id, city)),
        1 => (thing(), seconds()).prop_map(|(thing, life)| Call::SaveFor(thing, life)),
        1 => vec(thing(), 0..4).prop_map(Call::SaveMany),
        1 => id().prop_map(Call::Delete),
        1 => vec(id(), 0..3).prop_map(Call::DeleteMany),
        2 => (id(), seconds()).prop_map(|(id, life)| Call::Expire(id, life)),
        1 => id().prop_map(Call::Persist),
    ];
    let reads = prop_oneof![
        id().prop_map(Call::Get),
        vec(id(), 0..4).prop_map(Call::GetMany),
        (0_u8..3).prop_map(Call::GetBy),
        id().prop_map(Call::Exists),
        id().prop_map(Call::Ttl),
        Just(Call::All),
    ];
    let patches = prop_oneof![
        (id(), -3_i64..4, city()).prop_map(|(id, by, city)| Call::Patch(id, by, city)),
        (id(), proptest::option::of(0_u8..3)).prop_map(|(id, number)| Call::Number(id, number)),
        (id(), -300_i32..300).prop_map(|(id, by)| Call::Small(id, by)),
        (id(), -8_i32..8, -1.5_f32..1.5).prop_map(|(id, by, single)| Call::Floats(
            id,
            f64::from(by) / 4.0,
            single
        )),
        (id(), vec(city(), 0..3)).prop_map(|(id, tags)| Call::Push(id, tags)),
        id().prop_map(Call::RemoveAge),
        id().prop_map(Call::Nothing),
    ];
    let queries = prop_oneof![
        4 => (wish(), proptest::option::of((0_u64..3, 0_u64..4)), 0_u8..8)
            .prop_map(|(wish, page, sort)| Call::Find(wish, page, sort)),
        1 => wish().prop_map(Call::Ids),
        1 => wish().prop_map(Call::Count),
        1 => wish().prop_map(Call::First),
        1 => wish().prop_map(Call::One),
        1 => wish().prop_map(Call::Stream),
        1 => wish().prop_map(Call::DeleteFound),
        1 => (wish(), -3_i64..3).prop_map(|(wish, by)| Call::Update(wish, by)),
    ];
    let plain = prop_oneof![
        (id(), city()).prop_map(|(id, text)| Call::Plain(id, text)),
        id().prop_map(Call::PlainIfNew),
        id().prop_map(Call::PlainTtl),
        vec(id(), 0..3).prop_map(Call::DeletePlain),
    ];
    prop_oneof![4 => writes, 2 => reads, 2 => patches, 3 => queries, 1 => plain]
}
