//! What a near cache holds, and who tells it of changes: the server, and the writes of its own process.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::stripes::Stripes;
use super::table::Table;
use super::trust::Trust;
use crate::cache::ErrorClass;
use crate::connection::Invalidations;

/// A document of any model; `None`: there is none under its key.
pub(super) type Document = Option<Arc<dyn Any + Send + Sync>>;

/// A longer key is not kept, so that nothing longer needs to be taken for a key in commands.
pub(super) const MAX_KEY: usize = 1024;

pub(super) struct Store {
    pub(super) table: Arc<Table<Document>>,
    pub(super) trust: Trust,
    pub(super) counts: Counts,
    /// Wakes who looks after the line.
    pub(super) broke: Notify,
    class: Mutex<Option<ErrorClass>>,
    /// Which connection of the cache's own the line was made for.
    generation: AtomicU64,
    /// What all keys begin with, a brace aside.
    prefix: Vec<u8>,
}

/// What happened, on a line of the processor's own; hits, which are many and done by all threads at once, on several.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Counts {
    pub(super) hits: Stripes,
    pub(super) misses: AtomicU64,
    pub(super) bypassed: AtomicU64,
    pub(super) invalidations: AtomicU64,
}

impl Counts {
    pub(super) fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Store {
    /// `namespace` is what keys begin with, without the colon behind it.
    pub(super) fn new(capacity: usize, namespace: &str) -> Self {
        Self {
            table: Arc::new(Table::new(capacity)),
            trust: Trust::default(),
            counts: Counts::default(),
            broke: Notify::new(),
            class: Mutex::default(),
            generation: AtomicU64::new(0),
            prefix: format!("{namespace}:").into_bytes(),
        }
    }

    /// Why the server does not tell of changes; `None`: nobody knows, or it does. Whether that is another answer than before.
    pub(super) fn says(&self, class: Option<ErrorClass>) -> bool {
        let mut said = self.class.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *said, class) != class
    }

    pub(super) fn class(&self) -> Option<ErrorClass> {
        *self.class.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line is made, or made anew, while this connection of the cache's own is in use.
    pub(super) fn is_made_for(&self, generation: u64) {
        self.generation.store(generation, Ordering::Release);
    }

    /// Whether the line was made for this connection of the cache's own. Another one may be to another server, which tells
    /// nothing on that line.
    pub(super) fn is_of(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    /// Whether an argument of a command may be a key of something that is kept.
    pub(super) fn may_keep(&self, argument: &[u8]) -> bool {
        let begins = |argument: &[u8]| argument.starts_with(&self.prefix);
        // `{shop:cache:user}:7` begins as well with the namespace, which may have a brace of its own.
        argument.len() <= MAX_KEY && (begins(argument) || argument.strip_prefix(b"{").is_some_and(begins))
    }
}

impl Invalidations for Store {
    fn changed(&self, key: &[u8]) {
        Counts::add(&self.counts.invalidations);
        self.table.changed(key);
    }

    fn all_changed(&self) {
        Counts::add(&self.counts.invalidations);
        self.trust.begin_anew();
    }

    fn lost(&self) {
        self.trust.lost();
        self.broke.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_begins_with_the_namespace_whether_that_has_braces_or_not() {
        let plain = Store::new(1, "shop:cache");
        assert!(plain.may_keep(b"shop:cache:user:7") && plain.may_keep(b"{shop:cache:user}:7"));
        assert!(!plain.may_keep(b"shop:cached:user:7") && !plain.may_keep(b"{{shop:cache:user}:7"));
        let braced = Store::new(1, "{shop}:cache");
        assert!(braced.may_keep(b"{shop}:cache:user:7"));
        assert!(!braced.may_keep(b"shop}:cache:user:7") && !braced.may_keep(b"{shop}"));
        assert!(!plain.may_keep(&[b"shop:cache:".as_slice(), &[b'x'; MAX_KEY]].concat()));
    }
}
