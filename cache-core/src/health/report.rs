//! What was found, for people and as JSON. It has no texts of errors, addresses or users.

use std::fmt;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::cache::{Cache, CacheState, ErrorClass, IndexReadiness, IndexState, Ready};
use crate::gate::Holder;

/// How the server answered.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::health::Ping;
///
/// match cache.health().await.ping {
///     Ping::Answered(after) => println!("after {after:?}"),
///     Ping::Failed(class) => panic!("{class}"), // no text of an error, which may name hosts
///     _ => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ping {
    /// After this long.
    Answered(Duration),
    /// Not.
    Failed(ErrorClass),
}

/// Whether a cache can be used. Made by [`HealthCheck::run`](super::HealthCheck::run).
///
/// `Serialize` writes what a probe may show to everybody: states and classes of errors; `Display` the same in lines.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = cache_core::testkit::Memory::cache();
/// let health = cache.health().await;
/// let status = if health.is_ready() { 200 } else { 503 };
/// let body = serde_json::to_value(&health)?;
/// assert_eq!((status, &body["status"]), (200, &"ready".into()));
/// assert_eq!(body["indexes"], serde_json::json!([]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// What the service is with regard to its cache.
    pub ready: Ready,
    /// How the server answered just now.
    pub ping: Ping,
    /// For how long there has been no server, and why, if there is none.
    pub degraded: Option<(Duration, ErrorClass)>,
    /// Whether the service needs the server.
    pub required: bool,
    /// How many deletions the server has not been told of yet.
    pub owed_invalidations: usize,
    /// The version of the server; empty: it was not asked yet.
    pub server: String,
    /// The versions of its search and its JSON module, as they report them.
    pub modules: [Option<u32>; 2],
    /// The indexes that a migrator was run for.
    pub indexes: Vec<IndexHealth>,
    /// The gates that were asked for.
    pub gates: Vec<GateHealth>,
}

/// One index.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) {
/// use cache_core::Ready;
///
/// for index in cache.health().await.indexes {
///     if index.ready < Ready::Yes {
///         println!("{}: {}", index.model, index.state);
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexHealth {
    /// The model.
    pub model: &'static str,
    /// Its state, as it was seen last.
    pub state: IndexState,
    /// What that means.
    pub ready: Ready,
}

/// One gate.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) {
/// use cache_core::Gate;
/// use cache_core::health::HealthCheck;
///
/// for gate in HealthCheck::new(&cache).gate(Gate::new("nightly")).run().await.gates {
///     match (gate.held, gate.age) {
///         (Some(true), Some(age)) => println!("{} has been held for {age:?}", gate.name),
///         (Some(held), _) => println!("{} is held: {held}", gate.name),
///         (None, _) => println!("{}: {:?}", gate.name, gate.class),
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateHealth {
    /// Its name.
    pub name: String,
    /// Whether somebody holds it; `None`: the server did not say.
    pub held: Option<bool>,
    /// Why it did not.
    pub class: Option<ErrorClass>,
    /// How long its key will live unless it is renewed or released.
    pub ttl: Option<Duration>,
    /// For how long it has been held.
    pub age: Option<Duration>,
}

impl IndexHealth {
    fn of(index: &IndexReadiness) -> Self {
        Self { model: index.model, state: index.state, ready: index.ready() }
    }
}

impl GateHealth {
    pub(super) fn found(name: String, holder: Option<&Holder>) -> Self {
        Self {
            name,
            held: Some(holder.is_some()),
            class: None,
            ttl: holder.and_then(|holder| holder.ttl),
            age: holder.and_then(|holder| holder.age),
        }
    }

    pub(super) fn unknown(name: String, class: ErrorClass) -> Self {
        Self { name, held: None, class: Some(class), ttl: None, age: None }
    }
}

impl Health {
    pub(super) fn new(cache: &Cache, ping: Ping, required: bool, gates: Vec<GateHealth>) -> Self {
        let (capabilities, readiness) = (cache.capabilities(), cache.readiness());
        let degraded = match cache.state() {
            CacheState::Enabled => None,
            CacheState::Degraded { since, class } => Some((since.elapsed(), class)),
        };
        let server = match ping {
            Ping::Answered(_) if degraded.is_none() => Ready::Yes,
            _ if required => Ready::No,
            _ => Ready::Degraded,
        };
        // Without a server that is not needed, indexes that are not there are no worse than it; nor are those that it did not make
        // for what may pass, as it takes no writes.
        let searched = match (server, readiness.overall()) {
            (Ready::Degraded, _) => Ready::Degraded,
            (_, Ready::No) if !required && readiness.indexes().iter().all(may_come) => Ready::Degraded,
            (_, searched) => searched,
        };
        Self {
            ready: server.min(searched),
            ping,
            degraded,
            required,
            owed_invalidations: cache.owed_invalidations(),
            server: capabilities.server.clone(),
            modules: [capabilities.search, capabilities.json],
            indexes: readiness.indexes().iter().map(IndexHealth::of).collect(),
            gates,
        }
    }

    /// Whether the service can be sent requests: what is [degraded](Ready::Degraded) is ready.
    pub fn is_ready(&self) -> bool {
        self.ready > Ready::No
    }
}

/// Whether an index can be asked, or is put off for what may pass.
fn may_come(index: &IndexReadiness) -> bool {
    use ErrorClass as Class;
    match index.state {
        IndexState::Deferred { class, .. } => matches!(
            class,
            Class::Unavailable | Class::Timeout | Class::Busy | Class::Loading | Class::WriteRefused
        ),
        _ => index.ready() > Ready::No,
    }
}

fn word(ready: Ready) -> &'static str {
    match ready {
        Ready::Yes => "ready",
        Ready::Degraded => "degraded",
        Ready::No => "not_ready",
    }
}

fn class(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Unavailable => "unavailable",
        ErrorClass::Timeout => "timeout",
        ErrorClass::Busy => "busy",
        ErrorClass::Tls => "tls",
        ErrorClass::Loading => "loading",
        ErrorClass::AccessDenied => "access_denied",
        ErrorClass::WriteRefused => "write_refused",
        ErrorClass::Refused => "refused",
        ErrorClass::ToBeMended => "to_be_mended",
        ErrorClass::Other => "other",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn state(index: &IndexHealth) -> &'static str {
    match index.state {
        IndexState::Ready => "ready",
        IndexState::Filling { .. } => "filling",
        IndexState::Missing => "missing",
        IndexState::Drifted => "drifted",
        IndexState::Deferred { .. } => "deferred",
        IndexState::FailedDocuments(_) => "failed_documents",
    }
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Health", 8)?;
        fields.serialize_field("status", word(self.ready))?;
        fields.serialize_field("required", &self.required)?;
        match self.ping {
            Ping::Answered(after) => fields.serialize_field("ping_ms", &millis(after))?,
            Ping::Failed(failed) => fields.serialize_field("ping", class(failed))?,
        }
        if let Some((since, why)) = self.degraded {
            fields.serialize_field("degraded", class(why))?;
            fields.serialize_field("degraded_ms", &millis(since))?;
        }
        fields.serialize_field("owed_invalidations", &self.owed_invalidations)?;
        fields.serialize_field("indexes", &self.indexes)?;
        fields.serialize_field("gates", &self.gates)?;
        fields.end()
    }
}

impl Serialize for IndexHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("IndexHealth", 3)?;
        fields.serialize_field("model", self.model)?;
        fields.serialize_field("status", word(self.ready))?;
        fields.serialize_field("state", state(self))?;
        fields.end()
    }
}

impl Serialize for GateHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("GateHealth", 4)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("held", &self.held)?;
        if let Some(failed) = self.class {
            fields.serialize_field("error", class(failed))?;
        }
        if let Some(ttl) = self.ttl {
            fields.serialize_field("ttl_ms", &millis(ttl))?;
        }
        fields.end()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(self.ready).replace('_', " ").as_str())?;
        match (self.ping, self.degraded) {
            (Ping::Answered(after), None) => write!(f, "; the server answered after {after:.1?}")?,
            (Ping::Answered(after), Some((since, why))) => {
                write!(
                    f,
                    "; the server answered after {after:.1?}, and is taken to be away for {since:.0?}: {why}"
                )?;
            }
            (Ping::Failed(why), _) => write!(f, "; {why}")?,
        }
        for index in &self.indexes {
            write!(f, "\n  {}: {}", index.model, index.state)?;
        }
        for gate in &self.gates {
            let held = match (gate.held, gate.class) {
                (Some(true), _) => "held",
                (Some(false), _) => "free",
                (None, _) => "not known",
            };
            write!(f, "\n  gate {}: {held}", gate.name)?;
        }
        Ok(())
    }
}
