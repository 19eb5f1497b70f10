//! A migration carried out: the documents are scanned, and each is changed by itself. What each has as its version is all
//! that is known of the progress, so that a run which was killed is gone on with by the next one, and several at once are
//! as good as one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use cache_index::{Batch, Command, Reply, text_of};
use tokio::time::{Instant, sleep, sleep_until};

use super::agree;
use super::error::DataMigrationError;
use super::history::key;
use super::report::DataReport;
use super::step::{Outcome, Step, Way, apply};
use super::turn::Turn;
use crate::backoff::Backoff;
use crate::cache::Cache;
use crate::document::{Keys, OnlyIf, Rewrite, Rewritten, StoredForm};
use crate::error::{Error, Result};
use crate::model::Model;

/// How often a document is tried while others change it each time.
const TRIES: u32 = 64;

/// How often the documents that others changed are tried together.
const TOGETHER: u32 = 2;

/// How long it is waited before the second try; twice as long before each further one, until `LONGEST`.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(100);

/// What a run is to do.
pub(super) struct Run<'a, M> {
    pub(super) cache: &'a Cache,
    pub(super) steps: &'a [Step],
    pub(super) way: Way,
    /// Whose changes are made; `None`: this is a dry run.
    pub(super) turn: Option<Turn>,
    /// How many documents are read, and written, at once.
    pub(super) batch: usize,
    /// How many documents are written a second.
    pub(super) rate: Option<u32>,
    pub(super) model: PhantomData<fn() -> M>,
}

/// The documents that were seen, so that none is counted twice.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    keys: HashSet<u64>,
    /// The oldest version of which it was said that its documents are changed.
    claimed: Option<u32>,
    /// The turn in which they are, by now.
    turn: Option<Turn>,
}

impl Seen {
    fn is_new(&mut self, key: &[u8]) -> bool {
        self.keys.insert(self.hasher.hash_one(key))
    }
}

impl<M: Model> Run<'_, M> {
    /// Goes through all documents.
    pub(super) async fn go(self) -> Result<DataReport, DataMigrationError> {
        let mut report = DataReport::default();
        match self.all(&mut report).await {
            Ok(()) => Ok(report),
            Err(DataMigrationError::Server(source)) if report.migrated > 0 && self.turn.is_some() => {
                Err(Error::Stopped { done: report.migrated, source: Box::new(source) }.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn all(&self, report: &mut DataReport) -> Result<(), DataMigrationError> {
        let mut keys = Keys::<M>::new(self.cache);
        let mut seen = Seen { turn: self.turn, ..Seen::default() };
        let started = Instant::now();
        // Not more at once than in a second, so that the load is even.
        let size = self.rate.map_or(self.batch, |rate| self.batch.min(rate as usize)).max(1);
        let mut batch = Vec::with_capacity(size);
        loop {
            let key = keys.next().await;
            let ended = key.is_none();
            match key {
                Some(Ok(key)) => batch.push(Bytes::from(key)),
                // A key that is no text is no document of the model's.
                Some(Err(error @ Error::KeyWithoutId { .. })) => {
                    let key = match &error {
                        Error::KeyWithoutId { key, .. } => key.clone(),
                        _ => String::new(),
                    };
                    report.fail(key.as_bytes(), error);
                }
                Some(Err(error)) => return Err(error.into()),
                None => {}
            }
            if batch.len() >= size || ended {
                self.batch(std::mem::take(&mut batch), &mut seen, report).await?;
                if let Some(rate) = self.rate.filter(|_| self.turn.is_some() && !ended) {
                    let due = report.migrated as f64 / f64::from(rate.max(1));
                    sleep_until(started + Duration::from_secs_f64(due)).await;
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Changes these documents, again and again where others were faster.
    async fn batch(
        &self,
        mut keys: Vec<Bytes>,
        seen: &mut Seen,
        report: &mut DataReport,
    ) -> Result<(), DataMigrationError> {
        let mut backoff = Backoff::new(SHORTEST, LONGEST);
        for tried in 0..TRIES {
            if keys.is_empty() {
                return Ok(());
            }
            if tried > 0 {
                sleep(backoff.pause()).await;
            }
            // One after the other, so that less time is between reading and writing where others write all the time.
            let size = if tried < TOGETHER { keys.len() } else { 1 };
            let mut again = Vec::new();
            for keys in keys.chunks(size) {
                again.extend(self.once(keys.to_vec(), seen, report).await?);
            }
            keys = again;
        }
        for key in keys {
            let shown = text_of(&key);
            report.fail(&key, Error::Contended { model: M::schema().model(), key: shown });
        }
        Ok(())
    }

    /// Changes these documents, and answers those that somebody else changed meanwhile.
    async fn once(
        &self,
        keys: Vec<Bytes>,
        seen: &mut Seen,
        report: &mut DataReport,
    ) -> Result<Vec<Bytes>, DataMigrationError> {
        let reads = keys.iter().map(|key| Command::new("JSON.GET").key(key).repeatable()).collect();
        let replies = self.cache.send_all(Batch::pipeline(reads)).await?;
        let (mut changed, mut rewrites, mut oldest) = (Vec::new(), Vec::new(), None);
        for (key, reply) in keys.into_iter().zip(replies) {
            let raw = match reply {
                Ok(Reply::Bulk(raw)) => raw,
                // It is gone, or no document any more.
                Ok(_) => continue,
                Err(error) if error.is_unavailable() => return Err(error.into()),
                Err(error) => {
                    report.fail(&key, error);
                    continue;
                }
            };
            match self.rewrite(key.clone(), raw, seen, report) {
                Ok(None) => {}
                Ok(Some((version, rewrite))) => {
                    oldest = Some(oldest.map_or(version, |oldest: u32| oldest.min(version)));
                    changed.push(key);
                    rewrites.push(rewrite);
                }
                Err(error) => {
                    if seen.is_new(&key) {
                        report.fail(&key, error);
                    }
                }
            }
        }
        // Before the first write, so that no step that wrote is ever taken for one that did not.
        if let Some(oldest) = oldest.filter(|oldest| seen.claimed.is_none_or(|claimed| *oldest < claimed))
            && let (Way::Up, Some(turn)) = (self.way, seen.turn)
        {
            seen.turn = Some(agree::claim::<M>(self.cache, self.steps, turn, oldest).await?);
            seen.claimed = Some(oldest);
        }
        let (answers, _) = Rewrite::run_many(self.cache, rewrites).await;
        let mut again = Vec::new();
        let (mut unavailable, mut is_lost) = (None, false);
        for (key, answer) in changed.into_iter().zip(answers) {
            match answer {
                Ok(Rewritten::Stored) => {
                    // What was seen before is a document that an older binary wrote meanwhile.
                    seen.is_new(&key);
                    report.migrated += 1;
                }
                Ok(Rewritten::Missing) => {}
                Ok(Rewritten::Changed) => again.push(key),
                Ok(Rewritten::Unless) => {
                    is_lost = true;
                    again.push(key);
                }
                Err(error) if error.is_unavailable() => unavailable = Some(error),
                Err(error) if error.is_contended() => again.push(key),
                Err(error) => {
                    if seen.is_new(&key) {
                        report.fail(&key, error);
                    }
                }
            }
        }
        if let (true, Some(turn)) = (is_lost, seen.turn) {
            // Fails, unless nobody has it since the record was deleted, or somebody who is not in the way.
            seen.turn = Some(agree::begin::<M>(self.cache, self.steps, self.way, Some(turn)).await?);
            seen.claimed = None;
        }
        unavailable.map_or(Ok(again), |error| Err(error.into()))
    }

    fn condition(&self, turn: Option<Turn>) -> Result<Option<OnlyIf>> {
        let Some(turn) = turn else { return Ok(None) };
        Ok(Some(turn.condition(key::<M>(self.cache)?.into())))
    }

    /// The change that a document needs, and its version; `None`: it needs none, or this is a dry run.
    fn rewrite(
        &self,
        key: Bytes,
        raw: Bytes,
        seen: &mut Seen,
        report: &mut DataReport,
    ) -> Result<Option<(u32, Rewrite)>> {
        let stored = StoredForm::read::<M>(key, raw)?;
        let mut members = stored.members.clone();
        let failed = |source: super::step::StepError| Error::Upgrade {
            key: text_of(&stored.key),
            model: M::schema().model(),
            from: stored.version,
            source: source.into(),
        };
        match apply(self.steps, self.way, stored.version, &mut members).map_err(failed)? {
            Outcome::Changed(version) => {
                let is_read = self.way == Way::Up;
                let after = members.clone();
                let rewrite = stored.rewrite::<M>(self.cache, members, version, is_read)?;
                if self.turn.is_some() {
                    return Ok(Some((stored.version, rewrite.only_if(self.condition(seen.turn)?))));
                }
                if seen.is_new(&stored.key) {
                    report.migrated += 1;
                    report.differ(&stored.key, (stored.version, version), &stored.members, &after);
                }
            }
            outcome => {
                if seen.is_new(&stored.key) {
                    report.unchanged += 1;
                    report.newer += u64::from(outcome == Outcome::Newer);
                }
            }
        }
        Ok(None)
    }
}
