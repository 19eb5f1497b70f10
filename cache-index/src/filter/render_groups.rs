//! Conditions side by side, alternatives, negations and optional conditions as query text.

use super::node::{Node, Test};
use super::render::Renderer;
use crate::error::{MAX_REPEATED, QueryError};
use crate::schema::FieldDef;

/// What a condition stands in, as far as the server mistakes it there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Within {
    /// Alternatives that are not the whole query, or an optional condition: the server skips documents in it.
    skipped: bool,
    /// An optional condition.
    optional: bool,
    /// How many conditions around it are written twice.
    repeated: usize,
}

impl Renderer<'_> {
    /// Where RediSearch 2.10.5 skips documents, it loses some of those that meet conditions side by side, a negation among
    /// them; and it crashes on optional conditions beside a negation within another optional one. Written as two
    /// alternatives, both the same, it reads them rightly (measured: 2 wrong of 12,305 random queries and 0 of 7,322).
    pub(super) fn all(&mut self, nodes: &[Node]) -> Result<(), QueryError> {
        let within = self.within;
        for (number, node) in nodes.iter().enumerate() {
            if number > 0 {
                self.text.push(' ');
            }
            let start = self.text.len();
            let is_mistaken = match node {
                Node::Not(_) | Node::Leaf(_, Test::Lying(_)) => within.skipped,
                Node::Optional(_) => within.optional,
                _ => false,
            };
            self.within.repeated += usize::from(is_mistaken);
            if self.within.repeated > MAX_REPEATED {
                return Err(QueryError::TooManyRepeated { most: MAX_REPEATED });
            }
            self.nested(node, |node| matches!(node, Node::Or(_)))?;
            self.within = within;
            let once = self.text.get(start..).unwrap_or_default();
            if is_mistaken && once.starts_with(['-', '~']) {
                let twice = format!("({once}|{once})");
                self.text.replace_range(start.., &twice);
            }
        }
        Ok(())
    }

    /// In dialect 2, what stands side by side holds together more closely than what `|` separates.
    pub(super) fn any(&mut self, nodes: &[Node]) -> Result<(), QueryError> {
        self.alternatives(nodes, |out, node| out.nested(node, |_| false))
    }

    fn alternatives(
        &mut self,
        nodes: &[Node],
        mut write: impl FnMut(&mut Self, &Node) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let within = self.within;
        // The whole query is read document by document.
        self.within.skipped |= !self.text.is_empty();
        for (number, node) in nodes.iter().enumerate() {
            if number > 0 {
                self.text.push('|');
            }
            write(self, node)?;
        }
        self.within = within;
        Ok(())
    }

    pub(super) fn negation(&mut self, inner: &Node) -> Result<(), QueryError> {
        self.text.push('-');
        let outside = std::mem::replace(&mut self.negated, true);
        match inner {
            Node::Leaf(field, test) if is_mistaken_negated(test) => {
                self.text.push('(');
                self.twice(field, test)?;
                self.text.push(')');
            }
            Node::Or(group) => {
                self.text.push('(');
                self.alternatives(group.nodes(), |out, node| match node {
                    // Where nothing has the others, the server makes one condition of them.
                    Node::Leaf(field, test) if is_mistaken_negated(test) => out.twice(field, test),
                    node => out.nested(node, |_| false),
                })?;
                self.text.push(')');
            }
            inner => self.nested(inner, |node| matches!(node, Node::And(_)))?,
        }
        self.negated = outside;
        Ok(())
    }

    pub(super) fn optional(&mut self, inner: &Node) -> Result<(), QueryError> {
        self.text.push('~');
        let within = self.within;
        (self.within.skipped, self.within.optional) = (true, true);
        // The weight is that of the condition, not that of having it.
        self.nested(inner, |node| matches!(node, Node::And(_) | Node::Or(_) | Node::Weighted(..)))?;
        self.within = within;
        Ok(())
    }

    /// The condition or the same once more; see [`is_mistaken_negated`].
    pub(super) fn twice(&mut self, field: &FieldDef, test: &Test) -> Result<(), QueryError> {
        let start = self.text.len();
        self.leaf(field, test)?;
        let once = self.text.get(start..).unwrap_or_default().to_owned();
        self.text.push('|');
        self.text.push_str(&once);
        Ok(())
    }
}

/// Whether RediSearch 2.10.5 mistakes the negation of the condition, unless something stands around it: it lets the last
/// document through that meets a condition on vectors or shapes, and keeps out the last one that has a negated word in
/// another field.
fn is_mistaken_negated(test: &Test) -> bool {
    matches!(
        test,
        Test::Similar(_)
            | Test::Lying(_)
            | Test::Words(_)
            | Test::AnyWord(_)
            | Test::Phrase(_)
            | Test::Fuzzy(..)
            | Test::WordLike(..)
    )
}
