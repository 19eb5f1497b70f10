//! Which node has which slot.

use std::collections::{HashMap, HashSet};

use cache_index::{DecodeError, Reply};
use crc16::{State, XMODEM};

/// How many slots a cluster has. Source: Redis Cluster Specification, "Key distribution model".
const SLOTS: u16 = 16_384;

/// The first slot, and the one behind the last.
pub(super) type Range = (u16, u16);

/// All of them.
pub(super) const ALL: Range = (0, SLOTS);

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
    /// Where clients find nodes that say another address of themselves, `ip:port`.
    known_as: HashMap<String, String>,
}

impl Slots {
    /// Reads the answer to `CLUSTER SLOTS`. Slots of a node without an address have no master here: whoever is asked for
    /// their keys says where to go.
    pub(super) fn read(reply: Reply, asked: &Asked) -> Result<Self, DecodeError> {
        let mut slots = Self::default();
        let mut ranges = Vec::new();
        for range in reply.into_items()? {
            let [first, last, master] = parts(range)?;
            let (Some(first), Some(last)) = (bound(&first), bound(&last)) else {
                return Err(DecodeError::unexpected("the first and the last slot of a range", "others"));
            };
            ranges.push((first, last, Named::read(master)?));
        }
        let unnamed: HashSet<u16> =
            ranges.iter().filter(|(_, _, named)| named.is_nameless()).map(|(.., named)| named.port).collect();
        for (first, last, named) in ranges {
            let own = named.ip.as_ref().map(|ip| format!("{ip}:{}", named.port));
            if let Some(address) = named.address(asked, unnamed.len() < 2) {
                slots.known_as.extend(own.map(|own| (own, address.clone())));
                let master = slots.place(&address);
                slots.ranges.push((first, last, master));
            }
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

    /// Where clients find a node that says this address of itself, as `CLUSTER NODES` has it.
    pub(super) fn found_at<'a>(&'a self, own: &'a str) -> &'a str {
        self.known_as.get(own).map_or(own, String::as_str)
    }

    /// The masters.
    pub(super) fn masters(&self) -> &[String] {
        &self.masters
    }

    /// Those of these ranges that each master has; and what of them nobody has.
    pub(super) fn of_masters(&self, ranges: &[Range]) -> (Vec<(String, Vec<Range>)>, Vec<Range>) {
        let mut had: Vec<_> = self.masters.iter().map(|address| (address.clone(), Vec::new())).collect();
        let mut free = Vec::new();
        for &(first, end) in ranges {
            let mut next = first;
            for &(from, last, master) in &self.ranges {
                let (from, to) = (from.max(next), last.saturating_add(1).min(end));
                if from >= to {
                    continue;
                }
                if next < from {
                    free.push((next, from));
                }
                if let Some((_, had)) = had.get_mut(master) {
                    had.push((from, to));
                }
                next = to;
            }
            if next < end {
                free.push((next, end));
            }
        }
        had.retain(|(_, had)| !had.is_empty());
        (had, free)
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

/// A node as another one names it. Source: documentation of `CLUSTER SLOTS`.
struct Named {
    /// `None`: nobody knows under which name clients find it.
    host: Option<String>,
    /// 0: none.
    port: u16,
    /// As far as it is told beside a host that is none.
    ip: Option<String>,
}

impl Named {
    fn read(node: Reply) -> Result<Self, DecodeError> {
        let mut parts = node.into_items()?.into_iter();
        let (Some(host), Some(port)) = (parts.next(), parts.next()) else {
            return Err(DecodeError::unexpected("host and port of a node", "less"));
        };
        // Behind its id. Older servers say nothing of it.
        let more = parts.nth(1).and_then(|more| more.into_pairs().ok()).unwrap_or_default();
        let ip = more.iter().find(|(name, _)| name.as_str() == Some("ip"));
        let ip = ip.and_then(|(_, ip)| ip.as_str()).filter(|ip| !ip.is_empty() && *ip != "?");
        Ok(Self {
            host: host.as_str().map(str::to_owned),
            port: port.as_int().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
            ip: ip.map(str::to_owned),
        })
    }

    /// Whether the node that was asked knows no host of it.
    fn is_nameless(&self) -> bool {
        self.host.as_deref() == Some("")
    }

    /// `alone`: no other node has another port and no host either.
    fn address(self, asked: &Asked, alone: bool) -> Option<String> {
        match self.host.as_deref() {
            _ if self.port == 0 => Some(asked.address.clone()),
            // It is to have a hostname and has none, and may be anywhere.
            Some("?") => Some(address(&self.ip?, self.port)),
            // A node that was never told its address says so of itself. Where it is, it was asked: maybe through another port.
            Some("") if alone => Some(asked.address.clone()),
            // Clients find all of them under one name, as behind a load balancer.
            None | Some("") => Some(address(asked.host(), self.port)),
            Some(host) => Some(address(host, self.port)),
        }
    }
}

/// The node that said something of others.
pub(super) struct Asked {
    /// Where it is, as it was found; a path of this machine has none.
    pub(super) address: String,
    /// The host that it is connected by.
    pub(super) host: Option<String>,
}

impl Asked {
    fn host(&self) -> &str {
        // Behind a socket of this machine.
        self.host.as_deref().unwrap_or("127.0.0.1")
    }

    /// The address of a redirection, which names a port alone where the host is that of whoever says it.
    pub(super) fn whole(&self, redirected: &str) -> String {
        match redirected.strip_prefix(':').and_then(|port| port.parse().ok()) {
            Some(port) => address(self.host(), port),
            None => redirected.to_owned(),
        }
    }
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
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

    fn asked(address: &str) -> Asked {
        let host = address.rsplit_once(':').map(|(host, _)| host.trim_matches(['[', ']']).to_owned());
        Asked { address: address.to_owned(), host }
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
        let slots = Slots::read(reply, &asked("asked:9")).unwrap();
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

    /// Masters of the slots 0, 1, 2 and so on, as they are named.
    fn named(masters: Vec<Vec<Reply>>, by: &str) -> Vec<Option<String>> {
        let count = u16::try_from(masters.len()).unwrap();
        let ranges = masters.into_iter().zip(0..).map(|(master, slot)| {
            Reply::Array(vec![Reply::Int(slot), Reply::Int(slot), Reply::Array(master)])
        });
        let slots = Slots::read(Reply::Array(ranges.collect()), &asked(by)).unwrap();
        (0..count).map(|slot| slots.master(slot).map(str::to_owned)).collect()
    }

    #[test]
    fn nodes_without_a_host_are_where_the_answer_came_from() {
        let text = |text: &str| Reply::Bulk(text.to_owned().into());
        let at = |host: Reply, port| vec![host, Reply::Int(port)];
        let addresses = |masters, by| named(masters, by).into_iter().map(Option::unwrap).collect::<Vec<_>>();
        let nobody = || vec![at(Reply::Nil, 1), at(Reply::Nil, 9), at(text("x"), 3)];
        assert_eq!(addresses(nobody(), "lb:9"), ["lb:1", "lb:9", "x:3"]);
        assert_eq!(addresses(nobody(), "[::1]:9"), ["[::1]:1", "[::1]:9", "x:3"]);
        assert_eq!(addresses(nobody(), ""), ["127.0.0.1:1", "127.0.0.1:9", "x:3"], "through a socket");
        // One that was never told its address, maybe behind a port of another number; more of them are no such.
        assert_eq!(addresses(vec![at(text(""), 1), at(text(""), 1)], "lb:9"), ["lb:9", "lb:9"]);
        assert_eq!(addresses(vec![at(text(""), 1), at(text(""), 2)], "lb:9"), ["lb:1", "lb:2"]);
        assert_eq!(addresses(vec![at(Reply::Nil, 0)], ""), [""], "it has no port");
        assert_eq!(addresses(vec![at(text("::2"), 1)], "lb:9"), ["[::2]:1"]);
        let ip = Reply::Array(vec![text("ip"), text("10.0.0.7")]);
        let node = Reply::Array(vec![Reply::Nil, Reply::Int(1), text("id"), ip]);
        let reply = Reply::Array(vec![Reply::Array(vec![Reply::Int(0), Reply::Int(9), node])]);
        let slots = Slots::read(reply, &asked("lb:9")).unwrap();
        assert_eq!((slots.found_at("10.0.0.7:1"), slots.found_at("x:1")), ("lb:1", "x:1"));
        assert_eq!(asked("lb:9").whole(":6381"), "lb:6381");
        assert_eq!(asked("[::1]:9").whole(":6381"), "[::1]:6381");
        assert_eq!(asked("lb:9").whole("::1:6381"), "::1:6381");
    }

    #[test]
    fn a_node_without_the_hostname_that_it_is_to_have_is_at_its_ip_or_nowhere() {
        let text = |text: &str| Reply::Bulk(text.to_owned().into());
        let node = |more: Vec<Reply>| [vec![text("?"), Reply::Int(7), text("id")], more].concat();
        let masters = vec![
            node(vec![Reply::Array(vec![text("ip"), text("10.0.0.7")])]),
            node(vec![Reply::Map(vec![(text("az"), text("a")), (text("ip"), text("::7"))])]),
            node(vec![Reply::Array(vec![text("ip"), text("")])]),
            node(Vec::new()),
        ];
        let at = |address: &str| Some(address.to_owned());
        assert_eq!(named(masters, "asked:9"), [at("10.0.0.7:7"), at("[::7]:7"), None, None]);
    }

    #[test]
    fn ranges_are_those_of_their_masters_by_now() {
        let reply =
            Reply::Array(vec![range(0, 99, "a", 1), range(100, 199, "b", 2), range(300, 16_383, "a", 1)]);
        let slots = Slots::read(reply, &asked("")).unwrap();
        let (a, b) = ("a:1".to_owned(), "b:2".to_owned());
        let all = (
            vec![(a.clone(), vec![(0, 100), (300, SLOTS)]), (b.clone(), vec![(100, 200)])],
            vec![(200, 300)],
        );
        assert_eq!(slots.of_masters(&[ALL]), all);
        let some = (vec![(a, vec![(300, 301)]), (b, vec![(150, 200)])], vec![(200, 300)]);
        assert_eq!(slots.of_masters(&[(150, 301)]), some);
        assert_eq!(slots.of_masters(&[(210, 220)]), (vec![], vec![(210, 220)]));
        assert_eq!(Slots::default().of_masters(&[ALL]), (vec![], vec![ALL]));
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        for reply in [
            Reply::Int(1),
            Reply::Array(vec![Reply::Int(1)]),
            Reply::Array(vec![Reply::Array(vec![Reply::Int(0), Reply::Int(1)])]),
            Reply::Array(vec![range(0, 16384, "a", 1)]),
        ] {
            assert!(Slots::read(reply, &asked("")).is_err());
        }
    }
}
