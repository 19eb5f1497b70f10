//! How a search reads its query and scores what it finds.

use crate::command::Command;
use crate::reading::Reading;

/// What gives documents their scores (`SCORER`).
///
/// ```
/// use cache_index::Scorer;
///
/// assert_eq!(Scorer::Bm25Std.name(), "BM25STD");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scorer {
    /// How often the words are in the document and how rare they are elsewhere. RediSearch's default up to 2.x.
    Tfidf,
    /// As [`Tfidf`](Scorer::Tfidf), divided by the document's length in words.
    TfidfDocNorm,
    /// Okapi BM25, as RediSearch has had it.
    Bm25,
    /// Okapi BM25, as it is usually defined. The default from version 8 on.
    Bm25Std,
    /// How often the words are in the document.
    DisMax,
    /// The document's own score alone: that of its model.
    DocScore,
}

impl Scorer {
    /// RediSearch's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tfidf => "TFIDF",
            Self::TfidfDocNorm => "TFIDF.DOCNORM",
            Self::Bm25 => "BM25",
            Self::Bm25Std => "BM25STD",
            Self::DisMax => "DISMAX",
            Self::DocScore => "DOCSCORE",
        }
    }
}

/// How a search reads its query and scores what it finds, where that is not as the index says.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BIO: Field<User, String, Text, Options<No>> = Field::indexed("bio", "bio");
/// # }
/// use cache_index::{Loads, Reading, Scorer, SearchOptions, SearchRequest};
///
/// let options = SearchOptions {
///     reading: Reading::new().verbatim(),
///     scorer: Some(Scorer::Bm25Std),
///     ..SearchOptions::default()
/// };
/// let filter = User::BIO.matches("rust").render_as(options.reading)?;
/// # let (index, witness) = ("cache:user:idx", "id");
/// # let request = SearchRequest { index, filter: &filter, options: &options, loads: Loads::KEY, witness, scores: false, sort: &[], offset: 0, limit: 10, timeout: None };
/// let words: Vec<_> = request.command().args().map(String::from_utf8_lossy).map(String::from).collect();
/// assert!(words.join(" ").starts_with("FT.SEARCH cache:user:idx @bio:$p0 VERBATIM SCORER BM25STD"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchOptions {
    /// How its words are read (`LANGUAGE`, `VERBATIM`). The filter is to be rendered by the same reading
    /// ([`Filter::render_as`](crate::Filter::render_as)), which has decided where words stand.
    pub reading: Reading,
    /// What gives the scores (`SCORER`).
    pub scorer: Option<Scorer>,
    /// Only the documents with these keys (`INKEYS`).
    pub keys: Option<Vec<Vec<u8>>>,
}

impl SearchOptions {
    pub(crate) fn append_to(&self, mut command: Command) -> Command {
        if self.reading.is_verbatim() {
            command = command.arg("VERBATIM");
        }
        if let Some(keys) = &self.keys {
            command = command.arg("INKEYS").arg_display(keys.len()).args_from(keys);
        }
        if let Some(language) = self.reading.language() {
            command = command.arg("LANGUAGE").arg(language.name());
        }
        if let Some(scorer) = self.scorer {
            command = command.arg("SCORER").arg(scorer.name());
        }
        command
    }
}
