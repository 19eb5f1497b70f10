//! The masters of a cluster, each as it sees itself.

use std::collections::{BTreeMap, BTreeSet};

use cache_index::{Command, DecodeError, Reply, Route};

use super::Cache;
use crate::error::{Error, Result};

/// Who has which slots, and to whom some are being given. Masters are named by their ids, since addresses may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Masters {
    routes: BTreeMap<String, Route>,
    owners: BTreeMap<u16, String>,
    importers: BTreeMap<u16, String>,
}

impl Masters {
    /// Asks all of them.
    pub(crate) async fn of(cache: &Cache) -> Result<Self> {
        let name = || "CLUSTER NODES".to_owned();
        let question = Command::new("CLUSTER").arg("NODES").routed(Route::AllMasters).repeatable();
        // Also for a fenced cache: it changes nothing.
        let reply = cache.unfenced().send(question).await?;
        let read = |answers: Vec<Reply>| Self::read(answers.iter().filter_map(Reply::as_str));
        let read = reply.into_items().map(read);
        read.and_then(|read| {
            read.ok_or_else(|| DecodeError::unexpected("lines of nodes, one `myself`", "others"))
        })
        .map_err(|source| Error::Decode { command: name(), source })
    }

    /// From the line of each that is about itself: id, address, flags, …, slots. Source: the documentation of `CLUSTER NODES`.
    fn read<'a>(answers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut masters = Self::default();
        for answer in answers {
            let myself = |words: &Vec<&str>| words.get(2).is_some_and(|flags| flags.contains("myself"));
            let own = answer.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(myself)?;
            let (id, address) = (*own.first()?, own.get(1)?.split(['@', ',']).next()?);
            // A node that was never told its address.
            let route =
                if address.starts_with(':') { Route::AnyNode } else { Route::Node(address.to_owned()) };
            masters.routes.insert(id.to_owned(), route);
            for slots in own.get(8..).unwrap_or_default() {
                match slots.strip_prefix('[') {
                    // `[slot->-to]` is what it gives away, which whoever gets it says too.
                    Some(moving) => {
                        if let Some((slot, _)) = moving.split_once("-<-") {
                            masters.importers.insert(slot.parse().ok()?, id.to_owned());
                        }
                    }
                    None => {
                        let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
                        for slot in first.parse::<u16>().ok()?..=last.parse().ok()? {
                            // They are not asked at one moment: a slot that just went from one to another, both have.
                            let is_had = masters.owners.contains_key(&slot);
                            let of = if is_had { &mut masters.importers } else { &mut masters.owners };
                            of.insert(slot, id.to_owned());
                        }
                    }
                }
            }
        }
        Some(masters)
    }

    /// Where they are.
    pub(crate) fn routes(&self) -> Vec<Route> {
        self.routes.values().cloned().collect()
    }

    /// Whether documents of a slot may have gone elsewhere between then and now.
    pub(crate) fn moved_since(&self, before: &Self, slot: u16) -> bool {
        self.owners.get(&slot) != before.owners.get(&slot)
            || self.importers.get(&slot) != before.importers.get(&slot)
    }

    /// Whether a slot is being given to somebody.
    pub(crate) fn is_moving(&self, slot: u16) -> bool {
        self.importers.contains_key(&slot)
    }

    /// Where the documents of these slots are, or go: those that have them, and behind all of them those that are given them.
    pub(crate) fn holders(&self, slots: &[u16]) -> Vec<Route> {
        let mut holders = Vec::new();
        for of in [&self.owners, &self.importers] {
            let ids: BTreeSet<_> = slots.iter().filter_map(|slot| of.get(slot)).collect();
            holders.extend(ids.into_iter().filter_map(|id| self.routes.get(id)).cloned());
        }
        holders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, address: &str, flags: &str, slots: &str) -> String {
        format!("{id} {address}@1 {flags} - 0 0 1 connected {slots}")
    }

    fn masters(answers: &[String]) -> Masters {
        Masters::read(answers.iter().map(String::as_str)).unwrap()
    }

    fn node(address: &str) -> Route {
        Route::Node(address.to_owned())
    }

    #[test]
    fn each_says_what_it_has() {
        let others = line("c", "10.0.0.3:1", "slave", "");
        let first =
            format!("{others}\n{}", line("a", "10.0.0.1:6379", "myself,master", "0-5 7 [9-<-b] [5->-b]"));
        let second = line("b", "10.0.0.2:6380,host", "myself,master", "9-12 [5-<-a]");
        let all = masters(&[first, second]);
        let (a, b) = (node("10.0.0.1:6379"), node("10.0.0.2:6380"));
        assert_eq!(all.routes(), [a.clone(), b.clone()]);
        assert!(all.owners.keys().copied().eq([0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12]));
        assert_eq!(all.holders(&[0, 7]), std::slice::from_ref(&a));
        assert_eq!(all.holders(&[5]), [a.clone(), b.clone()], "whoever gives before whoever gets");
        assert_eq!(all.holders(&[5, 9]), [a.clone(), b.clone(), a, b]);
        assert!(all.is_moving(5) && all.is_moving(9) && !all.is_moving(7));
        assert_eq!(masters(&[line("a", ":0", "myself,master", "0-16383")]).routes(), [Route::AnyNode]);
        assert_eq!(Masters::read(["", "x"].into_iter()), None);
    }

    #[test]
    fn slots_move() {
        let of = |a: &str, b: &str| masters(&[line("a", "h:1", "myself", a), line("b", "h:2", "myself", b)]);
        let before = of("0-99 [100-<-b]", "100-200 [100->-a]");
        let moved =
            |now: &Masters| (0..=200).filter(|slot| now.moved_since(&before, *slot)).collect::<Vec<_>>();
        assert_eq!(moved(&before), Vec::<u16>::new());
        assert_eq!(moved(&of("0-98 [100-<-b]", "99-200")), [99]);
        assert_eq!(moved(&of("0-100", "101-200")), [100]);
        assert_eq!(moved(&of("0-99", "100-200")), [100], "given up, or done and undone");
        assert_eq!(moved(&of("0-99 [100-<-b] [101-<-b]", "100-200")), [101]);
        let both = of("0-99 [100-<-b]", "99-200 [100->-a]");
        assert_eq!(moved(&both), [99], "one was asked before it went, the other one behind that");
        assert_eq!(both.holders(&[99]), [node("h:1"), node("h:2")]);
        assert_eq!(moved(&of("0-98 [100-<-b]", "100-200")), [99], "the other way round");
    }
}
