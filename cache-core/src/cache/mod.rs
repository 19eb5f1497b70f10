//! The handle that everything starts from: a connection, a namespace, and what is known of the indexes there.

mod background;
mod blocking;
mod circuit;
#[cfg(feature = "redis")]
mod connect;
mod degrade;
#[cfg(feature = "tenant")]
mod degrading;
mod detached;
mod driver;
#[cfg(feature = "embedded")]
mod embedded;
mod errands;
mod eviction;
mod failures;
mod fence;
mod fenced;
mod flights;
mod gate_tally;
mod known;
mod masters;
mod observe;
mod owed;
mod policy;
mod project;
mod put_off;
mod readiness;
mod seen;
mod send;
mod shared;
mod standing;
mod state;
#[cfg(feature = "near")]
pub(crate) mod through;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cache_index::{Command, Keyspace, NameError, Schema, check_name};

use self::circuit::Circuit;
use self::detached::Alive;
use self::owed::Owed;
use crate::connection::{Capabilities, Connection};
use crate::error::Result;

pub(crate) use background::Background;
pub use blocking::Blocking;
pub use degrade::Degrade;
pub(crate) use errands::{Errands, Line};
pub(crate) use eviction::EvictionPolicy;
pub(crate) use fence::{Carried, Fence};
pub(crate) use flights::{Flight, Flights, Lead, Seat};
pub use gate_tally::GateCounts;
pub(crate) use gate_tally::{GateCount, GateTally};
pub(crate) use known::{Healing, Wants};
pub(crate) use masters::Masters;
pub use observe::RegisteredModel;
pub(crate) use observe::{Sent, metrics, path_of, registered_schemas};
pub(crate) use owed::Invalidation;
pub use policy::IndexPolicy;
pub(crate) use project::keyspace_of_project;
pub(crate) use put_off::PutOff;
pub(crate) use readiness::Reason;
pub use readiness::{ErrorClass, IndexReadiness, IndexState, Readiness, Ready};
pub(crate) use seen::{Look, Mark};
pub(crate) use standing::Standing;
pub use state::{CacheState, StateWatch};

/// Has the index of a schema looked at in the background: how that is done is known above.
pub(crate) type Looking = fn(&Cache, &'static Schema, &str);

/// Forgets what is kept in memory under a key, if anything is.
type Forgets = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// A connection and a namespace. Cheap to clone; every clone uses the same connection.
///
/// There are no globals: two handles with different namespaces, or to different servers, live side by side, and
/// the same model works under each of them. The connection belongs to the runtime that made it; used from another
/// one after that has ended, it is made anew.
///
/// ```no_run
/// use cache_core::Cache;
///
/// # async fn example() -> cache_core::Result<()> {
/// let cache = Cache::connect("redis://localhost:6379").await?.project("shop");
/// cache.ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "RedisHandler")]
pub struct Cache {
    connection: Arc<dyn Connection>,
    // A bad name is kept until it is used: `project` and `namespace` are written in chains.
    keyspace: Result<Keyspace, NameError>,
    project: Option<Result<Arc<str>, NameError>>,
    standing: Arc<Standing>,
    /// Has an index looked at in the background, once a migrator was asked for one.
    look: Arc<OnceLock<Looking>>,
    policy: IndexPolicy,
    circuit: Arc<Circuit>,
    /// How it does without its server, if it does.
    degrade: Option<Arc<Degrade>>,
    owed: Arc<Owed>,
    forgets: Option<Forgets>,
    flights: Arc<Flights>,
    alive: Alive,
    background: Arc<Background>,
    errands: Arc<Errands>,
    gate_tally: Arc<GateTally>,
    generations: Arc<metrics::Generations>,
    eviction_policy: Arc<EvictionPolicy>,
    /// What writes carry; the connection is then one that lets nothing else write.
    fence: Option<Arc<Fence>>,
    /// The connection that a fenced one stands before.
    unfenced: Option<Arc<dyn Connection>>,
    /// What must live as long as the connection is used: an embedded server.
    keeps: Option<Arc<dyn Any + Send + Sync>>,
}

impl Cache {
    /// A cache over a connection of one's own, in the namespace `cache`. `RedisAdapter` in [`connection`](crate::connection)
    /// makes one of what the `redis` crate connects with.
    pub fn from_connection(connection: Arc<dyn Connection>) -> Self {
        metrics::describe_metrics();
        Self {
            connection,
            keyspace: Ok(Keyspace::default()),
            project: None,
            standing: Arc::default(),
            look: Arc::default(),
            policy: IndexPolicy::default(),
            circuit: Arc::new(Circuit::new(false)),
            degrade: None,
            owed: Arc::default(),
            forgets: None,
            flights: Arc::default(),
            alive: Alive::default(),
            background: Arc::default(),
            errands: Arc::default(),
            gate_tally: Arc::default(),
            generations: Arc::default(),
            eviction_policy: Arc::default(),
            fence: None,
            unfenced: None,
            keeps: None,
        }
    }

    /// The same cache for a project: its documents live under `<project>:cache:…`, its gates under
    /// `<project>:…:leader`.
    ///
    /// A name that is empty, begins or ends with `:` or begins with `~` is an error of every later call.
    #[doc(alias = "set_project_name")]
    pub fn project(mut self, name: &str) -> Self {
        let checked = check_name("project", name);
        self.keyspace = keyspace_of_project(name);
        self.project = Some(checked.map(|()| name.into()));
        self
    }

    /// The same cache with its documents under `<namespace>:…` instead of `cache:…`.
    ///
    /// Namespaces within each other (`shop` and `shop:user`) may see each other's documents: a model with the prefix
    /// `user` in the one and any model in the other have keys that begin alike. Give them names side by side.
    ///
    /// A name that is empty, begins or ends with `:` or begins with `~` is an error of every later call.
    #[doc(alias = "global_key_prefix")]
    pub fn namespace(mut self, name: &str) -> Self {
        self.keyspace = Keyspace::new(name);
        self
    }

    /// The same cache with another policy for queries of indexes that are being filled, in place of
    /// [`IndexPolicy::Allow`]. A query's own [`while_indexing`](crate::Query::while_indexing) goes before it.
    pub fn while_indexing(mut self, policy: IndexPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether the indexes that migrators were run for on this cache, or on a clone of it, can be asked, as far as is
    /// known: nothing is waited for.
    ///
    /// It is what the migrator, queries and the [`watch`](crate::Migrator::watch) saw last. What was seen before the connection
    /// was made anew, a database was flushed, the index was made again, or a run of the migrator broke off, is not told: then
    /// an index counts as being filled. Such an index, and one that was seen more than half a minute ago, is looked at in
    /// the background, as a query does, so that the next answer knows. [`Migrator::readiness`](crate::Migrator::readiness)
    /// asks the server at once. Whether the server can be reached is another question: see
    /// [`ping`](Cache::ping), which also finds out that a connection broke on which nothing else is asked; without,
    /// what was seen on it is told until the next command, half a minute at most.
    ///
    /// ```no_run
    /// # fn example(cache: cache_core::Cache) {
    /// let readiness = cache.readiness();
    /// let status = if readiness.is_ready() { 200 } else { 503 };
    /// println!("{status} {readiness}");
    /// # }
    /// ```
    pub fn readiness(&self) -> Readiness {
        let connection = self.connection.generation();
        if let Some(look) = self.look.get() {
            self.standing
                .stale(connection)
                .into_iter()
                .for_each(|(schema, index)| look(self, schema, &index));
        }
        self.standing.readiness(connection)
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// [`Error::is_unavailable`](crate::Error::is_unavailable) if it is not, or not in time.
    pub async fn ping(&self) -> Result<()> {
        self.command(Command::new("PING").repeatable()).await.map(drop)
    }

    /// What the server can do, as it was read when the connection was made.
    pub fn capabilities(&self) -> &Capabilities {
        self.connection.capabilities()
    }

    /// The connection below.
    pub fn connection(&self) -> &Arc<dyn Connection> {
        &self.connection
    }

    /// The namespace.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name) if it was given a name that cannot be used.
    pub fn keyspace(&self) -> Result<&Keyspace> {
        self.keyspace.as_ref().map_err(|error| error.clone().into())
    }

    /// The project; `None` if none was set.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name) if it was given a name that cannot be used.
    pub fn project_name(&self) -> Result<Option<&str>> {
        match &self.project {
            None => Ok(None),
            Some(Ok(name)) => Ok(Some(name)),
            Some(Err(error)) => Err(error.clone().into()),
        }
    }

    /// A migrator was asked for this index; from now on it is looked at in this way when nothing is known of it.
    pub(crate) fn registered(&self, schema: &'static Schema, index: &str, look: Looking) {
        let _ = self.look.set(look);
        self.standing.registered(index, schema);
    }

    pub(crate) fn policy(&self) -> IndexPolicy {
        self.policy
    }

    /// Waits until what was left to be told to the server in the background is told: the leases of gates that were
    /// dropped. At most `bound`; `false`: it was not all done by then, and the keys' ttls bound what is left.
    ///
    /// To be called at the end of a service, before its runtime ends. The cache can be used afterwards.
    pub async fn shutdown(&self, bound: Duration) -> bool {
        self.errands.drain(bound).await
    }

    /// What the gates of this cache and its clones did in this process.
    pub fn gate_counts(&self) -> GateCounts {
        self.gate_tally.counts()
    }

    pub(crate) fn flights(&self) -> &Arc<Flights> {
        &self.flights
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) fn background(&self) -> &Background {
        &self.background
    }

    pub(crate) fn errands(&self) -> &Errands {
        &self.errands
    }

    pub(crate) fn gate_tally(&self) -> &GateTally {
        &self.gate_tally
    }

    pub(crate) fn eviction_policy(&self) -> &EvictionPolicy {
        &self.eviction_policy
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("keyspace", &self.keyspace)
            .field("project", &self.project)
            .field("capabilities", self.capabilities())
            .field("fence", &self.fence.as_ref().map(|fence| fence.number()))
            .field("keeps", &self.keeps.is_some())
            .finish()
    }
}
