//! What a server was found to be able to do, connection by connection.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Capabilities;

/// What a server was found to be able to do: asked on each connection, since the next one may be to another server, or to one
/// with other modules. What was handed out stays as it was, so each is kept.
#[derive(Default)]
pub(super) struct Learned {
    versions: [OnceLock<Capabilities>; VERSIONS],
    /// How many there are.
    count: AtomicUsize,
    /// The connection that they are of, counted from 1; 0: none.
    of: AtomicU64,
}

/// How many times a server may turn into another one. The last one stays then, as long as the process lives.
const VERSIONS: usize = 16;

/// No connection has this number.
const FOR_GOOD: u64 = u64::MAX;

impl Learned {
    #[cfg(feature = "redis")]
    pub(super) fn for_good(capabilities: Capabilities) -> Self {
        let learned = Self::default();
        learned.set(0, capabilities);
        learned.of.store(FOR_GOOD, Ordering::Release);
        learned
    }

    pub(super) fn get(&self) -> Option<&Capabilities> {
        let last = self.count.load(Ordering::Acquire).checked_sub(1)?;
        self.versions.get(last)?.get()
    }

    pub(super) fn is_of(&self, connection: u64) -> bool {
        let of = self.of.load(Ordering::Acquire);
        of == FOR_GOOD || of == connection + 1
    }

    pub(super) fn set(&self, connection: u64, capabilities: Capabilities) {
        if self.get() != Some(&capabilities) {
            let at = self.count.load(Ordering::Acquire);
            // Whoever was faster learned the same.
            if self.versions.get(at).is_some_and(|version| version.set(capabilities).is_ok()) {
                self.count.store(at + 1, Ordering::Release);
            }
        }
        self.of.store(connection + 1, Ordering::Release);
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
        for connection in 3..100 {
            learned.set(connection, with(Some(u32::try_from(connection).unwrap())));
        }
        assert!(learned.is_of(99) && learned.get().unwrap().json.is_some());
        let known = Learned::for_good(with(Some(1)));
        assert!(known.is_of(7) && known.get().unwrap().json == Some(1));
    }
}
