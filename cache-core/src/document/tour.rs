//! Which nodes a scan visits.

use std::collections::VecDeque;

use cache_index::Route;

use crate::cache::{Cache, Masters};
use crate::error::{Error, Result};

/// How often it is looked for slots that moved while they were scanned. It takes one that moves whenever it is looked at.
const ROUNDS: u32 = 32;

/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// A way through all masters of a cluster. A document that moves to a master which was visited already would be missed, so
/// those slots that moved meanwhile are looked at again where they are then, and again those of them that moved once more.
pub(super) struct Tour {
    masters: Masters,
    /// The first is where it is now.
    visits: VecDeque<Route>,
    /// The slots that these visits are for.
    slots: Vec<u16>,
    round: u32,
}

impl Tour {
    pub(super) async fn begin(cache: &Cache) -> Result<Self> {
        let masters = Masters::of(cache).await?;
        let visits = masters.routes().into();
        // Also those that nobody said to have: they may be about to change hands.
        Ok(Self { masters, visits, slots: (0..SLOTS).collect(), round: 0 })
    }

    /// Where it is.
    pub(super) fn route(&self) -> Route {
        self.visits.front().cloned().unwrap_or(Route::AnyNode)
    }

    /// Goes on to the next one; `None`: it is over.
    pub(super) async fn next(mut self, cache: &Cache) -> Result<Option<Self>> {
        self.visits.pop_front();
        if !self.visits.is_empty() {
            return Ok(Some(self));
        }
        let masters = Masters::of(cache).await?;
        // What is on its way goes from whoever has it to whoever is given it, which are visited in this order after the first
        // round: then nothing is missed, however long it takes.
        let first = self.round == 0;
        self.slots.retain(|slot| {
            masters.moved_since(&self.masters, *slot) || first && self.masters.is_moving(*slot)
        });
        if self.slots.is_empty() {
            return Ok(None);
        }
        if self.round >= ROUNDS {
            let reason =
                "its slots move faster than it can be scanned; scan it when they have settled".to_owned();
            return Err(Error::Unavailable { reason, source: None });
        }
        let visits = masters.holders(&self.slots).into();
        Ok(Some(Self { masters, visits, slots: self.slots, round: self.round + 1 }))
    }
}
