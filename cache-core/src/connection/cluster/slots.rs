//! Which node has which slot.

use cache_index::{DecodeError, Reply};
use crc16::{State, XMODEM};

/// How many slots a cluster has. Source: Redis Cluster Specification, "Key distribution model".
const SLOTS: u16 = 16_384;

/// The slot of a key: of what stands between its first `{` and the next `}`, if that is something.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = key.get(open + 1..)?;
        let close = rest.iter().position(|&byte| byte == b'}')?;
        rest.get(..close).filter(|tag| !tag.is_empty())
    });
    State::<XMODEM>::calculate(tag.unwrap_or(key)) % SLOTS
}

/// Who has which slot, as one node said it, with what was heard since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// First and last slot, and the master's place among the addresses; in order.
    ranges: Vec<(u16, u16, usize)>,
    masters: Vec<String>,
}

impl Slots {
    /// Reads the answer to `CLUSTER SLOTS`; a node without an address is where it was asked.
    pub(super) fn read(reply: Reply, asked: &str) -> Result<Self, DecodeError> {
        let mut slots = Self::default();
        for range in reply.into_items()? {
            let [first, last, master] = parts(range)?;
            let (Some(first), Some(last)) = (bound(&first), bound(&last)) else {
                return Err(DecodeError::unexpected("the first and the last slot of a range", "others"));
            };
            let [host, port] = parts(master)?;
            let host = host.as_str().filter(|host| !host.is_empty() && *host != "?");
            let address = match (host, port.as_int()) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                _ => asked.to_owned(),
            };
            let master = slots.place(&address);
            slots.ranges.push((first, last, master));
        }
        slots.ranges.sort_unstable();
        Ok(slots)
    }

    /// The master of a slot; `None`: nobody has it.
    pub(super) fn master(&self, slot: u16) -> Option<&str> {
        let at = self.ranges.partition_point(|(first, ..)| *first <= slot).checked_sub(1)?;
        let (_, last, master) = self.ranges.get(at)?;
        if *last < slot { None } else { self.masters.get(*master).map(String::as_str) }
    }

    /// The masters.
    pub(super) fn masters(&self) -> &[String] {
        &self.masters
    }

    /// The same after a slot has moved.
    pub(super) fn moved(&self, slot: u16, address: &str) -> Self {
        let mut moved = self.clone();
        let master = moved.place(address);
        let mut ranges = Vec::with_capacity(self.ranges.len() + 2);
        for &(first, last, other) in &self.ranges {
            if slot < first || last < slot {
                ranges.push((first, last, other));
                continue;
            }
            if first < slot {
                ranges.push((first, slot - 1, other));
            }
            if slot < last {
                ranges.push((slot + 1, last, other));
            }
        }
        ranges.push((slot, slot, master));
        ranges.sort_unstable();
        moved.ranges = ranges;
        moved
    }

    fn place(&mut self, address: &str) -> usize {
        self.masters.iter().position(|known| known == address).unwrap_or_else(|| {
            self.masters.push(address.to_owned());
            self.masters.len() - 1
        })
    }
}

fn bound(reply: &Reply) -> Option<u16> {
    u16::try_from(reply.as_int()?).ok().filter(|slot| *slot < SLOTS)
}

fn parts<const N: usize>(reply: Reply) -> Result<[Reply; N], DecodeError> {
    let mut items = reply.into_items()?;
    items.truncate(N);
    items.try_into().map_err(|_| DecodeError::unexpected("a range of slots with its nodes", "less"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: &str, port: i64) -> Reply {
        let id = || Reply::Bulk("id".into());
        let master = Reply::Array(vec![Reply::Bulk(host.to_owned().into()), Reply::Int(port), id()]);
        let replica = Reply::Array(vec![Reply::Bulk("r".into()), Reply::Int(1), id()]);
        Reply::Array(vec![Reply::Int(first), Reply::Int(last), master, replica])
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        // "foo" and "{user1000}": Redis Cluster Specification; 12739 is its check of the checksum.
        assert_eq!(slot(b"123456789"), 12739);
        assert_eq!(slot(b"foo"), 12182);
        assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
        assert_eq!(slot(b"foo{}{bar}"), State::<XMODEM>::calculate(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
        assert_eq!(slot(b"a{b"), State::<XMODEM>::calculate(b"a{b") % SLOTS);
    }

    #[test]
    fn masters_are_read_and_move() {
        let reply =
            Reply::Array(vec![range(8192, 16383, "b", 2), range(0, 4095, "a", 1), range(4096, 8000, "", 3)]);
        let slots = Slots::read(reply, "asked:9").unwrap();
        assert_eq!(slots.master(0), Some("a:1"));
        assert_eq!(slots.master(8000), Some("asked:9"));
        assert_eq!(slots.master(8001), None);
        assert_eq!(slots.master(16383), Some("b:2"));
        assert_eq!(slots.masters(), ["b:2", "a:1", "asked:9"]);
        let moved = slots.moved(100, "c:4").moved(8001, "c:4").moved(0, "c:4").moved(16383, "a:1");
        for (slot, master) in
            [(0, "c:4"), (1, "a:1"), (99, "a:1"), (100, "c:4"), (101, "a:1"), (8001, "c:4"), (16383, "a:1")]
        {
            assert_eq!(moved.master(slot), Some(master), "{slot}");
        }
        assert_eq!(Slots::default().master(0), None);
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        for reply in [
            Reply::Int(1),
            Reply::Array(vec![Reply::Int(1)]),
            Reply::Array(vec![Reply::Array(vec![Reply::Int(0), Reply::Int(1)])]),
            Reply::Array(vec![range(0, 16384, "a", 1)]),
        ] {
            assert!(Slots::read(reply, "").is_err());
        }
    }
}
