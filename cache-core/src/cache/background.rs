//! What goes on in the background as long as a handle of the cache is there.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::driver::Driver;
use crate::error::Result;

/// Tasks with names, ended with the last handle of the cache. They hold no handle themselves.
#[derive(Debug, Default)]
pub(crate) struct Background {
    tasks: Arc<Mutex<HashMap<Vec<u8>, AbortHandle>>>,
    /// Where they go on that code began which is not asynchronous.
    driver: Mutex<Option<Arc<Driver>>>,
    lent: bool,
}

impl Background {
    /// The same tasks, for somebody with whom they do not end.
    pub(super) fn lent(&self) -> Self {
        Self { tasks: Arc::clone(&self.tasks), driver: Mutex::default(), lent: true }
    }

    /// What drives what code begins that is not asynchronous.
    pub(super) fn driver(&self) -> Result<Arc<Driver>> {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = &*driver {
            return Ok(Arc::clone(driver));
        }
        Ok(Arc::clone(driver.insert(Driver::start()?)))
    }

    /// Has this one live for as long as the tasks do.
    #[cfg(feature = "redis")]
    pub(super) fn keep_driver(&self, driver: Arc<Driver>) {
        *self.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(driver);
    }

    /// Whether the task of this name goes on.
    pub(super) fn goes_on(&self, name: &[u8]) -> bool {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get(name).is_some_and(|task| !task.is_finished())
    }

    /// Starts a task, unless one of this name goes on already. Without a runtime there is nothing to start it on.
    pub(crate) fn keep(&self, name: Vec<u8>, task: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was started on a runtime that has ended is over.
        if tasks.get(&name).is_none_or(AbortHandle::is_finished) {
            tasks.insert(name, runtime.spawn(task).abort_handle());
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.lent {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.values().for_each(AbortHandle::abort);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_task_is_started_once_and_ends_with_the_cache() {
        let background = Background::default();
        let (started, seen) = oneshot::channel();
        let alive = Arc::new(());
        let held = alive.clone();
        background.keep(b"one".to_vec(), async move {
            let _ = started.send(());
            std::future::pending::<()>().await;
            drop(held);
        });
        seen.await.unwrap();
        background.keep(b"one".to_vec(), async { panic!("it goes on already") });
        assert_eq!(Arc::strong_count(&alive), 2);
        drop(background);
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_task_that_is_over_is_started_again() {
        let background = Background::default();
        for _ in 0..2 {
            let (done, seen) = oneshot::channel();
            background.keep(b"one".to_vec(), async move {
                let _ = done.send(());
            });
            seen.await.unwrap();
            while !background.tasks.lock().unwrap().values().all(AbortHandle::is_finished) {
                tokio::task::yield_now().await;
            }
        }
    }
}
