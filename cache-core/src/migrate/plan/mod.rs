//! What has to be done, decided from what is there. Pure.

mod alias;
mod by_hand;
mod display;
#[cfg(test)]
mod golden;
mod index;
mod leftovers;
mod step;

use cache_index::{Difference, Fingerprint, Keyspace, Schema};
use serde::Serialize;

pub(super) use alias::older;
pub use step::{Notice, Step};

use super::memory::{Estimate, Sample, ServerMemory};
use super::observed::{Disagreement, Observed};
use super::options::{Options, Strategy};

/// What has to be done for one model. `Display` prints it like a diff; it can be serialised.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for plan in Migrator::new().register::<User>().plan(&cache).await? {
///     if !plan.is_empty() {
///         println!("{plan}"); // like a diff
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    #[serde(skip)]
    pub(super) schema: Wanted,
    /// The model.
    pub model: &'static str,
    /// The prefix of its documents.
    pub prefix: &'static str,
    /// The fingerprint of its schema.
    pub fingerprint: Fingerprint,
    /// The index's name, which this release queries.
    pub index: String,
    /// The alias, for people and tools.
    pub alias: String,
    /// The index that the alias points at; `None`: it points nowhere.
    pub active: Option<String>,
    /// How the index that comes differs from the active one, if one comes; of a first one, all that it is made with. Options that
    /// the server does not tell (PHONETIC and some of vectors) stand in what is wanted, and not in what is there.
    pub differences: Vec<Difference>,
    /// What a new index will hold and take; `None`: there is none to come, or none to compare with.
    pub estimate: Option<Estimate>,
    /// What a look at some keys says of a first index, which has none to compare with; `None`: it was not asked, or there is an
    /// estimate. In what [`Migrator::plan`](crate::Migrator::plan) answers alone.
    pub sample: Option<Sample>,
    /// The server's memory; `None`: it has no limit, or does not tell.
    pub memory: Option<ServerMemory>,
    /// The steps, in order; none: everything is as it should be.
    pub steps: Vec<Step>,
    /// The commands that make the index, if one is made, and then move the alias, if it moves, as they are typed at the prompt of
    /// `redis-cli`: for whoever does it by hand, who waits in between until the index is filled. `Display` prints them with
    /// [`Strategy::Manual`] alone.
    pub commands: Vec<String>,
    /// What is left as it is, and somebody should know of.
    pub notices: Vec<Notice>,
    /// Whether the index is somebody's to make.
    #[serde(skip)]
    by_hand: bool,
}

/// A schema, compared by what index it makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted(pub(super) &'static Schema);

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        (self.0.prefix(), self.0.fingerprint()) == (other.0.prefix(), other.0.fingerprint())
    }
}

impl Plan {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether the index may be one that another replica just extends, unseen.
    pub(super) fn is_doubted(&self) -> bool {
        let is_unproven = |notice: &Notice| matches!(notice, Notice::NotInPlace { reason, .. } if *reason == index::UNPROVEN);
        self.notices.iter().any(is_unproven)
    }

    /// Whether this release can use its index once that is looked at: what is to be done beside, if anything, is to move the
    /// alias and to drop those of others.
    pub(super) fn serves(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Verify { .. } | Step::VerifyAll => true,
            Step::Cutover { .. } | Step::Retire { .. } | Step::Collect { .. } => true,
            Step::Drift { .. }
            | Step::Create { .. }
            | Step::AlterAdd { .. }
            | Step::Wait
            | Step::Adopt { .. } => false,
        })
    }

    /// Whether something that is not there yet has to be made before this release can use its index.
    pub fn makes_index(&self) -> bool {
        let makes =
            |step: &Step| matches!(step, Step::Create { .. } | Step::AlterAdd { .. } | Step::Adopt { .. });
        self.steps.iter().any(makes)
    }
}

pub(crate) fn plan(
    schema: &'static Schema,
    keyspace: &Keyspace,
    observed: &Observed,
    options: &Options,
) -> Plan {
    let mut plan = Plan {
        schema: Wanted(schema),
        model: schema.model(),
        prefix: schema.prefix(),
        fingerprint: *schema.fingerprint(),
        index: schema.index_name(keyspace),
        alias: schema.alias(keyspace),
        active: observed.active.as_ref().map(|active| active.name.clone()),
        differences: Vec::new(),
        estimate: None,
        sample: None,
        memory: observed.memory,
        steps: Vec::new(),
        commands: Vec::new(),
        notices: Vec::new(),
        by_hand: options.strategy == Strategy::Manual,
    };
    let wanted = schema.definition(keyspace);
    // FT.INFO answers with an index's own name: an alias that answers with its own is an index that shadows it.
    if let Some(shadow) = observed.active.as_ref().filter(|active| active.name == plan.alias) {
        let differences = shadow.definition.differences(&wanted);
        let own = plan.alias.clone();
        plan.steps.push(Step::Drift { index: plan.alias.clone(), own, differences });
        return plan;
    }
    let torn = observed.disagreements.iter().cloned();
    plan.notices.extend(torn.map(|Disagreement { name, found }| Notice::Disagreement { name, found }));
    let source = index::source(&mut plan, &wanted, observed, options);
    let Some(target) = source.target(&plan).map(str::to_owned) else { return plan };
    let cutover = alias::cutover(&mut plan, &target, observed, options);
    let retired = leftovers::retired(&plan, &target, cutover.as_ref(), observed, options);
    index::prepare(&mut plan, &wanted, &source, (cutover.as_ref(), retired.as_deref()), observed, options);
    let moves = cutover.clone();
    if options.strategy != Strategy::Manual {
        plan.steps.extend(cutover);
        leftovers::retire(&mut plan, retired, observed);
        leftovers::collect(&mut plan, &target, observed, options);
    }
    leftovers::overlaps(&mut plan, observed);
    let compares = |step: &Step| matches!(step, Step::Verify { .. } | Step::VerifyAll);
    if let Some(key) = observed.taken.clone().filter(|_| plan.steps.iter().any(compares)) {
        plan.notices.push(Notice::Taken { key });
    }
    // Where only the alias is missing, there is nothing that its index differs from.
    let comes = |step: &Step| match step {
        Step::Create { .. } | Step::AlterAdd { .. } => true,
        Step::Cutover { from, .. } => from.is_some(),
        _ => false,
    };
    if plan.steps.iter().any(comes) {
        plan.differences = match &observed.active {
            Some(active) => index::changes(&active.definition, &wanted),
            None => by_hand::from_nothing(&wanted),
        };
        by_hand::tell_hidden(&mut plan.differences, schema);
        // One that this release began to extend has its fields already.
        let begun = observed.extending(plan.fingerprint).map(|(begun, _)| begun.index.clone());
        // Where masters lost it, it is its own.
        let same = plan.active.clone().filter(|active| plan.differences.is_empty() && *active != target);
        let wanted = || by_hand::all_hidden(schema);
        plan.notices.extend(
            same.filter(|active| begun.as_ref() != Some(active))
                .map(|index| Notice::Untold { index, wanted: wanted() }),
        );
    }
    plan.commands = by_hand::commands(&plan, moves.as_ref(), keyspace);
    plan
}
