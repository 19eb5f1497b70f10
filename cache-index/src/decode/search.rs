//! Answers of searches, and what `FT.PROFILE` tells of their prefixes.

use super::completeness::Shortfall;
use super::hit::Hit;
use crate::error::DecodeError;
use crate::reply::Reply;

/// What a search found.
///
/// ```
/// use cache_index::{Reply, SearchAnswer, Shortfall};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let answer = SearchAnswer::decode(
///     Reply::Map(vec![
///         (bulk("total_results"), Reply::Int(1)),
///         (bulk("results"), Reply::Array(vec![Reply::Map(vec![(bulk("id"), bulk("cache:user:1"))])])),
///         (bulk("warning"), Reply::Array(vec![bulk("Timeout limit was reached")])),
///     ]),
///     false,
/// )?;
/// assert_eq!((answer.total, answer.hits.len()), (1, 1));
/// assert_eq!(answer.shortfalls, [Shortfall::TimedOut]);
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchAnswer {
    /// How many documents the query means, whatever the limit. An aggregation that does not sort does not know it.
    pub total: u64,
    /// The documents of the page.
    pub hits: Vec<Hit>,
    /// Why documents may be missing, as far as the answer itself shows it.
    pub shortfalls: Vec<Shortfall>,
}

impl SearchAnswer {
    /// Reads the answer of an `FT.SEARCH`; `scores`: that asked for scores.
    ///
    /// # Errors
    /// [`DecodeError`] if the reply has another shape than RESP2 and RESP3 give such an answer.
    pub fn decode(reply: Reply, scores: bool) -> Result<Self, DecodeError> {
        match reply {
            Reply::Map(pairs) => from_map(pairs),
            Reply::Array(items) => from_list(items, scores),
            other => Err(DecodeError::unexpected("a search answer", other.describe())),
        }
    }

    /// Reads the answer of an `FT.AGGREGATE` that loaded documents and their keys.
    ///
    /// # Errors
    /// [`DecodeError`] if the reply has another shape than RESP2 and RESP3 give such an answer.
    pub fn decode_aggregation(reply: Reply) -> Result<Self, DecodeError> {
        match reply {
            Reply::Map(pairs) => from_map(pairs),
            Reply::Array(items) => {
                let mut items = items.into_iter();
                let total = count(items.next().as_ref().and_then(Reply::as_int))?;
                let hits = items.map(Hit::of_row).collect::<Result<_, _>>()?;
                Ok(Self { total, hits, shortfalls: Vec::new() })
            }
            other => Err(DecodeError::unexpected("an aggregation's answer", other.describe())),
        }
    }

    /// Reads an answer of an aggregation with a cursor, and the cursor to go on with; 0: there is no more.
    ///
    /// # Errors
    /// [`DecodeError`] if the reply has another shape than RESP2 and RESP3 give such an answer.
    pub fn decode_cursor(reply: Reply) -> Result<(Self, u64), DecodeError> {
        let mut items = reply.into_items()?.into_iter();
        let answer = items.next().ok_or(DecodeError::Missing("the rows before the cursor"))?;
        let cursor = items.next().and_then(|cursor| u64::try_from(cursor.as_int()?).ok());
        Ok((Self::decode_aggregation(answer)?, cursor.ok_or(DecodeError::Missing("the cursor"))?))
    }

    /// Whether a profile says that a prefix was not expanded to its end; `FT.PROFILE`'s whole answer will do.
    pub fn tells_of_cut_prefix(profile: &Reply) -> bool {
        match profile {
            Reply::Array(items) => items.iter().any(Self::tells_of_cut_prefix),
            Reply::Map(pairs) => pairs
                .iter()
                .any(|(name, value)| Self::tells_of_cut_prefix(name) || Self::tells_of_cut_prefix(value)),
            other => other.as_str().is_some_and(is_expansion_cap),
        }
    }
}

fn from_map(pairs: Vec<(Reply, Reply)>) -> Result<SearchAnswer, DecodeError> {
    let mut total = None;
    let mut answer = SearchAnswer::default();
    for (name, value) in pairs {
        match name.as_str() {
            Some("total_results") => total = value.as_int(),
            Some("results") => {
                answer.hits = value.into_items()?.into_iter().map(Hit::of_map).collect::<Result<_, _>>()?;
            }
            Some("warning") => answer.shortfalls = warnings(&value),
            _ => {}
        }
    }
    answer.total = count(total)?;
    Ok(answer)
}

/// RESP2: the total, then a key for each hit, followed by its score if that was asked for, and by its attributes unless
/// no content was.
fn from_list(items: Vec<Reply>, scores: bool) -> Result<SearchAnswer, DecodeError> {
    let mut items = items.into_iter().peekable();
    let total = count(items.next().as_ref().and_then(Reply::as_int))?;
    let mut hits = Vec::with_capacity(items.len() / 2);
    while let Some(key) = items.next() {
        let Reply::Bulk(key) = key else {
            return Err(DecodeError::unexpected("a document's key", key.describe()));
        };
        let score = if scores { items.next().and_then(|score| score.as_double()) } else { None };
        let attributes = match items.next_if(|next| matches!(next, Reply::Array(_) | Reply::Nil)) {
            Some(attributes @ Reply::Array(_)) => attributes.into_pairs()?,
            _ => Vec::new(),
        };
        hits.push(Hit::new(key, score, attributes));
    }
    Ok(SearchAnswer { total, hits, shortfalls: Vec::new() })
}

fn count(total: Option<i64>) -> Result<u64, DecodeError> {
    total.and_then(|total| u64::try_from(total).ok()).ok_or(DecodeError::Missing("the number of results"))
}

/// The server's warnings, in RediSearch's words (`QUERY_WMAXPREFIXEXPANSIONS` and others of its `query_error.h`).
pub(crate) fn warnings(value: &Reply) -> Vec<Shortfall> {
    let Reply::Array(items) = value else { return Vec::new() };
    items
        .iter()
        .filter_map(Reply::as_str)
        .map(|text| match text {
            text if is_expansion_cap(text) => Shortfall::ExpansionCap,
            text if text.contains("imeout") => Shortfall::TimedOut,
            text if text.contains("ndexing") || text.contains("ndex is being") => Shortfall::Indexing,
            text => Shortfall::Warning(text.to_owned()),
        })
        .collect()
}

fn is_expansion_cap(text: &str) -> bool {
    text.contains("Max prefix expansion")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn hit(key: &str, attributes: &[(&str, &str)]) -> Hit {
        let attributes = attributes.iter().map(|(name, value)| (bulk(name), bulk(value))).collect();
        Hit::new(Bytes::copy_from_slice(key.as_bytes()), None, attributes)
    }

    fn resp3(results: Vec<Reply>, warnings: Vec<Reply>) -> Vec<(Reply, Reply)> {
        vec![
            (bulk("attributes"), Reply::Array(vec![])),
            (bulk("total_results"), Reply::Int(7)),
            (bulk("format"), bulk("STRING")),
            (bulk("results"), Reply::Array(results)),
            (bulk("warning"), Reply::Array(warnings)),
        ]
    }

    fn found(key: &str, attributes: Reply) -> Reply {
        Reply::Map(vec![
            (bulk("id"), bulk(key)),
            (bulk("extra_attributes"), attributes),
            (bulk("values"), Reply::Array(vec![])),
        ])
    }

    #[test]
    fn both_protocols_give_the_same_answer() {
        let of_resp3 = Reply::Map(resp3(
            vec![
                found("u:1", Reply::Map(vec![(bulk("age"), bulk("3")), (bulk("$"), bulk("{}"))])),
                found("u:2", Reply::Nil),
            ],
            vec![],
        ));
        let of_resp2 = Reply::Array(vec![
            Reply::Int(7),
            bulk("u:1"),
            Reply::Array(vec![bulk("age"), bulk("3"), bulk("$"), bulk("{}")]),
            bulk("u:2"),
            Reply::Nil,
        ]);
        let expected = SearchAnswer {
            total: 7,
            hits: vec![hit("u:1", &[("age", "3"), ("$", "{}")]), hit("u:2", &[])],
            shortfalls: vec![],
        };
        assert_eq!(SearchAnswer::decode(of_resp3, false).unwrap(), expected);
        assert_eq!(SearchAnswer::decode(of_resp2, false).unwrap(), expected);
    }

    #[test]
    fn keys_alone_are_hits_without_documents() {
        let reply = Reply::Array(vec![Reply::Int(2), bulk("u:1"), bulk("u:2")]);
        assert_eq!(SearchAnswer::decode(reply, false).unwrap().hits, [hit("u:1", &[]), hit("u:2", &[])]);
    }

    #[test]
    fn scores_stand_behind_keys() {
        let scored = |keys: &[&str]| {
            let hits = SearchAnswer::decode(
                Reply::Array([Reply::Int(2)].into_iter().chain(keys.iter().map(|text| bulk(text))).collect()),
                true,
            );
            hits.unwrap().hits.into_iter().map(|hit| hit.score).collect::<Vec<_>>()
        };
        assert_eq!(scored(&["u:1", "0.5", "u:2", "2"]), [Some(0.5), Some(2.0)]);
    }

    #[test]
    fn rows_of_aggregations_are_hits_in_both_protocols() {
        let row = || vec![bulk("__key"), bulk("u:1"), bulk("__score"), bulk("0.5"), bulk("$"), bulk("{}")];
        // The others went, and the server, or one that coordinates, brings nothing in their place.
        let of_resp2 =
            Reply::Array(vec![Reply::Int(3), Reply::Array(row()), Reply::Nil, Reply::Array(vec![])]);
        let pairs = Reply::Array(row()).into_pairs().unwrap();
        let of = |attributes| {
            let values = (bulk("values"), Reply::Array(vec![]));
            Reply::Map(vec![(bulk("extra_attributes"), attributes), values])
        };
        let rows = vec![of(Reply::Map(pairs)), of(Reply::Nil), of(Reply::Map(vec![]))];
        let of_resp3 = Reply::Map(resp3(rows, vec![]));
        for (answer, cursor) in [(of_resp2, 7), (of_resp3, 0)] {
            let (answer, next) =
                SearchAnswer::decode_cursor(Reply::Array(vec![answer, Reply::Int(cursor)])).unwrap();
            let hit = &answer.hits[0];
            assert_eq!(
                (&hit.key[..], hit.score, hit.document()),
                (&b"u:1"[..], Some(0.5), Some("{}".into()))
            );
            assert!(!hit.is_gone());
            assert_eq!(next, cursor as u64);
            assert!(answer.hits.len() == 3 && answer.hits[1..].iter().all(Hit::is_gone));
        }
    }

    #[test]
    fn warnings_are_named() {
        let warnings = vec![
            bulk("Timeout limit was reached"),
            bulk("Max prefix expansions limit was reached"),
            bulk("something new"),
        ];
        let answer = SearchAnswer::decode(Reply::Map(resp3(vec![], warnings)), false).unwrap();
        assert_eq!(
            answer.shortfalls,
            [Shortfall::TimedOut, Shortfall::ExpansionCap, Shortfall::Warning("something new".into())]
        );
    }

    #[test]
    fn a_profile_tells_of_a_cut_prefix_in_every_shape() {
        let profile = |text| Reply::Array(vec![Reply::Array(vec![bulk("Warning"), bulk(text)])]);
        let shapes = |text| {
            let of_resp2 = Reply::Array(vec![Reply::Array(vec![Reply::Int(0)]), profile(text)]);
            let of_resp3 =
                Reply::Map(vec![(bulk("Results"), Reply::Int(0)), (bulk("profile"), profile(text))]);
            [of_resp2, of_resp3]
        };
        assert!(shapes("Max prefix expansion reached").iter().all(SearchAnswer::tells_of_cut_prefix));
        assert!(!shapes("None").iter().any(SearchAnswer::tells_of_cut_prefix));
    }

    #[test]
    fn another_shape_is_an_error() {
        assert!(SearchAnswer::decode(Reply::Int(3), false).is_err());
        assert!(SearchAnswer::decode(Reply::Array(vec![]), false).is_err());
        assert!(SearchAnswer::decode(Reply::Array(vec![Reply::Int(1), Reply::Int(2)]), false).is_err());
    }
}
