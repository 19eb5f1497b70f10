//! Everything that can go wrong, and the questions that callers ask of it.

mod ask;
mod shown;
mod words;

use std::time::Duration;

use cache_index::{
    Completeness, DecodeError, NameError, NotIndexable, QueryError, SearchName, ServerError, TermError,
    printed,
};

pub(crate) use self::shown::{escaped, shown};
use self::words::{advice, misfit, shown_conflict, shown_key, shown_wait};
use crate::patch_error::PatchError;

/// What every fallible function of this crate returns.
///
#[doc = include_str!("result.md")]
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of another crate, kept as the source of ours.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong between a model and the server.
///
/// Each message says what its own layer knows; [`source`](std::error::Error::source) says what lies below.
///
#[doc = include_str!("error.md")]
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server cannot be reached, or the connection broke while a command was under way.
    #[error("the server cannot be reached: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
        /// The client's own error.
        #[source]
        source: Option<BoxError>,
    },
    /// As many calls as are allowed have no answer yet, whether somebody waits for it or they were given up. This one was not sent;
    /// of one to several nodes of a cluster, what was for the others may have been.
    #[error(
        "{limit} calls have no answer yet, waited for or given up; make fewer at once, or allow more with `max_in_flight` \
         (REDIS_MAX_IN_FLIGHT)"
    )]
    Busy {
        /// How many are allowed.
        limit: usize,
    },
    /// The server and the client do not trust each other, or one of them does not speak TLS.
    #[error(
        "no TLS with the server: {reason}; see `Tls` for whom to trust, and REDIS_TLS_CACERT, REDIS_TLS_CERT, REDIS_TLS_KEY \
         and REDIS_TLS_SNI"
    )]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// No answer came in time. Whether the command was executed is unknown.
    #[error("{command} was not answered within {after:?}")]
    Timeout {
        /// The command's name.
        command: String,
        /// How long it was waited.
        after: Duration,
    },
    /// The server answered an error.
    #[error("the server refused {command}{}", advice(source))]
    Server {
        /// The command's name.
        command: String,
        /// The server's error.
        #[source]
        source: ServerError,
    },
    /// The client library failed in a way that is no connection problem.
    #[error("the client failed")]
    Client(#[source] BoxError),
    /// The server's answer to a command could not be read.
    #[error("the answer to {command} could not be read")]
    Decode {
        /// The command's name.
        command: String,
        /// What was unexpected.
        #[source]
        source: DecodeError,
    },
    /// A stored document is not one of the model's.
    #[error("the document `{}` is not a `{model}`{}", printed(key), misfit(source))]
    Document {
        /// The document's key.
        key: String,
        /// The model.
        model: &'static str,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
    /// A document lacks what a view of it reads, or has something else there.
    #[error(
        "{}the document `{}` of `{model}` cannot be read as a `{view}`",
        .field.map(|field| format!("`{field}` of ")).unwrap_or_default(), printed(key)
    )]
    View {
        /// The document's key.
        key: String,
        /// The model.
        model: &'static str,
        /// The view.
        view: &'static str,
        /// What serde calls the field of the view that it is about; `None`: it is about the whole.
        field: Option<&'static str>,
        /// What serde found, or that the field is missing.
        #[source]
        source: serde_json::Error,
    },
    /// A stored document has another version than it should, and could not be brought to that; it stays as it is.
    #[error(
        "the document `{}` of `{model}` has version {from} and cannot be brought to another; mend it, or the step or \
         `upgrade` that refuses it",
        printed(key)
    )]
    Upgrade {
        /// The document's key.
        key: String,
        /// The model.
        model: &'static str,
        /// The version of the document.
        from: u32,
        /// What the model's `upgrade` found, or a step of a [`DataMigration`](crate::DataMigration).
        #[source]
        source: BoxError,
    },
    /// A model could not be written as JSON.
    #[error("this `{model}` cannot be written as JSON")]
    Serialize {
        /// The model.
        model: &'static str,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
    /// The document would vanish from its index. Checked in debug builds only: it shows a mistake in how the model is
    /// declared, not one of a value.
    #[error("this `{model}` would not be in its index")]
    NotIndexable {
        /// The model.
        model: &'static str,
        /// Why.
        #[source]
        source: NotIndexable,
    },
    /// An indexed string contains U+0000, at which the index truncates or merges values.
    #[error(
        "`{field}` of this `{model}` contains U+0000, which the index cannot hold; remove it before saving"
    )]
    NulCharacter {
        /// The model.
        model: &'static str,
        /// The field.
        field: SearchName,
    },
    /// An indexed string is longer than a tag of the index.
    #[error(
        "`{field}` of this `{model}` has {length} bytes, more than the {most} that the index can tell apart; index \
         it as text, or store a digest beside it"
    )]
    TagTooLong {
        /// The model.
        model: &'static str,
        /// The field.
        field: SearchName,
        /// The string's length in bytes.
        length: usize,
        /// The longest that a tag of this field may be.
        most: usize,
    },
    /// A filter has no true answer on the server; nothing was sent.
    #[error("the query cannot be asked")]
    Query(#[from] QueryError),
    /// A suggestion, a word or a synonym that the server would drop or change; nothing was sent.
    #[error("the term cannot be used")]
    Term(#[from] TermError),
    /// A name or an id would make keys ambiguous; nothing was sent.
    #[error("the name cannot be used")]
    Name(#[from] NameError),
    /// The answer may lack documents that are there.
    #[error(
        "the answer for `{model}` may be incomplete: {completeness}; `.allow_partial()` takes it all the same"
    )]
    Incomplete {
        /// The model.
        model: &'static str,
        /// Why.
        completeness: Completeness,
    },
    /// The index of this binary's schema is not on the server.
    #[error(
        "the index `{index}` of `{model}` is not on the server; run \
         `Migrator::new().register::<{model}>().run(&cache)` at boot (of a run that was put off, `cache.readiness()` says why)"
    )]
    IndexMissing {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
    },
    /// The index of this binary's schema is not on the server any more, and the migrator leaves making indexes to
    /// somebody: [`Strategy::Manual`](crate::Strategy::Manual).
    #[error(
        "the index `{index}` of `{model}` is not on the server, and with `Strategy::Manual` it is not made again; create \
         it, or run the migrator with another strategy"
    )]
    IndexLeft {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
    },
    /// The index is being filled, and the query was not to ask it then, or to wait no longer; no document was read.
    #[error(
        "the index `{index}` of `{model}` is still being filled{}; ask again later, wait longer with `while_indexing`, or \
         take what is there with `IndexPolicy::Allow` and `.allow_partial()`",
        shown_wait(*.waited)
    )]
    Indexing {
        /// The model.
        model: &'static str,
        /// The index.
        index: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A document was needed, and there is none.
    #[error("no `{model}` was found{}", shown_key(.key.as_deref()))]
    NotFound {
        /// The model.
        model: &'static str,
        /// The document's key; `None`: it was searched for.
        key: Option<String>,
    },
    /// A document was to be new, and there is one already.
    #[error(
        "there is a `{model}` under `{}` already; read it, or use `save` to replace it (with a version, `modify`)",
        printed(key)
    )]
    AlreadyExists {
        /// The model.
        model: &'static str,
        /// The document's key.
        key: String,
    },
    /// The document was changed, or deleted, since it was read; nothing was stored.
    #[error(
        "the `{model}` under `{}` {}; read it again, or change it with `modify`, which does",
        printed(key), shown_conflict(*.expected, *.found)
    )]
    VersionConflict {
        /// The model.
        model: &'static str,
        /// The document's key.
        key: String,
        /// The version that was to be replaced: the one in memory.
        expected: u64,
        /// The version that is stored; `None`: there is no document, or what it has as its version is none.
        found: Option<u64>,
    },
    /// Another document has the value of a unique field; nothing was stored.
    #[error(
        "`{}` has this `{}` of a `{model}` already; change that one, or choose another value",
        printed(holder), .fields.join("` and `")
    )]
    NotUnique {
        /// The model.
        model: &'static str,
        /// The field, or those that are unique together, by the names of their members.
        fields: &'static [&'static str],
        /// The key of the document that has the value.
        holder: String,
    },
    /// A document with unique values could not be written between the writes of others, or not in the time that its
    /// claims are held; nothing was stored.
    #[error(
        "the `{model}` under `{}` could not be written between the writes of others; try again",
        printed(key)
    )]
    Contended {
        /// The model.
        model: &'static str,
        /// The document's key.
        key: String,
    },
    /// The version in memory is negative, or the last one that its type can count; nothing was stored.
    #[error("no version follows the one of this `{model}`; do not set the field, and give it the type `u64`")]
    NoNextVersion {
        /// The model.
        model: &'static str,
    },
    /// What was made to be stored under one key has the primary key of another; nothing was stored.
    #[error(
        "the `{model}` made for `{}` belongs under `{}`; give it the primary key it was asked for with",
        printed(expected),
        printed(found)
    )]
    OtherKey {
        /// The model.
        model: &'static str,
        /// The key that was asked for.
        expected: String,
        /// The key that the new document would have.
        found: String,
    },
    /// Another lease of the same gate was given out after the one whose fence the write carries; nothing was written.
    #[error(
        "`{}` was left alone: the gate has been won with fence {newest} since this lease, with fence {fence}; stop \
         what the lease was for",
        printed(key)
    )]
    Fenced {
        /// The document's key.
        key: String,
        /// The fence that the write carries.
        fence: u64,
        /// The largest that the server has seen.
        newest: u64,
    },
    /// What was sent through a [fenced](crate::Lease::fenced) cache can write and cannot carry the fence; nothing was
    /// sent.
    #[error(
        "{command} cannot carry a lease's fence; send it through the cache that the fenced one was made from"
    )]
    NoFence {
        /// The command's name.
        command: String,
    },
    /// A partial update cannot be made; nothing of it was done.
    #[error("the `{model}` was not changed")]
    Patch {
        /// The model.
        model: &'static str,
        /// Why.
        #[source]
        source: PatchError,
    },
    /// A key among a model's documents has no id of the model's.
    #[error(
        "the key `{}` has no id of a `{model}`; delete what is there, or move it out of the prefix",
        printed(key)
    )]
    KeyWithoutId {
        /// The model.
        model: &'static str,
        /// The key.
        key: String,
        /// What is wrong with the id.
        #[source]
        source: BoxError,
    },
    /// Exactly one document was asked for, and several were found.
    #[error("{found} documents of `{model}` were found where one was expected")]
    Ambiguous {
        /// The model.
        model: &'static str,
        /// How many.
        found: u64,
    },
    /// The server lacks what the call needs.
    #[error("{what} needs {needs}")]
    Unsupported {
        /// The call.
        what: &'static str,
        /// What to run instead.
        needs: String,
    },
    /// Something that is done to many documents stopped in the middle.
    #[error("stopped after {done} documents")]
    Stopped {
        /// How many documents it was done to.
        done: u64,
        /// Why it stopped.
        source: Box<Error>,
    },
    /// A connection was asked for outside an asynchronous runtime.
    #[error("a connection needs a tokio runtime with I/O and time; call this within `#[tokio::main]`")]
    NoRuntime,
    /// A setting has a value that cannot be used.
    #[error("the setting {setting} cannot be used: {reason}")]
    Settings {
        /// Which.
        setting: &'static str,
        /// Why, without the value: it may hold a password.
        reason: String,
    },
    /// The embedded server could not be provided or started.
    #[error("the embedded server did not start")]
    Embedded(#[source] BoxError),
}
