//! The same calls from outside of async code.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::Handle;

use super::Cache;
use super::driver::Driver;
use crate::error::Result;

/// Waits for calls of a [`Cache`] on a thread that is not asynchronous: a command line, a thread of one's own, a library that
/// knows no futures. Cheap to clone.
///
/// It has a thread that drives connections, so that they live on between calls; it ends with the last handle of the cache, since
/// what a migrator leaves to be done, as to say that an index is in use, goes on there.
///
/// ```no_run
/// # use cache_core::{Blocking, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64 }
/// let blocking = Blocking::connect("redis://localhost:6379")?;
/// let user = blocking.wait(User::get(blocking.cache(), 7))?;
/// # let _ = user;
/// # Ok::<(), cache_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Blocking {
    cache: Cache,
    driver: Arc<Driver>,
}

impl Blocking {
    /// Connects, as [`Cache::connect`] does.
    ///
    /// # Errors
    /// As [`Cache::connect`], and [`Error::Client`](crate::Error::Client) if there can be no further thread.
    #[cfg(feature = "redis")]
    pub fn connect(settings: impl Into<crate::settings::RedisSettings>) -> Result<Self> {
        let driver = Driver::start()?;
        let cache = wait(driver.handle(), Cache::connect(settings))?;
        cache.background.keep_driver(Arc::clone(&driver));
        Ok(Self { cache, driver })
    }

    /// The cache, for the calls to wait for.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The same thread, for another cache: for another namespace, say.
    ///
    /// ```no_run
    /// # use cache_core::Blocking;
    /// let blocking = Blocking::connect("redis://localhost:6379")?.with(|cache| cache.project("shop"));
    /// # let _ = blocking;
    /// # Ok::<(), cache_core::Error>(())
    /// ```
    pub fn with(mut self, change: impl FnOnce(Cache) -> Cache) -> Self {
        self.cache = change(self.cache);
        self
    }

    /// Waits for the future as long as it takes; calls of a cache have their deadlines. The thread does nothing else meanwhile,
    /// so on one that is to drive other futures this does them harm: where it drives the connection itself, the call ends
    /// with its deadline.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        wait(self.driver.handle(), future)
    }
}

impl Cache {
    /// The same cache for code that is not asynchronous. The first call starts a thread, which the others share.
    ///
    /// # Errors
    /// [`Error::Client`](crate::Error::Client) if there can be no further thread.
    pub fn blocking(&self) -> Result<Blocking> {
        Ok(Blocking { cache: self.clone(), driver: self.background.driver()? })
    }
}

/// Wakes a thread that is parked.
struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Not the runtime's own `block_on`: that panics where another runtime is in charge.
fn wait<F: Future>(handle: &Handle, future: F) -> F::Output {
    let _entered = handle.enter();
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
