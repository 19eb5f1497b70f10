//! The words that TEXT fields leave out.

/// RediSearch's own list, the same in every version from 1.0 to 8.2 (`DEFAULT_STOPWORDS` in its `stopwords.h`).
const DEFAULT: &[&str] = &[
    "a", "is", "the", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "it",
    "no", "not", "of", "on", "or", "such", "that", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
];

/// Which words an index leaves out of its TEXT fields.
///
/// It is part of the schema because a query must leave out the same ones: a stopword that is bound as a
/// parameter finds nothing.
///
/// ```
/// use cache_index::{Schema, Stopwords};
///
/// static FIRM: Schema = Schema::new("Firm", "firm", "id", &[]).with_stopwords(&["gmbh", "ag"]);
/// assert!(FIRM.stopwords().contains("ag") && !FIRM.stopwords().contains("the"));
/// assert!(Stopwords::Default.contains("the"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stopwords {
    /// RediSearch's own list of 33 English words.
    Default,
    /// These words, in lower case; none: every word is indexed.
    Words(&'static [&'static str]),
}

impl Stopwords {
    /// The words.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Default => DEFAULT,
            Self::Words(words) => words,
        }
    }

    /// Whether the word, in lower case, is left out.
    pub fn contains(self, word: &str) -> bool {
        self.words().contains(&word)
    }
}
