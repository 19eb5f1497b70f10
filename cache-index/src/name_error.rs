//! Names that cannot be used.

/// A name that would make keys or indexes ambiguous.
///
/// ```
/// use cache_index::{Keyspace, NameError};
///
/// let refused = Keyspace::new("shop:").unwrap_err();
/// assert!(matches!(refused, NameError::Separator { .. }));
/// assert_eq!(
///     refused.to_string(),
///     "the namespace `shop:` begins or ends with `:`, or has an empty part; write `a` or `a:b`",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no characters.
    #[error("the {what} is empty; give it a name")]
    Empty {
        /// What is named: prefix, namespace, project, id.
        what: &'static str,
    },
    /// The id contains U+0000, at which the index cuts the keys of documents.
    #[error("the id {id:?} has U+0000, at which the index would cut the key; remove it")]
    Nul {
        /// The id.
        id: String,
    },
    /// A part of a composite primary key has no characters.
    #[error("the part `{part}` of the id is empty; give it a value")]
    EmptyPart {
        /// The JSON member that holds the part.
        part: &'static str,
    },
    /// An id has another number of parts than the primary key.
    #[error("the id `{id}` is not made of {parts} parts")]
    Parts {
        /// The id.
        id: String,
        /// How many parts the primary key has.
        parts: usize,
    },
    /// The name would take the place of the hash tag of a model's keys, which puts them on one slot of a cluster.
    #[error(
        "the {what} `{name}` has a brace, which would take the place of the model's hash tag; choose one without"
    )]
    Braces {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// No other key can be put on the slot that a key with these braces is on.
    #[error(
        "no other key can be on the slot of `{key}`, because of its braces; remove them from the id and the namespace, \
         or give the model a `#[cache(hash_tag)]`"
    )]
    Slot {
        /// The document's key.
        key: String,
    },
    /// The name has a separator where it makes keys ambiguous.
    #[error("the {what} `{name}` begins or ends with `:`, or has an empty part; write `a` or `a:b`")]
    Separator {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The name has a control character, which tools and the server treat in surprising ways.
    #[error("the {what} {name:?} has a control character; remove it")]
    Control {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The name begins with the mark of keys that are no documents.
    #[error("the {what} `{name}` begins with `~`, which marks keys that are no documents; choose another")]
    Reserved {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
    },
}
