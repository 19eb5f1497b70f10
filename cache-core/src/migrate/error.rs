//! What keeps a migration from being done.

use std::fmt;

use cache_index::{Difference, NameError, ServerError, ServerErrorKind, printed};

use super::lock::SchemaLockError;
use super::memory::{Bytes, ServerMemory, documents};
use super::unlocked::Unlocked;
use super::words::{freed, granted, held, listed, named, nor_touch, quoted};
use crate::acl::word;
use crate::error::{Error, shown};

/// What keeps a migration from being done. Nothing was lost, and running it again goes on where it stopped.
///
/// Its message says what to do, here to whoever chose the prefixes:
///
/// ```
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(prefix = "user")]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(prefix = "user:login")]
/// # struct Login { #[primary_key] id: String, #[index] at: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::MigrateError;
///
/// let migrator = Migrator::new().register::<User>().register::<Login>();
/// let error = migrator.run(&cache).await.unwrap_err();
/// assert!(matches!(error, MigrateError::Overlap { one: "User", other: "Login", .. }));
/// assert!(error.to_string().ends_with("give one of them another `#[cache(prefix = \"…\")]`"));
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// Documents of one model would be taken for documents of another. Nothing was written.
    #[error(
        "`{}` has the prefix `{one_prefix}` and `{}` the prefix `{other_prefix}`: documents of one would be \
         taken for documents of the other; {}give one of them another `#[cache(prefix = \"…\")]`",
        if one == other { one_path } else { one },
        if one == other { other_path } else { other },
        if one_prefix == other_prefix { "if both are versions of one model, register only one of them; if not, " } else { "" }
    )]
    Overlap {
        /// The model that was registered first.
        one: &'static str,
        /// Its type, with the modules that it is in, for a model of a `#[derive(CacheModel)]`; else its name.
        one_path: &'static str,
        /// Its prefix.
        one_prefix: &'static str,
        /// The other model.
        other: &'static str,
        /// Its type, as for the first one.
        other_path: &'static str,
        /// Its prefix.
        other_prefix: &'static str,
    },
    /// Two models have one name, so that messages about one would be taken for those about the other. Nothing was
    /// written.
    #[error(
        "two models are named `{model}`: `{one_path}` with the prefix `{one_prefix}` and `{other_path}` with `{other_prefix}`; if \
         both are versions of one model, register only one of them; if not, rename one of the structs, and keep its prefix with \
         `#[cache(prefix = \"…\")]`"
    )]
    SameModelName {
        /// The name.
        model: &'static str,
        /// The type of the one that was registered first, with the modules that it is in, for a model of a
        /// `#[derive(CacheModel)]`; else its name.
        one_path: &'static str,
        /// Its prefix.
        one_prefix: &'static str,
        /// The type of the other.
        other_path: &'static str,
        /// Its prefix.
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
    /// A model has more indexed fields than an index can have. Nothing was written.
    #[error("`{model}` has {number} {what}, and an index holds {most}; take `#[index]` from some of them")]
    TooManyFields {
        /// The model.
        model: &'static str,
        /// Which fields.
        what: &'static str,
        /// How many.
        number: usize,
        /// How many there may be.
        most: usize,
    },
    /// A model has more stopwords than an index can have. Nothing was written.
    #[error(
        "`{model}` has {number} stopwords, and an index holds {most}; take some from `#[cache(stopwords = [...])]`"
    )]
    TooManyStopwords {
        /// The model.
        model: &'static str,
        /// How many.
        number: usize,
        /// How many there may be.
        most: usize,
    },
    /// The schema lock cannot be read. Nothing was written.
    #[error("the schema lock cannot be read")]
    Lock(#[from] SchemaLockError),
    /// Schemas of this release are not the newest ones of their prefixes in the schema lock.
    #[error(
        "the schema lock is behind:{}\nrun the service with `migrate lock` and commit the file",
        listed(schemas)
    )]
    NotLocked {
        /// The schemas.
        schemas: Vec<Unlocked>,
    },
    /// The server cannot run the migrator: it has no search module, one that is too old, or another database than 0 is
    /// used. Nothing was written.
    #[error("the server cannot hold indexes")]
    Unsupported(#[source] Error),
    /// The server takes no writes now: it is a replica, its memory is full, too few replicas follow it, or it could not
    /// save its data set. [`Migrator::defer`](crate::Migrator::defer) waits until it does.
    #[error("the server takes no writes now")]
    ReadOnly(#[source] Error),
    /// The user may not run commands that the migrator needs. Nothing was written, unless the server does not say
    /// beforehand what a user may do, or documents are missing and the user may not ask why. Whoever may not look at what is
    /// there (`FT._LIST`, `FT.INFO`) is told what that needs: the rest depends on it. [`acl`](crate::acl) names all beforehand.
    #[error(
        "the user may not run {}{}; allow it with `ACL SETUSER {} {}`",
        commands.join(", "), nor_touch(patterns), word(user), granted(commands, patterns)
    )]
    Permission {
        /// The commands.
        commands: Vec<String>,
        /// The keys that it may not touch either, as an ACL has them.
        patterns: Vec<String>,
        /// The user; `…` if the server does not tell.
        user: String,
    },
    /// The user may not touch keys that the migrator needs: those that it keeps beside a model's documents, or the documents
    /// themselves and the names of their indexes. A pattern for reading or writing alone (`%R~`, `%W~`) is not enough for
    /// the first.
    #[error(
        "the user may not both read and write the keys {}; allow it with `ACL SETUSER {} {}`",
        quoted(patterns), word(user), granted(&[], patterns)
    )]
    KeyPermission {
        /// The keys, as an ACL has them.
        patterns: Vec<String>,
        /// The user; `…` if the server does not tell.
        user: String,
        /// What the server said, if it was not asked beforehand.
        #[source]
        source: Option<ServerError>,
    },
    /// A key beside a model's documents, which the migrator needs, holds something that it did not put there. Documents have
    /// other keys. Nothing was written but the index, at most.
    #[error(
        "the key `{}` holds a value of another type than the migrator keeps there; rename or delete it, and run the migrator \
         again (no document has such a key)",
        printed(key)
    )]
    KeyTaken {
        /// The key.
        key: String,
        /// What the server said.
        #[source]
        source: Box<Error>,
    },
    /// The cluster's search module knows the documents of its own node only. Nothing was written.
    #[error(
        "the search module of this cluster has no coordinator, so that each of its masters ({masters}) would index and \
         search its own documents only; run Redis 8 or newer, or one server without `cluster-enabled`"
    )]
    NoCoordinator {
        /// How many masters there are.
        masters: usize,
    },
    /// The server refused to create an index.
    #[error(
        "the server refused the index of `{model}`; if it has a `filter`, look at that first, and if an option is unknown \
         to the server, take it from the field or run a newer one"
    )]
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
         `FT.DROPINDEX {}` (documents stay), or choose another prefix",
        word(alias)
    )]
    AliasTaken {
        /// The model.
        model: &'static str,
        /// The name.
        alias: String,
    },
    /// An index has the name of the model's own and is another one. It is never dropped here.
    #[error(
        "the index `{index}` of `{model}` is not what its name says:{}\nif nobody else needs it, {} and run the migrator again",
        listed(differences),
        freed(index, own)
    )]
    Drift {
        /// The model.
        model: &'static str,
        /// The name.
        index: String,
        /// The index that answers to it: of another name, if it is an alias.
        own: String,
        /// How it differs from what it should be.
        differences: Vec<Difference>,
    },
    /// The index is missing, and the strategy is to leave that to somebody.
    #[error(
        "the index `{index}` of `{model}` is missing; create it by the commands of its plan (`Plan::commands`, printed by \
         `migrate plan`), or run the migrator with another strategy than `Manual` (`--strategy`)"
    )]
    Missing {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
    },
    /// There is too little memory for a second index beside the old one. Nothing was written.
    /// [`Migrator::defer`](crate::Migrator::defer) waits until there is enough.
    #[error(
        "new indexes of {} will take about {}, and of the server's `maxmemory` there is {memory}; give it more, skip this \
         check with `skip_memory_check` (`--skip-memory-check`), or, where the change is new fields alone and it is not chosen yet, \
         add them with `Strategy::InPlaceAdditive` (`--strategy in-place-additive`)",
        models.join(", "), Bytes(*estimate)
    )]
    Memory {
        /// The models that need new indexes.
        models: Vec<&'static str>,
        /// How many bytes these will take, about.
        estimate: u64,
        /// What the server has.
        memory: ServerMemory,
    },
    /// The server gave up filling the index, for lack of memory.
    #[error(
        "the server stopped filling the index `{index}` of `{model}`: {}; it takes no more documents: see that there is memory, drop it \
         with `FT.DROPINDEX {}` (documents stay), and run the migrator again",
        printed(reason),
        word(index)
    )]
    Stopped {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
        /// The server's words.
        reason: String,
    },
    /// The index lacks documents that the old one has, or that it had before fields were added to it. The alias was left
    /// where it is, and the old index too.
    #[error(
        "the index `{index}` of `{model}` lacks {} {}{}, because a value has another type than its \
         field; mend or delete {} and run the migrator again, or let so many be missing with `allow_failures` \
         (`--allow-failures`): queries are refused as long as they are, unless they have `.allow_partial()`",
        documents(*missing), held(against.as_deref()), named(keys), if *missing == 1 { "it" } else { "them" }
    )]
    Verify {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
        /// The old index, which holds them, or held them before a release added fields to it; `None`: fields were added to the index itself.
        against: Option<String>,
        /// How many documents it lacks.
        missing: u64,
        /// The keys of the first of them.
        keys: Vec<String>,
    },
    /// An index lacks documents that the server would take: its filling was given up without a word, for lack of memory, or
    /// somebody made it with `SKIPINITIALSCAN`. Nothing else is in it, and it is not dropped here, since releases of the same
    /// schema may ask it. The alias was left where it is.
    #[error(
        "the index `{index}` of `{model}` lacks {} that {} there, at least {lost} of them not for their \
         values{}: it was made without them, or the server gave up filling it; drop it with `FT.DROPINDEX {}` \
         (documents stay), see that the server has memory, and run the migrator again; with `Manual`, make it again by hand",
        documents(*missing),
        if *missing == 1 { "is" } else { "are" },
        named(keys),
        word(index)
    )]
    Unfilled {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
        /// How many documents it lacks.
        missing: u64,
        /// How many of these, at least, the server was found to take; no more are looked for when some are found.
        lost: u64,
        /// The keys of the first of them.
        keys: Vec<String>,
    },
    /// The masters of a cluster do not agree on an index, and did not after all that was tried.
    #[error(
        "the masters of the cluster do not agree on `{name}`: {}; run the migrator again when all are up",
        printed(found)
    )]
    Disagreement {
        /// The index, or the alias.
        name: String,
        /// What each of them says.
        found: String,
        /// The error that what makes them agree was the last time; `None`: it was done, and some did not hear it.
        source: Option<Box<Error>>,
    },
    /// The server could not be asked, or refused.
    #[error("the migration stopped")]
    Server(#[source] Error),
}

impl fmt::Debug for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

impl From<Error> for MigrateError {
    fn from(error: Error) -> Self {
        match (&error, error.server_kind()) {
            _ if error.is_write_refused() => Self::ReadOnly(error),
            (Error::Server { command, .. }, Some(ServerErrorKind::Permission)) => Self::Permission {
                commands: vec![command.clone()],
                patterns: Vec::new(),
                user: "…".to_owned(),
            },
            (Error::Unsupported { .. }, _) => Self::Unsupported(error),
            _ => Self::Server(error),
        }
    }
}

impl From<NameError> for MigrateError {
    fn from(error: NameError) -> Self {
        Self::Server(error.into())
    }
}
