//! What is known of one index.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_index::{Command, Schema};
use tokio::sync::Mutex;

use super::failures::Failures;
use super::put_off::PutOff;
use super::readiness::IndexState;
use super::seen::{Look, Mark, Seen};
use crate::connection::KeyChanges;

/// What is known of one index by all clones of a cache.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Whose index it is, once a migrator was asked for it, and as the how manieth.
    pub(super) registered: Option<(&'static Schema, usize)>,
    /// What is to be done when it vanishes, once a migrator made it or saw it.
    pub(super) healing: Option<Healing>,
    pub(super) missing: bool,
    /// Whether it was filled once.
    pub(super) served: bool,
    /// Whether it was made again since documents that it lacks were counted.
    pub(super) healed: bool,
    pub(super) put_off: PutOff,
    pub(super) failures: Failures,
    /// Whether what it lacks is counted for the first time beside the queries, as that takes too long for one of them.
    pub(super) counts_beside: bool,
    pub(super) seen: Option<Seen>,
    pub(super) changes: u64,
    /// How often the server said that somebody makes it; `None`: nobody looked yet where the server says so.
    pub(super) heard: Option<KeyChanges>,
    /// How often it was made by any process, when it was seen last; `None`: not since the migrator reported.
    pub(super) made: Option<u64>,
    /// What was added to the index after it was made, and belongs to it.
    pub(super) added: Vec<Command>,
    pub(super) turns: Arc<Turns>,
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
    /// Nothing: fields are only being added to it, so that it holds what it held.
    pub(crate) is_extended: bool,
}

/// Who heals an index, who looks at it and who counts what it lacks for the first time: one at a time, the others wait and take over what is left to do.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) heal: Mutex<()>,
    pub(crate) look: Mutex<()>,
    pub(crate) count: Mutex<()>,
}

impl Known {
    /// How often it became another one, here or elsewhere.
    pub(super) fn version(&self) -> u64 {
        self.changes.wrapping_add(self.heard.as_ref().map_or(0, KeyChanges::count))
    }

    /// Takes what was counted in the index with this mark, unless it was made again meanwhile.
    pub(super) fn counted(&mut self, mark: Mark, failures: Failures) {
        if self.version() != mark.changes {
            return;
        }
        // Who asked meanwhile may have seen the counter grow, by a document that was looked at before.
        let is_seen = self.seen.is_some_and(|seen| seen.is_of(mark));
        self.failures = if is_seen { failures.seen_later(self.failures) } else { failures };
    }

    /// Takes what was seen of it, and whether it is another one than the schema says, unless it was made again meanwhile. What is
    /// to be done then.
    pub(super) fn saw(&mut self, look: &Look, drifted: bool) -> Wants {
        let Look { mark, asked, info, made, hears } = look;
        if self.version() != mark.changes {
            self.saw_before(look, drifted);
            return Wants::default();
        }
        let is_extended = self.is_extended(look);
        let nothing = Wants { is_extended, ..Wants::default() };
        let begins_anew = self.begins_anew(*mark, info.last_document);
        let seen_beside = self.seen.as_mut().filter(|seen| seen.is_of(*mark) && *asked < seen.looked);
        let is_beside = seen_beside.is_some();
        if let Some(seen) = seen_beside {
            // Somebody else looked at the same time, and what each of them saw is told here in any order.
            if info.last_document < seen.last || self.made.is_some_and(|before| *made < before) {
                // It is that of before, or another one: whoever asks next looks, and what is seen then is later than this.
                seen.hears = false;
                self.failures.saw_beside(info.failures);
                return nothing;
            }
        } else if begins_anew {
            // If nobody says to have made it, it was made by hand, maybe without the documents that were there.
            (self.failures, self.counts_beside) = (Failures::default(), false);
        }
        let filled = info.is_filled() || is_extended;
        let fields = info.definition.fields.len();
        // Also where it is heard that fields are added to it, which leaves the number as it is.
        let is_same =
            |seen: &Seen| seen.connection == mark.connection && seen.filled && self.made == Some(*made);
        let before = self.seen.filter(is_same).filter(|_| is_beside || !begins_anew);
        self.seen = Some(Seen {
            // Nothing tells of documents that are refused while fields are added.
            hears: *hears && info.is_filled(),
            filled,
            fields: before.filter(|_| !info.is_filled()).map_or(fields, |seen| seen.fields.min(fields)),
            fewest: before.map_or(fields, |seen| seen.fewest.min(fields)),
            looked: Instant::now(),
            ..Seen::of(look, drifted)
        });
        self.missing = false;
        self.served |= filled;
        if !filled {
            return nothing;
        }
        let mut alias_from = Vec::new();
        let made_again = self.made.replace(*made).is_some_and(|before| before != *made);
        // Whoever makes it again may be gone before it takes the alias back.
        if std::mem::take(&mut self.healed) || made_again {
            // Its counter began anew with it.
            self.failures = Failures::anew();
            let healing = self.healing.iter().filter(|healing| healing.takes_alias);
            alias_from.extend(healing.flat_map(|healing| healing.older.iter().cloned()));
        }
        match is_beside {
            true => self.failures.saw_beside(info.failures),
            false => self.failures.saw(info.failures),
        }
        Wants { count: self.failures.is_due(mark.connection), alias_from, is_extended }
    }

    /// Takes what was seen of it before it changed: if only fields are added to it, a later look tells that by this one.
    fn saw_before(&mut self, look: &Look, drifted: bool) {
        let Look { asked, info, made, .. } = look;
        let version = self.version();
        let is_later = self.seen.is_none_or(|seen| seen.changes != version && seen.looked < *asked);
        if !info.is_filled() || !is_later {
            return;
        }
        self.made.get_or_insert(*made);
        self.seen = Some(Seen { hears: false, ..Seen::of(look, drifted) });
    }

    /// Whether it is only filled since fields are being added to what was seen to be filled: the server takes each document
    /// anew then, in one piece, so that none of what was found before is missing meanwhile. One that it no longer takes is in
    /// its counter of failures.
    ///
    /// Which fields it had before tells it from an index that is filled for another reason: as it was made again, or since the
    /// server was started anew.
    fn is_extended(&self, look: &Look) -> bool {
        let Look { mark, asked, info, made, .. } = look;
        let goes_on = |seen: &Seen| *asked < seen.looked || !self.begins_anew(*mark, info.last_document);
        let held = self.seen.filter(|seen| {
            seen.connection == mark.connection && seen.filled && !seen.drifted && goes_on(seen)
        });
        info.indexing
            && info.background_problem.is_none()
            && self.made == Some(*made)
            && held.is_some_and(|seen| {
                // Who looked before that is heard now may have seen what was before it.
                let had = if *asked < seen.looked { seen.fewest } else { seen.fields };
                had < info.definition.fields.len()
            })
    }

    /// Whether an index whose last document has this number is another one than that which was seen. On another connection the
    /// server may have been started anew, and numbers what it fills.
    pub(super) fn begins_anew(&self, mark: Mark, last: u64) -> bool {
        self.seen.is_some_and(|seen| seen.connection == mark.connection && last < seen.last)
    }

    /// What was seen of the index that there is now.
    fn now(&self, connection: u64) -> Option<Seen> {
        self.seen.filter(|seen| seen.changes == self.version() && seen.connection == connection)
    }

    /// Whether nothing is known of it that stays as it is, or only from so long ago.
    pub(super) fn is_stale(&self, connection: u64, age: Duration) -> bool {
        self.put_off.state().is_none()
            && self.now(connection).is_none_or(|seen| !seen.filled || seen.looked.elapsed() >= age)
    }

    /// How many documents are missing, if any are.
    pub(super) fn failed(&self) -> Option<u64> {
        Some(self.failures.most()).filter(|failed| *failed > 0)
    }

    pub(super) fn state(&self, connection: u64) -> IndexState {
        if let Some(deferred) = self.put_off.state() {
            return deferred;
        }
        let failed = self.failed();
        match (self.missing, self.now(connection), failed) {
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
    use cache_index::{IndexInfo, IndexedField};

    use super::*;

    #[test]
    fn of_two_who_look_at_once_the_one_that_is_heard_later_may_have_looked_earlier() {
        let look = |asked, last_document, made, failures| {
            let info = IndexInfo { percent_indexed: 1.0, last_document, failures, ..IndexInfo::default() };
            Look { mark: Mark { connection: 0, changes: 0 }, asked, info, made, hears: true }
        };
        let mut known = Known { failures: Failures::counted(0, 0, 0, Duration::ZERO), ..Known::default() };
        let early = Instant::now();
        known.saw(&look(early, 30, 1, 2), false);
        assert_eq!(known.seen.map(|seen| (seen.last, seen.hears)), Some((30, true)));
        known.saw(&look(early, 20, 1, 1), false);
        known.saw(&look(early, 31, 0, 0), false);
        assert!(!known.failures.is_unknown(), "it is not known to be another one");
        assert_eq!((known.failed(), known.made), (Some(2), Some(1)), "what came later stays");
        assert_eq!(
            known.seen.map(|seen| (seen.last, seen.hears)),
            Some((30, false)),
            "whoever asks next looks"
        );
        known.saw(&look(early, 40, 1, 1), false);
        assert_eq!((known.failed(), known.seen.map(|seen| seen.hears)), (Some(2), Some(true)));
        known.saw(&look(Instant::now(), 20, 1, 0), false);
        assert!(known.failures.is_unknown(), "it was made anew by hand");
    }

    #[test]
    fn what_is_only_extended_holds_what_it_held() {
        let mark = Mark { connection: 0, changes: 0 };
        let look = |asked, fields, last_document, indexing| {
            let mut info =
                IndexInfo { percent_indexed: 1.0, last_document, indexing, ..IndexInfo::default() };
            info.definition.fields.resize(fields, IndexedField::default());
            Look { mark, asked, info, made: 1, hears: true }
        };
        let filled = |known: &Known| known.seen.map(|seen| seen.filled);
        let mut known = Known::default();
        let early = Instant::now();
        assert!(!known.saw(&look(early, 2, 20, true), false).is_extended, "it was never seen to be filled");
        known.saw(&look(Instant::now(), 1, 20, false), false);
        assert!(
            !known.saw(&look(Instant::now(), 1, 20, true), false).is_extended,
            "it is filled for another reason"
        );
        assert_eq!(filled(&known), Some(false));
        known.saw(&look(Instant::now(), 1, 20, false), false);
        for last in [20, 25] {
            assert!(known.saw(&look(Instant::now(), 2, last, true), false).is_extended);
        }
        assert_eq!((filled(&known), known.state(0)), (Some(true), IndexState::Ready));
        known.saw(&look(Instant::now(), 2, 40, false), false);
        // Who looked before that, and is heard now.
        assert!(known.saw(&look(early, 2, 30, true), false).is_extended);
        assert_eq!(known.seen.map(|seen| seen.hears), Some(false), "what it costs, nothing tells");
        assert!(known.saw(&look(Instant::now(), 3, 50, true), false).is_extended, "once more");
        let stopped = look(Instant::now(), 3, 50, true);
        let info = IndexInfo { background_problem: Some("OOM failure".to_owned()), ..stopped.info.clone() };
        let others = [
            (look(Instant::now(), 3, 8, true), "somebody made it anew by hand"),
            (Look { made: 2, ..look(Instant::now(), 3, 60, true) }, "another process made it anew"),
            (Look { info, ..stopped }, "the server stopped it"),
        ];
        for (other, why) in others {
            let mut known = Known { seen: known.seen, made: known.made, ..Known::default() };
            assert!(!known.saw(&other, false).is_extended, "{why}");
            assert_eq!(filled(&known), Some(false), "{why}");
        }
        let elsewhere = Look { mark: Mark { connection: 1, ..mark }, ..look(Instant::now(), 3, 60, true) };
        assert!(!known.saw(&elsewhere, false).is_extended, "the server may have been started anew");
        known.saw(&Look { mark: elsewhere.mark, ..look(Instant::now(), 1, 60, false) }, true);
        let drifted = Look { mark: elsewhere.mark, ..look(Instant::now(), 2, 60, true) };
        assert!(!known.saw(&drifted, false).is_extended, "it was another one than the schema says");
    }

    #[test]
    fn what_was_seen_a_moment_before_it_is_extended_tells_of_that() {
        let look = |changes, fields, indexing, made| {
            let mut info = IndexInfo { percent_indexed: 1.0, indexing, ..IndexInfo::default() };
            info.definition.fields.resize(fields, IndexedField::default());
            Look { mark: Mark { connection: 0, changes }, asked: Instant::now(), info, made, hears: true }
        };
        for (made, is_extended) in [(1, true), (2, false)] {
            let mut known = Known { changes: 1, ..Known::default() };
            assert_eq!(known.saw(&look(0, 1, false, 1), false), Wants::default());
            assert!(known.now(0).is_none() && known.is_stale(0, Duration::MAX), "it is of before");
            assert_eq!(known.saw(&look(1, 2, true, made), false).is_extended, is_extended);
            let seen = known.seen;
            let _ = known.saw(&look(0, 1, false, 1), false);
            assert_eq!(
                known.seen.map(|seen| seen.fields),
                seen.map(|seen| seen.fields),
                "what is of now stays"
            );
        }
    }

    #[test]
    fn what_was_seen_while_documents_were_counted_is_not_forgotten() {
        let mark = Mark { connection: 0, changes: 0 };
        let seen = Seen {
            connection: 0,
            changes: 0,
            hears: true,
            filled: true,
            fields: 0,
            fewest: 0,
            documents: 0,
            last: 0,
            percent: 1.0,
            drifted: false,
            looked: Instant::now(),
        };
        let mut known = Known { seen: Some(seen), ..Known::default() };
        known.failures.saw(10);
        known.counted(mark, Failures::counted(1, 9, 0, Duration::ZERO));
        assert_eq!(known.failed(), Some(2));
        // What was seen of another one, before, says nothing; and what was counted in one, nothing of the next.
        known.changes += 1;
        known.counted(mark, Failures::counted(7, 9, 0, Duration::ZERO));
        assert_eq!(known.failed(), Some(2));
        known.counted(Mark { changes: 1, ..mark }, Failures::counted(1, 2, 0, Duration::ZERO));
        assert_eq!(known.failed(), Some(1));
    }
}
