//! A store of tenants' settings that fails, waits and counts as a test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::tenant::{MemoryStore, StoreResult, Stored, TenantStore};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, oneshot};

/// A store in memory. Clones share it, as replicas share a database.
#[derive(Debug, Clone, Default)]
pub struct TestStore {
    inner: MemoryStore,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    gets: AtomicUsize,
    alls: AtomicUsize,
    fails: AtomicBool,
    hangs: AtomicBool,
    /// The longest that a call takes, in microseconds.
    slow: AtomicU64,
    calls: AtomicU64,
    halt: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

/// A read of the store that has seen what there is, and is not answered yet.
#[derive(Debug)]
pub struct Halted {
    begun: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

impl Halted {
    /// Waits until somebody reads.
    ///
    /// # Panics
    /// If the store is gone.
    pub async fn begun(&mut self) {
        if let Err(error) = (&mut self.begun).await {
            panic!("{error}");
        }
    }

    /// Lets it be answered.
    pub fn go(self) {
        let _ = self.go.send(());
    }
}

impl TestStore {
    /// How often one tenant's settings were read.
    pub fn gets(&self) -> usize {
        self.faults.gets.load(Ordering::SeqCst)
    }

    /// How often everything was read.
    pub fn alls(&self) -> usize {
        self.faults.alls.load(Ordering::SeqCst)
    }

    /// Whether every call fails from now on.
    pub fn fails(&self, fails: bool) {
        self.faults.fails.store(fails, Ordering::SeqCst);
    }

    /// Whether no call is answered from now on.
    pub fn hangs(&self, hangs: bool) {
        self.faults.hangs.store(hangs, Ordering::SeqCst);
    }

    /// How long a call takes at most, before and after it is done.
    pub fn slow(&self, most: Duration) {
        self.faults.slow.store(u64::try_from(most.as_micros()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Stops the next read of a tenant between seeing and telling.
    pub async fn halt(&self) -> Halted {
        let ((begins, begun), (go, goes)) = (oneshot::channel(), oneshot::channel());
        *self.faults.halt.lock().await = Some((begins, goes));
        Halted { begun, go }
    }

    /// The store behind it.
    pub fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    async fn faulty<T>(&self, call: impl Future<Output = StoreResult<T>> + Send) -> StoreResult<T> {
        if self.faults.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.faults.fails.load(Ordering::SeqCst) {
            return Err("the store is broken".into());
        }
        self.dawdle().await;
        let answer = call.await;
        self.dawdle().await;
        answer
    }

    async fn dawdle(&self) {
        let slow = self.faults.slow.load(Ordering::SeqCst);
        if slow > 0 {
            let number = self.faults.calls.fetch_add(1, Ordering::SeqCst);
            let time = crate::dice::Dice::lane(slow, number).below(slow);
            tokio::time::sleep(Duration::from_micros(time)).await;
        }
    }
}

impl TenantStore for TestStore {
    async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
        self.faults.gets.fetch_add(1, Ordering::SeqCst);
        let answer = self.faulty(TenantStore::get(&self.inner, tenant)).await;
        let halt = self.faults.halt.lock().await.take();
        if let Some((begins, goes)) = halt {
            let _ = begins.send(());
            let _ = goes.await;
        }
        answer
    }

    async fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> StoreResult<Option<u64>> {
        self.faulty(TenantStore::put(&self.inner, tenant, settings, replaces)).await
    }

    async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
        self.faulty(TenantStore::remove(&self.inner, tenant, replaces)).await
    }

    async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
        self.faults.alls.fetch_add(1, Ordering::SeqCst);
        self.faulty(TenantStore::all(&self.inner)).await
    }
}
