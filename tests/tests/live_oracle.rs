//! One meaning for a filter: random trees over random documents, decided by the server and by `accepts`, alike.

use std::collections::BTreeSet;

use cache_core::{Cache, CacheEmbedded, CacheModel, Distance, Filter, GeoPoint, GeoShape, Migrator, Vector};
use cache_tests::live;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    name: String,
    #[index]
    size: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Doc {
    #[primary_key]
    id: u32,
    #[index]
    tag: String,
    #[index(fold_case)]
    folded: String,
    #[index]
    tags: Vec<String>,
    #[index(separator = ',')]
    list: String,
    #[index]
    number: f64,
    #[index]
    numbers: Vec<i64>,
    #[index]
    big: Vec<i64>,
    #[index(text, index_empty)]
    text: String,
    #[index(text, phonetic = "en", name = "loud")]
    said: String,
    #[index]
    at: GeoPoint,
    #[index(flat)]
    area: Option<GeoShape>,
    #[index(distance_metric = "l2")]
    vector: Vector<f32, 2>,
    #[index(text, no_stem)]
    plain: Option<String>,
    #[index]
    flag: bool,
    #[index(index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<String>,
    #[embedded]
    parts: Vec<Part>,
}

/// How many trees a protocol; override with `CACHE_TEST_TREES`.
fn trees() -> usize {
    std::env::var("CACHE_TEST_TREES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_500)
}

/// A few values, so that filters and documents meet; among them what is hostile or folds.
fn value() -> impl Strategy<Value = String> {
    let known = select(vec![
        "a", "A", "ab", "AB", "a b", " a ", "a\\", "a\\!b", "\\", "", "é", "É", "ß", "{x}", "a|b",
        "@tag:{a}", "*", "$p0", "a,b", ",", "🦀", "a\nb",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[abAB ,]{0,3}", 1 => ".{0,3}"]
        .prop_map(|value| value.replace('\0', ""))
}

fn words() -> impl Strategy<Value = String> {
    let word = select(vec![
        "run",
        "running",
        "Runs",
        "fox",
        "foxes",
        "the",
        "to",
        "be",
        "a",
        "quick-brown",
        "x_y",
        "2024",
        "1.5",
        "ÉCOLE",
        "école",
        "it's",
        "a\\,b",
        "don\\'t",
        "🦀",
        "generous",
        "generously",
        "news",
        "new",
    ]);
    proptest::collection::vec(word, 0..5).prop_map(|words| words.join(" "))
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-3..4_i32).prop_map(f64::from),
        Just(0.1),
        Just(-0.0),
        Just(1e300),
        Just(2.5),
        Just(9_007_199_254_740_991.0)
    ]
}

/// The index's doubles cannot tell most of them from a neighbour.
fn big() -> impl Strategy<Value = i64> {
    let around = select(vec![0, 1 << 53, -(1 << 53), i64::MIN + 3, i64::MAX - 3]);
    (around, -3..4_i64).prop_map(|(around, offset)| around + offset)
}

/// Close to each other and far apart, and not quite what the index keeps of them.
fn point() -> impl Strategy<Value = GeoPoint> {
    select(vec![
        (7.0, 47.0),
        (7.000_01, 47.0),
        (-179.99, 1e-7),
        (179.99, 0.0),
        (0.1, 85.05),
        (13.361_389, 38.115_556),
    ])
    .prop_map(|(longitude, latitude)| GeoPoint::new(longitude, latitude).unwrap())
}

/// They touch, overlap and contain each other.
fn shape() -> impl Strategy<Value = GeoShape> {
    let corner = (0..4_i32, 0..4_i32, 0..4_i32);
    corner.prop_map(|(x, y, size)| {
        let (right, top) = (x + size, y + size);
        let text = match size {
            0 => format!("POINT({x} {y})"),
            _ => format!("POLYGON(({x} {y},{x} {top},{right} {top},{right} {y},{x} {y}))"),
        };
        text.parse().unwrap()
    })
}

fn vector() -> impl Strategy<Value = Vector<f32, 2>> {
    (-3..4_i8, -3..4_i8).prop_map(|(x, y)| Vector::from([f32::from(x), f32::from(y)]))
}

fn doc() -> impl Strategy<Value = Doc> {
    let strings = (value(), value(), proptest::collection::vec(value(), 0..3), value());
    let numbers = (number(), proptest::collection::vec(-3..4_i64, 0..3), any::<bool>());
    let texts = (words(), proptest::option::of(words()), proptest::option::of(value()));
    let parts =
        proptest::collection::vec((value(), -3..4_i64).prop_map(|(name, size)| Part { name, size }), 0..3);
    let places = (words(), point(), proptest::option::of(shape()), vector());
    let bigs = proptest::collection::vec(big(), 0..3);
    (strings, numbers, texts, parts, places, bigs).prop_map(
        |(strings, numbers, texts, parts, places, big)| {
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
            }
        },
    )
}

fn leaf() -> impl Strategy<Value = Filter<Doc>> {
    let tags = prop_oneof![
        value().prop_map(|value| Doc::TAG.eq(value)),
        value().prop_map(|value| Doc::FOLDED.eq(value)),
        value().prop_map(|value| Doc::TAGS.ne(value)),
        value().prop_map(|value| Doc::LIST.eq(value)),
        value().prop_map(|value| Doc::MAYBE.eq(value)),
        value().prop_map(|value| Doc::PARTS.name.eq(value)),
        proptest::collection::vec(value(), 0..4).prop_map(|values| Doc::TAGS.is_in(values)),
        value().prop_map(|value| Doc::TAG.starts_with(value)),
        value().prop_map(|value| Doc::FOLDED.starts_with(value)),
        value().prop_map(|value| Doc::TAG.ends_with(value)),
        value().prop_map(|value| Doc::FOLDED.contains(value)),
        value().prop_map(|value| Doc::LIST.contains(value)),
        proptest::collection::vec(value(), 0..4).prop_map(|values| Doc::TAG.not_in(values)),
        any::<bool>().prop_map(|flag| Doc::FLAG.eq(flag)),
        Just(Doc::MAYBE.is_missing()),
        Just(Filter::all()),
    ];
    let numbers = prop_oneof![
        number().prop_map(|number| Doc::NUMBER.eq(number)),
        number().prop_map(|number| Doc::NUMBER.lt(number)),
        (number(), number()).prop_map(|(low, high)| Doc::NUMBER.between(low..=high)),
        (-3..4_i64).prop_map(|number| Doc::NUMBERS.ge(number)),
        big().prop_map(|number| Doc::BIG.eq(number)),
        proptest::collection::vec(big(), 0..4).prop_map(|numbers| Doc::BIG.is_in(numbers)),
        big().prop_map(|number| Doc::BIG.lt(number)),
        proptest::collection::vec(-3..4_i64, 0..3).prop_map(|numbers| Doc::NUMBERS.is_in(numbers)),
        (-3..4_i64).prop_map(|number| Doc::PARTS.size.gt(number)),
    ];
    let texts = prop_oneof![
        words().prop_map(|words| Doc::TEXT.matches(words)),
        words().prop_map(|words| Doc::PLAIN.matches(words)),
        select(vec!["ru", "RUN", "fo", "gen", "20", "x_", "éc"])
            .prop_map(|prefix| Doc::TEXT.starts_with(prefix)),
    ];
    let places = prop_oneof![
        Just(Doc::TEXT.is_empty()),
        words().prop_map(|words| Doc::SAID.matches(words)),
        (point(), select(vec![0.3, 1.0, 500.0, 3e6, 3e7]))
            .prop_map(|(center, meters)| Doc::AT.within_radius(center, Distance::meters(meters))),
        shape().prop_map(|shape| Doc::AREA.within(&shape)),
        shape().prop_map(|shape| Doc::AREA.contains(&shape)),
        shape().prop_map(|shape| Doc::AREA.intersects(&shape)),
        shape().prop_map(|shape| Doc::AREA.disjoint(&shape)),
        (vector(), 0..20_u8)
            .prop_map(|(vector, radius)| Doc::VECTOR.within_range(&vector, f64::from(radius))),
    ];
    prop_oneof![3 => tags, 2 => numbers, 2 => texts, 2 => places]
}

/// Conditions on one element, several of which stand for what the server decides only in part; and patterns.
fn parts() -> impl Strategy<Value = Filter<Doc>> {
    let of_part = prop_oneof![
        value().prop_map(|value| Doc::PARTS.name.eq(value)),
        value().prop_map(|value| Doc::PARTS.name.ne(value)),
        (-3..4_i64).prop_map(|size| Doc::PARTS.size.gt(size)),
        (-3..4_i64).prop_map(|size| Doc::PARTS.size.ne(size)),
        value().prop_map(|value| Doc::PARTS.name.contains(value)),
        value().prop_map(|value| Doc::TAG.eq(value)),
        pattern().prop_map(|pattern| Doc::PARTS.name.wildcard(pattern)),
    ];
    let of_part = of_part.prop_recursive(2, 4, 2, combined);
    let of_number = prop_oneof![
        (-3..4_i64).prop_map(|low| Doc::NUMBERS.ge(low)),
        (-3..4_i64).prop_map(|high| Doc::NUMBERS.lt(high))
    ];
    let of_number = of_number.prop_recursive(2, 4, 2, combined);
    prop_oneof![
        2 => of_part.prop_map(|condition| Doc::PARTS.any(|_| condition)),
        1 => of_number.prop_map(|condition| Doc::NUMBERS.any(|_| condition)),
        1 => pattern().prop_map(|pattern| Doc::TAG.wildcard(pattern)),
        1 => pattern().prop_map(|pattern| Doc::FOLDED.wildcard(pattern)),
        1 => pattern().prop_map(|pattern| Doc::LIST.wildcard(pattern)),
        1 => pattern().prop_map(|pattern| Doc::TAGS.wildcard(pattern)),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    let piece = select(vec!["*", "?", "a", "ab", "A", "a b", "\\*", "\\\\", "é", "{x}", "🦀", ","]);
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn combined(inner: BoxedStrategy<Filter<Doc>>) -> BoxedStrategy<Filter<Doc>> {
    prop_oneof![
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
        inner.prop_map(|one| !one),
    ]
    .boxed()
}

fn tree() -> impl Strategy<Value = Filter<Doc>> {
    prop_oneof![4 => leaf(), 1 => parts()].prop_recursive(4, 16, 3, combined)
}

async fn the_server_and_accepts_agree(cache: Cache) {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(7), ..Config::default() });
    Migrator::new().register::<Doc>().run(&cache).await.unwrap();
    let docs: Vec<Doc> =
        (0..300).map(|id| Doc { id, ..doc().new_tree(&mut runner).unwrap().current() }).collect();
    for saved in Doc::save_many(&cache, docs.clone()).await {
        assert!(saved.unwrap().stored());
    }
    let (mut asked, mut refused, mut differences) = (0, 0, Vec::new());
    while asked < trees() {
        let filter = tree().new_tree(&mut runner).unwrap().current();
        let accepted: Result<BTreeSet<u32>, _> = docs
            .iter()
            .filter_map(|doc| filter.accepts(doc).map(|accepted| accepted.then_some(doc.id)).transpose())
            .collect();
        let query = Doc::find().filter(filter.clone());
        let Ok(accepted) = accepted else {
            assert!(query.all(&cache).await.is_err(), "{filter:?}");
            refused += 1;
            continue;
        };
        asked += 1;
        let found = query.all(&cache).await.unwrap_or_else(|error| panic!("{query:?} {filter:?}: {error}"));
        let found: BTreeSet<u32> = found.iter().map(|doc| doc.id).collect();
        if found != accepted {
            let differ: Vec<_> =
                found.symmetric_difference(&accepted).map(|id| &docs[*id as usize]).take(2).collect();
            differences.push(format!("{query:?} {filter:?}\n  {differ:?}"));
        }
    }
    println!("figures: trees {asked}, refused {refused}, differences {}", differences.len());
    assert!(
        differences.is_empty(),
        "{} of {asked}:\n{}",
        differences.len(),
        differences[..differences.len().min(5)].join("\n")
    );
}

live! {
    the_server_and_accepts_agree,
}
