//! The tree of a filter, kept flat: no conjunction within a conjunction, no constant within anything.

use std::ops::Bound;

use super::near::{Lying, Radius, Range};
use super::place::Place;
use super::raw::RawQuery;
use crate::error::QueryError;
use crate::kind::FieldKind;
use crate::pattern::Pattern;
use crate::phrase::Phrase;
use crate::raw_error::RawQueryError;
use crate::schema::FieldDef;
use crate::text;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Every document.
    All,
    /// No document.
    None,
    /// An operand was refused; whatever contains it is refused with it.
    Invalid(QueryError),
    /// All of these.
    And(Group),
    /// Any of these.
    Or(Group),
    /// Not this one; never a constant or another negation.
    Not(Box<Node>),
    /// Every document; those that this one accepts are better. Never a constant.
    Optional(Box<Node>),
    /// This one, a leaf, counting this much in scores. Finite, greater than zero.
    Weighted(f64, Box<Node>),
    /// One of many elements for which this holds; never nothing.
    Any(Place, Box<Node>),
    /// A text of the query language.
    Raw(RawQuery),
    /// A test of one field.
    Leaf(FieldDef, Test),
}

/// What a field's values are tested for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// One of these tags; at least one.
    TagIn(Vec<String>),
    /// A tag with this part.
    TagLike(Affix, String),
    /// A tag of this pattern, of which a part is long enough to be looked for.
    Wildcard(Pattern),
    /// A number within these bounds.
    Range(NumericRange),
    /// This integer, which a double cannot tell from its neighbours.
    Integer(i128),
    /// A text with all words of this one.
    Words(String),
    /// A text with a word of this one.
    AnyWord(String),
    /// A text with words near each other.
    Phrase(Phrase),
    /// A text with a word that differs from this one by so many letters.
    Fuzzy(String, u8),
    /// A text with a word with this part.
    WordLike(Affix, String),
    /// A text with words that sound like all words of this one.
    Sounds(String),
    /// An empty text.
    Empty,
    /// A point near another.
    Radius(Radius),
    /// A shape that lies like this to another.
    #[cfg_attr(not(feature = "geo"), allow(dead_code, reason = "shapes are made by the feature"))]
    Lying(Lying),
    /// A vector near another.
    Similar(Range),
    /// No value at all.
    Missing,
}

impl Test {
    /// Whether it holds for several values exactly if it holds for one of them.
    pub(super) fn is_of_one_value(&self) -> bool {
        match self {
            // Of several words, each may be in another text.
            Self::Words(words) | Self::Sounds(words) => text::all_words(words).nth(1).is_none(),
            Self::Missing => false,
            Self::TagIn(_)
            | Self::TagLike(..)
            | Self::Wildcard(_)
            | Self::Range(_)
            | Self::Integer(_)
            | Self::AnyWord(_)
            | Self::Phrase(_)
            | Self::Fuzzy(..)
            | Self::WordLike(..)
            | Self::Empty
            | Self::Radius(_)
            | Self::Lying(_)
            | Self::Similar(_) => true,
        }
    }
}

/// Which part of a tag or a word is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affix {
    /// The beginning.
    Prefix,
    /// The end.
    Suffix,
    /// Something in it.
    Infix,
}

/// The bounds of a numeric test. Finite, and exact as doubles.
///
/// ```
/// use std::ops::Bound;
///
/// use cache_index::NumericRange;
///
/// let range = |start, end| NumericRange { start: Bound::Included(start), end: Bound::Excluded(end) };
/// assert!(!range(18.0, 65.0).is_empty());
/// assert!(range(18.0, 18.0).is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericRange {
    /// The lower end.
    pub start: Bound<f64>,
    /// The upper end.
    pub end: Bound<f64>,
}

impl NumericRange {
    /// Whether no number is within the bounds.
    pub fn is_empty(&self) -> bool {
        match (self.start, self.end) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => {
                low >= high
            }
            _ => false,
        }
    }

    /// Whether the number is within the bounds.
    pub fn contains(&self, number: f64) -> bool {
        let after_start = match self.start {
            Bound::Included(low) => number >= low,
            Bound::Excluded(low) => number > low,
            Bound::Unbounded => true,
        };
        let before_end = match self.end {
            Bound::Included(high) => number <= high,
            Bound::Excluded(high) => number < high,
            Bound::Unbounded => true,
        };
        after_start && before_end
    }
}

/// How deep a tree may be. The server's parser gives up at 125 parentheses within each other; and a tree that is
/// never deeper can be walked and dropped without fear for the stack.
const MAX_DEPTH: usize = 100;

/// Nodes that stand together, at least two, and how deep they reach.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    nodes: Vec<Node>,
    depth: usize,
}

impl Group {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn of(nodes: Vec<Node>) -> Self {
        let depth = nodes.iter().map(Node::depth).max().unwrap_or_default() + 1;
        Self { nodes, depth }
    }

    fn first(mut self, node: Node) -> Self {
        self.depth = self.depth.max(node.depth() + 1);
        self.nodes.insert(0, node);
        self
    }

    fn last(mut self, node: Node) -> Self {
        self.depth = self.depth.max(node.depth() + 1);
        self.nodes.push(node);
        self
    }

    fn both(mut self, other: Self) -> Self {
        self.depth = self.depth.max(other.depth);
        self.nodes.extend(other.nodes);
        self
    }
}

/// Only `eq` and `is_in` take such an integer.
pub(crate) fn not_exact(field: &FieldDef, number: i128) -> QueryError {
    QueryError::NotExact { field: field.name(), value: number.to_string() }
}

impl Node {
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid(error), _) | (_, Self::Invalid(error)) => Self::Invalid(error),
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, node) | (node, Self::All) => node,
            (Self::And(left), Self::And(right)) => Self::And(left.both(right)),
            (Self::And(left), node) => Self::And(left.last(node)),
            (node, Self::And(right)) => Self::And(right.first(node)),
            (left, right) => Self::And(Group::of(vec![left, right])),
        }
        .bounded()
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid(error), _) | (_, Self::Invalid(error)) => Self::Invalid(error),
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, node) | (node, Self::None) => node,
            (Self::Or(left), Self::Or(right)) => Self::Or(left.both(right)),
            (Self::Or(left), node) => Self::Or(left.last(node)),
            (node, Self::Or(right)) => Self::Or(right.first(node)),
            (left, right) => Self::Or(Group::of(vec![left, right])),
        }
        .bounded()
    }

    /// Whether a condition for scores alone is in it.
    pub(crate) fn has_optional(&self) -> bool {
        match self {
            Self::Optional(_) => true,
            Self::And(group) | Self::Or(group) => group.nodes().iter().any(Self::has_optional),
            Self::Not(inner) | Self::Any(_, inner) | Self::Weighted(_, inner) => inner.has_optional(),
            Self::All | Self::None | Self::Invalid(_) | Self::Leaf(..) | Self::Raw(..) => false,
        }
    }

    /// Whether there is something in it by which the server finds one document better than another: words, and what is weighted
    /// or optional.
    pub(crate) fn has_relevance(&self) -> bool {
        match self {
            Self::Optional(_) | Self::Weighted(..) | Self::Raw(..) => true,
            Self::And(group) | Self::Or(group) => group.nodes().iter().any(Self::has_relevance),
            Self::Not(_) | Self::All | Self::None | Self::Invalid(_) => false,
            Self::Any(_, inner) => inner.has_relevance(),
            Self::Leaf(field, _) => field.kind() == FieldKind::Text,
        }
    }

    /// The same for scores alone.
    pub(crate) fn optional(self) -> Self {
        match self {
            Self::All | Self::None => Self::All,
            Self::Invalid(error) => Self::Invalid(error),
            node => Self::Optional(Box::new(node)),
        }
        .bounded()
    }

    /// The same with each leaf counting `weight` times as much, which is how the server weighs what contains them: an
    /// attribute of a group would also count for what the server puts into the group.
    pub(crate) fn weighted(self, weight: f64) -> Self {
        if !(weight.is_finite() && weight > 0.0) {
            return Self::Invalid(QueryError::Weight { weight: format!("{weight:?}") });
        }
        match self {
            Self::And(group) => {
                group.nodes.into_iter().map(|node| node.weighted(weight)).fold(Self::All, Self::and)
            }
            Self::Or(group) => {
                group.nodes.into_iter().map(|node| node.weighted(weight)).fold(Self::None, Self::or)
            }
            Self::Optional(inner) => inner.weighted(weight).optional(),
            Self::Weighted(before, inner) => inner.weighted(before * weight),
            Self::Any(place, inner) => inner.weighted(weight).of_any(place),
            Self::Leaf(..) | Self::Raw(_) => Self::Weighted(weight, Box::new(self)),
            // What is not found has no score.
            Self::All | Self::None | Self::Invalid(_) | Self::Not(_) => self,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::And(group) | Self::Or(group) => group.depth,
            Self::Not(inner) | Self::Optional(inner) | Self::Any(_, inner) => inner.depth() + 1,
            Self::Weighted(_, inner) => inner.depth(),
            Self::All | Self::None | Self::Invalid(_) | Self::Raw(_) | Self::Leaf(..) => 0,
        }
    }

    fn bounded(self) -> Self {
        if self.depth() > MAX_DEPTH { Self::Invalid(QueryError::TooDeep { most: MAX_DEPTH }) } else { self }
    }

    pub(crate) fn negate(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Invalid(error) => Self::Invalid(error),
            Self::Not(inner) => *inner,
            Self::Weighted(_, inner) => inner.negate(),
            node => Self::Not(Box::new(node)),
        }
        .bounded()
    }

    /// That one of the elements meets the condition.
    pub(crate) fn of_any(self, place: Place) -> Self {
        match self {
            Self::Invalid(error) => Self::Invalid(error),
            Self::None => Self::None,
            node if node.is_raw() => Self::Invalid(QueryError::Raw(RawQueryError::OfElement)),
            node => Self::Any(place, Box::new(node)),
        }
        .bounded()
    }

    /// Whether a text of the query language is in it.
    fn is_raw(&self) -> bool {
        match self {
            Self::And(group) | Self::Or(group) => group.nodes.iter().any(Self::is_raw),
            Self::Not(inner) | Self::Optional(inner) | Self::Weighted(_, inner) | Self::Any(_, inner) => {
                inner.is_raw()
            }
            Self::Raw(_) => true,
            Self::All | Self::None | Self::Invalid(_) | Self::Leaf(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Tag;

    fn leaf(tag: &str) -> Node {
        Node::Leaf(FieldDef::indexed::<String, Tag>("f", "f"), Test::TagIn(vec![tag.to_owned()]))
    }

    #[test]
    fn combinations_stay_flat() {
        let node = leaf("a").and(leaf("b")).and(leaf("c").and(leaf("d")));
        assert_eq!(node, Node::And(Group::of(vec![leaf("a"), leaf("b"), leaf("c"), leaf("d")])));
        let node = leaf("a").or(leaf("b").or(leaf("c")));
        assert_eq!(node, Node::Or(Group::of(vec![leaf("a"), leaf("b"), leaf("c")])));
    }

    #[test]
    fn constants_vanish() {
        assert_eq!(leaf("a").and(Node::All), leaf("a"));
        assert_eq!(leaf("a").and(Node::None), Node::None);
        assert_eq!(leaf("a").or(Node::All), Node::All);
        assert_eq!(leaf("a").or(Node::None), leaf("a"));
        assert_eq!(Node::All.negate(), Node::None);
        assert_eq!(leaf("a").negate().negate(), leaf("a"));
    }

    #[test]
    fn a_refused_operand_is_never_lost() {
        let refused = Node::Invalid(QueryError::NulCharacter { field: crate::path::SearchName::new("f") });
        assert_eq!(Node::None.and(refused.clone()), refused);
        assert_eq!(Node::All.or(refused.clone()), refused);
        assert_eq!(refused.clone().negate(), refused);
    }

    #[test]
    fn a_tree_that_the_server_cannot_parse_is_refused() {
        let alternating =
            |depth: usize| {
                (0..depth).fold(leaf("a"), |node, level| {
                    if level % 2 == 0 { node.and(leaf("b")) } else { node.or(leaf("c")) }
                })
            };
        assert_eq!(alternating(MAX_DEPTH).depth(), MAX_DEPTH);
        // Without the bound, this one could not even be dropped.
        assert_eq!(alternating(100_000), Node::Invalid(QueryError::TooDeep { most: MAX_DEPTH }));
        let wide = (0..10_000).fold(Node::None, |node, _| node.or(leaf("a")));
        assert_eq!(wide.depth(), 1);
    }

    #[test]
    fn ranges_know_whether_they_are_empty() {
        let range = |start, end| NumericRange { start, end };
        assert!(range(Bound::Included(2.0), Bound::Included(1.0)).is_empty());
        assert!(range(Bound::Included(1.0), Bound::Excluded(1.0)).is_empty());
        assert!(!range(Bound::Included(1.0), Bound::Included(1.0)).is_empty());
        assert!(!range(Bound::Unbounded, Bound::Excluded(1.0)).is_empty());
    }
}
