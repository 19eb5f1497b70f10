//! Filters: every operator, with operands that some of the documents meet.

use cache_core::{Distance, Filter, Phrase};
use proptest::prelude::*;
use proptest::sample::select;

use crate::asked::{Asked, combined};
use crate::document::Doc;
use crate::pool::{Pool, Side};

/// Conditions on a part of the values of a field: `part!(pool.part, Doc::TAG, "tag": starts_with, ends_with)`.
macro_rules! part {
    ($operands:expr, $handle:expr, $field:literal: $($operator:ident),+) => {
        prop_oneof![$($operands.clone().prop_map(|operand| {
            Asked::part($field, stringify!($operator), $handle.$operator(operand))
        })),+]
        .boxed()
    };
}

/// Patterns of the values of a field.
macro_rules! pattern {
    ($patterns:expr, $handle:expr, $field:literal) => {
        $patterns
            .clone()
            .prop_map(|pattern| {
                let part = |side, part: &str| match side {
                    Side::Start => $handle.starts_with(part),
                    Side::Middle => $handle.contains(part),
                    Side::End => $handle.ends_with(part),
                };
                Asked::pattern($field, $handle.wildcard(&pattern.text), &pattern, part)
            })
            .boxed()
    };
}

/// What the server decides without expanding anything.
pub(crate) fn plain(pool: &Pool) -> BoxedStrategy<Asked> {
    let (value, words) = (|| pool.value.clone(), || pool.words.clone());
    let (number, small, big) = (|| pool.number.clone(), || pool.small.clone(), || pool.big.clone());
    let tags = prop_oneof![
        value().prop_map(|value| Doc::TAG.eq(value)),
        value().prop_map(|value| Doc::FOLDED.eq(value)),
        value().prop_map(|value| Doc::TAGS.ne(value)),
        value().prop_map(|value| Doc::LIST.eq(value)),
        value().prop_map(|value| Doc::MAYBE.eq(value)),
        value().prop_map(|value| Doc::PARTS.name.eq(value)),
        proptest::collection::vec(value(), 0..4).prop_map(|values| Doc::TAGS.is_in(values)),
        proptest::collection::vec(value(), 0..4).prop_map(|values| Doc::TAG.not_in(values)),
        any::<bool>().prop_map(|flag| Doc::FLAG.eq(flag)),
        Just(Doc::MAYBE.is_missing()),
        Just(Filter::all()),
    ];
    let numbers = prop_oneof![
        number().prop_map(|number| Doc::NUMBER.eq(number)),
        number().prop_map(|number| Doc::NUMBER.lt(number)),
        (number(), number()).prop_map(|(low, high)| Doc::NUMBER.between(low..=high)),
        small().prop_map(|number| Doc::NUMBERS.ge(number)),
        big().prop_map(|number| Doc::BIG.eq(number)),
        proptest::collection::vec(big(), 0..4).prop_map(|numbers| Doc::BIG.is_in(numbers)),
        big().prop_map(|number| Doc::BIG.lt(number)),
        proptest::collection::vec(small(), 0..3).prop_map(|numbers| Doc::NUMBERS.is_in(numbers)),
        small().prop_map(|number| Doc::PARTS.size.gt(number)),
    ];
    let texts = prop_oneof![
        words().prop_map(|words| Doc::TEXT.matches(words)),
        words().prop_map(|words| Doc::PLAIN.matches(words)),
        words().prop_map(|words| Doc::TEXT.matches_any(words)),
        (words(), 0..4_u32).prop_map(|(words, slop)| Doc::TEXT.phrase(Phrase::new(words).slop(slop))),
        (words(), 0..4_u32)
            .prop_map(|(words, slop)| Doc::TEXT.phrase(Phrase::new(words).slop(slop).any_order())),
        words().prop_map(|words| Doc::TEXT.matches(words).weight(2.5)),
        words().prop_map(|words| Doc::TEXT.matches(words).optional()),
        words().prop_map(|words| Doc::SAID.matches(words)),
        Just(Doc::TEXT.is_empty()),
    ];
    let shape = || pool.shape.clone();
    let places = prop_oneof![
        (pool.point.clone(), select(vec![0.3, 1.0, 500.0, 3e6, 3e7]))
            .prop_map(|(center, meters)| Doc::AT.within_radius(center, Distance::meters(meters))),
        shape().prop_map(|shape| Doc::AREA.within(&shape)),
        shape().prop_map(|shape| Doc::AREA.contains(&shape)),
        shape().prop_map(|shape| Doc::AREA.intersects(&shape)),
        shape().prop_map(|shape| Doc::AREA.disjoint(&shape)),
        (pool.vector.clone(), pool.range.clone())
            .prop_map(|(vector, range)| Doc::VECTOR.within_range(&vector, range)),
    ];
    prop_oneof![3 => tags, 2 => numbers, 2 => texts, 1 => places].prop_map(Asked::from).boxed()
}

/// What the server expands into terms.
pub(crate) fn expanded(pool: &Pool) -> BoxedStrategy<Asked> {
    let fuzzy = prop_oneof![
        (pool.word.clone(), 1..4_u8).prop_map(|(word, distance)| Asked::part(
            "text",
            "fuzzy",
            Doc::TEXT.fuzzy(word, distance)
        )),
        (pool.word.clone(), 1..4_u8).prop_map(|(word, distance)| Asked::part(
            "plain",
            "fuzzy",
            Doc::PLAIN.fuzzy(word, distance)
        )),
    ];
    let tags = prop_oneof![
        part!(pool.part, Doc::TAG, "tag": starts_with, ends_with, contains),
        part!(pool.part, Doc::FOLDED, "folded": starts_with, ends_with, contains),
        part!(pool.part, Doc::LIST, "list": starts_with, ends_with, contains),
        part!(pool.part, Doc::TAGS, "tags": starts_with, ends_with, contains),
        part!(pool.part, Doc::PARTS.name, "parts": starts_with, ends_with, contains),
    ];
    let texts = prop_oneof![
        part!(pool.word_start, Doc::TEXT, "text": starts_with),
        part!(pool.word_start, Doc::PLAIN, "plain": starts_with),
        part!(pool.word_start, Doc::TAIL, "tail": starts_with),
        part!(pool.word_end, Doc::TAIL, "tail": ends_with),
        part!(pool.word_part, Doc::TAIL, "tail": contains),
    ];
    let patterns = prop_oneof![
        pattern!(pool.pattern, Doc::TAG, "tag"),
        pattern!(pool.pattern, Doc::FOLDED, "folded"),
        pattern!(pool.pattern, Doc::LIST, "list"),
        pattern!(pool.pattern, Doc::TAGS, "tags"),
        pattern!(pool.word_pattern, Doc::TAIL, "tail"),
    ];
    prop_oneof![3 => tags, 3 => texts, 2 => patterns, 1 => fuzzy].boxed()
}

/// One of each operator that the server expands, with an operand that more terms of the corpus of many values have than
/// it expands.
pub(crate) fn cut() -> Vec<Asked> {
    macro_rules! of_tags {
        ($handle:expr, $field:literal) => {
            [
                Asked::part($field, "starts_with", $handle.starts_with("user")),
                Asked::part($field, "ends_with", $handle.ends_with("@example.com")),
                Asked::part($field, "contains", $handle.contains("example")),
                Asked::part($field, "wildcard", $handle.wildcard("u*.com")),
            ]
        };
    }
    let tags = [
        of_tags!(Doc::TAG, "tag"),
        of_tags!(Doc::FOLDED, "folded"),
        of_tags!(Doc::LIST, "list"),
        of_tags!(Doc::TAGS, "tags"),
        of_tags!(Doc::PARTS.name, "parts"),
    ];
    let texts = [
        Asked::part("text", "starts_with", Doc::TEXT.starts_with("item")),
        Asked::part("plain", "starts_with", Doc::PLAIN.starts_with("item")),
        Asked::part("tail", "starts_with", Doc::TAIL.starts_with("item")),
        Asked::part("tail", "ends_with", Doc::TAIL.ends_with("xx")),
        Asked::part("tail", "contains", Doc::TAIL.contains("ware")),
        Asked::part("tail", "wildcard", Doc::TAIL.wildcard("w*xx")),
        Asked::part("text", "fuzzy", Doc::TEXT.fuzzy("item555", 3)),
        Asked::part("plain", "fuzzy", Doc::PLAIN.fuzzy("item555", 3)),
    ];
    tags.into_iter().flatten().chain(texts).collect()
}

/// Conditions on one element, several of which stand for what the server decides only in part.
fn of_elements(pool: &Pool) -> BoxedStrategy<Asked> {
    let (value, small) = (|| pool.value.clone(), || pool.small.clone());
    let of_part = prop_oneof![
        value().prop_map(|value| Asked::from(Doc::PARTS.name.eq(value))),
        value().prop_map(|value| Doc::PARTS.name.ne(value).into()),
        small().prop_map(|size| Doc::PARTS.size.gt(size).into()),
        small().prop_map(|size| Doc::PARTS.size.ne(size).into()),
        value().prop_map(|value| Doc::TAG.eq(value).into()),
        part!(pool.part, Doc::PARTS.name, "parts": contains),
        pattern!(pool.pattern, Doc::PARTS.name, "parts"),
    ];
    let of_part = of_part.prop_recursive(2, 4, 2, combined);
    let of_number = prop_oneof![
        small().prop_map(|low| Asked::from(Doc::NUMBERS.ge(low))),
        small().prop_map(|high| Doc::NUMBERS.lt(high).into())
    ];
    let of_number = of_number.prop_recursive(2, 4, 2, combined);
    prop_oneof![
        2 => of_part.prop_map(|asked| asked.map(|condition| Doc::PARTS.any(|_| condition))),
        1 => of_number.prop_map(|asked| asked.map(|condition| Doc::NUMBERS.any(|_| condition))),
    ]
    .boxed()
}

/// Trees of all of them.
pub(crate) fn tree(pool: &Pool) -> BoxedStrategy<Asked> {
    let leaf = prop_oneof![5 => plain(pool), 3 => expanded(pool), 1 => of_elements(pool)];
    leaf.prop_recursive(4, 16, 3, combined).boxed()
}
