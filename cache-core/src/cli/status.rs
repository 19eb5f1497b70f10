//! Which indexes are there, which of them is active, and which are in use.

use std::fmt;
use std::time::Duration;

use cache_index::{Difference, Fingerprint, IndexInfo, printed};
use indicatif::HumanDuration;
use serde::Serialize;

use super::answer::Answer;
use super::args::Format;
use super::error::CliError;
use super::exit::Exit;
use crate::cache::Cache;
use crate::migrate::{Bytes, Migrator, Notice, Observed, Plan, Step, documents};

/// `migrate status`.
pub(super) async fn status(migrator: &Migrator, cache: &Cache, format: &Format) -> Result<Answer, CliError> {
    let observed = migrator.inspect(cache).await?;
    // A second look, which may see a moment later.
    let plans = migrator.plan(cache).await?;
    let models =
        plans.iter().zip(&observed).map(|(plan, observed)| ModelStatus::of(plan, observed)).collect();
    Answer::new(&Status { models }, format.json, Exit::Done)
}

/// The state of all models that have an index.
#[derive(Debug, Serialize)]
struct Status {
    models: Vec<ModelStatus>,
}

#[derive(Debug, Serialize)]
struct ModelStatus {
    model: &'static str,
    prefix: &'static str,
    fingerprint: Fingerprint,
    /// The name of this release's own index, whether or not it is there.
    index: String,
    alias: String,
    /// The index that the alias points at.
    active: Option<String>,
    /// The indexes of the model that are there, of all its schemas.
    indexes: Vec<IndexStatus>,
    /// How the index differs from what the schema says, which `migrate apply` refuses.
    drift: Vec<Difference>,
    /// How many steps `migrate apply` would take.
    steps: usize,
    notices: Vec<Notice>,
}

#[derive(Debug, Serialize)]
struct IndexStatus {
    name: String,
    /// Whether this release queries it.
    own: bool,
    active: bool,
    filled: bool,
    documents: u64,
    failures: u64,
    /// In bytes.
    memory: u64,
    usage: Usage,
}

/// Whether processes use an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Usage {
    Used,
    Unused {
        seconds: u64,
    },
    /// Nobody who uses the migrator ever did.
    Unknown,
}

impl ModelStatus {
    fn of(plan: &Plan, observed: &Observed) -> Self {
        let own = observed.index.as_ref().map(|index| index.name.as_str());
        let active = observed.active.as_ref().map(|index| index.name.as_str());
        let indexes = observed.indexes.iter().filter(|index| {
            Some(index.name.as_str()) == own || fingerprint(&index.name, &plan.alias).is_some()
        });
        let indexes = indexes.map(|index| IndexStatus {
            name: index.name.clone(),
            own: Some(index.name.as_str()) == own,
            active: Some(index.name.as_str()) == active,
            filled: index.is_filled(),
            documents: index.documents,
            failures: index.failures,
            memory: index.memory,
            usage: usage(index, &plan.alias, observed),
        });
        Self {
            model: plan.model,
            prefix: plan.prefix,
            fingerprint: plan.fingerprint,
            index: plan.index.clone(),
            alias: plan.alias.clone(),
            active: plan.active.clone(),
            indexes: indexes.collect(),
            drift: drift(plan),
            steps: plan.steps.len(),
            notices: plan.notices.clone(),
        }
    }
}

/// How an index of ours, or what has its name, differs.
fn drift(plan: &Plan) -> Vec<Difference> {
    let drift = plan.steps.iter().find_map(|step| match step {
        Step::Drift { differences, .. } => Some(differences.clone()),
        _ => None,
    });
    drift.unwrap_or_default()
}

/// The fingerprint in the name of an index.
fn fingerprint(index: &str, alias: &str) -> Option<Fingerprint> {
    index.strip_prefix(alias)?.strip_prefix(':')?.parse().ok()
}

/// An index is in use as long as a schema is whose name stands for it.
fn usage(index: &IndexInfo, alias: &str, observed: &Observed) -> Usage {
    let by_name = fingerprint(&index.name, alias);
    let leases = observed.leases.iter().filter(|lease| match &lease.index {
        Some(stands_for) => *stands_for == index.name,
        None => Some(lease.fingerprint) == by_name,
    });
    match leases.map(|lease| lease.until).max() {
        None => Usage::Unknown,
        Some(until) if until > observed.now => Usage::Used,
        Some(until) => Usage::Unused { seconds: (observed.now - until) / 1_000 },
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.models.iter().try_for_each(|model| write!(f, "{model}"))?;
        if self.models.is_empty() { writeln!(f, "no model of this binary has an index") } else { Ok(()) }
    }
}

impl fmt::Display for ModelStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.model)?;
        if !self.indexes.iter().any(|index| index.own) {
            writeln!(f, "  ! {} is missing", self.index)?;
        }
        self.indexes.iter().try_for_each(|index| writeln!(f, "  {index}"))?;
        if !self.drift.is_empty() {
            writeln!(f, "  ! it is not as the schema says, and is left as it is:")?;
            self.drift.iter().try_for_each(|difference| writeln!(f, "    {difference}"))?;
        }
        match &self.active {
            Some(active) => writeln!(f, "  {} -> {}", self.alias, printed(active))?,
            None => writeln!(f, "  {} points nowhere", self.alias)?,
        }
        self.notices.iter().try_for_each(|notice| writeln!(f, "  ! {notice}"))?;
        match self.steps {
            0 => Ok(()),
            1 => writeln!(f, "  1 step to do: see `migrate plan`"),
            steps => writeln!(f, "  {steps} steps to do: see `migrate plan`"),
        }
    }
}

impl fmt::Display for IndexStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.own { '=' } else { ' ' };
        write!(f, "{sign} {}: {}, {}", printed(&self.name), documents(self.documents), Bytes(self.memory))?;
        if self.failures > 0 {
            write!(f, ", indexing failures: {}", self.failures)?;
        }
        if !self.filled {
            f.write_str(", being filled")?;
        }
        match self.usage {
            Usage::Used => f.write_str(", in use")?,
            Usage::Unused { seconds } => {
                write!(f, ", unused for {}", HumanDuration(Duration::from_secs(seconds)))?;
            }
            Usage::Unknown => f.write_str(", nobody is known to use it")?,
        }
        if self.active { f.write_str(", active") } else { Ok(()) }
    }
}
