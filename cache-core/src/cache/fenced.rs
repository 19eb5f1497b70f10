//! The connection of a fenced cache: what writes and carries no fence does not get through.

use std::sync::Arc;
use std::time::Duration;

use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

use super::Cache;
use super::fence::{Fence, is_one_of};
use crate::connection::{Capabilities, Connection, Invalidations, KeyChanges, PushStream};
use crate::error::{Error, Result};

/// What changes no key. An index that vanished may be made again: that changes none either.
pub(super) const READS: [&str; 61] = [
    "JSON.GET",
    "JSON.MGET",
    "JSON.TYPE",
    "JSON.OBJKEYS",
    "JSON.OBJLEN",
    "JSON.ARRLEN",
    "JSON.STRLEN",
    "FT.SEARCH",
    "FT.AGGREGATE",
    "FT.CURSOR",
    "FT.INFO",
    "FT.EXPLAIN",
    "FT.PROFILE",
    "FT.TAGVALS",
    "FT.SPELLCHECK",
    "FT.SUGGET",
    "FT.SUGLEN",
    "FT.DICTDUMP",
    "FT.SYNDUMP",
    "FT._LIST",
    "FT.CREATE",
    "FT._CREATEIFNX",
    "GET",
    "MGET",
    "STRLEN",
    "EXISTS",
    "TYPE",
    "TTL",
    "PTTL",
    "EXPIRETIME",
    "PEXPIRETIME",
    "SCAN",
    "KEYS",
    "DBSIZE",
    "HGET",
    "HMGET",
    "HGETALL",
    "HLEN",
    "HEXISTS",
    "LRANGE",
    "LLEN",
    "SMEMBERS",
    "SISMEMBER",
    "SCARD",
    "ZRANGE",
    "ZSCORE",
    "ZCARD",
    "XRANGE",
    "XLEN",
    "PING",
    "CLIENT",
    "ECHO",
    "TIME",
    "INFO",
    "WAIT",
    "COMMAND",
    "HELLO",
    "ROLE",
    "LASTSAVE",
    "EVAL_RO",
    "EVALSHA_RO",
];

/// A connection that refuses writes without the fence, whoever sends them.
struct FencedConnection {
    inner: Arc<dyn Connection>,
    fence: Arc<Fence>,
}

impl FencedConnection {
    fn new(inner: Arc<dyn Connection>, fence: Arc<Fence>) -> Self {
        Self { inner, fence }
    }

    fn check(&self, command: &Command) -> Result<()> {
        if is_one_of(command.name(), &READS) || self.fence.is_carried_by(command) {
            return Ok(());
        }
        Err(Error::NoFence { command: command.name().to_owned() })
    }
}

impl Cache {
    /// The same cache, whose writes carry this number and are compared with the largest one that was seen. `gate` is
    /// the key of the gate, `key` the one of its fence.
    pub(crate) fn fenced(&self, gate: &str, key: &str, number: u64) -> Self {
        let fence = Arc::new(Fence::new(gate, key, number, self.capabilities().cluster));
        let connection = FencedConnection::new(Arc::clone(&self.connection), Arc::clone(&fence));
        let unfenced = Some(self.unfenced());
        Self { connection: Arc::new(connection), fence: Some(fence), unfenced, ..self.clone() }
    }
}

impl Connection for FencedConnection {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        match self.check(&command) {
            Ok(()) => self.inner.send(command),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        match batch.commands().iter().try_for_each(|command| self.check(command)) {
            Ok(()) => self.inner.send_all(batch),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn pushes(&self) -> Option<PushStream> {
        self.inner.pushes()
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    fn notices_flushes(&self) -> bool {
        self.inner.notices_flushes()
    }

    fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        self.inner.changes_of(key)
    }

    fn tracking(&self, told: Arc<dyn Invalidations>) -> Option<Result<Arc<dyn Connection>>> {
        self.inner.tracking(told)
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }
}
