#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! | to | see |
//! |---|---|
//! | read it in chapters, each with an example that runs | [`guide`](guide/index.html) |
//! | connect | [`Cache`], [`RedisSettings`], [`connection`] for a client of one's own |
//! | boot and go on without a server | [`Cache::connect_or_degrade`], [`Degrade`], [`Cache::state`] |
//! | call from code that is not asynchronous | [`Cache::blocking`], [`Blocking`] |
//! | describe documents | [`CacheModel`] (the derive and the trait), [`PrimaryKey`], [`DocumentKey`] |
//! | keep dates in them | [`epoch_seconds`], [`epoch_millis`], [`epoch_float_seconds`], [`EpochValue`] |
//! | read and write them | [`CacheModel::save`], [`CacheModel::get`], [`Saved`], [`Expiry`], [`Ttl`] |
//! | keep copies of what is slow to get | [`CacheModel::load`], [`Load`], [`CacheModel::invalidate`] |
//! | have them in memory, decoded | [`Cache::near`](struct.Cache.html#method.near), [`NearHandle`](struct.NearHandle.html) (feature `near`) |
//! | change some of their fields | [`CacheModel::patch`], [`Patch`], [`PatchError`] |
//! | not overwrite what others changed | `#[version]` of [`CacheModel`](derive@CacheModel), [`Error::VersionConflict`] |
//! | share no values between documents | `#[unique]` of [`CacheModel`](derive@CacheModel), [`UniqueValue`], [`Error::NotUnique`] |
//! | read some of their members | [`CacheView`](derive@CacheView), [`Query::select`], [`Error::View`] |
//! | go through all of them | [`CacheModel::keys`], [`CacheModel::ids`], [`CacheModel::save_stream`] |
//! | find them | [`Field`], [`Filter`], [`Query`], [`Found`], [`Completeness`] |
//! | suggest, list values, check the spelling, name synonyms | [`Suggestions`], [`Terms`], [`Dictionary`] |
//! | test without a server that they fit their indexes | [`assert_indexable`], [`check_indexable`] |
//! | make their indexes | [`Migrator`], [`Plan`], [`SchemaLock`], [`Strategy`], [`MigrateError`] |
//! | know whether their indexes can be asked, and what to do while they cannot | [`Cache::readiness`], [`Migrator::readiness`], [`Migrator::watch`], [`IndexPolicy`] |
//! | have them on a command line, and their schemas in the repository | [`cli`](cli/index.html) (feature `cli`), [`SchemaLock`], [`Migrator::assert_locked`] |
//! | bring stored documents to a new form | [`DataMigration`], `schema_version` and `upgrade` of [`CacheModel`](derive@CacheModel) |
//! | give its user the least rights on the server | [`acl`] |
//! | answer probes | [`Cache::health`], [`health`] (routes with feature `axum`) |
//! | keep settings of tenants, and tell tenants by their hosts | [`tenant`](tenant/index.html) (feature `tenant`; with PostgreSQL, `postgres`) |
//! | let one process do a thing | [`Gate`], [`Lease`], [`Outcome`], [`Once`], [`Schedule`] |
//! | write tests of one's own, on a server that they share | [`testkit`](testkit/index.html) (feature `testkit`) |
//! | try things on a private server | [`Cache::embedded`](struct.Cache.html#method.embedded) (feature `embedded`) |
//! | group and count documents | [`Query::group_by`], [`Aggregation`], [`aggregate`] |
//! | know what went wrong | [`Error`] |

// A file imports from those before it: patch_error, backoff, begun, clock, error, settings, connection, embedded, cache, script, primary_key,
// version, model, document, acl, index, query, terms, load, near, cache_model, migrate, gate, health, cli, tenant, testkit.

pub mod acl;
#[cfg(feature = "cli")]
pub mod cli;
pub mod connection;
#[cfg(feature = "embedded")]
pub mod embedded;
// Text alone. Its examples need a server of their own, and link to what these features have.
#[cfg(all(any(doc, doctest), feature = "embedded", feature = "near", feature = "tenant"))]
pub mod guide;
pub mod health;
#[cfg(feature = "tenant")]
pub mod tenant;
#[cfg(feature = "testkit")]
pub mod testkit;

#[doc(hidden)]
pub mod __private;
mod backoff;
mod begun;
mod cache;
mod cache_model;
mod clock;
mod document;
mod error;
mod gate;
mod index;
mod load;
mod migrate;
mod model;
#[cfg(feature = "near")]
mod near;
mod patch_error;
mod primary_key;
mod query;
mod script;
mod settings;
mod terms;
mod version;

pub use bytes::Bytes;
// Their examples stand here, since only here they compile; rustdoc puts them before what the macros say of themselves.
/// A struct is a part of models, and is found by its own fields.
///
/// ```
/// use cache_core::{CacheEmbedded, CacheModel};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, CacheEmbedded)]
/// struct Address {
///     #[index]
///     city: String,
/// }
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// struct User {
///     #[primary_key]
///     id: String,
///     #[embedded]
///     addresses: Vec<Address>,
/// }
///
/// let address = |city: &str| Address { city: city.to_owned() };
/// let ann = User { id: "ann".to_owned(), addresses: vec![address("Biel"), address("Bern")] };
/// let in_bern = User::ADDRESSES.city.eq("Bern");
/// assert!(in_bern.accepts(&ann)?);
/// assert_eq!(in_bern.render()?.text(), "@addresses_city:{$p0}");
/// # Ok::<(), cache_core::QueryError>(())
/// ```
pub use cache_derive::CacheEmbedded;
/// A struct is documents in Redis, and they are found by its fields.
///
/// ```
/// use cache_core::{CacheModel, testkit};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// #[cache(prefix = "user_session", ttl = "30m")]
/// struct UserSession {
///     #[primary_key]
///     user_id: String,
///     #[index]
///     email: String,
/// }
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let cache = testkit::Memory::cache(); // without a server; with one, `Cache::connect(url).await?`
/// UserSession { user_id: "u1".to_owned(), email: "ann@example.com".to_owned() }.save(&cache).await?;
/// let hers = UserSession::find_by_email("ann@example.com").all(&cache).await?;
/// assert_eq!(hers.len(), 1);
/// assert!(UserSession::get(&cache, "u1").await?.is_some());
/// # Ok::<_, cache_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub use cache_derive::CacheModel;
/// A type of one's own is the value of an indexed field.
///
/// ```
/// use cache_core::{CacheModel, CacheValue};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, CacheValue)]
/// #[serde(rename_all = "snake_case")]
/// enum Role {
///     Reader,
///     SeniorEditor,
/// }
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// struct User {
///     #[primary_key]
///     id: String,
///     #[index]
///     role: Role,
/// }
///
/// let editors = User::ROLE.eq(Role::SeniorEditor).render()?;
/// assert_eq!((editors.text(), editors.params().values()), ("@role:{$p0}", &[b"senior_editor".to_vec()][..]));
/// # Ok::<(), cache_core::QueryError>(())
/// ```
pub use cache_derive::CacheValue;
/// A struct is what a query reads of each document, in place of the whole.
///
/// ```no_run
/// use cache_core::{Cache, CacheModel, CacheView};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// struct User {
///     #[primary_key]
///     id: String,
///     #[index]
///     city: String,
///     history: Vec<String>,
/// }
///
/// #[derive(Deserialize, CacheView)]
/// #[cache(model = User)]
/// struct Card {
///     id: String,
///     city: String,
/// }
///
/// # async fn example(cache: &Cache) -> cache_core::Result<()> {
/// for card in User::find_by_city("Bern").select::<Card>().all(cache).await? {
///     println!("{} of {}", card.id, card.city);
/// }
/// # Ok(())
/// # }
/// ```
pub use cache_derive::CacheView;
/// Of all processes that call a function at once, one runs it.
///
/// ```no_run
/// use cache_core::{Cache, GateError, Lease, Outcome, gate};
///
/// #[gate("nightly", ttl = "5m", grace = "10s")]
/// async fn clean_up(cache: &Cache, lease: &Lease) -> Result<u64, GateError> {
///     lease.check()?;
///     Ok(7)
/// }
///
/// # async fn example(cache: &Cache) -> Result<(), GateError> {
/// match clean_up(cache).await? {
///     Outcome::Ran(rows) => println!("{rows} rows"),
///     other => println!("another process does it: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
pub use cache_derive::gate;
/// A test has a cache of its own on a real server, where only its documents are.
///
/// ```no_run
/// use cache_core::{Cache, CacheModel};
///
/// #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// struct Ticket {
///     #[primary_key]
///     id: u32,
///     #[index]
///     state: String,
/// }
///
/// #[cache_core::test(register(Ticket))]
/// async fn open_tickets_are_found(cache: Cache) -> cache_core::Result<()> {
///     Ticket { id: 1, state: "open".to_owned() }.save(&cache).await?;
///     assert_eq!(Ticket::find_by_state("open").count(&cache).await?, 1);
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[cfg(feature = "testkit")]
pub use cache_derive::test;
pub use cache_index::aggregate;
pub use cache_index::{
    AggregateError, Batch, Beside, Command, Comparable, Comparand, Completeness, Correction, DecodeError,
    Difference, Direction, Distance, DistanceMetric, ElementType, Embedded, EmbeddedFields, Entry, Epoch,
    EpochValue, Field, FieldDef, FieldFailure, FieldKind, FieldPath, Filter, FindBy, Fingerprint,
    FingerprintError, FlatValue, FloatSeconds, Geo, GeoError, GeoPoint, GeoShapeKind, HashTag,
    IndexDefinition, IndexInfo, IndexSchema, IndexValue, Indexable, IndexedField, IndexesEmpty,
    IndexesMissing, JsonType, Keyspace, Kind, Language, ListValue, Located, MAX_SEPARATED_TAG, MAX_TAG, Many,
    Millis, Misspelled, NameError, Nearest, NewSuggestion, No, NotIndexable, Numeric, Operand, OptionalValue,
    Options, Ordered, Part, Phonetic, Phrase, Prefixed, QueryError, RawQuery, RawQueryError, RawValue,
    Reading, Reply, Route, ScalarValue, Schema, Scorer, SearchName, Seconds, ServerError, ServerErrorKind,
    ShapeValue, Shaped, Shortfall, Similar, Single, SortKey, Sortable, SortableValue, Stopwords, Stored,
    SuffixTrie, Suffixed, Suggestion, SynonymGroups, Tag, Tagged, TermError, Text, TextValue, UniqueOperand,
    UniqueValue, Unit, Vector, VectorElement, VectorKind, VectorLengthError, VectorOptions, VectorType,
    VectorValue, Wild, Worded, Yes, assert_indexable, check_indexable, epoch_float_seconds, epoch_millis,
    epoch_seconds, hashed_part,
};

#[cfg(feature = "rust_decimal")]
pub use cache_index::{DecimalNumber, decimal_number};

#[cfg(feature = "geo")]
pub use cache_index::GeoShape;

#[cfg(feature = "metrics")]
pub use crate::cache::metrics::describe_metrics;
pub use crate::cache::{
    Blocking, Cache, CacheState, Degrade, ErrorClass, GateCounts, IndexPolicy, IndexReadiness, IndexState,
    Readiness, Ready, StateWatch,
};
pub use crate::cache_model::CacheModel;
pub use crate::connection::{Capabilities, Connection};
pub use crate::document::{
    Amount, Assign, Changes, EachDocument, Expiry, Ids, Increment, Keys, List, Number, NumberRange,
    OneDocument, Optional, Patch, SaveStream, Saved, Ttl,
};
pub use crate::error::{Error, Result};
pub use crate::gate::{
    Durability, Gate, GateError, Holder, Layout, Lease, Lock, OnError, OnLost, OnUnavailable, Once,
    OnceOutcome, Outcome, Released, Schedule, Scope,
};
pub use crate::load::{Load, LoadError};
pub use crate::migrate::{
    DataDifference, DataFailure, DataMigration, DataMigrationError, DataReport, Disagreement, Estimate,
    Extending, LeaseSeen, MigrateError, MigratedIndex, Migration, Migrator, Notice, Observed, Plan, Progress,
    RecordedStep, Sample, SchemaLock, SchemaLockError, ServerMemory, Step, Strategy, Unlocked, Watch,
};
pub use crate::model::{Indexed, Model, Versioned};
#[cfg(feature = "near")]
pub use crate::near::{NearCache, NearHandle, NearStatus};
pub use crate::patch_error::PatchError;
pub use crate::primary_key::{DocumentKey, Id, IdPart, PrimaryKey, ReadKey};
pub use crate::query::{
    Aggregation, Found, Groups, Near, Pages, Profile, Query, Row, Rows, Scored, Summary, Updated,
};
pub use crate::settings::{Pem, Protocol, RedisSettings, Tls};
pub use crate::terms::{Dictionary, SpellCheck, Suggest, Suggestions, Synonyms, Terms};
pub use crate::version::VersionValue;
