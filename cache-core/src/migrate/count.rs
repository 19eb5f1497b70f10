//! The documents that an index lacks, looked for by one replica for all, and kept for later runs.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_index::{Beside, IndexInfo, Schema};

use super::compared::{Compared, Kept, Lacked, mark_name};
use super::error::MigrateError;
use super::inspect::{compared_key, info};
use super::observed::Observed;
use super::plan::Plan;
use super::scripts::{KNOWN, MARK, RECORD};
use super::turn::{self, Turn};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index::{Absent, absent, still_absent};
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
}

/// The documents that an index lacks.
pub(super) struct Counted {
    pub(super) absent: Absent,
    /// What the server's counter of failures said before they were looked for.
    pub(super) failures: u64,
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
        loop {
            if let Some(known) = self.known(look, against).await? {
                return Ok(Some(known));
            }
            match turn::take(self.cache, self.turn_key()?).await? {
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
                Turn::Theirs if began.elapsed() < PATIENCE => tokio::time::sleep(pause).await,
                Turn::Theirs | Turn::Nobodys => return self.compare(look, against).await,
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Marks the index, so that what is found in it is not taken to be about another one. `None`: nothing is kept of it, or it
    /// is gone.
    pub(super) async fn mark(&self, index: &str) -> Result<Option<Mark>> {
        if self.cache.capabilities().cluster {
            return Ok(None);
        }
        let call = MARK.call().arg("1").key(compared_key(self.schema(), self.cache.keyspace()?)?).arg(index);
        let call = call.arg(self.marks()).arg_display(self.plan.fingerprint);
        let call = call.arg(format!("{:016x}", rand::random::<u64>()));
        match script::run(self.cache, &MARK, call.repeatable()).await {
            Ok(mark) => Ok(mark.as_str().map(|mark| Mark(mark.to_owned()))),
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
            return self.count(look, None).await.map(drop);
        }
        let Some(mark) = mark else { return Ok(()) };
        if self.record(&mark, look, None, Lacked::default()).await? {
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
        let mark = self.mark(&look.name).await?;
        // The counter is read before the documents are, so that what fails meanwhile is seen to be more.
        let now = info(self.cache, &look.name).await?.unwrap_or_else(|| look.clone());
        // It vanished since it was filled, and somebody makes it again.
        if is_being_filled(&now) {
            return Err(self.vanished(look));
        }
        let found = absent(self.cache, self.schema(), &look.name, against, &HashSet::new()).await?;
        let Some(absent) = found else { return Ok(None) };
        if let Some(mark) = mark {
            let keys = if absent.number <= KEPT as u64 {
                absent.all.iter().filter_map(text).collect()
            } else {
                Vec::new()
            };
            // The mark went with the index: what was found is about several.
            if !self.record(&mark, &now, against, Lacked { missing: absent.number, keys }).await? {
                return Err(self.vanished(look));
            }
        }
        Ok(Some(Counted { absent, failures: now.failures }))
    }

    /// A new plan is needed: the index is gone, or another one by now.
    fn vanished(&self, look: &IndexInfo) -> MigrateError {
        MigrateError::Server(Error::IndexMissing { model: self.plan.model, index: look.name.clone() })
    }

    /// What is known of what the index lacks.
    async fn known(&self, look: &IndexInfo, against: Option<&str>) -> Result<Option<Counted>> {
        let call = KNOWN.call().arg("1").key(compared_key(self.schema(), self.cache.keyspace()?)?);
        let call = call.arg(&look.name).arg(self.marks()).arg(self.field(against));
        let answer = script::run(self.cache, &KNOWN, call.repeatable()).await?;
        let Some(kept) = answer.as_str().and_then(Compared::read) else { return Ok(None) };
        let Compared { at, mark, server, failures, lacked, .. } = kept;
        // After a restart the counter may come to the same number by other documents; but not to none.
        let is_same_run = failures == 0 || !server.is_empty() && server == self.observed.server;
        if !is_same_run {
            return Ok(None);
        }
        if against.is_none() && failures == look.failures && lacked.is_known() {
            // They may have been mended.
            let absent = still_absent(self.cache, &look.name, lacked.keys).await?;
            if absent.number != lacked.missing {
                let keys = absent.all.iter().filter_map(text).collect();
                self.record(&Mark(mark), look, None, Lacked { missing: absent.number, keys }).await?;
            }
            return Ok(Some(Counted { absent, failures }));
        }
        // It was found while this run was under way already.
        let is_fresh = at >= self.observed.now && failures >= look.failures;
        let told = || lacked.keys.iter().take(Absent::TOLD).cloned().collect();
        Ok(is_fresh.then(|| Counted {
            absent: Absent { number: lacked.missing, keys: told(), ..Absent::default() },
            failures,
        }))
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

    fn turn_key(&self) -> Result<Vec<u8>> {
        let (mut key, parts) = (Vec::new(), [&"comparing" as &dyn std::fmt::Display, &self.plan.fingerprint]);
        self.schema().write_sibling(self.cache.keyspace()?, &mut key, Beside::Model, &parts)?;
        Ok(key)
    }
}

fn text(key: &Bytes) -> Option<String> {
    std::str::from_utf8(key).ok().map(str::to_owned)
}

/// What is kept of an index, for any schema.
pub(super) fn kept<'a>(observed: &'a Observed, index: &'a str) -> impl Iterator<Item = &'a Kept> {
    observed.kept.iter().filter(move |kept| kept.index == index)
}
