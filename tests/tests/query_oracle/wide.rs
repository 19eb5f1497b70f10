//! A corpus with more than a thousand different values in every field, of many of which the server expands only some.

use cache_core::{GeoPoint, GeoShape, Vector};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::document::{Doc, Part, doc};
use crate::pool::{Pattern, Pool};
use crate::values;

/// How many documents there are, and at least so many values for each field.
pub(crate) const DOCUMENTS: usize = 1_300;

/// A family of values: how many, and the one of a number.
type Family = (usize, fn(usize) -> String);

/// Backslashes, stopwords, letters beyond ASCII in both cases, what the query language has a meaning for, and numbers
/// around 2^53. Of `edge` there are as many as the server expands.
const TAGS: &[Family] = &[
    (260, |n| format!("user{n:03}@example.com")),
    (210, |n| format!("Straße {n}")),
    (110, |n| format!("ÉCOLE-{n}")),
    (110, |n| format!("école-{n}")),
    (205, |n| format!(r"a\b{n}\")),
    (60, |n| format!(r"c:\dir\!{n} \ {n}")),
    (200, |n| format!("edge{n:03}")),
    (50, |n| format!("the {n} of")),
    (40, |n| format!("{{🦀{n}}}|*")),
    (55, |n| (9_007_199_254_740_970 + n).to_string()),
];

const TAG_PARTS: &[&str] = &[
    "user",
    "user1",
    "user00",
    "@example.com",
    "7@example",
    "com",
    "Straße",
    "STRASSE",
    "raße 1",
    "ße",
    "ÉCOLE",
    "école",
    "ÉCOLE-1",
    "COLE-",
    "cole-",
    "éc",
    r"a\b",
    r"a\",
    r"\b",
    r"\b1",
    r"9\",
    r"1\",
    r"c:\d",
    r"c:\dir\!1",
    r"r\!",
    "dir",
    r"r\",
    "edge",
    "EDGE",
    "edge1",
    "dge",
    "edge00",
    "the ",
    "he ",
    " of",
    "{🦀",
    "🦀",
    "}|*",
    "|*",
    "9007",
    "90071992547409",
    "9254",
    "00",
    "12",
    "zz",
];

/// Parts of patterns that some values have.
const TAG_PATTERNS: &[[&str; 3]] = &[
    ["user", "*", "com"],
    ["user1", "*", ".com"],
    ["us", "*", "7@example.com"],
    ["Stra", "?", "e 1"],
    ["Straß", "*", "1"],
    ["", "*", "cole-1"],
    [r"a\b", "*", r"\"],
    ["edge", "?", "1"],
    ["{🦀", "*", "*"],
    ["c:", "*", "1"],
    ["", "?", "dge00"],
];

const WORDS: &[Family] = &[
    (260, |n| format!("item{n:03}")),
    (205, |n| format!("ware{n}xx")),
    (110, |n| format!("café{n}")),
    (110, |n| format!("CAFÉ{n}")),
    (200, |n| format!("edge{n:03}")),
    (150, |n| format!("run{n}")),
    (100, |n| format!("Straße{n}")),
    (60, |n| format!(r"x\,{n}")),
    (50, |n| format!("{n}🦀")),
    (55, |n| (9_007_199_254_740_970 + n).to_string()),
];

const WORD_PARTS: &[&str] = &[
    "item", "ITEM", "item1", "tem0", "em", "ware", "ware1", "are1", "caf", "café", "afé1", "edge", "dge0",
    "edge00", "run", "run1", "un1", "stra", "stra1", "0x", "1xx", "xx", "12", "00", "07", "9007", "925474",
    "zz",
];

const WORD_PATTERNS: &[[&str; 3]] = &[
    ["item", "*", "7"],
    ["item1", "?", "3"],
    ["it", "*", "em12"],
    ["ware", "*", "xx"],
    ["edge", "?", "1"],
    ["", "?", "un1"],
    ["ru", "*", "1"],
    ["9007", "*", "70"],
];

fn all(families: &[Family]) -> Vec<String> {
    families.iter().flat_map(|(count, value)| (0..*count).map(value)).collect()
}

fn number(n: usize) -> f64 {
    match n {
        0..1_000 => (n as f64 - 500.0) / 2.0,
        1_000..1_150 => 9_007_199_254_740_992.0 - (n - 1_000) as f64,
        _ => -9_007_199_254_740_992.0 - 2.0 * (n - 1_150) as f64,
    }
}

fn small(n: usize) -> i64 {
    n as i64 - 650
}

fn big(n: usize) -> i64 {
    let around = [0, 1 << 53, -(1 << 53), i64::MIN + 300, i64::MAX - 300][n % 5];
    around + (n / 5) as i64 - 130
}

fn point(n: usize) -> GeoPoint {
    GeoPoint::new(-179.0 + (n % 40) as f64 * 8.9, -80.0 + (n / 40) as f64 * 4.9).unwrap()
}

fn square(x: usize, y: usize, size: usize) -> GeoShape {
    let (right, top) = (x + size, y + size);
    let text = match size {
        0 => format!("POINT({x} {y})"),
        _ => format!("POLYGON(({x} {y},{x} {top},{right} {top},{right} {y},{x} {y}))"),
    };
    text.parse().unwrap()
}

fn vector(n: usize) -> Vector<f32, 2> {
    Vector::from([(n % 36) as f32 - 18.0, (n / 36) as f32 - 18.0])
}

fn patterns(known: &'static [[&'static str; 3]], part: BoxedStrategy<String>) -> BoxedStrategy<Pattern> {
    let known = select(known)
        .prop_map(|[start, wildcard, end]| Pattern::new(&[start.to_owned(), end.to_owned()], &[wildcard]));
    let wildcards = proptest::collection::vec(select(vec!["*", "*", "?"]), 2);
    let ends = proptest::collection::vec(prop_oneof![Just(String::new()), part.clone()], 2);
    let any = (ends, part, wildcards).prop_map(|(ends, middle, wildcards)| {
        Pattern::new(&[ends[0].clone(), middle, ends[1].clone()], &wildcards)
    });
    prop_oneof![2 => known, 1 => any].boxed()
}

impl Pool {
    /// Many values, of which parts stand for a few or for more than the server expands.
    pub(crate) fn wide() -> Self {
        let strings = |parts: &'static [&'static str]| select(parts).prop_map(str::to_owned);
        let value = prop_oneof![8 => select(all(TAGS)), 1 => values::value()].boxed();
        let start = value.clone().prop_map(|value| value.chars().take(4).collect::<String>());
        let part = prop_oneof![5 => strings(TAG_PARTS), 1 => start].boxed();
        let word = prop_oneof![8 => select(all(WORDS)), 1 => values::word().prop_map(str::to_owned)].boxed();
        let words = proptest::collection::vec(word.clone(), 0..4).prop_map(|words| words.join(" "));
        let word_part = strings(WORD_PARTS).boxed();
        Self {
            pattern: patterns(TAG_PATTERNS, part.clone()),
            value,
            part,
            words: words.boxed(),
            word,
            word_start: word_part.clone(),
            word_end: word_part.clone(),
            word_pattern: patterns(WORD_PATTERNS, word_part.clone()),
            word_part,
            number: (0..DOCUMENTS).prop_map(number).boxed(),
            small: (0..DOCUMENTS).prop_map(small).boxed(),
            big: (0..DOCUMENTS).prop_map(big).boxed(),
            point: (0..DOCUMENTS).prop_map(point).boxed(),
            shape: (0..36_usize, 0..36_usize, 0..12_usize)
                .prop_map(|(x, y, size)| square(x, y, size))
                .boxed(),
            vector: (0..DOCUMENTS).prop_map(vector).boxed(),
            range: (0..400_u16).prop_map(f64::from).boxed(),
        }
    }
}

/// Random documents, of which each has another value in every field.
pub(crate) fn documents(pool: &Pool, runner: &mut TestRunner) -> Vec<Doc> {
    let (tags, words, random) = (all(TAGS), all(WORDS), doc(pool));
    let one = |values: &[String], step: usize, n: usize| values[n * step % values.len()].clone();
    (0..DOCUMENTS)
        .map(|n| {
            let random = random.new_tree(runner).unwrap().current();
            let text = |step, rest: &str| format!("{} {rest}", one(&words, step, n));
            let mut numbers = random.numbers;
            numbers.push(small(n));
            let mut bigs = random.big;
            bigs.push(big(n));
            let mut parts = random.parts;
            parts.push(Part { name: one(&tags, 3, n), size: small(n) });
            Doc {
                id: n as u32,
                tag: one(&tags, 1, n),
                folded: one(&tags, 7, n),
                tags: [one(&tags, 9, n)].into_iter().chain(random.tags).collect(),
                list: format!("{}, {}", one(&tags, 11, n), random.list),
                number: number(n),
                numbers,
                big: bigs,
                text: text(7, &random.text),
                said: text(9, &random.said),
                at: point(n),
                area: (n % 10 != 8).then(|| square(n % 36, n / 36, n % 3)),
                vector: vector(n),
                plain: (n % 10 != 9).then(|| text(1, random.plain.as_deref().unwrap_or_default())),
                flag: random.flag,
                maybe: (n % 10 != 7).then(|| one(&tags, 17, n)),
                tail: text(11, &random.tail),
                parts,
            }
        })
        .collect()
}
