//! What can go wrong without any I/O: queries that are refused; replies, names and places in files of their own.

use crate::aggregate_error::AggregateError;
pub use crate::decode_error::DecodeError;
pub use crate::geo_error::GeoError;
pub use crate::name_error::NameError;
use crate::path::SearchName;
use crate::raw_error::RawQueryError;

/// A filter that has no true answer on the server, refused before anything is sent.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const SCORE: Field<User, f64, Numeric, Options<No>> = Field::indexed("score", "score");
/// # }
/// use cache_index::QueryError;
///
/// let refused = User::SCORE.gt(f64::NAN).render().unwrap_err();
/// assert!(matches!(refused, QueryError::NotFinite { .. }));
/// assert_eq!(
///     refused.redacted().to_string(),
///     "`score`: … cannot be compared; use a finite number, or leave that end of the range open",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// An aggregation that has no true answer.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// More sort keys than the server takes.
    #[error("{keys} keys to sort by are more than the {most} that the server takes; leave some out")]
    SortKeys {
        /// How many.
        keys: usize,
        /// The most.
        most: usize,
    },
    /// More nearest documents than the server can count.
    #[error("`{field}`: the {k} nearest are more than the server can count, {most}; ask for fewer")]
    TooManyNearest {
        /// The field's search name.
        field: SearchName,
        /// How many.
        k: u64,
        /// The most.
        most: u64,
    },
    /// The value contains U+0000, at which the server truncates or merges tag values.
    #[error("`{field}`: the value contains U+0000, which the index cannot hold; remove it")]
    NulCharacter {
        /// The field's search name.
        field: SearchName,
    },
    /// An enum's value that serde does not write as a string, which is what the index holds.
    #[error("`{field}`: serde does not write the value as a string; let it write the variant's name")]
    Unnamed {
        /// The field's search name.
        field: SearchName,
    },
    /// A value longer than a tag of the server's, whose length it counts in 16 bits.
    #[error(
        "`{field}`: {length} bytes are more than the {most} that the index can tell apart; store a digest"
    )]
    TooLong {
        /// The field's search name.
        field: SearchName,
        /// The value's length in bytes.
        length: usize,
        /// The longest that a tag of this field may be.
        most: usize,
    },
    /// A NaN or infinite operand.
    #[error(
        "`{field}`: {value} cannot be compared; use a finite number, or leave that end of the range open"
    )]
    NotFinite {
        /// The field's search name.
        field: SearchName,
        /// The operand as text.
        value: String,
    },
    /// An integer that a double cannot tell from its neighbours, where only the server could decide.
    #[error(
        "`{field}`: {value} is beyond ±(2^53 - 1), where the index, which holds doubles, confuses neighbours; read the \
         documents with `eq` or `is_in`, which are exact all the same, or index such numbers as strings"
    )]
    NotExact {
        /// The field's search name.
        field: SearchName,
        /// The operand as text.
        value: String,
    },
    /// An operand between the doubles that the index holds.
    #[error(
        "`{field}`: {value} has more digits than the doubles of the index, so it could not be compared truthfully; round it"
    )]
    BetweenDoubles {
        /// The field's search name.
        field: SearchName,
        /// The operand as text.
        value: String,
    },
    /// A prefix, an end or a part shorter than the server's minimum.
    #[error(
        "`{field}`: `{prefix}` is too short: the server finds nothing by parts of values under {MIN_PREFIX} bytes; give a longer \
         part, or compare whole values"
    )]
    PrefixTooShort {
        /// The field's search name.
        field: SearchName,
        /// The prefix.
        prefix: String,
    },
    /// A prefix that ends in a backslash, which the server reads as an escape.
    #[error("`{field}`: the server cannot search for a prefix that ends in a backslash; remove the last one")]
    PrefixEndsInBackslash {
        /// The field's search name.
        field: SearchName,
    },
    /// A search text without a word in it: empty, punctuation or stopwords only.
    #[error("`{field}`: `{text}` has no word to search for: punctuation and stopwords are not indexed")]
    NoTerms {
        /// The field's search name.
        field: SearchName,
        /// The search text.
        text: String,
    },
    /// A part of a word, or a word, with letters that the server folds there and not in the index.
    #[error(
        "`{field}`: `{prefix}` has letters that the server reads differently in a part of a word and in a text; search for \
         whole words with `matches`"
    )]
    PrefixFolds {
        /// The field's search name.
        field: SearchName,
        /// The prefix.
        prefix: String,
    },
    /// A part of a word, or a word, with a separator in it.
    #[error("`{field}`: `{prefix}` is more than one word; give one word or a part of one, or use `matches`")]
    NotOneWord {
        /// The field's search name.
        field: SearchName,
        /// The prefix.
        prefix: String,
    },
    /// A word longer than what is looked for by its letters.
    #[error("`{field}`: the server finds nothing near a word of more than {most} characters; use `matches`")]
    TooLongWord {
        /// The field's search name.
        field: SearchName,
        /// How many characters it may have.
        most: usize,
    },
    /// A phrase, or words with a slop or an order, of more words than the server can parse.
    #[error(
        "`{field}`: more than {most} words are near each other; use several phrases, or `matches` without slop and order"
    )]
    TooManyWords {
        /// The field's search name.
        field: SearchName,
        /// How many words it may have.
        most: usize,
    },
    /// A distance between words that the query language does not have.
    #[error("`{field}`: words can differ by 1, 2 or 3 letters, not by {distance}; use `matches` for none")]
    EditDistance {
        /// The field's search name.
        field: SearchName,
        /// The distance.
        distance: u8,
    },
    /// A weight that no score can be multiplied with.
    #[error("{weight} is no weight; use a finite number greater than zero")]
    Weight {
        /// The weight as text.
        weight: String,
    },
    /// A word that the server's query language cannot express.
    #[error("`{field}`: a backslash before punctuation inside a word cannot be searched for; remove it")]
    UnsearchableTerm {
        /// The field's search name.
        field: SearchName,
    },
    /// A radius that is negative, NaN or infinite.
    #[error(
        "`{field}`: {radius} is no radius; use a finite number, greater than zero on the earth, not negative between vectors"
    )]
    Radius {
        /// The field's search name.
        field: SearchName,
        /// The radius as text.
        radius: String,
    },
    /// A vector with a number that is NaN or infinite, or too large for the index's number type.
    #[error("`{field}`: the vector has a number that is not finite in the index; nothing is similar to it")]
    NotFiniteVector {
        /// The field's search name.
        field: SearchName,
    },
    /// A condition whose negation the server decides otherwise than the condition itself.
    #[error(
        "`{field}`: {what} cannot be negated; negate another condition, or leave documents out of the answer"
    )]
    NotNegatable {
        /// The field's search name.
        field: SearchName,
        /// The condition.
        what: &'static str,
    },
    /// What sounds alike, in a query for words as they are written.
    #[error("`{field}`: `sounds_like` finds words that are written otherwise; ask without `verbatim`")]
    NotVerbatim {
        /// The field's search name.
        field: SearchName,
    },
    /// A condition that only the server can decide.
    #[error("`{field}`: {what} is decided by the server alone; ask it, or test with another condition")]
    OnlyOnServer {
        /// The field's search name.
        field: SearchName,
        /// The condition.
        what: &'static str,
    },
    /// A pattern of which no part is long enough to be looked for.
    #[error(
        "`{field}`: the server would find nothing by `{pattern}`; give at least {MIN_PREFIX} bytes side by side that are no wildcard"
    )]
    PatternTooShort {
        /// The field's search name.
        field: SearchName,
        /// The pattern.
        pattern: String,
    },
    /// The nearest among what the server decides only in part: it would look among too many.
    #[error(
        "the nearest cannot be looked for among what is narrowed by {what}; narrow with another condition"
    )]
    NearestOfInexact {
        /// What the server decides only in part.
        what: &'static str,
    },
    /// A number of nearest that is none.
    #[error("`{field}`: the nearest 0 are none; ask for at least one")]
    NoNearest {
        /// The field's search name.
        field: SearchName,
    },
    /// A direction is asked for that is none: COSINE has no distance to a vector of zeros.
    #[error(
        "`{field}`: a vector of zeros has no direction, so nothing is near it by COSINE; use another vector"
    )]
    NoDirection {
        /// The field's search name.
        field: SearchName,
    },
    /// A setting of approximate searches at a field that is compared vector by vector, or one of 0.
    #[error(
        "`{field}`: `ef_runtime` is a number of candidates, at least one, for a field with `#[index(hnsw)]`; this one is \
         compared vector by vector, or the number is 0"
    )]
    EfRuntime {
        /// The field's search name.
        field: SearchName,
    },
    /// A mistake in a raw query.
    #[error(transparent)]
    Raw(#[from] RawQueryError),
    /// Conditions stand within each other more deeply than the server can parse.
    #[error("conditions stand more than {most} deep within each other; combine them side by side")]
    TooDeep {
        /// How deep they may stand.
        most: usize,
    },
    /// Negations or optional conditions among alternatives stand within each other so deeply that their query text, where
    /// each is there twice, would be too long.
    #[error(
        "negations and optional conditions among alternatives stand more than {most} deep within each other; combine them \
         side by side"
    )]
    TooManyRepeated {
        /// How deep they may stand.
        most: usize,
    },
    /// The document given to `accepts` could not be serialised.
    #[error("the document cannot be serialised: {0}")]
    Document(String),
}

impl QueryError {
    /// The same without the value that was refused, for logs.
    pub fn redacted(&self) -> Self {
        let hidden = || "…".to_owned();
        match self.clone() {
            Self::NotFinite { field, .. } => Self::NotFinite { field, value: hidden() },
            Self::NotExact { field, .. } => Self::NotExact { field, value: hidden() },
            Self::BetweenDoubles { field, .. } => Self::BetweenDoubles { field, value: hidden() },
            Self::PrefixTooShort { field, .. } => Self::PrefixTooShort { field, prefix: hidden() },
            Self::NoTerms { field, .. } => Self::NoTerms { field, text: hidden() },
            Self::PrefixFolds { field, .. } => Self::PrefixFolds { field, prefix: hidden() },
            Self::NotOneWord { field, .. } => Self::NotOneWord { field, prefix: hidden() },
            Self::PatternTooShort { field, .. } => Self::PatternTooShort { field, pattern: hidden() },
            Self::Radius { field, .. } => Self::Radius { field, radius: hidden() },
            Self::Document(_) => Self::Document(hidden()),
            // Each one by name, so that a new one is thought of.
            other @ (Self::Aggregate(_)
            | Self::NulCharacter { .. }
            | Self::Unnamed { .. }
            | Self::TooLong { .. }
            | Self::PrefixEndsInBackslash { .. }
            | Self::UnsearchableTerm { .. }
            | Self::NotFiniteVector { .. }
            | Self::NotNegatable { .. }
            | Self::NotVerbatim { .. }
            | Self::OnlyOnServer { .. }
            | Self::TooLongWord { .. }
            | Self::TooManyWords { .. }
            | Self::EditDistance { .. }
            | Self::Weight { .. }
            | Self::NearestOfInexact { .. }
            | Self::NoNearest { .. }
            | Self::NoDirection { .. }
            | Self::EfRuntime { .. }
            | Self::SortKeys { .. }
            | Self::TooManyNearest { .. }
            | Self::Raw(_)
            | Self::TooManyRepeated { .. }
            | Self::TooDeep { .. }) => other,
        }
    }
}

/// The longest tag, in bytes: RediSearch counts a tag's length in 16 bits, and a longer one is found by what is left
/// of it.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::{MAX_TAG, QueryError};
///
/// assert!(User::EMAIL.eq("x".repeat(MAX_TAG)).render().is_ok());
/// let refused = User::EMAIL.eq("x".repeat(MAX_TAG + 1)).render().unwrap_err();
/// assert!(matches!(refused, QueryError::TooLong { most: MAX_TAG, .. }));
/// ```
pub const MAX_TAG: usize = 65_535;

/// The longest tag of a field with a separator, in bytes.
///
/// ```
/// use cache_index::{FieldDef, MAX_SEPARATED_TAG, Tag};
///
/// let tags = FieldDef::indexed::<String, Tag>("tags", "tags").separator::<String>(',');
/// assert_eq!(tags.longest_tag(), MAX_SEPARATED_TAG);
/// ```
pub const MAX_SEPARATED_TAG: usize = 4_096;

/// How many conditions that are written twice may stand within each other; each doubles the query text.
pub(crate) const MAX_REPEATED: usize = 6;

/// `MINPREFIX` of RediSearch: shorter prefixes are not expanded, and the answer is empty without an error.
pub(crate) const MIN_PREFIX: usize = 2;
