//! Filters: every operator, with operands that some of the documents meet.

use cache_core::{Distance, Filter, Phrase};
use proptest::prelude::*;
use proptest::sample::select;

use crate::document::Doc;
use crate::values::{big, number, point, shape, value, vector, word, words};

pub(crate) fn leaf() -> impl Strategy<Value = Filter<Doc>> {
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
        words().prop_map(|words| Doc::TEXT.matches_any(words)),
        (words(), 0..4_u32).prop_map(|(words, slop)| Doc::TEXT.phrase(Phrase::new(words).slop(slop))),
        (words(), 0..4_u32)
            .prop_map(|(words, slop)| Doc::TEXT.phrase(Phrase::new(words).slop(slop).any_order())),
        (word(), 1..4_u8).prop_map(|(word, distance)| Doc::TEXT.fuzzy(word, distance)),
        (word(), 1..3_u8).prop_map(|(word, distance)| Doc::PLAIN.fuzzy(word, distance)),
        select(vec!["ing", "oxes", "ES", "24", "ole", "x_", "fo"]).prop_map(|end| Doc::TAIL.ends_with(end)),
        select(vec!["un", "ener", "OX", "02", "ol", "ox"]).prop_map(|part| Doc::TAIL.contains(part)),
        select(vec!["ru*", "r?n", "*ng", "f*es", "RUN*g", "?ox", "ge*ly", "*ew*", "fox"])
            .prop_map(|pattern| Doc::TAIL.wildcard(pattern)),
        words().prop_map(|words| Doc::TEXT.matches(words).weight(2.5)),
        words().prop_map(|words| Doc::TEXT.matches(words).optional()),
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
pub(crate) fn parts() -> impl Strategy<Value = Filter<Doc>> {
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

pub(crate) fn pattern() -> impl Strategy<Value = String> {
    let piece = select(vec!["*", "?", "a", "ab", "A", "a b", "\\*", "\\\\", "é", "{x}", "🦀", ","]);
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

pub(crate) fn combined(inner: BoxedStrategy<Filter<Doc>>) -> BoxedStrategy<Filter<Doc>> {
    prop_oneof![
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
        inner.prop_map(|one| !one),
    ]
    .boxed()
}

/// What the server loses documents of where it skips them: negations and optional conditions side by side, among
/// alternatives of which a condition leaves out most.
fn skipped(inner: BoxedStrategy<Filter<Doc>>) -> BoxedStrategy<Filter<Doc>> {
    let with_optional = prop_oneof![
        3 => combined(inner.clone()),
        1 => inner.clone().prop_map(Filter::optional),
    ];
    let side_by_side = (with_optional.clone(), inner.clone(), any::<bool>())
        .prop_map(|(one, other, first)| if first { !other & one } else { one.optional() & !other });
    prop_oneof![
        2 => with_optional,
        1 => (side_by_side, inner.clone(), inner).prop_map(|(group, one, other)| (group | one) & other),
    ]
    .boxed()
}

pub(crate) fn tree() -> impl Strategy<Value = Filter<Doc>> {
    prop_oneof![4 => leaf(), 1 => parts()].prop_recursive(4, 16, 3, skipped)
}
