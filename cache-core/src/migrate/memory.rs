//! What a new index will hold and take, as far as the old one tells, and what the server has for it.

use std::fmt;

use cache_index::IndexInfo;
use serde::Serialize;

/// What a new index will hold and take: as much as the active one before it, or where the alias points nowhere, the largest
/// of those that other releases left. A new schema's fields may take more or less.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for plan in Migrator::new().register::<User>().plan(&cache).await? {
///     if let Some(estimate) = plan.estimate {
///         println!("the index of {} will take {} bytes: {estimate}", plan.model, estimate.memory);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Estimate {
    /// How many documents.
    pub documents: u64,
    /// How many bytes of memory.
    pub memory: u64,
}

impl Estimate {
    pub(super) fn of(old: &IndexInfo) -> Self {
        Self { documents: old.documents, memory: old.memory }
    }
}

/// What a look at some of the keys of a server says of how many documents a model has. What an index of them will take is not known
/// before it is filled.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for plan in Migrator::new().register::<User>().plan(&cache).await? {
///     if let Some(sample) = plan.sample {
///         println!("the first index of {} will hold about {} documents", plan.model, sample.estimate());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// How many keys were looked at, which the server chose by their hashes.
    pub keys: u64,
    /// How many of these are named as documents of the model.
    pub documents: u64,
    /// How many keys there are.
    pub of: u64,
}

impl Sample {
    /// How many documents there are by it, about.
    pub fn estimate(&self) -> u64 {
        let all = u128::from(self.documents) * u128::from(self.of.max(self.keys));
        u64::try_from(all / u128::from(self.keys.max(1))).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys >= self.of {
            return write!(f, "{}; its memory is not known before", documents(self.documents));
        }
        write!(
            f,
            "about {}, by {} of {}; its memory is not known before",
            documents(self.estimate()),
            self.keys,
            counted(self.of, "key")
        )
    }
}

/// The memory of a server, as `INFO memory` tells.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for plan in Migrator::new().register::<User>().plan(&cache).await? {
///     if let (Some(memory), Some(estimate)) = (plan.memory, plan.estimate) {
///         println!("fits: {}", estimate.memory < memory.free());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServerMemory {
    /// How many bytes are in use.
    pub used: u64,
    /// How many bytes there may be (`maxmemory`).
    pub most: u64,
    /// Whether the server makes room by throwing away any keys (`maxmemory-policy` is one of `allkeys-…`): then it may always be
    /// full. One that throws away only keys that expire (`volatile-…`) may find none, and refuse the writes of everybody.
    pub evicts: bool,
}

impl ServerMemory {
    /// How many bytes are free.
    pub fn free(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }

    /// Reads the answer; `None`: there is no limit, or it does not tell.
    pub(super) fn read(info: &str) -> Option<Self> {
        let number = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line?.trim().parse::<u64>().ok()
        };
        let most = number("maxmemory").filter(|most| *most > 0)?;
        let evicts = info.lines().any(|line| line.starts_with("maxmemory_policy:allkeys-"));
        Some(Self { used: number("used_memory")?, most, evicts })
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "about {}, {}", documents(self.documents), Bytes(self.memory))
    }
}

impl fmt::Display for ServerMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} free", Bytes(self.free()), Bytes(self.most))
    }
}

/// So many documents, for people.
pub(crate) fn documents(number: u64) -> String {
    counted(number, "document")
}

/// So many of what has this name.
pub(crate) fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Bytes for people.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
        if self.0 < 1_000 {
            return write!(f, "{} B", self.0);
        }
        // A double has digits enough for one place behind the point.
        let (mut number, mut unit) = (self.0 as f64 / 1e3, UNITS[0]);
        for larger in UNITS.into_iter().skip(1) {
            if number < 999.95 {
                break;
            }
            (number, unit) = (number / 1e3, larger);
        }
        write!(f, "{number:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_where_there_is_a_limit() {
        let info = "# Memory\r\nused_memory:900\r\nused_memory_human:900B\r\nmaxmemory:1000\r\n";
        let memory = ServerMemory::read(info).unwrap();
        let full = ServerMemory { used: 900, most: 1000, evicts: false };
        assert_eq!((memory, memory.free()), (full, 100));
        for (policy, evicts) in [("noeviction", false), ("volatile-lru", false), ("allkeys-lfu", true)] {
            let info = format!("{info}maxmemory_policy:{policy}\r\n");
            assert_eq!(ServerMemory::read(&info), Some(ServerMemory { evicts, ..full }), "{policy}");
        }
        assert_eq!(ServerMemory::read("used_memory:900\r\nmaxmemory:0\r\n"), None);
        assert_eq!(ServerMemory::read(""), None);
        assert_eq!(ServerMemory { used: 7, most: 5, evicts: false }.free(), 0);
    }

    #[test]
    fn a_sample_stands_for_all() {
        let sample = |keys, documents, of| Sample { keys, documents, of };
        assert_eq!(sample(1_000, 250, 100_000).estimate(), 25_000);
        assert_eq!(sample(0, 0, 0).to_string(), "0 documents; its memory is not known before");
        assert_eq!(sample(1, 1, 1).to_string(), "1 document; its memory is not known before");
        // Some were deleted between the two questions.
        assert_eq!((sample(7, 3, 6).estimate(), sample(7, 3, 6).to_string().starts_with("3 ")), (3, true));
        assert_eq!(
            sample(1_000, 333, 100_000).to_string(),
            "about 33300 documents, by 1000 of 100000 keys; its memory is not known before"
        );
    }

    #[test]
    fn bytes_are_written_for_people() {
        let shown = |bytes| Bytes(bytes).to_string();
        assert_eq!([0, 999, 1_000, 999_949].map(shown), ["0 B", "999 B", "1.0 kB", "999.9 kB"]);
        assert_eq!([999_950, 1_500_000, u64::MAX].map(shown), ["1.0 MB", "1.5 MB", "18446744.1 TB"]);
    }
}
