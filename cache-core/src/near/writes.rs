//! The connection of a near cache: what is written through it is not kept any longer.

use std::sync::Arc;
use std::time::Duration;

use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

use super::store::Store;
use super::table::Key;
use crate::cache::through::is_read;
use crate::connection::{Capabilities, Connection, Invalidations, KeyChanges, PushStream};
use crate::error::Result;

/// Commands after which any key may be another.
const ALL: [&str; 6] = ["FLUSHALL", "FLUSHDB", "SWAPDB", "FT.DROPINDEX", "FT.DROP", "FUNCTION"];

/// A connection that has what is written forgotten: before it is sent, and again after it was answered, since whoever asked
/// meanwhile may have got what was there before.
pub(super) struct Writes {
    inner: Arc<dyn Connection>,
    store: Arc<Store>,
}

/// What a command may have changed; forgotten once more when this is dropped, however the call ended.
struct Touched {
    store: Arc<Store>,
    keys: Vec<Key>,
    all: bool,
}

impl Writes {
    pub(super) fn new(inner: Arc<dyn Connection>, store: &Arc<Store>) -> Self {
        Self { inner, store: Arc::clone(store) }
    }

    /// Has forgotten what these commands may change. `None`: they change nothing that could be kept.
    fn touch(&self, commands: &[Command]) -> Option<Touched> {
        let writes = || commands.iter().filter(|command| !is_read(command));
        let is_of_all = |command: &Command| ALL.iter().any(|name| command.name().eq_ignore_ascii_case(name));
        let all = writes().any(is_of_all);
        let arguments = writes().flat_map(|command| command.args().skip(1));
        let keys: Vec<Key> =
            arguments.filter(|argument| self.store.may_keep(argument)).map(Key::from).collect();
        if keys.is_empty() && !all {
            return None;
        }
        let touched = Touched { store: Arc::clone(&self.store), keys, all };
        touched.forget();
        Some(touched)
    }

    /// Has what was written forgotten once more. Where it was written over another connection than the line was made for, that
    /// may be to another server, and nothing is believed until the line is to the same one.
    fn written(&self, touched: Touched) {
        if !self.store.is_of(self.inner.generation()) {
            self.store.lost();
        }
        drop(touched);
    }
}

impl Touched {
    fn forget(&self) {
        self.keys.iter().for_each(|key| self.store.table.changed(key));
        if self.all {
            self.store.trust.begin_anew();
        }
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Connection for Writes {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        let Some(touched) = self.touch(std::slice::from_ref(&command)) else {
            return self.inner.send(command);
        };
        Box::pin(async move {
            let answer = self.inner.send(command).await;
            self.written(touched);
            answer
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        let Some(touched) = self.touch(batch.commands()) else { return self.inner.send_all(batch) };
        Box::pin(async move {
            let answers = self.inner.send_all(batch).await;
            self.written(touched);
            answers
        })
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
