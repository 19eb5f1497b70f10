//! Workers of one gate, and what is done to them.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{Event, Log, What};
use crate::worker::{Role, Worker};

/// Workers of one gate.
#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) log: Arc<Log>,
    role: Role,
    workers: Vec<Worker>,
}

impl Team {
    /// Starts them, and waits until all are connected.
    pub(crate) async fn start(role: Role, count: u32) -> Self {
        let log = Log::new();
        let workers = (0..count).map(|who| Worker::start(&role, who, &log)).collect();
        let mut from = 0;
        for _ in 0..count {
            (from, ()) = log.wait(from, |event| (event.what == What::Ready).then_some(())).await;
        }
        Self { log, role, workers }
    }

    /// Waits until one of them wins, from now on; answers who.
    pub(crate) async fn won(&self) -> u32 {
        let won = |event: &Event| matches!(event.what, What::Won { .. }).then_some(event.who);
        self.log.wait(self.log.len(), won).await.1
    }

    fn at(&self, who: u32) -> usize {
        let count = self.workers.len();
        usize::try_from(who).unwrap_or(0) % count.max(1)
    }

    /// Stops one for that time.
    pub(crate) async fn pause(&self, who: u32, time: Duration) {
        if let Some(worker) = self.workers.get(self.at(who)) {
            worker.pause(time).await;
        }
    }

    /// Kills one, and puts another in its place.
    pub(crate) fn replace(&mut self, who: u32, next: u32) {
        let at = self.at(who);
        if let Some(worker) = self.workers.get_mut(at) {
            worker.kill();
            *worker = Worker::start(&self.role, next, &self.log);
        }
    }

    /// Waits until those are done that end by themselves.
    pub(crate) async fn finish(self) -> Vec<Event> {
        let Self { log, mut workers, .. } = self;
        workers.iter_mut().for_each(Worker::end);
        let ended = tokio::task::spawn_blocking(move || {
            let ended: Vec<_> = workers.into_iter().map(Worker::finish).collect();
            ended.into_iter().all(|ended| ended)
        });
        if !matches!(ended.await, Ok(true)) {
            log.say(0, What::Failed("a worker did not end well".to_owned()));
        }
        log.events()
    }
}
