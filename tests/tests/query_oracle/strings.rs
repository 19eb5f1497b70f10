//! Hostile strings: what the server's languages have a meaning for, what they cut or fold, and random ones.

use std::collections::BTreeSet;
use std::future::Future;

use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// How many values a protocol, each in every operator.
const VALUES: usize = 1_200;

/// How many questions are asked at once.
const AT_ONCE: usize = 16;

pub(crate) const CHOSEN: &[&str] = &[
    "*",
    "a*",
    "*a*",
    "?",
    "|",
    "a|b",
    "(",
    ")",
    "((",
    "a) | @tag:{*}",
    "{",
    "}",
    "{*}",
    "a} @tag:{b",
    "}|{",
    "[",
    "]",
    "[-inf +inf]",
    "@",
    "@tag",
    "@tag:{a}",
    "@text:(a)",
    "-a",
    "-@tag:{a}",
    "~a",
    "!a",
    "$",
    "$p0",
    "$p1",
    "=>",
    "=>{",
    "a=>{$weight: 5}",
    "=>[KNN 3 @v $p0]",
    "%",
    "%a%",
    "%%%a%%%",
    "w'a*'",
    "w'",
    "'",
    "\"",
    "\"a b\"",
    "\\",
    "\\\\",
    "a\\",
    "\\*",
    "\\}",
    "a\\}b",
    "\\\"",
    ";",
    ":",
    ",",
    ".",
    "/",
    "#",
    "&",
    "^",
    "+",
    "=",
    "<",
    ">",
    "`",
    " ",
    "  ",
    " a ",
    "\t",
    "\n",
    "a\nb",
    "\r\n",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{200b}",
    "\u{202e}abc",
    "\u{feff}",
    "é",
    "É",
    "ß",
    "İ",
    "ﬁ",
    "漢字",
    "🦀",
    "👩\u{200d}👩",
    "the",
    "to be",
    "ismissing(@tag)",
    "AND",
    "OR",
    "NOT",
    "INKEYS",
    "DIALECT 1",
    "LIMIT 0 0",
    "PARAMS 2 p0 x",
    "SELECT 1; --",
    "<script>",
    "%00",
    "a\u{0}b",
    "-inf",
    "+inf",
    "nan",
    "(1",
    "1)",
    "1e5",
];

/// All different; random bytes are made into strings as they are read from somewhere that does not check them.
pub(crate) fn values() -> Vec<String> {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(11), ..Config::default() });
    let random = prop_oneof![
        "[@{}()|*$%\"'\\\\=>\\[\\]:;,.~!^&#<>/? a-c\n-]{1,12}",
        ".{1,12}",
        proptest::collection::vec(any::<u8>(), 1..16)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[a-z]{1,4}".prop_map(|word| word.repeat(80)),
    ];
    let mut values: Vec<String> = CHOSEN.iter().map(ToString::to_string).collect();
    let mut seen: BTreeSet<String> = values.iter().cloned().collect();
    while values.len() < VALUES {
        let value = random.new_tree(&mut runner).unwrap().current();
        if seen.insert(value.clone()) {
            values.push(value);
        }
    }
    values
}

/// Does something with each value and its number, several at once, and says how often it was refused.
pub(crate) async fn each<'a, F: Future<Output = bool>>(
    values: &'a [String],
    act: impl Fn(usize, &'a str) -> F,
) -> u64 {
    let done = stream::iter(values.iter().enumerate()).map(|(number, value)| act(number, value));
    let done = done.buffer_unordered(AT_ONCE);
    done.fold(0, |refused, taken| async move { refused + u64::from(!taken) }).await
}
