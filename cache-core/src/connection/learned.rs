//! What a server was found to be able to do, connection by connection.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Capabilities;

/// What a server was found to be able to do: asked on each connection, since the next one may be to another server, or to one
/// with other modules. What was handed out stays as it was, so each is kept; one that comes again is found again.
pub(super) struct Learned {
    versions: [OnceLock<Box<Capabilities>>; VERSIONS],
    /// Which of them counts, from 1; 0: none.
    current: AtomicUsize,
    /// The connection that it is of, counted from 1; 0: none.
    of: AtomicU64,
    /// Held by whoever learns.
    learns: Mutex<()>,
}

/// How many servers that differ are told apart, as long as the process lives. One more is taken for the one before it.
const VERSIONS: usize = 64;

/// No connection has this number.
const FOR_GOOD: u64 = u64::MAX;

impl Default for Learned {
    fn default() -> Self {
        Self {
            versions: [const { OnceLock::new() }; VERSIONS],
            current: AtomicUsize::new(0),
            of: AtomicU64::new(0),
            learns: Mutex::new(()),
        }
    }
}

impl Learned {
    #[cfg(feature = "redis")]
    pub(super) fn for_good(capabilities: Capabilities) -> Self {
        let learned = Self::default();
        learned.set(0, capabilities);
        learned.of.store(FOR_GOOD, Ordering::Release);
        learned
    }

    pub(super) fn get(&self) -> Option<&Capabilities> {
        let current = self.current.load(Ordering::Acquire).checked_sub(1)?;
        self.versions.get(current)?.get().map(AsRef::as_ref)
    }

    pub(super) fn is_of(&self, connection: u64) -> bool {
        let of = self.of.load(Ordering::Acquire);
        of == FOR_GOOD || of == connection + 1
    }

    pub(super) fn set(&self, connection: u64, capabilities: Capabilities) {
        let learns = self.learns.lock().unwrap_or_else(PoisonError::into_inner);
        if self.get() != Some(&capabilities) {
            // The first that is the same, or has a place for it.
            let known = self.versions.iter().position(|version| match version.get() {
                Some(known) => **known == capabilities,
                None => true,
            });
            if let Some((at, version)) = known.and_then(|at| Some((at, self.versions.get(at)?))) {
                version.get_or_init(|| Box::new(capabilities));
                self.current.store(at + 1, Ordering::Release);
            }
        }
        self.of.store(connection + 1, Ordering::Release);
        drop(learns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "redis")]
    #[test]
    fn what_a_server_turned_into_is_what_counts() {
        let with = |json| Capabilities { json, ..Capabilities::default() };
        let learned = Learned::default();
        assert!(learned.get().is_none() && !learned.is_of(0));
        learned.set(0, with(None));
        let first = learned.get().unwrap();
        assert!(learned.is_of(0) && !learned.is_of(1));
        learned.set(1, with(None));
        learned.set(2, with(Some(20803)));
        assert_eq!((learned.get().unwrap().json, first.json), (Some(20803), None));
        assert!(learned.is_of(2) && !learned.is_of(0));
        // Back and forth, as often as sentinels elect another one.
        for connection in 3..1_000 {
            let json = Some(20803).filter(|_| connection % 2 == 0);
            learned.set(connection, with(json));
            assert_eq!(learned.get().unwrap().json, json, "{connection}");
        }
        assert!(learned.versions.iter().filter_map(OnceLock::get).count() == 2);
        learned.set(1_001, with(None));
        assert!(std::ptr::eq(first, learned.get().unwrap()), "it is the one that was handed out");
        for connection in 2_000..3_000 {
            learned.set(connection, with(Some(u32::try_from(connection).unwrap())));
        }
        assert!(learned.is_of(2_999) && learned.get().unwrap().json.is_some());
        // Those that are known are also then.
        learned.set(3_000, with(None));
        assert!(learned.is_of(3_000) && std::ptr::eq(first, learned.get().unwrap()));
        let known = Learned::for_good(with(Some(1)));
        assert!(known.is_of(7) && known.get().unwrap().json == Some(1));
    }
}
