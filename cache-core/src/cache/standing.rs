//! What is known of each index between queries, so that no query has to make a round trip for it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cache_index::{Command, IndexInfo, Schema, Shortfall};
use tokio::sync::Mutex;

use super::failures::Failures;
use super::put_off::PutOff;
use super::readiness::{IndexReadiness, IndexState, Readiness};

/// How long what was seen of an index is believed on one connection.
const BELIEVED: Duration = Duration::from_secs(30);

/// What is known of each index by all clones of a cache.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    indexes: RwLock<HashMap<String, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whose index it is, once a migrator was asked for it, and as the how manieth.
    registered: Option<(&'static Schema, usize)>,
    /// What is to be done when it vanishes, once a migrator made it or saw it.
    healing: Option<Healing>,
    missing: bool,
    /// Whether it was filled once.
    served: bool,
    /// Whether it was made again since documents that it lacks were counted.
    healed: bool,
    put_off: PutOff,
    failures: Failures,
    seen: Option<Seen>,
    changes: u64,
    /// What was added to the index after it was made, and belongs to it.
    added: Vec<Command>,
    turns: Arc<Turns>,
}

/// What is to be done when an index vanishes that a migrator made or saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Healing {
    /// Whether it is made again; not where somebody makes indexes by hand.
    pub(crate) creates: bool,
    /// Whether it gets the alias if that points nowhere: it had it when the migrator ran.
    pub(crate) takes_alias: bool,
    /// The names of the indexes that are older: from these it takes the alias once it is filled.
    pub(crate) older: Vec<String>,
}

/// What a look at an index gives reason to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Count the documents that it lacks.
    pub(crate) count: bool,
    /// Take the alias from these.
    pub(crate) alias_from: Vec<String>,
}

/// Who heals an index and who looks at it: one at a time, the others wait and take over what is left to do.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) heal: Mutex<()>,
    pub(crate) look: Mutex<()>,
}

/// What was seen of an index.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// On which connection: after another one was made, it may be another server, or the same one started anew.
    connection: u64,
    filled: bool,
    documents: u64,
    percent: f64,
    /// Whether it is another one than the schema says.
    drifted: bool,
    looked: Instant,
}

/// Which index it is that an answer came from: another one after the connection was made anew, a database was flushed, or
/// the index was made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    connection: u64,
    changes: u64,
}

impl Standing {
    fn read<T>(&self, index: &str, read: impl FnOnce(Option<&Known>) -> T) -> T {
        read(self.indexes.read().unwrap_or_else(PoisonError::into_inner).get(index))
    }

    fn write<T>(&self, index: &str, write: impl FnOnce(&mut Known) -> T) -> T {
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        match indexes.get_mut(index) {
            Some(known) => write(known),
            None => write(indexes.entry(index.to_owned()).or_default()),
        }
    }

    /// A migrator was asked for this index.
    pub(crate) fn registered(&self, index: &str, schema: &'static Schema) {
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        let number = indexes.values().filter(|known| known.registered.is_some()).count();
        let known = indexes.entry(index.to_owned()).or_default();
        if known.registered.is_none() {
            (known.registered, known.missing) = (Some((schema, number)), true);
        }
    }

    /// A migrator made this index, or saw it: from now on this is done when it vanishes.
    pub(crate) fn migrated(&self, index: &str, healing: Healing) {
        self.write(index, |known| {
            (known.healing, known.missing) = (Some(healing), false);
            known.put_off.is_made();
        });
    }

    /// Somebody makes this index by hand: it is not made again when it vanishes.
    pub(crate) fn is_made_by_hand(&self, index: &str) {
        let healing = Healing { creates: false, takes_alias: false, older: Vec::new() };
        self.write(index, |known| known.healing = Some(healing));
    }

    /// The migration of this index, as far as it is put off.
    pub(crate) fn put_off<T>(&self, index: &str, change: impl FnOnce(&mut PutOff) -> T) -> T {
        self.write(index, |known| change(&mut known.put_off))
    }

    /// Takes how many documents the migrator found to be missing in the index, and what the server's counter of failures
    /// said before, in the place of what was found before.
    pub(crate) fn report(&self, index: &str, missing: u64, counter: u64, connection: u64) {
        let failures = Failures::counted(missing, counter, connection, Duration::ZERO);
        self.write(index, |known| (known.failures, known.healed) = (failures, false));
    }

    /// As [`report`](Self::report), between runs of the migrator, unless the index was made again meanwhile.
    pub(crate) fn counted(&self, index: &str, mark: Mark, missing: u64, counter: u64, took: Duration) {
        self.write(index, |known| {
            if known.changes == mark.changes {
                known.failures = Failures::counted(missing, counter, mark.connection, took);
            }
        });
    }

    /// How many documents the index lacks, as far as is known.
    pub(crate) fn failed(&self, index: &str) -> u64 {
        self.read(index, |known| known.map_or(0, |known| known.failures.most()))
    }

    /// Which index it is now, by its name and the generation of the connection.
    pub(crate) fn mark(&self, index: &str, connection: u64) -> Mark {
        Mark { connection, changes: self.read(index, |known| known.map_or(0, |known| known.changes)) }
    }

    /// Whether the index was made again since it had this mark.
    pub(crate) fn has_changed(&self, index: &str, mark: Mark) -> bool {
        self.read(index, |known| known.map_or(0, |known| known.changes)) != mark.changes
    }

    /// Whether it is not known, or no longer, if the index is filled.
    pub(crate) fn wants_look(&self, index: &str, mark: Mark) -> bool {
        let seen = self.read(index, |known| known.and_then(|known| known.seen));
        seen.is_none_or(|seen| {
            seen.connection != mark.connection || !seen.filled || seen.looked.elapsed() >= BELIEVED
        })
    }

    /// Whether the index is filled, if that was seen no longer ago than this.
    pub(crate) fn seen_within(&self, index: &str, mark: Mark, age: Duration) -> Option<bool> {
        let seen = self.read(index, |known| known.and_then(|known| known.seen))?;
        (seen.connection == mark.connection && seen.looked.elapsed() < age).then_some(seen.filled)
    }

    /// Takes what was seen of the index, and whether it is another one than the schema says, unless it was made again
    /// meanwhile. What is to be done then.
    pub(crate) fn saw(&self, index: &str, mark: Mark, info: &IndexInfo, drifted: bool) -> Wants {
        self.write(index, |known| {
            if known.changes != mark.changes {
                return Wants::default();
            }
            let (filled, looked) = (info.is_filled(), Instant::now());
            known.seen = Some(Seen {
                connection: mark.connection,
                filled,
                documents: info.documents,
                percent: info.percent_indexed,
                drifted,
                looked,
            });
            known.missing = false;
            known.served |= filled;
            if !filled {
                return Wants::default();
            }
            let mut alias_from = Vec::new();
            if known.healed {
                // Its counter began anew with it.
                (known.healed, known.failures) = (false, Failures::default());
                let healing = known.healing.iter().filter(|healing| healing.takes_alias);
                alias_from.extend(healing.flat_map(|healing| healing.older.iter().cloned()));
            }
            known.failures.saw(info.failures);
            Wants { count: known.failures.is_due(mark.connection), alias_from }
        })
    }

    /// Nothing that was known of the index holds any more: it is being filled, until it is seen not to be.
    pub(crate) fn changed(&self, index: &str) {
        self.write(index, |known| {
            known.changes += 1;
            known.seen = known.seen.map(|seen| Seen { filled: false, documents: 0, percent: 0.0, ..seen });
        });
    }

    /// The index was made again.
    pub(crate) fn healed(&self, index: &str) {
        self.changed(index);
        self.write(index, |known| (known.healed, known.missing) = (true, false));
    }

    /// The index is missing. `None`: no migrator ever made it here.
    pub(crate) fn missing(&self, index: &str) -> Option<(Healing, Arc<Turns>)> {
        let known = self.read(index, |known| {
            let known = known?;
            Some((known.missing, known.healing.clone().map(|healing| (healing, known.turns.clone()))))
        });
        let (missing, healing) = known?;
        if !missing {
            self.write(index, |known| known.missing = true);
        }
        healing
    }

    /// Something was added to the index, which would be lost with it.
    pub(crate) fn adds_to(&self, index: &str, command: Command) {
        self.write(index, |known| {
            if !known.added.contains(&command) {
                known.added.push(command);
            }
        });
    }

    /// What was added to the index, in order.
    pub(crate) fn added(&self, index: &str) -> Vec<Command> {
        self.read(index, |known| known.map(|known| known.added.clone()).unwrap_or_default())
    }

    /// Who looks at this index.
    pub(crate) fn turns(&self, index: &str) -> Arc<Turns> {
        let known = self.read(index, |known| known.map(|known| known.turns.clone()));
        known.unwrap_or_else(|| self.write(index, |known| known.turns.clone()))
    }

    /// Why answers of this index may be incomplete, beside its being filled.
    pub(crate) fn told(&self, index: &str) -> Vec<Shortfall> {
        self.read(index, |known| {
            let Some(known) = known else { return Vec::new() };
            let drifted = known.seen.is_some_and(|seen| seen.drifted);
            let failed = known.failed().map(Shortfall::FailedDocuments);
            failed.into_iter().chain(drifted.then_some(Shortfall::Drift)).collect()
        })
    }

    /// What is known of the indexes that a migrator was asked for.
    pub(crate) fn readiness(&self) -> Readiness {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let registered = |(name, known): (&String, &Known)| {
            let (schema, number) = known.registered?;
            let index = IndexReadiness {
                model: schema.model(),
                index: name.clone(),
                state: known.state(),
                served: known.served,
                looked: known.seen.map(|seen| seen.looked),
                reason: known.put_off.reason(),
            };
            Some((number, index))
        };
        let mut found: Vec<_> = indexes.iter().filter_map(registered).collect();
        found.sort_by_key(|(number, _)| *number);
        Readiness { indexes: found.into_iter().map(|(_, index)| index).collect() }
    }
}

impl Known {
    /// How many documents are missing, if any are.
    fn failed(&self) -> Option<u64> {
        Some(self.failures.most()).filter(|failed| *failed > 0)
    }

    fn state(&self) -> IndexState {
        if let Some(deferred) = self.put_off.state() {
            return deferred;
        }
        let failed = self.failed();
        match (self.missing, self.seen, failed) {
            (true, ..) => IndexState::Missing,
            (false, Some(Seen { drifted: true, .. }), _) => IndexState::Drifted,
            (false, Some(Seen { filled: true, .. }), Some(failed)) => IndexState::FailedDocuments(failed),
            (false, Some(Seen { filled: true, .. }), None) => IndexState::Ready,
            (false, Some(Seen { documents, percent, .. }), _) => IndexState::Filling { documents, percent },
            (false, None, _) => IndexState::Filling { documents: 0, percent: 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(filled: bool, failures: u64) -> IndexInfo {
        IndexInfo { indexing: !filled, percent_indexed: 1.0, failures, ..IndexInfo::default() }
    }

    #[test]
    fn an_index_is_looked_at_until_it_is_filled_and_again_on_another_connection() {
        let standing = Standing::default();
        let mark = standing.mark("i", 0);
        assert!(standing.wants_look("i", mark));
        standing.saw("i", mark, &info(false, 0), false);
        assert!(standing.wants_look("i", mark));
        standing.saw("i", mark, &info(true, 0), false);
        assert!(!standing.wants_look("i", mark));
        assert!(standing.wants_look("i", standing.mark("i", 1)));
    }

    #[test]
    fn what_was_seen_of_an_index_says_nothing_of_the_next_one() {
        let standing = Standing::default();
        let before = standing.mark("i", 0);
        standing.saw("i", before, &info(true, 0), false);
        standing.changed("i");
        standing.saw("i", before, &info(true, 0), false);
        assert!(standing.wants_look("i", standing.mark("i", 0)));
        assert_ne!(standing.mark("i", 0), before);
    }

    fn healing(older: &[&str]) -> Healing {
        let older = older.iter().map(ToString::to_string).collect();
        Healing { creates: true, takes_alias: true, older }
    }

    #[test]
    fn what_was_counted_stays_until_the_counter_grows_or_the_index_is_another() {
        let standing = Standing::default();
        let saw = |filled, failures| standing.saw("i", standing.mark("i", 0), &info(filled, failures), false);
        standing.report("i", 2, 5, 0);
        assert!(!saw(true, 5).count);
        assert_eq!(standing.told("i"), [Shortfall::FailedDocuments(2)]);
        assert!(saw(true, 6).count);
        assert_eq!(standing.told("i"), [Shortfall::FailedDocuments(3)]);
        let stale = standing.mark("i", 0);
        standing.healed("i");
        standing.counted("i", stale, 9, 6, Duration::ZERO);
        assert_eq!(saw(false, 1), Wants::default());
        assert_eq!(standing.told("i"), [Shortfall::FailedDocuments(3)]);
        assert!(saw(true, 1).count);
        assert_eq!(standing.told("i"), [Shortfall::FailedDocuments(1)]);
        standing.counted("i", standing.mark("i", 0), 0, 1, Duration::ZERO);
        assert!(!saw(true, 1).count);
        assert_eq!(standing.told("i"), []);
    }

    #[test]
    fn only_what_was_migrated_is_healed_and_takes_the_alias_once_filled() {
        let standing = Standing::default();
        let saw = |filled| standing.saw("i", standing.mark("i", 0), &info(filled, 0), false).alias_from;
        assert!(standing.missing("i").is_none());
        standing.migrated("i", healing(&["older"]));
        assert_eq!(standing.missing("i").unwrap().0, healing(&["older"]));
        assert_eq!(saw(true), [""; 0], "it was not made again");
        standing.healed("i");
        assert_eq!((saw(false), saw(true), saw(true)), (vec![], vec!["older".to_owned()], vec![]));
        standing.migrated("i", Healing { takes_alias: false, ..healing(&["older"]) });
        standing.healed("i");
        assert_eq!(saw(true), [""; 0]);
    }
}
