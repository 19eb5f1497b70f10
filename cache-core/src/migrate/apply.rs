//! Plans carried out, in steps that may be repeated: whoever is killed between two of them left something that the next
//! plan goes on from.

use std::collections::HashMap;

use cache_index::IndexInfo;

use super::collect::collect;
use super::count::{Counted, Counting};
use super::create::{create, extend};
use super::cutover::{adopt, cutover, forget_extensions, retire};
use super::error::MigrateError;
use super::inspect::{extensions, info};
use super::lease;
use super::observed::Observed;
use super::options::{Listeners, Options, Strategy};
use super::plan::{Notice, Plan, Step, older};
use super::report::MigratedIndex;
use super::verify::{untold, verify, verify_all, verify_kept};
use super::wait::wait;
use crate::cache::{Cache, Healing};
use crate::document;
use crate::index::{self, Absent, Unjudged};

/// What a run of the migrator has to do with.
pub(super) struct Run<'a> {
    pub(super) cache: &'a Cache,
    pub(super) options: &'a Options,
    pub(super) listeners: &'a Listeners,
    /// What it did so far, by the indexes of the models: the plan that it ends with need not be the one by which that was done.
    pub(super) deeds: HashMap<String, Deeds>,
}

/// What was done for one model.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// Its index was asked for.
    created: bool,
    /// The indexes that were dropped.
    dropped: Vec<String>,
    /// What is to be known of what was done.
    notices: Vec<Notice>,
}

impl Deeds {
    fn tell<'a>(&mut self, notices: impl Iterator<Item = &'a Notice>) {
        for notice in notices {
            if !self.notices.contains(notice) {
                self.notices.push(notice.clone());
            }
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(cache: &'a Cache, options: &'a Options, listeners: &'a Listeners) -> Self {
        Self { cache, options, listeners, deeds: HashMap::new() }
    }

    fn did(&mut self, plan: &Plan) -> &mut Deeds {
        self.deeds.entry(plan.index.clone()).or_default()
    }

    /// Carries the plans out. `None`: something is no longer as it was when they were made, so that new ones are needed.
    pub(super) async fn apply(
        &mut self,
        plans: &[Plan],
        observed: &[Observed],
    ) -> Result<Option<Vec<MigratedIndex>>, MigrateError> {
        // Before anything is made: whoever collects must not take it for an index that nobody wants.
        let mut takes_writes = true;
        for (plan, observed) in plans.iter().zip(observed) {
            takes_writes &= lease::take(self.cache, plan, observed, self.options.lease).await?;
        }
        self.listeners.step("leased");
        // All indexes are made first, so that the server fills them at the same time.
        for plan in plans {
            if !self.make(plan).await? {
                return Ok(None);
            }
        }
        let mut indexes = Vec::with_capacity(plans.len());
        for (plan, observed) in plans.iter().zip(observed) {
            match self.finish(plan, observed, takes_writes).await {
                Ok(Some(index)) => indexes.push(index),
                Ok(None) => return Ok(None),
                // It vanished while it was looked at: a flush of any database drops it.
                Err(MigrateError::Server(error)) if error.is_unknown_index() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(indexes))
    }

    async fn make(&mut self, plan: &Plan) -> Result<bool, MigrateError> {
        for step in &plan.steps {
            match step {
                Step::Create { index } => {
                    create(self.cache, plan, index).await?;
                    // From now on it is made again when it vanishes.
                    let takes_alias = plan.steps.iter().any(|step| matches!(step, Step::Cutover { .. }));
                    self.cache.standing().migrated(&plan.index, healing(plan, self.options, takes_alias));
                    let did = self.did(plan);
                    did.created = true;
                    did.tell(plan.notices.iter().filter(|notice| notice.is_of_making()));
                    self.listeners.step("created");
                }
                Step::AlterAdd { index, fields } => {
                    if !extend(self.cache, plan, index, fields).await? {
                        return Ok(false);
                    }
                    self.listeners.step("altered");
                }
                _ => {}
            }
        }
        Ok(true)
    }

    async fn finish(
        &mut self,
        plan: &Plan,
        observed: &Observed,
        takes_writes: bool,
    ) -> Result<Option<MigratedIndex>, MigrateError> {
        let name = reached(plan);
        let waits = plan.steps.contains(&Step::Wait);
        let look = if waits {
            let total = self.total(plan, observed).await?;
            wait(self.cache, plan, &name, self.listeners, total).await?
        } else {
            // It was filled when the plan was made. If it is no longer, somebody made it again since: that is waited for, and
            // compared.
            info(self.cache, &name).await?.filter(|look| look.is_filled() && !observed.saw_another(look))
        };
        let Some(look) = look else { return Ok(None) };
        if waits {
            self.listeners.step("filled");
        }
        let differences = index::drift(plan.schema.0, self.cache.keyspace()?, &look);
        if !differences.is_empty() {
            // Under our name, somebody made another index. Under another name, somebody made anew what was to be adopted.
            if look.name != plan.index {
                return Ok(None);
            }
            let own = look.name.clone();
            return Err(MigrateError::Drift { model: plan.model, index: look.name, own, differences });
        }
        let mut report = MigratedIndex {
            created: self.did(plan).created,
            active: plan.active.as_ref() == Some(&look.name),
            documents: look.documents,
            ..MigratedIndex::of(plan)
        };
        let (cache, listeners) = (self.cache, self.listeners);
        let counting = Counting { cache, plan, observed, listeners };
        for step in &plan.steps {
            match step {
                // No query needs the alias: a release whose index is filled boots without it. A replica would move its own,
                // as it does not take that for a write.
                Step::Cutover { from, .. } if !takes_writes => {
                    report.notices.push(Notice::AliasWaits { active: from.clone() });
                    continue;
                }
                // It is in nobody's way.
                Step::Retire { .. } if !takes_writes => continue,
                _ => {}
            }
            if !self.step(&counting, step, &look, &mut report).await? {
                return Ok(None);
            }
        }
        if self.options.strategy != Strategy::Manual && takes_writes {
            forget_extensions(self.cache, plan, observed.given_up(plan.fingerprint)).await?;
        }
        let connection = self.cache.connection().generation();
        let found = match look.failures {
            0 => Counted { absent: Absent::default(), failures: 0, lost: Ok(0) },
            _ => counting.count(&look, None).await?.unwrap_or_else(|| Counted::by_counter(&look)),
        };
        // It was filled once, so that whoever may not ask for the reason boots all the same.
        let found = if found.lost.is_ok() { counting.refuse_lost(&look, found)? } else { found };
        let Counted { absent: missing, failures, lost } = found;
        self.cache.standing().report(&plan.index, missing.number, failures, connection);
        self.cache.standing().migrated(&plan.index, healing(plan, self.options, report.active));
        report.missing = missing.number;
        if missing.number > 0 {
            report.notices.push(lacking(look.name, &missing, lost.err()));
        }
        // The server's last one may have been mended.
        let last = look.last_failure.filter(|last| missing.keys.contains(last));
        report.last_failure = last.or_else(|| missing.keys.into_iter().next());
        let Deeds { dropped, notices, .. } = self.did(plan);
        report.dropped.clone_from(dropped);
        let is_news = |notice: &&Notice| !plan.notices.contains(notice);
        report.notices.extend(notices.iter().filter(is_news).cloned());
        Ok(Some(report))
    }

    /// Whoever asks the index that was active, without a migrator that says so, has asked it up to now.
    async fn move_alias(
        &self,
        plan: &Plan,
        from: Option<&str>,
        to: &str,
    ) -> Result<Option<bool>, MigrateError> {
        if let Some(from) = from {
            lease::was_used(self.cache, plan, from).await?;
        }
        cutover(self.cache, plan, to, self.options).await
    }

    /// `false`: a new plan is needed.
    async fn step(
        &mut self,
        counting: &Counting<'_>,
        step: &Step,
        look: &IndexInfo,
        report: &mut MigratedIndex,
    ) -> Result<bool, MigrateError> {
        let (cache, plan) = (self.cache, counting.plan);
        match step {
            Step::Verify { against } if *against == look.name => {
                let mark = counting.mark(look).await?;
                let begun = extensions(cache, plan).await?.into_iter();
                let before = begun.filter(|one| one.is_of(look)).min_by_key(|one| one.missing);
                // Whoever was faster made ours of it, and forgot what was there before; or somebody deleted that.
                let is_done = before.is_none() && info(cache, &plan.index).await?.is_some();
                let before = before.or_else(|| untold(counting, look)).filter(|_| !is_done);
                let Some(before) = before else { return Ok(false) };
                verify_kept(counting, look, None, &before, self.options).await?;
                counting.settle(mark, look).await?;
                self.listeners.step("verified");
            }
            Step::Verify { against } => {
                let mark = counting.mark(look).await?;
                if !verify(counting, &look.name, against, self.options).await? {
                    return Ok(false);
                }
                counting.settle(mark, look).await?;
                self.listeners.step("verified");
            }
            Step::VerifyAll => {
                verify_all(counting, look).await?;
                self.listeners.step("verified");
            }
            Step::Adopt { index, .. } => {
                if !adopt(cache, plan, index).await? {
                    return Ok(false);
                }
                self.listeners.step("aliased");
            }
            Step::Cutover { from, to } => match self.move_alias(plan, from.as_deref(), to).await? {
                Some(active) => {
                    // Of a newer release's, masters lacked the alias.
                    report.active = active && *to == look.name;
                    if report.active {
                        self.did(plan).tell(plan.notices.iter().filter(|notice| notice.is_of_moving()));
                    }
                    self.listeners.step("cutover");
                }
                // Some master lacks a newer release's index too: that is for the newer one to make.
                None if *to != look.name => {}
                None => return Ok(false),
            },
            Step::Retire { index, keys } => {
                if retire(cache, plan, index, keys, &look.name).await? {
                    self.did(plan).dropped.push(index.clone());
                }
                self.listeners.step("retired");
            }
            Step::Collect { index } => {
                match collect(cache, plan, index, self.options).await {
                    Ok(true) => self.did(plan).dropped.push(index.clone()),
                    // It is nobody's, and can go another time.
                    Ok(false) | Err(MigrateError::ReadOnly(_)) => {}
                    Err(error) => return Err(error),
                }
                self.listeners.step("collected");
            }
            Step::Drift { .. } | Step::Create { .. } | Step::AlterAdd { .. } | Step::Wait => {}
        }
        Ok(true)
    }

    /// How many documents the index will hold, about, if somebody wants to know.
    async fn total(&self, plan: &Plan, observed: &Observed) -> Result<Option<u64>, MigrateError> {
        if self.listeners.progress.is_none() {
            return Ok(None);
        }
        if let Some(active) = observed.active.as_ref().filter(|active| active.name != plan.index) {
            return Ok(Some(active.documents));
        }
        // What a filter leaves out is not known, nor how many keys there are on a cluster.
        if plan.schema.0.filter().is_some() || self.cache.capabilities().cluster {
            return Ok(None);
        }
        Ok(Some(document::count_all(self.cache, plan.schema.0).await?))
    }
}

/// What is to be done when the plan's index vanishes.
pub(super) fn healing(plan: &Plan, options: &Options, takes_alias: bool) -> Healing {
    Healing { creates: options.strategy != Strategy::Manual, takes_alias, older: older(plan, options) }
}

/// What an index lacks, and why, if the server could be asked.
fn lacking(index: String, missing: &Absent, unjudged: Option<Unjudged>) -> Notice {
    let (documents, keys) = (missing.number, missing.keys.clone());
    let (commands, reason) = match unjudged {
        None => return Notice::Lacking { index, documents, keys },
        Some(Unjudged::Denied(commands)) => (commands, None),
        Some(Unjudged::Failed(error)) => (Vec::new(), Some(error.to_string())),
    };
    Notice::Unjudged { index, documents, keys, commands, reason }
}

/// The name by which the index is reached before the plan is carried out to its end.
fn reached(plan: &Plan) -> String {
    let adopted = plan.steps.iter().find_map(|step| match step {
        Step::Adopt { index, .. } => Some(index.clone()),
        _ => None,
    });
    adopted.unwrap_or_else(|| plan.index.clone())
}
