//! Filters: which documents a query means, as a tree that can be combined, rendered and evaluated.

// A file imports from those before it: near, raw, place, node, reader, superset, render, render_groups, render_words, accepts_words, accepts, nearest.

mod accepts;
mod accepts_words;
#[cfg(test)]
mod laws;
mod near;
mod nearest;
mod node;
mod place;
mod raw;
mod reader;
mod render;
mod render_groups;
mod render_words;
#[cfg(test)]
mod renderings;
#[cfg(test)]
mod renderings_words;
mod superset;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use serde::Serialize;
use serde_json::Value;

use crate::error::QueryError;
use crate::json::write_json;
use crate::raw_error::RawQueryError;
use crate::reading::Reading;
use crate::schema::IndexSchema;

pub(crate) use accepts::is_blank;
#[cfg(feature = "geo")]
pub(crate) use near::{Lying, Relation};
pub(crate) use near::{Radius, Range};
pub(crate) use nearest::DISTANCE;
pub use nearest::Nearest;
pub(crate) use nearest::distance_to_itself;
pub use node::NumericRange;
pub(crate) use node::{Affix, Node, Test, not_exact};
pub(crate) use place::Place;
pub use raw::{RawQuery, RawValue};
use reader::Reader;
pub use render::Rendered;

/// Which documents of model `M` are meant. Made by the model's field handles, combined with `&`, `|` and `!`.
///
/// A filter is a value: it can be kept, cloned, passed on, rendered and evaluated without a server. Values in it
/// are bound as parameters and never become query text. An operand that has no true answer on the server (a
/// NUL, a NaN, a range from an integer beyond 2^53, a text without a word) makes the filter invalid; whatever is then done
/// with it says so with a [`QueryError`].
///
/// Some conditions the server decides only in part: those on one and the same element of a list, integers beyond 2^53,
/// wildcards amid other characters. It is then asked for more than what is meant, and the answer is narrowed here.
/// What stands within a negation may then be left out of the question altogether, so that all documents are read: have
/// another condition beside it.
///
/// `Display` shows the query text with references in place of values, `Debug` the values too.
///
/// `!filter` means every document that the filter does not accept, those without the field among them.
///
/// In the query text some negations are there twice, `-(@bio:$p0|@bio:$p0)` or `(-@age:[$p0 +inf]|-@age:[$p0 +inf])`, and so
/// are some optional conditions: alone, RediSearch 2.10.5 lets documents through or loses them, or crashes. More than
/// six such conditions within each other are refused ([`QueryError::TooManyRepeated`]).
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// let filter = User::AGE.ge(18) & !User::EMAIL.ends_with("@example.com");
/// assert!(filter.accepts_json(&serde_json::json!({ "age": 42, "email": "ann@example.org" }))?);
/// assert!(!filter.accepts_json(&serde_json::json!({ "age": 42, "email": "ann@example.com" }))?);
/// assert!(filter.to_string().starts_with("@age:[$p0 +inf]"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Filter<M> {
    pub(crate) node: Node,
    model: PhantomData<fn() -> M>,
}

impl<M> Filter<M> {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, model: PhantomData }
    }

    /// The filter that every document passes.
    pub fn all() -> Self {
        Self::new(Node::All)
    }

    /// The filter that no document passes.
    pub fn none() -> Self {
        Self::new(Node::None)
    }

    /// The documents that a text of the query language finds, for what has no typed form.
    ///
    /// It combines as every filter does, and is negated as the server negates it. Only the server decides it:
    /// [`accepts`](Filter::accepts) refuses it. A query whose text and values do not fit is a [`QueryError::Raw`].
    #[doc(alias = "raw_query")]
    pub fn raw(query: RawQuery) -> Self {
        Self::new(query.checked().map_or_else(|error| Node::Invalid(error.into()), Node::Raw))
    }
}

/// What counts in scores, by which the server sorts an answer that is not sorted by a field.
impl<M> Filter<M> {
    /// The same filter counting so much in scores, in place of 1: `BIO.matches("rust").weight(2.0) | BIO.matches("redis")`.
    /// Weights within each other are multiplied. Which documents pass is the same.
    ///
    /// A weight that is not greater than zero or not finite is refused ([`QueryError::Weight`]). Of a single word, RediSearch
    /// 2.10 weighs the word as it is written, and its other inflections as before.
    pub fn weight(self, weight: f64) -> Self {
        Self::new(self.node.weighted(weight))
    }

    /// The filter that every document passes, where this one counts in the scores of those that pass it. Negated: no
    /// document passes.
    ///
    /// That these then have higher scores than the others holds for the scorer `BM25STD`
    /// ([`Scorer`](crate::Scorer)). The others of RediSearch 2.10, its default `TFIDF` among them, may score a document that
    /// passes lower than one that does not.
    pub fn optional(self) -> Self {
        Self::new(self.node.optional())
    }
}

impl<M: IndexSchema> Filter<M> {
    /// The query text and the values that it binds.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server.
    pub fn render(&self) -> Result<Rendered, QueryError> {
        self.render_as(Reading::default())
    }

    /// As [`render`](Filter::render), for a query whose words are read like this. The server has to be told of the same reading
    /// ([`SearchOptions`](crate::SearchOptions)).
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server.
    pub fn render_as(&self, reading: Reading) -> Result<Rendered, QueryError> {
        let rendered = match render::render(&self.node, Reader::new(M::schema(), reading)) {
            Ok(rendered) => rendered,
            // What the server cannot decide was left out, and may have been refused before this.
            Err(error) => return Err(self.refused(reading).unwrap_or(error)),
        };
        if rendered.is_inexact() {
            // What cannot be decided here is refused whatever the document.
            self.confirms_json_as(&Value::Null, reading)?;
        }
        if self.node.has_optional() {
            // What the server cannot decide within an optional condition is left out, and may take what stands beside it along.
            self.refused(reading).map_or(Ok(()), Err)?;
        }
        Ok(rendered)
    }

    /// What of it is refused first, whatever the document; what only the server decides is not.
    fn refused(&self, reading: Reading) -> Option<QueryError> {
        match self.accepts_json_as(&Value::Null, reading) {
            Ok(_) | Err(QueryError::OnlyOnServer { .. } | QueryError::Raw(RawQueryError::OnlyOnServer)) => {
                None
            }
            Err(error) => Some(error),
        }
    }

    /// Whether the document passes, decided here with the server's rules and without a server.
    ///
    /// Case is folded for ASCII letters only, as every version of the server does; words are stemmed in the model's language.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server, or the document cannot be serialised.
    pub fn accepts(&self, document: &M) -> Result<bool, QueryError>
    where
        M: Serialize,
    {
        self.accepts_as(document, Reading::default())
    }

    /// As [`accepts`](Filter::accepts), for a query whose words are read like this: in another language than the model's, as
    /// they are written, or near each other.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server, or the document cannot be serialised.
    pub fn accepts_as(&self, document: &M, reading: Reading) -> Result<bool, QueryError>
    where
        M: Serialize,
    {
        // As it is saved: a single is another double in `to_value` than in its own decimal text.
        let unreadable = |error: serde_json::Error| QueryError::Document(error.to_string());
        let mut json = Vec::new();
        write_json(&mut json, document).map_err(unreadable)?;
        self.accepts_json_as(&serde_json::from_slice(&json).map_err(unreadable)?, reading)
    }

    /// Whether a document passes that is there as JSON.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server.
    pub fn accepts_json(&self, document: &Value) -> Result<bool, QueryError> {
        self.accepts_json_as(document, Reading::default())
    }

    /// As [`accepts_as`](Filter::accepts_as), of a document that is there as JSON.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server.
    pub fn accepts_json_as(&self, document: &Value, reading: Reading) -> Result<bool, QueryError> {
        accepts::accepts(&self.node, document, None, Reader::new(M::schema(), reading))
    }

    /// Whether an answer that is not sorted has the documents first that meet the filter better: where it asks for words, or
    /// something in it is weighted or optional.
    pub fn has_relevance(&self) -> bool {
        self.node.has_relevance()
    }

    /// Whether a document passes that the server has found by this filter. What the server has decided is not
    /// looked at again, so that conditions that only the server can decide may stand beside those that it decides in part.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server. [`render`](Filter::render) has said so before.
    pub fn confirms_json(&self, document: &Value) -> Result<bool, QueryError> {
        self.confirms_json_as(document, Reading::default())
    }

    /// As [`confirms_json`](Filter::confirms_json), of a filter that was [rendered](Filter::render_as) by this reading.
    ///
    /// # Errors
    /// [`QueryError`] if an operand has no true answer on the server. [`render_as`](Filter::render_as) has said so before.
    pub fn confirms_json_as(&self, document: &Value, reading: Reading) -> Result<bool, QueryError> {
        accepts::confirms(&self.node, document, Reader::new(M::schema(), reading))
    }
}

/// The query text, with references in place of values, for logs. Of a filter that is refused, why, without the value.
impl<M: IndexSchema> fmt::Display for Filter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.render() {
            Ok(rendered) => write!(f, "{rendered}"),
            Err(error) => write!(f, "refused: {}", error.redacted()),
        }
    }
}

impl<M> Clone for Filter<M> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<M> fmt::Debug for Filter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.node).finish()
    }
}

impl<M> BitAnd for Filter<M> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::new(self.node.and(other.node))
    }
}

impl<M> BitOr for Filter<M> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::new(self.node.or(other.node))
    }
}

impl<M> Not for Filter<M> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(self.node.negate())
    }
}
