//! What readers were answered, and the one judge of it: for the migrator, and for what it is compared with.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::release::{Release, TEAMS};

/// Where the ids of the documents begin that writer number n inserts: n + 1 times this.
pub(crate) const LANE: u32 = 1_000_000;

/// How many writers there can be.
pub(crate) const LANES: usize = 2;

/// What a reader asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    /// How many users there are.
    Everybody,
    /// Who is in a team.
    Team(u32),
    /// Who is in a team as far as the index holds them, and how many documents that may lack.
    Held(u32),
}

/// What it is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// These, and that is said to be all.
    Ids(Vec<u32>),
    /// So many, and that is said to be all.
    Count(u64),
    /// These, and it is said that the index lacks so many documents at most; `None`: that it may lack any.
    Held(Vec<u32>, Option<u64>),
    /// It is said that documents may be missing.
    Incomplete(String),
    /// It is said that there is no index.
    Missing(String),
    /// It is said that the server is away.
    Unavailable(String),
    /// Something else went wrong.
    Failed(String),
}

/// How far a writer is: so many inserts have begun, and so many are done.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) begun: AtomicU32,
    pub(crate) done: AtomicU32,
}

/// Which documents are there.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The documents 0 to this are there the whole time.
    pub(crate) base: u32,
    /// What writers insert meanwhile. A reader of another process does not know of them.
    pub(crate) lanes: Option<[Lane; LANES]>,
    /// Those of them that are [spoilt](Release::spoilt) the whole time.
    pub(crate) spoilt: Vec<u32>,
}

/// Which documents were there before a question, or may have been there after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct There([u32; LANES]);

impl Known {
    pub(crate) fn new(base: u32) -> Arc<Self> {
        Self::with(base, Vec::new())
    }

    /// The same with documents that are spoilt.
    pub(crate) fn with(base: u32, spoilt: Vec<u32>) -> Arc<Self> {
        Arc::new(Self { base, lanes: Some(<[Lane; LANES]>::default()), spoilt })
    }

    /// How many documents the index of a release cannot hold.
    pub(crate) fn refused(&self, release: Release) -> u64 {
        self.spoilt.iter().filter(|id| release.refuses(**id)).count() as u64
    }

    /// What must be found by whoever asks from now on.
    pub(crate) fn before(&self) -> There {
        self.there(|lane| &lane.done)
    }

    /// What may have been found by whoever asked until now.
    pub(crate) fn after(&self) -> There {
        self.there(|lane| &lane.begun)
    }

    fn there(&self, count: impl Fn(&Lane) -> &AtomicU32) -> There {
        let lanes = self.lanes.as_ref();
        There(std::array::from_fn(|n| lanes.map_or(0, |lanes| count(&lanes[n]).load(Ordering::SeqCst))))
    }

    /// All documents that are there when the writers have ended.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.all(self.before()).collect()
    }

    fn all(&self, there: There) -> impl Iterator<Item = u32> {
        let lanes = (1..).zip(there.0).flat_map(|(n, count)| (0..count).map(move |k| n * LANE + k));
        (0..self.base).chain(lanes)
    }

    /// How many documents an answer lacks, and how many it has that never were there.
    fn wrong(&self, asked: &Asked, answer: &Answer) -> (u64, u64) {
        let Asked { release, question, before, after, .. } = *asked;
        let meant = |id: &u32| match question {
            Question::Everybody => true,
            Question::Team(team) | Question::Held(team) => id % TEAMS == team % TEAMS,
        };
        let bounded = self.lanes.is_some();
        match answer {
            Answer::Count(count) => {
                let least = self.all(before).filter(meant).count() as u64;
                let most = self.all(after).filter(meant).count() as u64;
                (least.saturating_sub(*count), if bounded { count.saturating_sub(most) } else { 0 })
            }
            // Where any may be missing, that is no lie.
            Answer::Held(_, None) => (0, 0),
            Answer::Ids(ids) | Answer::Held(ids, Some(_)) => {
                let told = if let Answer::Held(_, Some(told)) = answer { *told } else { 0 };
                let found: HashSet<u32> = ids.iter().copied().collect();
                let short = self.all(before).filter(meant).filter(|id| !found.contains(id)).count() as u64;
                let allowed: HashSet<u32> = self.all(after).filter(meant).collect();
                let strange = found.iter().filter(|id| bounded && !allowed.contains(id)).count();
                // Those of other teams are among those that are told.
                let refused = |id: &&u32| told > 0 && release.refuses(**id) && !meant(id);
                let short = (short + self.spoilt.iter().filter(refused).count() as u64).saturating_sub(told);
                // One document twice is as wrong as one that never was.
                (short, (strange + ids.len() - found.len()) as u64)
            }
            _ => (0, 0),
        }
    }
}

/// What readers were answered, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Answers in all.
    pub(crate) answers: u64,
    /// Answers said to be complete that lack documents.
    pub(crate) short: u64,
    /// Answers with documents that never were there, or are there twice.
    pub(crate) ghosts: u64,
    /// Answers that say how many documents the index lacks at most.
    pub(crate) held: u64,
    /// Those of them that say more than it does.
    pub(crate) exaggerated: u64,
    /// Answers that say that documents may be missing.
    pub(crate) incomplete: u64,
    /// Answers that say that there is no index.
    pub(crate) missing: u64,
    /// Answers that say that the server is away.
    pub(crate) unavailable: u64,
    /// Other errors, of readers and writers.
    pub(crate) failed: u64,
    /// Writes.
    pub(crate) writes: u64,
    /// Some of what was wrong, in words.
    pub(crate) samples: Vec<String>,
}

impl Tally {
    /// What is wrong where nothing disturbs the server: readers of an index that is there get whole answers.
    pub(crate) fn violations(&self) -> u64 {
        self.lies() + self.incomplete + self.missing + self.unavailable
    }

    /// What is wrong whatever happens: answers that are not what they say, and errors that say nothing.
    pub(crate) fn lies(&self) -> u64 {
        self.short + self.ghosts + self.failed
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.short += other.short;
        self.ghosts += other.ghosts;
        self.held += other.held;
        self.exaggerated += other.exaggerated;
        self.incomplete += other.incomplete;
        self.missing += other.missing;
        self.unavailable += other.unavailable;
        self.failed += other.failed;
        self.writes += other.writes;
        for sample in other.samples {
            self.sample(sample);
        }
    }

    fn sample(&mut self, text: String) {
        if self.samples.len() < 8 {
            self.samples.push(text);
        }
    }

    fn take(&mut self, known: &Known, asked: &Asked, answer: &Answer) {
        self.answers += 1;
        let (short, ghosts) = known.wrong(asked, answer);
        self.short += u64::from(short > 0);
        self.ghosts += u64::from(ghosts > 0);
        if let Answer::Held(_, Some(told)) = answer {
            self.held += 1;
            self.exaggerated += u64::from(*told > known.refused(asked.release));
        }
        let said = match answer {
            Answer::Held(_, None) => {
                self.incomplete += 1;
                return;
            }
            Answer::Ids(_) | Answer::Held(..) | Answer::Count(_) if short + ghosts == 0 => return,
            Answer::Ids(_) | Answer::Held(..) | Answer::Count(_) => {
                format!("{short} lacking, {ghosts} too many")
            }
            Answer::Incomplete(text) => {
                self.incomplete += 1;
                text.clone()
            }
            Answer::Missing(text) => {
                self.missing += 1;
                text.clone()
            }
            Answer::Unavailable(text) => {
                self.unavailable += 1;
                text.clone()
            }
            Answer::Failed(text) => {
                self.failed += 1;
                text.clone()
            }
        };
        self.sample(format!("{} asked {:?}: {said}", asked.who, asked.question));
    }
}

/// A question, who asked it, and what was there before and after.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) who: String,
    pub(crate) release: Release,
    pub(crate) question: Question,
    pub(crate) before: There,
    pub(crate) after: There,
}

/// What the readers and writers of a scenario saw.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Tally>);

impl Log {
    /// Judges an answer.
    pub(crate) fn answer(&self, known: &Known, asked: &Asked, answer: &Answer) {
        self.with(|tally| tally.take(known, asked, answer));
    }

    /// Takes what another process was answered.
    pub(crate) fn add(&self, tally: Tally) {
        self.with(|sum| sum.add(tally));
    }

    pub(crate) fn wrote(&self) {
        self.with(|tally| tally.writes += 1);
    }

    pub(crate) fn failed(&self, what: String) {
        self.with(|tally| {
            tally.failed += 1;
            tally.sample(what);
        });
    }

    pub(crate) fn tally(&self) -> Tally {
        self.with(|tally| tally.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
