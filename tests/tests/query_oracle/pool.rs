//! What a corpus is made of: values that its documents have and its filters ask for.

use cache_core::{GeoPoint, GeoShape, Vector};
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{big, number, point, shape, value, vector, word, words};

/// Where values and operands come from.
pub(crate) struct Pool {
    /// Strings of TAG fields.
    pub(crate) value: BoxedStrategy<String>,
    /// Beginnings, ends and middles of them.
    pub(crate) part: BoxedStrategy<String>,
    pub(crate) pattern: BoxedStrategy<Pattern>,
    pub(crate) word: BoxedStrategy<String>,
    pub(crate) words: BoxedStrategy<String>,
    pub(crate) word_start: BoxedStrategy<String>,
    pub(crate) word_end: BoxedStrategy<String>,
    pub(crate) word_part: BoxedStrategy<String>,
    pub(crate) word_pattern: BoxedStrategy<Pattern>,
    pub(crate) number: BoxedStrategy<f64>,
    /// Whole numbers that a double holds.
    pub(crate) small: BoxedStrategy<i64>,
    /// Whole numbers that it does not, among them.
    pub(crate) big: BoxedStrategy<i64>,
    pub(crate) point: BoxedStrategy<GeoPoint>,
    pub(crate) shape: BoxedStrategy<GeoShape>,
    pub(crate) vector: BoxedStrategy<Vector<f32, 2>>,
    pub(crate) range: BoxedStrategy<f64>,
}

/// A pattern of `wildcard`, and the parts between its wildcards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) parts: Vec<(Side, String)>,
}

/// Where in a value a part stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Side {
    Start,
    Middle,
    End,
}

impl Pattern {
    /// Of parts with wildcards between them; an empty part at either end is none.
    pub(crate) fn new(parts: &[String], wildcards: &[&str]) -> Self {
        let mut pattern = Self::default();
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                pattern.text.push_str(wildcards.get(number - 1).copied().unwrap_or("*"));
            }
            for character in part.chars() {
                if matches!(character, '*' | '?' | '\\') {
                    pattern.text.push('\\');
                }
                pattern.text.push(character);
            }
            let side = match number {
                0 => Side::Start,
                number if number + 1 == parts.len() => Side::End,
                _ => Side::Middle,
            };
            pattern.parts.extend((part.len() > 1).then(|| (side, part.clone())));
        }
        pattern
    }
}

impl Pool {
    /// So few values that filters and documents meet: no part of them stands for many.
    pub(crate) fn dense() -> Self {
        let parts =
            |parts: &[&str]| select(parts.iter().map(ToString::to_string).collect::<Vec<_>>()).boxed();
        let whole = |text: String| Pattern { text, parts: Vec::new() };
        let piece = select(vec!["*", "?", "a", "ab", "A", "a b", "\\*", "\\\\", "é", "{x}", "🦀", ","]);
        let pattern = proptest::collection::vec(piece, 0..4).prop_map(move |pieces| whole(pieces.concat()));
        let of_words = ["ru*", "r?n", "*ng", "f*es", "RUN*g", "?ox", "ge*ly", "*ew*", "fox"];
        Self {
            value: value().boxed(),
            part: value().boxed(),
            pattern: pattern.boxed(),
            word: word().prop_map(str::to_owned).boxed(),
            words: words().boxed(),
            word_start: parts(&["ru", "RUN", "fo", "gen", "20", "x_", "éc"]),
            word_end: parts(&["ing", "oxes", "ES", "24", "ole", "x_", "fo"]),
            word_part: parts(&["un", "ener", "OX", "02", "ol", "ox"]),
            word_pattern: parts(&of_words).prop_map(whole).boxed(),
            number: number().boxed(),
            small: (-3..4_i64).boxed(),
            big: big().boxed(),
            point: point().boxed(),
            shape: shape().boxed(),
            vector: vector().boxed(),
            range: (0..20_u8).prop_map(f64::from).boxed(),
        }
    }
}
