//! The documents that an index lacks, looked for by one replica for all, and kept for later runs.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_index::{IndexInfo, Schema, text_of};

use super::denied::UNKNOWN;
use super::error::MigrateError;
use super::inspect::{info, turn_key};
use super::observed::Observed;
use super::options::Listeners;
use super::plan::Plan;
use super::progress::Progress;
use super::scripts::{MARK, RECORD};
use super::turn::{self, Turn};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index::{
    Absent, Compared, Kept, Lacked, Unjudged, absent, compared_key, judge, mark_name, recorded, still_absent,
};
use crate::script;

/// How many missing documents are kept one by one: so many are looked for in one round trip, without a scan.
const KEPT: usize = 100;

/// How long it is waited for another replica: several times what it takes to look through as many keys as are looked
/// through at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first and the longest pause between two looks at what the other one found.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Whether it does not hold all yet that it will.
pub(super) fn is_being_filled(index: &IndexInfo) -> bool {
    index.indexing && index.background_problem.is_none()
}

/// What is compared.
#[derive(Clone, Copy)]
pub(super) struct Counting<'a> {
    pub(super) cache: &'a Cache,
    pub(super) plan: &'a Plan,
    pub(super) observed: &'a Observed,
    pub(super) listeners: &'a Listeners,
}

/// The documents that an index lacks.
pub(super) struct Counted {
    pub(super) absent: Absent,
    /// What the server's counter of failures said before they were looked for.
    pub(super) failures: u64,
    /// How many of them the server would take, at least; why it was not asked.
    pub(super) lost: Result<u64, Unjudged>,
}

impl Counted {
    /// What the server's counter tells, where documents cannot be looked for.
    pub(super) fn by_counter(look: &IndexInfo) -> Self {
        Self { absent: Absent::counted(look), failures: look.failures, lost: Ok(0) }
    }
}

/// That an index is the one that was marked.
pub(super) struct Mark(String);

impl Counting<'_> {
    fn schema(&self) -> &'static Schema {
        self.plan.schema.0
    }

    /// Whether documents can be looked for key by key, and what is found means something.
    fn is_comparable(&self) -> bool {
        !self.cache.capabilities().cluster && self.schema().filter().is_none()
    }

    /// The documents that are there and not in the index; with `against`, of those that are in that one. `None`: they cannot
    /// be looked for, or what the filter leaves out would be among them.
    ///
    /// What was found before holds as long as nothing else failed to be indexed. Else one replica looks for them, and those
    /// that boot at the same time wait for what it finds.
    pub(super) async fn count(
        &self,
        look: &IndexInfo,
        against: Option<&str>,
    ) -> Result<Option<Counted>, MigrateError> {
        let cluster = self.cache.capabilities().cluster;
        if cluster || against.is_none() && !self.is_comparable() {
            return Ok(None);
        }
        let (began, (mut pause, longest)) = (Instant::now(), PAUSES);
        let key = turn_key(self.schema(), self.cache.keyspace()?)?;
        let mut waiting = Waiting { counting: self, look, key: text_of(&key), began, is_told: false };
        loop {
            if let Some(known) = self.known(look, against).await? {
                return Ok(Some(known));
            }
            // Nobody could take a turn.
            if self.observed.taken.is_some() {
                return self.compare(look, against).await;
            }
            match turn::take(self.cache, key.clone()).await? {
                Turn::Ours(turn) => {
                    return turn
                        .during(async {
                            // Somebody may just have been done.
                            match self.known(look, against).await? {
                                Some(known) => Ok(Some(known)),
                                None => self.compare(look, against).await,
                            }
                        })
                        .await;
                }
                Turn::Theirs if began.elapsed() < PATIENCE => {
                    waiting.tell(true);
                    tokio::time::sleep(pause).await;
                }
                Turn::Theirs | Turn::Nobodys => return self.compare(look, against).await,
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Marks the index, so that what is found in it is not taken to be about another one. `None`: nothing is kept of it.
    pub(super) async fn mark(&self, look: &IndexInfo) -> Result<Option<Mark>> {
        let index = &look.name;
        if self.cache.capabilities().cluster {
            return Ok(None);
        }
        let call = MARK.call().arg("1").key(compared_key(self.schema(), self.cache.keyspace()?)?).arg(index);
        let call = call.arg(self.marks()).arg_display(self.plan.fingerprint);
        let call = call.arg(format!("{:016x}", rand::random::<u64>()));
        match script::run(self.cache, &MARK, call.repeatable()).await {
            Ok(mark) => match mark.as_str() {
                Some(mark) => Ok(Some(Mark(mark.to_owned()))),
                None => Err(self.gone(look)),
            },
            // Then the next run looks again.
            Err(error) if error.is_write_refused() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps that an index which was marked before was found to lack nothing, or finds out what it lacks if something failed
    /// to be indexed.
    pub(super) async fn settle(&self, mark: Option<Mark>, look: &IndexInfo) -> Result<(), MigrateError> {
        if !self.is_comparable() {
            return Ok(());
        }
        if look.failures > 0 {
            return match self.count(look, None).await? {
                Some(found) => self.refuse_lost(look, found).map(drop),
                None => Ok(()),
            };
        }
        let Some(mark) = mark else { return Ok(()) };
        if self.record(&mark, look, None, Lacked { lost: Some(0), ..Lacked::default() }).await? {
            Ok(())
        } else {
            Err(self.vanished(look))
        }
    }

    async fn compare(
        &self,
        look: &IndexInfo,
        against: Option<&str>,
    ) -> Result<Option<Counted>, MigrateError> {
        let mark = self.mark(look).await?;
        // The counter is read before the documents are, so that what fails meanwhile is seen to be more.
        let now = self.still_filled(look).await?;
        let found = absent(self.cache, self.schema(), &look.name, against, &HashSet::new()).await?;
        let Some(absent) = found else { return Ok(None) };
        let found = self.judged(&now, absent, now.failures).await;
        match mark {
            Some(mark) if self.record(&mark, &now, against, lacked(&found)).await? => {}
            // The mark went with the index: what was found is about several.
            Some(_) => return Err(self.vanished(look)),
            None => drop(self.still_filled(&now).await?),
        }
        Ok(Some(found))
    }

    /// The index as it is now, if it is the one that was seen.
    async fn still_filled(&self, look: &IndexInfo) -> Result<IndexInfo, MigrateError> {
        // It vanished since it was filled, and somebody makes it again, if it holds less: ids of documents only grow.
        match info(self.cache, &look.name).await? {
            Some(now) if !is_being_filled(&now) && now.last_document >= look.last_document => Ok(now),
            _ => Err(self.vanished(look)),
        }
    }

    /// Asks the server of the documents that are missing whether it would take them.
    ///
    /// Where more are missing than are looked at one by one, those stand for all, unless the server refused fewer than are
    /// missing: it counts each that it refuses, and some several times.
    async fn judged(&self, look: &IndexInfo, mut absent: Absent, failures: u64) -> Counted {
        if absent.number == 0 || self.schema().filter().is_some() {
            return Counted { absent, failures, lost: Ok(0) };
        }
        let lost = match judge(self.cache, self.schema(), look, &absent.all).await {
            Ok((lost, _)) if !lost.is_empty() => {
                // These are the ones to be told.
                let told = lost.iter().take(Absent::TOLD);
                absent.keys = told.map(|key| text_of(key)).collect();
                Ok(lost.len() as u64)
            }
            Ok((_, judged)) if absent.number > judged as u64 && absent.number > failures => {
                Ok(absent.number.saturating_sub(failures))
            }
            Ok(_) => Ok(0),
            Err(unjudged) => Err(unjudged),
        };
        Counted { absent, failures, lost }
    }

    /// Fails if the server would take documents that the index lacks, whatever its counter says: then its filling was given up,
    /// or never begun.
    pub(super) fn refuse_lost(&self, look: &IndexInfo, found: Counted) -> Result<Counted, MigrateError> {
        let lost = match found.lost {
            Ok(0) => return Ok(found),
            Ok(lost) => lost,
            // It vanished meanwhile: a new plan is needed.
            Err(Unjudged::Failed(error)) if error.is_unknown_index() => return Err(error.into()),
            // It takes no writes now, and so judges nothing: its counter has to do.
            Err(Unjudged::Failed(error))
                if error.is_write_refused() && found.absent.number <= found.failures =>
            {
                return Ok(Counted { lost: Ok(0), ..found });
            }
            // It did not refuse as many.
            Err(_) if found.absent.number > found.failures => found.absent.number - found.failures,
            Err(Unjudged::Denied(commands)) => {
                return Err(MigrateError::Permission {
                    commands,
                    patterns: Vec::new(),
                    user: UNKNOWN.to_owned(),
                });
            }
            Err(Unjudged::Failed(error)) => return Err(error.into()),
        };
        let connection = self.cache.connection().generation();
        self.cache.standing().report(&self.plan.index, found.absent.number, found.failures, connection);
        let Absent { number: missing, keys, .. } = found.absent;
        let (model, index) = (self.plan.model, look.name.clone());
        Err(MigrateError::Unfilled { model, index, missing, lost, keys })
    }

    /// A new plan is needed: the index is gone, or another one by now.
    fn vanished(&self, look: &IndexInfo) -> MigrateError {
        MigrateError::Server(self.gone(look))
    }

    fn gone(&self, look: &IndexInfo) -> Error {
        Error::IndexMissing { model: self.plan.model, index: look.name.clone() }
    }

    /// What is known of what the index lacks.
    async fn known(&self, look: &IndexInfo, against: Option<&str>) -> Result<Option<Counted>> {
        let kept = recorded(self.cache, self.schema(), &look.name, &self.field(against)).await?;
        let Some(kept) = kept.filter(|kept| kept.is_of_run(&self.observed.server)) else { return Ok(None) };
        let Compared { at, mark, failures, lacked, .. } = kept;
        if against.is_none() && failures == look.failures && lacked.is_known() {
            // They may have been mended.
            let absent = still_absent(self.cache, &look.name, lacked.keys).await?;
            let (before, refused) = (lacked.missing, lacked.lost == Some(0));
            let found = if refused {
                Counted { absent, failures, lost: Ok(0) }
            } else {
                self.judged(look, absent, failures).await
            };
            let is_news = found.absent.number != before || !refused && found.lost.is_ok();
            if is_news && !self.record(&Mark(mark), look, None, self::lacked(&found)).await? {
                return Err(self.gone(look));
            }
            return Ok(Some(found));
        }
        // It was found while this run was under way already.
        let is_fresh = at >= self.observed.now && failures >= look.failures;
        let told = || lacked.keys.iter().take(Absent::TOLD).map(|key| text_of(key)).collect();
        let counted = |lost| Counted {
            absent: Absent { number: lacked.missing, keys: told(), ..Absent::default() },
            failures,
            lost: Ok(lost),
        };
        Ok(lacked.lost.filter(|_| is_fresh).map(counted))
    }

    /// Keeps what was found. `false`: the marked index is gone.
    async fn record(
        &self,
        mark: &Mark,
        look: &IndexInfo,
        against: Option<&str>,
        lacked: Lacked,
    ) -> Result<bool> {
        let fields = look.definition.fields.len();
        // What it lacked before fields were added to it stays known.
        let kept = kept(self.observed, &look.name).find(|kept| kept.fingerprint == self.plan.fingerprint);
        let (fields, before) = match kept.map(|kept| &kept.compared).filter(|kept| kept.fields < fields) {
            Some(kept) => (kept.fields, Some(kept.before().clone())),
            None => (fields, None),
        };
        let (server, failures) = (self.observed.server.clone(), look.failures);
        let compared = Compared { server, failures, lacked, fields, before, ..Compared::default() };
        // Texts and numbers can be written.
        let json = serde_json::to_string(&compared).unwrap_or_default();
        let call = RECORD.call().arg("1").key(compared_key(self.schema(), self.cache.keyspace()?)?);
        let call = call.arg(&look.name).arg(self.marks()).arg(self.field(against)).arg(&mark.0).arg(json);
        match script::run(self.cache, &RECORD, call.repeatable()).await {
            Ok(answer) => Ok(answer.as_int() != Some(0)),
            Err(error) if error.is_write_refused() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// What the names of marks begin with.
    fn marks(&self) -> String {
        mark_name(&self.plan.alias, self.plan.fingerprint, "")
    }

    fn field(&self, against: Option<&str>) -> String {
        let fingerprint = self.plan.fingerprint;
        against.map_or_else(|| fingerprint.to_string(), |old| format!("{fingerprint}>{old}"))
    }
}

/// Who watches is told of what is waited for, until it is over.
struct Waiting<'a> {
    counting: &'a Counting<'a>,
    look: &'a IndexInfo,
    /// The key of whoever is waited for.
    key: String,
    began: Instant,
    is_told: bool,
}

impl Waiting<'_> {
    fn tell(&mut self, waits: bool) {
        self.is_told = waits;
        if let Some(listener) = &self.counting.listeners.progress {
            listener(&Progress {
                model: self.counting.plan.model,
                index: self.look.name.clone(),
                documents: self.look.documents,
                total: Some(self.look.documents),
                elapsed: self.began.elapsed(),
                rate: 0.0,
                eta: None,
                filled: true,
                waits_for: waits.then(|| self.key.clone()),
            });
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_told {
            self.tell(false);
        }
    }
}

/// What is kept of what was found: of too many, those that are told.
fn lacked(found: &Counted) -> Lacked {
    let Counted { absent, lost, .. } = found;
    let is_few = absent.number <= KEPT as u64;
    let told = || absent.keys.iter().cloned().map(Bytes::from).collect();
    let keys = if is_few { absent.all.clone() } else { told() };
    Lacked { missing: absent.number, keys, lost: lost.as_ref().ok().copied() }
}

/// What is kept of an index, for any schema.
pub(super) fn kept<'a>(observed: &'a Observed, index: &'a str) -> impl Iterator<Item = &'a Kept> {
    observed.kept.iter().filter(move |kept| kept.index == index)
}
