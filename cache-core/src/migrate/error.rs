//! What keeps a migration from being done.

use cache_index::NameError;

use crate::error::Error;

/// What keeps a migration from being done. Nothing was lost, and running it again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// Documents of one model would be taken for documents of another. Nothing was written.
    #[error(
        "`{one}` has the prefix `{one_prefix}` and `{other}` the prefix `{other_prefix}`: documents of one would be \
         taken for documents of the other; give one of them another `#[cache(prefix = \"…\")]`"
    )]
    Overlap {
        /// The model that was registered first.
        one: &'static str,
        /// Its prefix.
        one_prefix: &'static str,
        /// The other model.
        other: &'static str,
        /// Its prefix.
        other_prefix: &'static str,
    },
    /// Two models have one name, so that messages about one would be taken for those about the other. Nothing was
    /// written.
    #[error(
        "two models are named `{model}`, one with the prefix `{one_prefix}` and one with `{other_prefix}`; rename one of \
         the structs, and keep its prefix with `#[cache(prefix = \"…\")]`"
    )]
    SameModelName {
        /// The name.
        model: &'static str,
        /// The prefix of the one that was registered first.
        one_prefix: &'static str,
        /// The prefix of the other.
        other_prefix: &'static str,
    },
    /// Two indexed fields of a model have one search name. Nothing was written.
    #[error(
        "two indexed fields of `{model}` are both searched as `{name}`; rename one of them, or give it another name with \
         `#[index(name = \"…\")]`"
    )]
    SameName {
        /// The model.
        model: &'static str,
        /// The name.
        name: String,
    },
    /// The `filter` of a model names a field that is not indexed. Nothing was written.
    #[error(
        "the filter of `{model}` names `@{name}`, which no indexed field is searched as; write the search name of a field \
         with `#[index]`"
    )]
    FilterField {
        /// The model.
        model: &'static str,
        /// The name.
        name: String,
    },
    /// The server refused to create an index.
    #[error("the server refused the index of `{model}`; if it has a `filter`, look at that first")]
    Refused {
        /// The model.
        model: &'static str,
        /// What the server said.
        #[source]
        source: Box<Error>,
    },
    /// An index that is none of ours has the name that our alias would have, and would shadow it.
    #[error(
        "an index named `{alias}` exists, which is the name of the alias of `{model}`; drop it with \
         `FT.DROPINDEX {alias}` (documents stay), or choose another prefix"
    )]
    AliasTaken {
        /// The model.
        model: &'static str,
        /// The name.
        alias: String,
    },
    /// The server gave up filling the index, for lack of memory.
    #[error(
        "the server stopped filling the index `{index}` of `{model}`: {reason}; give it memory and run the migrator again"
    )]
    Stopped {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
        /// The server's words.
        reason: String,
    },
    /// The server could not be asked, or refused.
    #[error("the migration stopped")]
    Server(#[from] Error),
}

impl From<NameError> for MigrateError {
    fn from(error: NameError) -> Self {
        Self::Server(error.into())
    }
}
