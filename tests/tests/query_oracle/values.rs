//! Values: few, so that filters and documents meet, and among them what is hostile.

use cache_core::{GeoPoint, GeoShape, Vector};
use proptest::prelude::*;
use proptest::sample::select;

/// A few values, so that filters and documents meet; among them what is hostile or folds.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let known = select(vec![
        "a", "A", "ab", "AB", "a b", " a ", "a\\", "a\\!b", "\\", "", "é", "É", "ß", "{x}", "a|b",
        "@tag:{a}", "*", "$p0", "a,b", ",", "🦀", "a\nb",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[abAB ,]{0,3}", 1 => ".{0,3}"]
        .prop_map(|value| value.replace('\0', ""))
}

pub(crate) fn word() -> impl Strategy<Value = &'static str> {
    select(vec![
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
    ])
}

pub(crate) fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec(word(), 0..5).prop_map(|words| words.join(" "))
}

pub(crate) fn number() -> impl Strategy<Value = f64> {
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
pub(crate) fn big() -> impl Strategy<Value = i64> {
    let around = select(vec![0, 1 << 53, -(1 << 53), i64::MIN + 3, i64::MAX - 3]);
    (around, -3..4_i64).prop_map(|(around, offset)| around + offset)
}

/// Close to each other and far apart, and not quite what the index keeps of them.
pub(crate) fn point() -> impl Strategy<Value = GeoPoint> {
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
pub(crate) fn shape() -> impl Strategy<Value = GeoShape> {
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

pub(crate) fn vector() -> impl Strategy<Value = Vector<f32, 2>> {
    (-3..4_i8, -3..4_i8).prop_map(|(x, y)| Vector::from([f32::from(x), f32::from(y)]))
}
