//! Answers of `FT.INFO`.

use serde::Serialize;

use super::definition::IndexDefinition;
use super::text::text;
use crate::error::DecodeError;
use crate::reply::Reply;

/// What the server knows of an index, as far as it is used here. Fields that are unknown here are ignored.
///
/// ```
/// use cache_index::{IndexInfo, Reply};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let info = IndexInfo::decode(Reply::Map(vec![
///     (bulk("index_name"), bulk("cache:user:idx:f1d97a613ebd")),
///     (bulk("num_docs"), Reply::Int(40)),
///     (bulk("percent_indexed"), Reply::Double(0.8)),
/// ]))?;
/// assert_eq!(info.documents, 40);
/// assert!(!info.is_filled());
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct IndexInfo {
    /// The index's own name, also when an alias was asked for; bytes that are no text as `\xff`.
    pub name: String,
    /// How many documents are in the index.
    pub documents: u64,
    /// The number that the server gave to the document which it indexed last. It only grows, with each write of a document, and
    /// begins anew with the index.
    #[serde(skip)]
    pub last_document: u64,
    /// How many documents could not be indexed because of a value's type.
    pub failures: u64,
    /// The key of the last document that could not be indexed.
    pub last_failure: Option<String>,
    /// Why that one could not be indexed, in the server's words.
    pub last_error: Option<String>,
    /// Whether the index is being filled.
    pub indexing: bool,
    /// How much of the key space was scanned, from 0 to 1. It jumps, and is 1 too after a scan was given up. After a restart the
    /// server divides by the keys that it has loaded so far: while it fills the index, what is beyond 1 is told as 0.
    pub percent_indexed: f64,
    /// What keeps the background scan from going on (from 2.10.19 and 8.0); `None`: nothing, or not told.
    pub background_problem: Option<String>,
    /// How many bytes of memory the index takes, as far as the server tells.
    pub memory: u64,
    /// What the index was made to be.
    pub definition: IndexDefinition,
    /// The fields whose values kept documents out of the index.
    pub failed_fields: Vec<FieldFailure>,
}

/// A field whose values kept documents out of an index.
///
/// ```
/// use cache_index::{IndexInfo, Reply};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let errors = Reply::Map(vec![
///     (bulk("indexing failures"), Reply::Int(2)),
///     (bulk("last indexing error key"), bulk("cache:user:9")),
/// ]);
/// let age = Reply::Map(vec![(bulk("attribute"), bulk("age")), (bulk("Index Errors"), errors)]);
/// let info = IndexInfo::decode(Reply::Map(vec![
///     (bulk("index_name"), bulk("cache:user:idx:f1d97a613ebd")),
///     (bulk("field statistics"), Reply::Array(vec![age])),
/// ]))?;
/// let failure = &info.failed_fields[0];
/// assert_eq!((&*failure.field, failure.failures, &*failure.key), ("age", 2, "cache:user:9"));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct FieldFailure {
    /// The name that queries use.
    pub field: String,
    /// How often a document could not be indexed because of it. It only grows.
    pub failures: u64,
    /// The server's words about the last one.
    pub error: String,
    /// The key of the last one.
    pub key: String,
}

/// The parts of an index whose sizes add up to what it takes; `total_index_memory_sz_mb` leaves some of them out in some
/// versions.
const SIZES: [&str; 9] = [
    "inverted_sz_mb",
    "vector_index_sz_mb",
    "offset_vectors_sz_mb",
    "doc_table_size_mb",
    "sortable_values_size_mb",
    "key_table_size_mb",
    "tag_overhead_sz_mb",
    "text_overhead_sz_mb",
    "geoshapes_sz_mb",
];

/// From how many bytes on a number is no size: 2^63.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

impl IndexInfo {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of pairs, or lacks the index's name.
    pub fn decode(reply: Reply) -> Result<Self, DecodeError> {
        let mut info =
            Self { percent_indexed: 1.0, definition: IndexDefinition::unread(), ..Self::default() };
        let (mut parts, mut total) = (0.0, 0.0_f64);
        for (name, value) in reply.into_pairs()? {
            match name.as_str() {
                Some("index_name") => info.name = text(&value),
                Some("num_docs") => info.documents = number(&value),
                Some("max_doc_id") => info.last_document = number(&value),
                Some("hash_indexing_failures") => info.failures = number(&value),
                Some("indexing") => info.indexing = number(&value) > 0,
                Some("percent_indexed") => info.percent_indexed = value.as_double().unwrap_or_default(),
                Some("Index Errors") => info.read_errors(value)?,
                Some("index_options") => info.definition.read_options(value)?,
                Some("index_definition") => info.definition.read(value)?,
                Some("stopwords_list") => info.definition.read_stopwords(value)?,
                Some("attributes") => info.definition.read_fields(value)?,
                Some("field statistics") => info.read_field_failures(value)?,
                Some("total_index_memory_sz_mb") => total = size(&value),
                Some(part) if SIZES.contains(&part) => parts += size(&value),
                _ => {}
            }
        }
        if info.percent_indexed > 1.0 {
            info.percent_indexed = if info.indexing { 0.0 } else { 1.0 };
        }
        info.memory = total.max(parts) as u64;
        if info.name.is_empty() {
            return Err(DecodeError::Missing("index_name"));
        }
        Ok(info)
    }

    /// Whether the index holds all documents that it can hold, as far as one look can tell.
    pub fn is_filled(&self) -> bool {
        !self.indexing && self.percent_indexed >= 1.0 && self.background_problem.is_none()
    }

    fn read_field_failures(&mut self, fields: Reply) -> Result<(), DecodeError> {
        for field in fields.into_items()? {
            let mut failure = FieldFailure::default();
            for (name, value) in field.into_pairs()? {
                match name.as_str() {
                    Some("attribute") => failure.field = text(&value),
                    Some("Index Errors") => {
                        for (name, value) in value.into_pairs()? {
                            match name.as_str() {
                                Some("indexing failures") => failure.failures = number(&value),
                                Some("last indexing error") => failure.error = text(&value),
                                Some("last indexing error key") => failure.key = text(&value),
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
            if failure.failures > 0 {
                self.failed_fields.push(failure);
            }
        }
        Ok(())
    }

    fn read_errors(&mut self, errors: Reply) -> Result<(), DecodeError> {
        let told = |value: Reply| Some(text(&value)).filter(|text| !matches!(&**text, "" | "N/A" | "OK"));
        for (name, value) in errors.into_pairs()? {
            match name.as_str() {
                Some("last indexing error") => self.last_error = told(value),
                Some("last indexing error key") => self.last_failure = told(value),
                Some("background indexing status") => self.background_problem = told(value),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The bytes of what is told in megabytes; 0 of what is no size.
///
/// The server takes more from `key_table_size_mb` for a document that expires than it added, until the counter, which has no
/// sign, falls below 0: then it says 2^64 bytes. So what is half of that and more is no size; no machine has so much.
fn size(value: &Reply) -> f64 {
    let bytes = value.as_double().unwrap_or_default() * 1_048_576.0;
    if (0.0..TOO_LARGE).contains(&bytes) { bytes } else { 0.0 }
}

fn number(value: &Reply) -> u64 {
    value.as_int().and_then(|value| value.try_into().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.to_owned().into())
    }

    fn errors(status: &str) -> Vec<(Reply, Reply)> {
        vec![
            (bulk("indexing failures"), Reply::Int(2)),
            (bulk("last indexing error key"), bulk("cache:user:9")),
            (bulk("background indexing status"), bulk(status)),
        ]
    }

    fn info(percent: Reply, errors: Reply) -> Vec<(Reply, Reply)> {
        vec![
            (bulk("index_name"), bulk("cache:user:idx:0123")),
            (bulk("attributes"), Reply::Array(vec![])),
            (bulk("num_docs"), Reply::Int(40)),
            (bulk("hash_indexing_failures"), Reply::Int(2)),
            (bulk("indexing"), Reply::Int(0)),
            (bulk("percent_indexed"), percent),
            (bulk("Index Errors"), errors),
        ]
    }

    fn flat(pairs: Vec<(Reply, Reply)>) -> Reply {
        Reply::Array(pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
    }

    #[test]
    fn both_protocols_give_the_same_info() {
        let of_resp2 = IndexInfo::decode(flat(info(bulk("1"), flat(errors("OK"))))).unwrap();
        let of_resp3 =
            IndexInfo::decode(Reply::Map(info(Reply::Double(1.0), Reply::Map(errors("OK"))))).unwrap();
        assert_eq!(of_resp2, of_resp3);
        assert_eq!((of_resp2.documents, of_resp2.failures), (40, 2));
        assert_eq!(of_resp2.last_failure.as_deref(), Some("cache:user:9"));
        assert!(of_resp2.is_filled());
    }

    #[test]
    fn what_an_index_leaves_out_is_a_difference() {
        let read = |options: &[&str]| {
            let mut all = info(bulk("1"), flat(errors("OK")));
            let options = Reply::Array(options.iter().map(|option| bulk(option)).collect());
            all.push((bulk("index_options"), options));
            IndexInfo::decode(flat(all)).unwrap().definition
        };
        let whole = read(&["NOHL", "MAXTEXTFIELDS"]);
        assert!(whole.leaves_out.is_empty());
        let less = read(&["NOOFFSETS", "NOHL", "NOFIELDS"]);
        assert_eq!(less.leaves_out, ["NOFIELDS", "NOOFFSETS"]);
        let told = |found: Vec<super::super::difference::Difference>| {
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told(less.differences(&whole)), ["~ NOOFFSETS yes => no", "~ NOFIELDS yes => no"]);
        assert_eq!(told(whole.differences(&read(&["NOFREQS"]))), ["~ NOFREQS no => yes"]);
    }

    #[test]
    fn a_counter_that_fell_below_zero_is_no_size() {
        let memory = |pairs: &[(&str, Reply)]| {
            let mut all = info(bulk("1"), flat(errors("OK")));
            all.extend(pairs.iter().map(|(name, value)| (bulk(name), value.clone())));
            IndexInfo::decode(flat(all)).unwrap().memory
        };
        // What the server says after some thousand documents expired, in both protocols.
        for fell in [bulk("17592186044416"), Reply::Double(17_592_186_044_416.0)] {
            let key_table = ("key_table_size_mb", fell.clone());
            let of_total = [
                ("doc_table_size_mb", bulk("0.25")),
                key_table.clone(),
                ("total_index_memory_sz_mb", bulk("0.5")),
            ];
            assert_eq!(memory(&of_total), 524_288);
            let of_parts = [("doc_table_size_mb", bulk("0.25")), key_table, ("inverted_sz_mb", bulk("0.5"))];
            assert_eq!(memory(&of_parts), 786_432);
            assert_eq!(memory(&[("total_index_memory_sz_mb", fell)]), 0);
        }
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 8_796_093_022_208.0] {
            let told = [("key_table_size_mb", Reply::Double(odd)), ("doc_table_size_mb", bulk("1"))];
            assert_eq!(memory(&told), 1_048_576, "{odd}");
        }
        // A petabyte is one.
        assert_eq!(memory(&[("doc_table_size_mb", bulk("1073741824"))]), 1 << 50);
    }

    #[test]
    fn an_index_is_filled_only_when_nothing_speaks_against_it() {
        let decode = |percent, status| {
            IndexInfo::decode(Reply::Map(info(Reply::Double(percent), Reply::Map(errors(status))))).unwrap()
        };
        assert!(!decode(0.46, "OK").is_filled());
        assert!(!decode(1.0, "OOM failure").is_filled());
        // After a restart, 3,449 times as many as the keys that were loaded.
        assert_eq!((decode(3_449.0, "OK").percent_indexed, decode(3_449.0, "OK").is_filled()), (1.0, true));
        let mut pairs = info(Reply::Double(3_449.0), Reply::Map(errors("OK")));
        pairs.push((bulk("indexing"), Reply::Int(1)));
        let loading = IndexInfo::decode(Reply::Map(pairs)).unwrap();
        assert_eq!((loading.percent_indexed, loading.is_filled()), (0.0, false));
        let filling = IndexInfo { indexing: true, ..decode(1.0, "OK") };
        assert!(!filling.is_filled());
    }
}
