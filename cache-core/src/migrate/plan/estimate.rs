//! What a new index will hold and take, as far as the old one tells.

use cache_index::IndexInfo;
use serde::Serialize;

/// What a new index will hold and take: as much as the one before it. A new schema's fields may take more or less.
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

/// The memory of a server, as `INFO memory` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServerMemory {
    /// How many bytes are in use.
    pub used: u64,
    /// How many bytes there may be (`maxmemory`).
    pub most: u64,
}

impl ServerMemory {
    /// How many bytes are free.
    pub fn free(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }

    /// Reads the answer; `None`: there is no limit, or it does not tell.
    pub(in crate::migrate) fn read(info: &str) -> Option<Self> {
        let number = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line?.trim().parse::<u64>().ok()
        };
        let most = number("maxmemory").filter(|most| *most > 0)?;
        Some(Self { used: number("used_memory")?, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_where_there_is_a_limit() {
        let info = "# Memory\r\nused_memory:900\r\nused_memory_human:900B\r\nmaxmemory:1000\r\n";
        let memory = ServerMemory::read(info).unwrap();
        assert_eq!((memory, memory.free()), (ServerMemory { used: 900, most: 1000 }, 100));
        assert_eq!(ServerMemory::read("used_memory:900\r\nmaxmemory:0\r\n"), None);
        assert_eq!(ServerMemory::read(""), None);
        assert_eq!(ServerMemory { used: 7, most: 5 }.free(), 0);
    }
}
