//! Those who want a gate, two for each: one has it at a time, and whoever had it before writes no more.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, Error, Gate, GateError, Lease};
use cache_tests::chain;

use super::crowd::{Crowd, SEATERS, SEATS, seat_key};
use crate::models::Seat;

/// How long a lease holds, and a gate is waited for.
const TTL: Duration = Duration::from_secs(2);

/// What is known of a gate.
#[derive(Default)]
pub(super) struct Watched {
    key: String,
    gate: Option<Gate>,
    held: Mutex<Vec<Lease>>,
    fences: Mutex<BTreeSet<u64>>,
    pub(super) won: AtomicU64,
    /// Writes of leases that others had followed, which were refused.
    pub(super) fenced: AtomicU64,
    /// Two had it, since the engine lost the key of the first.
    pub(super) both: AtomicU64,
    /// Writes of those that were not refused, since the engine lost what said so.
    pub(super) late: AtomicU64,
}

impl Watched {
    pub(super) fn new(project: &str, name: &str) -> Self {
        let gate = Some(Gate::new(name).ttl(TTL));
        Self { key: format!("{project}:{name}:leader"), gate, ..Self::default() }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl Crowd {
    /// Wins a gate again and again, and writes a document of a hall with the lease's fence.
    pub(super) async fn holds(&self, cache: &Cache, watched: &Watched, hall: usize) {
        let Some(gate) = &watched.gate else { return };
        let (name, hall) = &self.halls[hall];
        let id = SEATS * SEATERS + 1;
        let seat = |fence: u64| Seat { id, name: format!("fence {fence}"), round: 0 };
        let (key, mut before) = (seat_key(name, id), None::<(Cache, u64)>);
        while !self.is_over() {
            let lease = match gate.lock(cache).wait(TTL).await {
                Ok(Some(lease)) => lease,
                Ok(None) => continue,
                Err(error) => {
                    self.excused(&watched.key, error);
                    continue;
                }
            };
            let (won, fence) = (Instant::now(), lease.fence());
            let may_lose = |key: &str, at| self.fate.may_lose(key, at);
            watched.won.fetch_add(1, Ordering::SeqCst);
            let others = {
                let mut held = watched.held.lock().unwrap();
                let others = held.iter().filter(|other| other.check().is_ok()).count();
                held.push(lease.clone());
                others
            };
            if others > 0 && lease.check().is_ok() {
                // The others hold until they renew, or their time is over.
                let lost = self.fate.fell(&watched.key)
                    && self.fate.has_begun()
                    && won < self.fate.died() + 10 * TTL;
                if lost {
                    watched.both.fetch_add(1, Ordering::SeqCst);
                } else {
                    self.wrong(&format!("{others} others hold {}", watched.key));
                }
            }
            if !watched.fences.lock().unwrap().insert(fence)
                || before.as_ref().is_some_and(|(_, old)| *old >= fence)
            {
                self.wrong(&format!("fence {fence} of {} was given out before", watched.key));
            }
            if let Ok(fenced) = lease.fenced(hall) {
                match seat(fence).save(&fenced).await {
                    Err(Error::Fenced { .. }) if others > 0 || lease.check().is_err() => {}
                    saved => {
                        let saved = self.answer([key.clone()], saved);
                        let written = Instant::now();
                        if saved.is_some() && others == 0 {
                            let old = match &before {
                                Some((old, fence)) => Some(seat(*fence).save(old).await),
                                None => None,
                            };
                            match old {
                                Some(Err(Error::Fenced { .. })) => {
                                    watched.fenced.fetch_add(1, Ordering::SeqCst);
                                }
                                Some(Ok(_)) if may_lose(&key, written) => {
                                    watched.late.fetch_add(1, Ordering::SeqCst);
                                }
                                Some(Ok(_)) => self.wrong(&format!("{key} was written behind its fence")),
                                Some(Err(error)) => drop(self.answer([key.clone()], Err::<(), _>(error))),
                                None => {}
                            }
                            let found = Seat::get(hall, id).await;
                            let found = self.answer([key.clone()], found);
                            let is_own = found == Some(Some(seat(fence))) || found.is_none();
                            let alone = lease.check().is_ok() && !self.fate.fell(&watched.key);
                            if alone && !is_own && !may_lose(&key, written) {
                                self.wrong(&format!("{key} is {found:?} while {fence} holds"));
                            }
                        }
                    }
                }
                before = Some((fenced, fence));
            }
            watched.held.lock().unwrap().retain(|other| other.fence() != fence);
            lease.release().await;
        }
    }

    fn excused(&self, key: &str, error: GateError) {
        match error {
            GateError::Server(error) => drop(self.answer([key.to_owned()], Err::<(), _>(error))),
            GateError::Lost { .. } if self.fate.fell(key) => {}
            error => panic!("{}", chain(&error)),
        }
    }
}
