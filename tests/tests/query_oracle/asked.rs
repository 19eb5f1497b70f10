//! Filters beside what the server has to expand for them: parts of values, each into the terms that have it.

use std::ops::{BitAnd, BitOr, Not};

use cache_core::Filter;
use proptest::prelude::*;

use crate::document::Doc;
use crate::pool::{Pattern, Side};

/// A filter, and the parts of values in it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) filter: Filter<Doc>,
    pub(crate) expansions: Vec<Expansion>,
}

/// A part of a value.
#[derive(Debug, Clone)]
pub(crate) struct Expansion {
    pub(crate) field: &'static str,
    pub(crate) operator: &'static str,
    /// The documents that have a term with it.
    pub(crate) filter: Filter<Doc>,
    /// Whether it stands within an odd number of negations.
    pub(crate) negated: bool,
}

impl Expansion {
    /// The field and the operator.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.field, self.operator)
    }
}

impl Asked {
    /// A filter that is one such part.
    pub(crate) fn part(field: &'static str, operator: &'static str, filter: Filter<Doc>) -> Self {
        let expansion = Expansion { field, operator, filter: filter.clone(), negated: false };
        Self { filter, expansions: vec![expansion] }
    }

    /// A pattern, for which the server is asked for the longest of its parts.
    pub(crate) fn pattern(
        field: &'static str,
        filter: Filter<Doc>,
        pattern: &Pattern,
        part: impl Fn(Side, &str) -> Filter<Doc>,
    ) -> Self {
        // The server reads a backslash at the end of a prefix as an escape, so none is asked for.
        let is_asked = |(side, text): &&(Side, String)| *side != Side::Start || !text.ends_with('\\');
        let asked = || pattern.parts.iter().filter(is_asked);
        let longest = asked().map(|(_, text)| text.len()).max();
        let candidates = asked().filter(|(_, text)| Some(text.len()) == longest);
        let expansions = candidates
            .map(|(side, text)| Expansion {
                field,
                operator: "wildcard",
                filter: part(*side, text),
                negated: false,
            })
            .collect();
        Self { filter, expansions }
    }

    /// Another filter of the same parts.
    pub(crate) fn map(self, change: impl FnOnce(Filter<Doc>) -> Filter<Doc>) -> Self {
        Self { filter: change(self.filter), expansions: self.expansions }
    }

    fn with(mut self, other: Self, combine: fn(Filter<Doc>, Filter<Doc>) -> Filter<Doc>) -> Self {
        self.expansions.extend(other.expansions);
        Self { filter: combine(self.filter, other.filter), expansions: self.expansions }
    }
}

impl From<Filter<Doc>> for Asked {
    fn from(filter: Filter<Doc>) -> Self {
        Self { filter, expansions: Vec::new() }
    }
}

impl BitAnd for Asked {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.with(other, |one, other| one & other)
    }
}

impl BitOr for Asked {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other, |one, other| one | other)
    }
}

impl Not for Asked {
    type Output = Self;

    fn not(mut self) -> Self {
        for expansion in &mut self.expansions {
            expansion.negated = !expansion.negated;
        }
        Self { filter: !self.filter, expansions: self.expansions }
    }
}

pub(crate) fn combined(inner: BoxedStrategy<Asked>) -> BoxedStrategy<Asked> {
    prop_oneof![
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
        inner.prop_map(|one| !one),
    ]
    .boxed()
}
