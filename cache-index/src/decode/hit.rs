//! A document that a search found.

use bytes::Bytes;

use crate::error::DecodeError;
use crate::filter::DISTANCE;
use crate::reply::Reply;

/// A document that was found, with what was brought of it.
///
/// ```
/// use cache_index::{Reply, SearchAnswer};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let brought = Reply::Array(vec![bulk("$"), bulk(r#"{"age":42}"#)]);
/// let answer = SearchAnswer::decode(Reply::Array(vec![Reply::Int(1), bulk("cache:user:1"), brought]), false)?;
/// let hit = &answer.hits[0];
/// assert_eq!((&hit.key[..], hit.json()), (&b"cache:user:1"[..], Some(&br#"{"age":42}"#[..])));
/// assert_eq!(hit.score, None, "it was not asked for");
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document's key; empty if it [went](Hit::is_gone).
    pub key: Bytes,
    /// The document's score, if it was asked for.
    pub score: Option<f64>,
    /// Names and values.
    attributes: Vec<(Reply, Reply)>,
}

impl Hit {
    pub(super) fn new(key: Bytes, score: Option<f64>, attributes: Vec<(Reply, Reply)>) -> Self {
        Self { key, score, attributes }
    }

    /// A whole document with this key, as JSON.
    pub fn of_document(key: Bytes, json: Bytes) -> Self {
        Self::new(key, None, vec![(Reply::Bulk(Bytes::from_static(b"$")), Reply::Bulk(json))])
    }

    /// The document as JSON; `None` if it went between being found and being read, or was not asked for.
    pub fn document(&self) -> Option<Bytes> {
        self.attribute("$").map(|document| document.slice_ref(alone(document)))
    }

    /// The bytes of [`document`](Hit::document), where they are.
    pub fn json(&self) -> Option<&[u8]> {
        self.attribute("$").map(|document| alone(document))
    }

    /// What was brought of the members that were asked for, each with its number among them.
    pub(super) fn members(&self) -> impl Iterator<Item = (usize, &Bytes)> {
        self.attributes.iter().filter_map(|(name, value)| match value {
            Reply::Bulk(json) => Some((name.as_str()?.strip_prefix('$')?.parse().ok()?, json)),
            _ => None,
        })
    }

    /// Whether all that is known is that there was a document, which went between being found and being read: an aggregation
    /// brings not even its key.
    pub fn is_gone(&self) -> bool {
        self.key.is_empty()
    }

    /// Whether the document was still there when it was read. Where nothing of it was asked for, it is not known, and
    /// this is false.
    pub fn is_there(&self) -> bool {
        // What is brought of a document has such a name, and no field does.
        self.attributes.iter().any(|(name, _)| name.as_str().is_some_and(|name| name.starts_with('$')))
    }

    /// How far the document's vector is from the one that the nearest were asked for, if they were.
    pub fn distance(&self) -> Option<f64> {
        let names = self.attributes.iter().filter_map(|(name, _)| name.as_str());
        // The longest, since a field of the model may have a shorter one: see `Nearest::render`.
        let name =
            names.filter(|name| name.trim_end_matches('_') == DISTANCE).max_by_key(|name| name.len())?;
        self.attributes.iter().find(|(other, _)| other.as_str() == Some(name))?.1.as_double()
    }

    /// What the server computed under this name.
    pub fn attribute(&self, wanted: &str) -> Option<&Bytes> {
        self.attributes.iter().find_map(|(name, value)| match value {
            Reply::Bulk(bytes) if name.as_str() == Some(wanted) => Some(bytes),
            _ => None,
        })
    }

    /// How many bytes of the document there are, about.
    pub fn size(&self) -> usize {
        let bytes = |(_, value): &(Reply, Reply)| value.as_bytes().map_or(0, <[u8]>::len);
        self.key.len() + self.attributes.iter().map(bytes).sum::<usize>()
    }

    /// A row of an aggregation.
    pub(super) fn of_row(row: Reply) -> Result<Self, DecodeError> {
        let attributes = if row == Reply::Nil { Vec::new() } else { row.into_pairs()? };
        if attributes.is_empty() {
            // The document went between being found and being read; a coordinator makes an empty row of it.
            return Ok(Self::new(Bytes::new(), None, attributes));
        }
        Self::of_attributes(attributes)
    }

    fn of_attributes(attributes: Vec<(Reply, Reply)>) -> Result<Self, DecodeError> {
        let mut hit = Self::new(Bytes::new(), None, attributes);
        hit.key = hit.attribute("__key").cloned().ok_or(DecodeError::Missing("__key"))?;
        hit.score = hit.attribute("__score").and_then(|score| Reply::Bulk(score.clone()).as_double());
        Ok(hit)
    }

    /// RESP3: a search's hit, or a row.
    pub(super) fn of_map(hit: Reply) -> Result<Self, DecodeError> {
        let (mut key, mut score, mut attributes) = (None, None, Reply::Nil);
        for (name, value) in hit.into_pairs()? {
            match (name.as_str(), value) {
                (Some("id"), Reply::Bulk(bytes)) => key = Some(bytes),
                (Some("score"), value) => score = value.as_double(),
                (Some("extra_attributes"), value) => attributes = value,
                _ => {}
            }
        }
        match (key, attributes) {
            (Some(key), Reply::Nil) => Ok(Self::new(key, score, Vec::new())),
            (Some(key), attributes) => Ok(Self::new(key, score, attributes.into_pairs()?)),
            (None, row) => Self::of_row(row),
        }
    }
}

/// The document; in dialect 3 it stands in a list.
fn alone(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or(document)
}
