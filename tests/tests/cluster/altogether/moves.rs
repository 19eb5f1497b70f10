//! Slots that move between masters, and a master that dies meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::CacheModel;
use cache_tests::cluster::{Nodes, until};
use cache_tests::dice::Dice;

use super::book::slot;
use super::crowd::Crowd;
use crate::models::{Plain, plain};

/// The master that dies, and its replica.
pub(super) const DYING: u16 = 0;
const HEIR: u16 = 3;

/// How long it may take until all slots are written to again.
const BACK: Duration = Duration::from_secs(20);

/// Who has which slot, and what moves.
pub(super) struct Moves<'a> {
    nodes: &'a Nodes,
    owner: Vec<u16>,
    /// Those that many keys are in, which are asked for together.
    busy: Vec<u16>,
    masters: [u16; 3],
    dice: Dice,
    pub(super) count: u64,
}

impl<'a> Moves<'a> {
    pub(super) fn new(nodes: &'a Nodes, busy: Vec<u16>, dice: Dice) -> Self {
        let owner = (0..3).flat_map(|at| nodes.slots(at).map(move |_| at)).collect();
        Self { nodes, owner, busy, masters: [DYING, 1, 2], dice, count: 0 }
    }

    /// Moves a slot: half of the time a busy one.
    pub(super) async fn any(&mut self) {
        let slot = match self.dice.below(2) {
            0 => self.busy[self.dice.below(self.busy.len() as u64) as usize],
            _ => self.dice.below(self.owner.len() as u64) as u16,
        };
        let from = self.owner[usize::from(slot)];
        let others: Vec<_> = self.masters.iter().copied().filter(|at| *at != from).collect();
        let to = others[self.dice.below(2) as usize];
        self.one(slot, to).await;
        self.settled().await;
    }

    async fn one(&mut self, slot: u16, to: u16) {
        // Two of the keys that are asked for together may be in one slot, which went there already.
        if self.owner[usize::from(slot)] == to {
            return;
        }
        self.nodes.move_slot(slot, self.owner[usize::from(slot)], to).await;
        self.owner[usize::from(slot)] = to;
        self.count += 1;
    }

    /// Waits until the replica of the dying one knows which slots that has: it takes over what it knows of.
    async fn heard(&self) {
        let own = self.of(DYING);
        let id = self.nodes.say(DYING, &["CLUSTER", "MYID"]).await;
        let id = id.as_str().unwrap_or_default();
        until("the replica has heard of all moves", async || {
            let list = self.nodes.say(HEIR, &["CLUSTER", "NODES"]).await;
            let line = list.as_str().and_then(|list| list.lines().find(|line| line.starts_with(id)));
            let ranges = line.into_iter().flat_map(|line| line.split_whitespace().skip(8));
            let slots = ranges.filter(|range| !range.starts_with('[')).flat_map(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                first.parse::<u16>().unwrap()..=last.parse().unwrap()
            });
            slots.collect::<BTreeSet<_>>() == own
        })
        .await;
    }

    /// Waits until all masters that live have epochs of their own, and all know them: of two that took the same one at once, in an
    /// election and by a move, either may lose a slot that it was just given, with all that is in it.
    async fn settled(&self) {
        until("all masters know each other's epochs", async || {
            let mut views = BTreeSet::new();
            for at in self.masters {
                let list = self.nodes.say(at, &["CLUSTER", "NODES"]).await;
                let lines = list.as_str().unwrap_or_default().lines().map(|line| line.split_whitespace());
                let lines = lines.map(Iterator::collect::<Vec<_>>);
                let masters = lines.filter(|words| words[2].contains("master") && !words[2].contains("fail"));
                views.insert(
                    masters.map(|words| (words[6].to_owned(), words[0].to_owned())).collect::<BTreeSet<_>>(),
                );
            }
            let view = views.pop_first().unwrap_or_default();
            let epochs: BTreeSet<_> = view.iter().map(|(epoch, _)| epoch).collect();
            views.is_empty() && view.len() == 3 && epochs.len() == 3
        })
        .await;
    }

    fn of(&self, master: u16) -> BTreeSet<u16> {
        (0..).zip(&self.owner).filter(|(_, owner)| **owner == master).map(|(slot, _)| slot).collect()
    }

    /// Kills a master while slots of the second one go to the third; after how long all are written to again, and how many slots
    /// moved until then.
    ///
    /// None of its own is on its way: its replica knows nothing of that, so that the engine would lose all of the slot. And they go
    /// one way, since each that goes the other way takes a new epoch, by which an election that is under way fails.
    pub(super) async fn kill(&mut self, crowd: &Crowd) -> (Duration, u64) {
        // The last epoch is that of the third one, which takes none for what it gets meanwhile.
        let first = self.of(1).first().copied().unwrap_or_default();
        self.one(first, 2).await;
        self.settled().await;
        self.heard().await;
        let before = self.count;
        let going: Vec<u16> = self.of(1).into_iter().collect();
        let busy: Vec<u16> = self.busy.iter().copied().filter(|slot| going.contains(slot)).collect();
        let (fallen, nodes) = (self.of(DYING), self.nodes);
        let is_back = &AtomicBool::new(false);
        let dies = async {
            // Some are on their way already.
            tokio::time::sleep(Duration::from_millis(100)).await;
            crowd.fate.begins(fallen);
            nodes.server(DYING).kill().await.unwrap_or_else(|error| panic!("{error}"));
            let died = crowd.fate.died();
            // A document of the slots of the dead one, which nobody else writes.
            let mut ids = u32::MAX / 2..;
            let one = ids.find(|id| crowd.fate.fell(&crowd.plain_key(*id))).unwrap_or_default();
            while Plain::get(&crowd.cache, one).await.is_err() || plain(one).save(&crowd.cache).await.is_err()
            {
                assert!(died.elapsed() < BACK, "the slots of the dead master are not written to again");
            }
            let took = died.elapsed();
            let _ = Plain::delete_by_id(&crowd.cache, one).await;
            is_back.store(true, Ordering::SeqCst);
            took
        };
        let move_all = async {
            // Busy ones first, and again and again some that are not.
            let mut rest = going.iter().copied().filter(|slot| !busy.contains(slot));
            let mut moving = busy.iter().copied().chain(std::iter::from_fn(|| rest.next()));
            while !is_back.load(Ordering::SeqCst) {
                match moving.next() {
                    Some(slot) => self.one(slot, 2).await,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let (took, ()) = tokio::join!(dies, move_all);
        for owner in self.owner.iter_mut().filter(|owner| **owner == DYING) {
            *owner = HEIR;
        }
        self.masters[0] = HEIR;
        self.settled().await;
        (took, self.count - before)
    }
}

/// The slots of these keys.
pub(super) fn slots_of(keys: impl IntoIterator<Item = String>) -> Vec<u16> {
    keys.into_iter().map(|key| slot(&key)).collect()
}

/// How often nodes sent a command elsewhere, or asked to come again.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Redirected {
    pub(super) asked: u64,
    pub(super) moved: u64,
    pub(super) later: u64,
}

impl Redirected {
    pub(super) async fn add(&mut self, nodes: &Nodes, at: u16) {
        let info = nodes.say(at, &["INFO", "errorstats"]).await;
        for line in info.as_str().unwrap_or_default().lines() {
            let Some((name, count)) = line.split_once(":count=") else { continue };
            let count =
                count.split(',').next().and_then(|count| count.parse::<u64>().ok()).unwrap_or_default();
            match name {
                "errorstat_ASK" => self.asked += count,
                "errorstat_MOVED" => self.moved += count,
                "errorstat_TRYAGAIN" => self.later += count,
                _ => {}
            }
        }
    }
}
