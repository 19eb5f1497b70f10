//! What is known of each index between queries, so that no query has to make a round trip for it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use cache_index::{Command, Schema, Shortfall};

use super::failures::Failures;
use super::known::{Healing, Known, Turns, Wants};
use super::put_off::PutOff;
use super::readiness::{IndexReadiness, Readiness};
use super::seen::{Look, Mark};
use crate::connection::KeyChanges;

/// How long what was seen of an index is believed on one connection.
const BELIEVED: Duration = Duration::from_secs(30);

/// What is known of each index by all clones of a cache.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    indexes: RwLock<HashMap<String, Known>>,
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

    /// A watch saw this index, and no migrator did: what that knows is more.
    pub(crate) fn attached(&self, index: &str, healing: Healing) {
        self.write(index, |known| {
            known.healing.get_or_insert(healing);
        });
    }

    /// Whether a migrator made this index, or saw it.
    pub(crate) fn is_migrated(&self, index: &str) -> bool {
        self.read(index, |known| known.is_some_and(|known| known.healing.is_some()))
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
        self.write(index, |known| {
            (known.failures, known.healed, known.made) = (failures, false, None);
            // It may be another one than that which was seen.
            known.seen.iter_mut().for_each(|seen| seen.last = 0);
        });
    }

    /// As [`report`](Self::report), between runs of the migrator, unless the index was made again meanwhile.
    pub(crate) fn counted(&self, index: &str, mark: Mark, missing: u64, counter: u64, took: Duration) {
        self.write(index, |known| {
            known.counted(mark, Failures::counted(missing, counter, mark.connection, took));
        });
    }

    /// Whether nobody counted what the index lacks, under this cache.
    pub(crate) fn is_unknown(&self, index: &str) -> bool {
        self.read(index, |known| known.is_none_or(|known| known.failures.is_unknown()))
    }

    /// Whether that is to be done before an answer of the index is believed.
    pub(crate) fn wants_count(&self, index: &str) -> bool {
        self.read(index, |known| {
            known.is_none_or(|known| known.failures.is_unknown() && !known.counts_beside)
        })
    }

    /// It takes too long for a query.
    pub(crate) fn counts_beside(&self, index: &str) {
        self.write(index, |known| known.counts_beside = true);
    }

    /// What the index lacks cannot be counted.
    pub(crate) fn is_uncountable(&self, index: &str) {
        self.write(index, |known| known.failures.uncountable());
    }

    /// How many documents the index lacks, as far as is known.
    pub(crate) fn failed(&self, index: &str) -> u64 {
        self.read(index, |known| known.map_or(0, |known| known.failures.most()))
    }

    /// Which index it is now, by its name and the generation of the connection.
    pub(crate) fn mark(&self, index: &str, connection: u64) -> Mark {
        Mark { connection, changes: self.read(index, |known| known.map_or(0, Known::version)) }
    }

    /// Whether the index was made again since it had this mark.
    pub(crate) fn has_changed(&self, index: &str, mark: Mark) -> bool {
        self.read(index, |known| known.map_or(0, Known::version)) != mark.changes
    }

    /// Whether it is not known, or no longer, if the index is filled.
    pub(crate) fn wants_look(&self, index: &str, mark: Mark) -> bool {
        let seen = self.read(index, |known| known.and_then(|known| known.seen));
        seen.is_none_or(|seen| {
            !seen.is_of(mark) || !seen.filled || !seen.hears || seen.looked.elapsed() >= BELIEVED
        })
    }

    /// Whether the index is filled, if that was seen no longer ago than this.
    pub(crate) fn seen_within(&self, index: &str, mark: Mark, age: Duration) -> Option<bool> {
        let seen = self.read(index, |known| known.and_then(|known| known.seen))?;
        (seen.is_of(mark) && seen.looked.elapsed() < age).then_some(seen.filled)
    }

    /// From now on it is heard when somebody makes this index.
    pub(crate) fn hears(&self, index: &str, changes: impl FnOnce() -> Option<KeyChanges>) {
        if self.read(index, |known| known.is_none_or(|known| known.heard.is_none()))
            && let Some(changes) = changes()
        {
            self.write(index, |known| known.heard.get_or_insert(changes).count());
        }
    }

    /// Whether it is heard when somebody makes this index.
    pub(crate) fn is_heard(&self, index: &str) -> bool {
        self.read(index, |known| known.is_some_and(|known| known.heard.is_some()))
    }

    /// Takes what was seen of the index, and whether it is another one than the schema says, unless it was made again
    /// meanwhile. What is to be done then.
    pub(crate) fn saw(&self, index: &str, look: &Look, drifted: bool) -> Wants {
        self.write(index, |known| known.saw(look, drifted))
    }

    /// Nothing that was known of the index holds any more, until it is looked at.
    pub(crate) fn changed(&self, index: &str) {
        self.write(index, |known| known.changes += 1);
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

    /// The indexes that a migrator was asked for and of which nothing is known, or only from long ago.
    pub(crate) fn stale(&self, connection: u64) -> Vec<(&'static Schema, String)> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let stale = indexes.iter().filter(|(_, known)| known.is_stale(connection, BELIEVED));
        stale.filter_map(|(name, known)| Some((known.registered?.0, name.clone()))).collect()
    }

    /// What is known of the indexes that a migrator was asked for, on this connection.
    pub(crate) fn readiness(&self, connection: u64) -> Readiness {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let registered = |(name, known): (&String, &Known)| {
            let (schema, number) = known.registered?;
            let index = IndexReadiness {
                model: schema.model(),
                index: name.clone(),
                state: known.state(connection),
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use cache_index::{IndexInfo, IndexedField};

    use super::*;

    fn look(mark: Mark, filled: bool, failures: u64) -> Look {
        let info = IndexInfo { indexing: !filled, percent_indexed: 1.0, failures, ..IndexInfo::default() };
        Look { mark, asked: Instant::now(), info, made: 0, hears: true }
    }

    #[test]
    fn an_index_is_looked_at_until_it_is_filled_and_again_on_another_connection() {
        let standing = Standing::default();
        let mark = standing.mark("i", 0);
        assert!(standing.wants_look("i", mark));
        standing.saw("i", &look(mark, false, 0), false);
        assert!(standing.wants_look("i", mark));
        standing.saw("i", &look(mark, true, 0), false);
        assert!(!standing.wants_look("i", mark));
        assert!(standing.wants_look("i", standing.mark("i", 1)));
    }

    #[test]
    fn what_was_seen_of_an_index_says_nothing_of_the_next_one() {
        let standing = Standing::default();
        let before = standing.mark("i", 0);
        standing.saw("i", &look(before, true, 0), false);
        standing.changed("i");
        standing.saw("i", &look(before, true, 0), false);
        assert!(standing.wants_look("i", standing.mark("i", 0)));
        assert_ne!(standing.mark("i", 0), before);
    }

    #[test]
    fn what_others_make_is_looked_at_and_counted_anew() {
        let standing = Standing::default();
        let changes = KeyChanges::default();
        standing.hears("i", || Some(changes.clone()));
        standing.report("i", 0, 2, 0);
        standing.saw("i", &look(standing.mark("i", 0), true, 2), false);
        let before = standing.mark("i", 0);
        assert!(!standing.wants_look("i", before) && standing.told("i").is_empty());
        changes.add();
        assert!(standing.has_changed("i", before) && standing.wants_look("i", standing.mark("i", 0)));
        standing.saw("i", &Look { made: 1, ..look(standing.mark("i", 0), true, 2) }, false);
        assert!(!standing.wants_look("i", standing.mark("i", 0)));
        assert_eq!(standing.told("i"), [Shortfall::FailedDocuments(2)], "two of another index");
        // Where it will not be heard, each query looks.
        standing.saw("i", &Look { hears: false, made: 1, ..look(standing.mark("i", 0), true, 2) }, false);
        assert!(standing.wants_look("i", standing.mark("i", 0)));
    }

    #[test]
    fn one_that_is_heard_to_be_extended_is_looked_at_and_the_same() {
        let standing = Standing::default();
        let changes = KeyChanges::default();
        standing.hears("i", || Some(changes.clone()));
        let saw = |fields, filled, made| {
            let mut look = Look { made, ..look(standing.mark("i", 0), filled, 0) };
            look.info.definition.fields.resize(fields, IndexedField::default());
            standing.saw("i", &look, false).is_extended
        };
        assert!(!saw(1, true, 1) && !standing.wants_look("i", standing.mark("i", 0)));
        changes.add();
        assert!(standing.wants_look("i", standing.mark("i", 0)) && saw(2, false, 1));
        assert!(standing.wants_look("i", standing.mark("i", 0)), "until it is filled");
        assert!(!saw(2, true, 1) && !standing.wants_look("i", standing.mark("i", 0)));
        changes.add();
        assert!(!saw(3, false, 2), "it was made anew");
    }

    #[test]
    fn an_index_that_begins_anew_is_counted_whoever_made_it() {
        let standing = Standing::default();
        let saw = |connection, last_document, made| {
            let one = look(standing.mark("i", connection), true, 0);
            let info = IndexInfo { last_document, ..one.info };
            standing.saw("i", &Look { info, made, ..one }, false).count
        };
        standing.report("i", 0, 0, 0);
        assert!(!saw(0, 20, 0) && !saw(0, 25, 0) && !standing.is_unknown("i"));
        assert!(saw(0, 3, 0) && standing.wants_count("i"), "somebody made it by hand");
        standing.report("i", 0, 0, 0);
        assert!(!saw(0, 1, 0) && !standing.is_unknown("i"), "the migrator made it");
        assert!(!saw(0, 0, 1) && !standing.is_unknown("i"), "another process did, which says so");
        assert!(!saw(0, 9, 1) && !saw(1, 2, 1) && !standing.is_unknown("i"), "the server was started anew");
    }

    fn healing(older: &[&str]) -> Healing {
        let older = older.iter().map(ToString::to_string).collect();
        Healing { creates: true, takes_alias: true, older }
    }

    #[test]
    fn what_was_counted_stays_until_the_counter_grows_or_the_index_is_another() {
        let standing = Standing::default();
        let saw = |filled, failures| standing.saw("i", &look(standing.mark("i", 0), filled, failures), false);
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
        let saw = |filled| standing.saw("i", &look(standing.mark("i", 0), filled, 0), false).alias_from;
        assert!(standing.missing("i").is_none());
        standing.migrated("i", healing(&["older"]));
        assert_eq!(standing.missing("i").unwrap().0, healing(&["older"]));
        assert_eq!(saw(true), [""; 0], "it was not made again");
        standing.healed("i");
        assert_eq!((saw(false), saw(true), saw(true)), (vec![], vec!["older".to_owned()], vec![]));
        let other = Look { made: 1, ..look(standing.mark("i", 0), true, 0) };
        assert_eq!(standing.saw("i", &other, false).alias_from, ["older"], "whoever made it may be gone");
        standing.saw("i", &look(standing.mark("i", 0), true, 0), false);
        standing.migrated("i", Healing { takes_alias: false, ..healing(&["older"]) });
        standing.healed("i");
        assert_eq!(saw(true), [""; 0]);
    }
}
