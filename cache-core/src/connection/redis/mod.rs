//! Connections that are made here, to a server or a cluster of them, whichever answers; and the adapter for those of the `redis` crate.

mod adapter;
mod convert;
#[cfg(test)]
mod demoted;
mod failure;
mod heard;
mod link;
mod listeners;
mod node;
mod opener;
#[cfg(test)]
mod recorded;
mod sentinel;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod told;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

pub use self::adapter::RedisAdapter;
use self::node::{Node, Shared};
use super::cluster::{Cluster, Member};
use super::in_flight::InFlight;
use super::{Capabilities, Connection, Invalidations, KeyChanges, PushStream};
use crate::error::{Error, Result};
use crate::settings::{Places, Protocol, RedisSettings};

/// A connection that is made here.
pub(crate) struct RedisConnection {
    settings: RedisSettings,
    in_flight: InFlight,
    shared: Shared,
    /// The server that the settings name. If it is a node of a cluster, the others are found through it.
    node: Arc<Node>,
    cluster: OnceLock<Arc<Cluster<Node>>>,
    seeds: Seeds,
}

/// What the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seeds {
    /// A server, of a cluster or not.
    One,
    /// Nodes of a cluster.
    Several,
    /// Sentinels, of a server that is no cluster.
    Sentinels,
}

impl Seeds {
    fn of(settings: &RedisSettings) -> Self {
        match Places::of(&settings.url) {
            Some(places) if places.is_sentinel() => Self::Sentinels,
            Some(places) if places.is_several() => Self::Several,
            _ => Self::One,
        }
    }

    /// Fails if what answers is none of it.
    fn check(self, is_cluster: bool) -> Result<()> {
        let reason = match (self, is_cluster) {
            (Self::Several, false) => {
                "it has several addresses, which is for clusters, and what answers is a single server; name that one \
                 alone, or its sentinels with `redis+sentinel://`"
            }
            (Self::Sentinels, true) => {
                "it has sentinels, and what they name is a node of a cluster, which has none; name nodes with `redis://`"
            }
            _ => return Ok(()),
        };
        Err(Error::Settings { setting: "url", reason: reason.to_owned() })
    }
}

impl RedisConnection {
    /// Connects and asks the server what it can do.
    pub(crate) async fn connect(settings: &RedisSettings) -> Result<Self> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let connection = Self::lazy(settings)?;
        connection.node.ask(settings.connect_timeout + settings.response_timeout).await?;
        connection.checked()?;
        Ok(connection)
    }

    /// Connects with the first command, which asks the server what it can do before it is sent.
    pub(crate) fn lazy(settings: &RedisSettings) -> Result<Self> {
        Self::over(settings, Shared::default())
    }

    fn over(settings: &RedisSettings, shared: Shared) -> Result<Self> {
        let node = Arc::new(Node::lazy(settings, &shared)?);
        Ok(Self {
            settings: settings.clone(),
            in_flight: InFlight::new(settings.max_in_flight),
            shared,
            node,
            cluster: OnceLock::new(),
            seeds: Seeds::of(settings),
        })
    }

    /// Fails if it is known to be something else than the settings say.
    fn checked(&self) -> Result<()> {
        let known = self.node.capabilities_known();
        known.map_or(Ok(()), |known| self.seeds.check(known.cluster))
    }

    /// The cluster, if it is known to be one.
    fn cluster(&self) -> Option<&Arc<Cluster<Node>>> {
        if let Some(cluster) = self.cluster.get() {
            return Some(cluster);
        }
        let capabilities = self.node.capabilities_known().filter(|known| known.cluster)?;
        Some(self.cluster.get_or_init(|| {
            let (shared, capabilities) = (self.shared.clone(), capabilities.clone());
            let make = move |settings: &RedisSettings| Node::known(settings, &shared, &capabilities);
            Cluster::new(&self.settings, &self.node, make)
        }))
    }

    /// Where a call goes, which takes a question the first time; and what time that leaves for the call.
    async fn place(
        &self,
        timeout: Option<Duration>,
    ) -> Result<(Option<&Arc<Cluster<Node>>>, Option<Duration>)> {
        if self.node.capabilities_known().is_some() {
            self.checked()?;
            return Ok((self.cluster(), timeout));
        }
        let (began, whole) = (Instant::now(), timeout.unwrap_or(self.settings.response_timeout));
        // What few calls do is apart here and below, so that the others need not carry it.
        Box::pin(self.node.ask(whole)).await?;
        self.checked()?;
        Ok((self.cluster(), Some(whole.saturating_sub(began.elapsed()))))
    }
}

impl Connection for RedisConnection {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            let _counted = self.in_flight.enter()?;
            match self.place(command.timeout()).await? {
                (None, timeout) => self.node.call(&command, timeout).await,
                (Some(cluster), timeout) => Box::pin(cluster.send(&command, timeout)).await,
            }
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let _counted = self.in_flight.enter()?;
            let commands: Vec<_> = batch.commands().iter().collect();
            match self.place(batch.timeout()).await? {
                (None, timeout) => self.node.call_all(&commands, batch.is_atomic(), timeout).await,
                (Some(cluster), timeout) if batch.is_atomic() => {
                    Box::pin(cluster.transact(&commands, timeout)).await
                }
                (Some(cluster), timeout) => Box::pin(cluster.send_all(&commands, timeout)).await,
            }
        })
    }

    fn capabilities(&self) -> &Capabilities {
        self.node.capabilities()
    }

    fn pushes(&self) -> Option<PushStream> {
        self.node.link.listen()
    }

    fn generation(&self) -> u64 {
        self.cluster.get().map_or_else(|| self.node.generation(), |cluster| cluster.generation())
    }

    fn notices_flushes(&self) -> bool {
        self.cluster.get().map_or_else(|| self.node.notices_flushes(), |cluster| cluster.notices_flushes())
    }

    fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        // In a cluster the key and the index need not be on one connection.
        let is_cluster = self.cluster.get().is_some() || self.node.capabilities().cluster;
        if is_cluster { None } else { self.node.link.changes_of(key) }
    }

    fn tracking(&self, told: Arc<dyn Invalidations>) -> Option<Result<Arc<dyn Connection>>> {
        if self.node.capabilities().protocol != Protocol::Resp3 {
            return None;
        }
        let shared = Shared { told: Some(told), ..Shared::default() };
        let tracking = Self::over(&self.settings, shared);
        Some(tracking.map(|tracking| Arc::new(tracking) as Arc<dyn Connection>))
    }

    fn deadline(&self) -> Duration {
        self.settings.response_timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// glibc and jemalloc hand out and take back so much without a lock or a search.
    const SMALL: usize = 1024;

    #[test]
    fn a_call_is_a_small_allocation() {
        let connection = RedisConnection::lazy(&RedisSettings::new("redis://localhost")).unwrap();
        let call = connection.send(Command::new("GET").key("k"));
        assert!(size_of_val(&*call) <= SMALL, "{}", size_of_val(&*call));
        let calls = connection.send_all(Batch::pipeline(vec![Command::new("GET").key("k")]));
        assert!(size_of_val(&*calls) <= SMALL, "{}", size_of_val(&*calls));
    }
}
