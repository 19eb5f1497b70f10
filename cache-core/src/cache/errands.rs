//! What is still to be told to the server when whoever wanted it is gone: locks to release, cursors to close.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Something to do in the background. Its future has to be bounded.
type Errand = BoxFuture<'static, ()>;

enum Word {
    Do(Errand),
    /// Answered when everything before is done.
    Drained(oneshot::Sender<()>),
}

/// A line of errands and the task that does them, one for all clones of a cache.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    line: Mutex<Option<mpsc::UnboundedSender<Word>>>,
}

/// Where errands can be left, also by what is being dropped outside a runtime.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    line: mpsc::UnboundedSender<Word>,
}

impl Errands {
    /// The line, with a task of the current runtime behind it. Called where there is a runtime, by what may later be dropped
    /// where there is none.
    pub(crate) fn line(&self) -> Line {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        match &*line {
            // A line is closed when the runtime of its task has ended.
            Some(open) if !open.is_closed() => Line { line: open.clone() },
            _ => {
                let (sender, receiver) = mpsc::unbounded_channel();
                tokio::spawn(work(receiver));
                *line = Some(sender.clone());
                Line { line: sender }
            }
        }
    }

    /// Waits until what was left so far is done, at most `bound`. `false`: it was not done by then.
    pub(crate) async fn drain(&self, bound: Duration) -> bool {
        let (sender, drained) = oneshot::channel();
        {
            let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(line) = &*line else { return true };
            if line.send(Word::Drained(sender)).is_err() {
                return false;
            }
        }
        matches!(tokio::time::timeout(bound, drained).await, Ok(Ok(())))
    }
}

impl Line {
    /// Leaves an errand. `false`: nobody is there to do it any more.
    pub(crate) fn leave(&self, errand: impl Future<Output = ()> + Send + 'static) -> bool {
        self.line.send(Word::Do(Box::pin(errand))).is_ok()
    }
}

async fn work(mut words: mpsc::UnboundedReceiver<Word>) {
    let mut running = JoinSet::new();
    while let Some(word) = words.recv().await {
        match word {
            Word::Do(errand) => {
                running.spawn(errand);
                while running.try_join_next().is_some() {}
            }
            Word::Drained(drained) => {
                while running.join_next().await.is_some() {}
                // Whoever asked may have given up.
                let _ = drained.send(());
            }
        }
    }
    while running.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_was_left_is_done_before_a_drain_ends() {
        let (errands, done) = (Errands::default(), Arc::new(AtomicU32::new(0)));
        assert!(errands.drain(Duration::ZERO).await, "nothing was left");
        for _ in 0..8 {
            let done = Arc::clone(&done);
            assert!(errands.line().leave(async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::SeqCst);
            }));
        }
        assert!(errands.drain(Duration::from_secs(10)).await);
        assert_eq!(done.load(Ordering::SeqCst), 8);
    }

    #[tokio::test]
    async fn a_drain_has_a_bound() {
        let errands = Errands::default();
        errands.line().leave(std::future::pending());
        assert!(!errands.drain(Duration::from_millis(10)).await);
    }

    #[test]
    fn a_line_outlives_a_runtime() {
        let errands = Errands::default();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let line = runtime().block_on(async { errands.line() });
        assert!(!line.leave(async {}), "its runtime is gone");
        assert!(runtime().block_on(async {
            errands.line().leave(async {});
            errands.drain(Duration::from_secs(10)).await
        }));
    }
}
