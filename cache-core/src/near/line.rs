//! The connection on which the server tells of changes, and whether it still does.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use cache_index::Command;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::store::Store;
use crate::backoff::Backoff;
use crate::cache::ErrorClass;
use crate::clock::Moment;
use crate::connection::{Connection, Invalidations};
use crate::error::{Error, Result};

/// How often the server is asked whether the line is there.
const PERIOD: Duration = Duration::from_secs(1);

/// How long it may take to answer. Afterwards nothing is believed that was kept.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what is kept is believed after a question that was answered. Then the next one had been due, and its time is up.
pub(super) const BELIEVED: Duration = Duration::from_secs(3);

/// The first and the longest pause before another attempt to make the line anew.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), PERIOD);

/// The line, which is looked after until this is dropped.
pub(super) struct Line {
    pub(super) store: Arc<Store>,
    ends: Arc<Ends>,
    keeper: Mutex<Option<AbortHandle>>,
}

/// The line and the connection of the cache, which are to be to the same server.
struct Ends {
    store: Arc<Store>,
    /// Over which is written.
    main: Arc<dyn Connection>,
    /// What is read on it is tracked.
    tracked: RwLock<Arc<dyn Connection>>,
}

impl Line {
    /// A line to the server of this connection.
    pub(super) fn new(store: &Arc<Store>, main: &Arc<dyn Connection>) -> Result<Self> {
        store.is_made_for(main.generation());
        let tracked = RwLock::new(tracking(store, &**main)?);
        let ends = Arc::new(Ends { store: Arc::clone(store), main: Arc::clone(main), tracked });
        Ok(Self { store: Arc::clone(store), ends, keeper: Mutex::default() })
    }

    /// What is read on it is tracked.
    pub(super) fn tracked(&self) -> Arc<dyn Connection> {
        self.ends.tracked()
    }

    /// Asks once.
    pub(super) async fn ask(&self) -> Result<()> {
        self.ends.ask().await
    }

    /// Has it looked after, unless it is: what did may have ended with its runtime.
    pub(super) fn keep(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.as_ref().is_none_or(AbortHandle::is_finished) {
            *keeper = Some(runtime.spawn(keep(Arc::clone(&self.ends))).abort_handle());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.iter().for_each(AbortHandle::abort);
    }
}

/// Asks again and again, and at once when the line breaks.
async fn keep(ends: Arc<Ends>) {
    let fresh = || Backoff::new(PAUSES.0, PAUSES.1);
    let mut backoff = fresh();
    loop {
        match ends.ask().await {
            Ok(()) => {
                backoff = fresh();
                // Woken or not: it is asked again.
                let _ = tokio::time::timeout(PERIOD, ends.store.broke.notified()).await;
            }
            // What is believed has little time: no longer than it takes until a call has its answer.
            Err(error) if error.is_busy() => tokio::time::sleep(PAUSES.0).await,
            Err(_) => tokio::time::sleep(backoff.pause()).await,
        }
    }
}

impl Ends {
    fn tracked(&self) -> Arc<dyn Connection> {
        Arc::clone(&self.tracked.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks whether the line is there. What is kept is believed if it is, and not if it is not.
    async fn ask(&self) -> Result<()> {
        let store = &self.store;
        let answer = self.ask_both().await;
        match &answer {
            Ok(begins) => {
                if *begins {
                    store.table.clear();
                    tracing::debug!("the near cache is told of changes");
                }
                store.says(None);
            }
            // Nothing was asked, which says nothing of the line: what is kept is believed until its time is up.
            Err(error) if error.is_busy() => {
                if store.trust.epoch(Moment::now()).is_none() {
                    store.says(Some(ErrorClass::of(error)));
                }
            }
            Err(error) => {
                store.trust.lost();
                if store.says(Some(ErrorClass::of(error))) {
                    tracing::warn!(
                        error = error as &dyn std::error::Error,
                        "the near cache is not told of changes, and keeps nothing until it is"
                    );
                }
            }
        }
        answer.map(drop)
    }

    /// Whether what is kept is believed from now on, and was not before.
    async fn ask_both(&self) -> Result<bool> {
        // Not repeatable: its answer is about the line that it was sent on.
        let ping = || Command::new("PING").within(PATIENCE);
        if self.store.trust.epoch(Moment::now()).is_none() {
            // Has that connection made first: made behind the line, it would have the line made anew.
            self.main.send(ping()).await?;
        }
        self.follow()?;
        let (losses, sent) = (self.store.trust.losses(), Moment::now());
        let tracked = self.tracked();
        tracked.send(ping()).await?;
        if tracked.capabilities().cluster {
            return Err(a_cluster());
        }
        Ok(self.store.trust.answered(losses, sent.after(BELIEVED)))
    }

    /// Makes the line anew where the connection of the cache was: that may be to another server now.
    fn follow(&self) -> Result<()> {
        let generation = self.main.generation();
        if self.store.is_of(generation) {
            return Ok(());
        }
        self.store.trust.lost();
        let made = tracking(&self.store, &*self.main)?;
        let before =
            std::mem::replace(&mut *self.tracked.write().unwrap_or_else(PoisonError::into_inner), made);
        // What was asked there is kept for nobody: it is of an epoch that is over.
        drop(before);
        self.store.is_made_for(generation);
        Ok(())
    }
}

/// A line to the server of this connection, which is made with its first command.
fn tracking(store: &Arc<Store>, main: &dyn Connection) -> Result<Arc<dyn Connection>> {
    let told: Arc<dyn Invalidations> = Arc::clone(store) as _;
    let needs = "RESP3, and a client that hands on what the server says of changes: use `Cache::connect` without `protocol=resp2`";
    let unsupported = || Error::Unsupported { what: "a near cache", needs: needs.to_owned() };
    main.tracking(told).ok_or_else(unsupported)?
}

pub(super) fn a_cluster() -> Error {
    let needs = "a single server: on a cluster, each master would tell of its own keys on a connection of its own. Read with `get`";
    Error::Unsupported { what: "a near cache", needs: needs.to_owned() }
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use cache_index::{Batch, Reply};
    use futures_core::future::BoxFuture;

    use super::*;
    use crate::cache::Cache;
    use crate::connection::{Capabilities, PushStream};
    use crate::near::writes::Writes;
    use crate::testkit::Recorder;

    /// A connection, and the line of it, that answers all or has too much to do.
    #[derive(Clone)]
    struct Fake {
        cache: Cache,
        is_busy: Arc<AtomicBool>,
        generation: Arc<AtomicU64>,
        lines: Arc<AtomicU64>,
    }

    impl Connection for Fake {
        fn send(&self, _: Command) -> BoxFuture<'_, Result<Reply>> {
            let is_busy = self.is_busy.load(Ordering::Relaxed);
            Box::pin(async move { if is_busy { Err(Error::Busy { limit: 1 }) } else { Ok(Reply::Nil) } })
        }

        fn send_all(&self, _: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn capabilities(&self) -> &Capabilities {
            self.cache.capabilities()
        }

        fn pushes(&self) -> Option<PushStream> {
            None
        }

        fn generation(&self) -> u64 {
            self.generation.load(Ordering::Relaxed)
        }

        fn tracking(&self, _: Arc<dyn Invalidations>) -> Option<Result<Arc<dyn Connection>>> {
            self.lines.fetch_add(1, Ordering::Relaxed);
            Some(Ok(Arc::new(self.clone())))
        }

        fn deadline(&self) -> Duration {
            PATIENCE
        }
    }

    async fn line() -> Result<(Fake, Line)> {
        let fake = Fake {
            cache: Recorder::cache([]).1,
            is_busy: Arc::default(),
            generation: Arc::default(),
            lines: Arc::default(),
        };
        let main: Arc<dyn Connection> = Arc::new(fake.clone());
        let line = Line::new(&Arc::new(Store::new(1, "shop")), &main)?;
        line.ask().await?;
        Ok((fake, line))
    }

    #[tokio::test]
    async fn a_line_with_too_much_to_do_is_not_taken_for_a_broken_one() {
        let (fake, line) = line().await.unwrap();
        fake.is_busy.store(true, Ordering::Relaxed);
        assert!(line.ask().await.unwrap_err().is_busy());
        assert_eq!((line.store.trust.epoch(Moment::now()), line.store.class()), (Some(1), None));
        // Not for longer than anything is believed.
        assert_eq!(line.store.trust.epoch(Moment::now().after(BELIEVED)), None);
    }

    #[tokio::test]
    async fn the_line_is_made_anew_with_the_connection_that_is_written_over() {
        let (fake, line) = line().await.unwrap();
        let writes = Writes::new(Arc::new(fake.clone()), &line.store);
        let write = || writes.send(Command::new("DEL").key("shop:user:1"));
        write().await.unwrap();
        assert_eq!(line.store.trust.epoch(Moment::now()), Some(1));
        fake.generation.store(1, Ordering::Relaxed);
        write().await.unwrap();
        assert_eq!(line.store.trust.epoch(Moment::now()), None, "who wrote reads elsewhere");
        line.ask().await.unwrap();
        assert_eq!((line.store.trust.epoch(Moment::now()), fake.lines.load(Ordering::Relaxed)), (Some(2), 2));
        // Also if nothing was written.
        fake.generation.store(2, Ordering::Relaxed);
        line.ask().await.unwrap();
        assert_eq!((line.store.trust.epoch(Moment::now()), fake.lines.load(Ordering::Relaxed)), (Some(3), 3));
    }
}
