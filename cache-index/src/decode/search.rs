//! Answers of `FT.SEARCH`, and what `FT.PROFILE` tells of its prefixes.

use bytes::Bytes;

use super::completeness::Shortfall;
use crate::error::DecodeError;
use crate::reply::Reply;

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The document's key.
    pub key: Bytes,
    /// The document as JSON; `None` if it went between being found and being read, or was not asked for.
    pub document: Option<Bytes>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchAnswer {
    /// How many documents the query means, whatever the limit.
    pub total: u64,
    /// The documents of the page.
    pub hits: Vec<Hit>,
    /// Why documents may be missing, as far as the answer itself shows it.
    pub shortfalls: Vec<Shortfall>,
}

impl SearchAnswer {
    /// Reads the answer of a search that asked for whole documents, or for none.
    ///
    /// # Errors
    /// [`DecodeError`] if the reply has another shape than RESP2 and RESP3 give such an answer.
    pub fn decode(reply: Reply) -> Result<Self, DecodeError> {
        match reply {
            Reply::Map(pairs) => from_map(pairs),
            Reply::Array(items) => from_list(items),
            other => Err(DecodeError::unexpected("a search answer", other.describe())),
        }
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
                answer.hits = value.into_items()?.into_iter().map(hit_of_map).collect::<Result<_, _>>()?;
            }
            Some("warning") => answer.shortfalls = warnings(&value),
            _ => {}
        }
    }
    answer.total = count(total)?;
    Ok(answer)
}

fn hit_of_map(hit: Reply) -> Result<Hit, DecodeError> {
    let (mut key, mut document) = (None, None);
    for (name, value) in hit.into_pairs()? {
        match (name.as_str(), value) {
            (Some("id"), Reply::Bulk(bytes)) => key = Some(bytes),
            (Some("extra_attributes"), attributes @ (Reply::Map(_) | Reply::Array(_))) => {
                document = document_among(attributes)?;
            }
            _ => {}
        }
    }
    Ok(Hit { key: key.ok_or(DecodeError::Missing("id"))?, document })
}

/// RESP2: the total, then a key for each hit, followed by its attributes unless no content was asked for.
fn from_list(items: Vec<Reply>) -> Result<SearchAnswer, DecodeError> {
    let mut items = items.into_iter().peekable();
    let total = count(items.next().as_ref().and_then(Reply::as_int))?;
    let mut hits = Vec::with_capacity(items.len() / 2);
    while let Some(key) = items.next() {
        let Reply::Bulk(key) = key else {
            return Err(DecodeError::unexpected("a document's key", key.describe()));
        };
        let attributes = items.next_if(|next| matches!(next, Reply::Array(_) | Reply::Nil));
        let document = match attributes {
            Some(attributes @ Reply::Array(_)) => document_among(attributes)?,
            _ => None,
        };
        hits.push(Hit { key, document });
    }
    Ok(SearchAnswer { total, hits, shortfalls: Vec::new() })
}

fn document_among(attributes: Reply) -> Result<Option<Bytes>, DecodeError> {
    Ok(attributes.into_pairs()?.into_iter().find_map(|(name, value)| match value {
        Reply::Bulk(bytes) if name.as_str() == Some("$") => Some(bytes),
        _ => None,
    }))
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
    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn hit(key: &str, document: Option<&str>) -> Hit {
        Hit {
            key: Bytes::copy_from_slice(key.as_bytes()),
            document: document.map(|json| Bytes::copy_from_slice(json.as_bytes())),
        }
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
            hits: vec![hit("u:1", Some("{}")), hit("u:2", None)],
            shortfalls: vec![],
        };
        assert_eq!(SearchAnswer::decode(of_resp3).unwrap(), expected);
        assert_eq!(SearchAnswer::decode(of_resp2).unwrap(), expected);
    }

    #[test]
    fn keys_alone_are_hits_without_documents() {
        let reply = Reply::Array(vec![Reply::Int(2), bulk("u:1"), bulk("u:2")]);
        assert_eq!(SearchAnswer::decode(reply).unwrap().hits, [hit("u:1", None), hit("u:2", None)]);
    }

    #[test]
    fn warnings_are_named() {
        let warnings = vec![
            bulk("Timeout limit was reached"),
            bulk("Max prefix expansions limit was reached"),
            bulk("something new"),
        ];
        let answer = SearchAnswer::decode(Reply::Map(resp3(vec![], warnings))).unwrap();
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
        assert!(SearchAnswer::decode(Reply::Int(3)).is_err());
        assert!(SearchAnswer::decode(Reply::Array(vec![])).is_err());
        assert!(SearchAnswer::decode(Reply::Array(vec![Reply::Int(1), Reply::Int(2)])).is_err());
    }
}
