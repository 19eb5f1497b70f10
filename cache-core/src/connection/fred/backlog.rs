//! What waits in a client of `fred` that did not get to it yet.

use std::sync::atomic::{AtomicUsize, Ordering};

use ::fred::clients::Client;
use ::fred::interfaces::{ClientLike, MetricsInterface};

/// What is in the queues of a node's clients and counts for no call of its own.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    apart: AtomicUsize,
}

/// So many commands, until this is dropped.
#[derive(Debug)]
pub(super) struct Apart<'a> {
    all: &'a AtomicUsize,
    commands: usize,
}

impl Drop for Apart<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.commands, Ordering::Relaxed);
    }
}

impl Backlog {
    /// Whether as many calls wait in a client as may, those that were given up among them: these are there until fred gets to
    /// them. A batch is one call until it is given up.
    pub(super) fn is_full(&self, client: &Client, most: usize) -> bool {
        // Of a client with a bound of its own, fred counts also what it refused.
        let counts = client.connection_config().max_command_buffer_len == 0;
        counts && client.command_queue_len().saturating_sub(self.apart.load(Ordering::Relaxed)) >= most
    }

    /// So many commands that are about to be sent, and for which somebody waits, are no calls.
    pub(super) fn apart(&self, commands: usize) -> Apart<'_> {
        self.apart.fetch_add(commands, Ordering::Relaxed);
        Apart { all: &self.apart, commands }
    }
}
