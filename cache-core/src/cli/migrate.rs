//! Plans shown and carried out, and old indexes dropped.

use std::fmt;

use cache_index::printed;
use serde::Serialize;

use super::answer::Answer;
use super::args::{Choices, Unused};
use super::bars::with_bars;
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::warning::{self, Warning};
use crate::cache::Cache;
use crate::migrate::{MigratedIndex, Migration, Migrator, Notice, Plan, documents};

/// `migrate plan`.
pub(super) async fn plan(migrator: &Migrator, cache: &Cache, args: &Choices) -> Result<Answer, CliError> {
    let migrator = args.of(migrator.clone());
    let plans = migrator.plan(cache).await?;
    let pending = plans.iter().any(|plan| !plan.is_empty());
    let refused = migrator.refusal(cache, &plans).await.map(|error| Failure::of(&error.into()));
    let warnings = warning::of_plans(&plans);
    let exit = match &refused {
        Some(_) => Exit::Pending,
        // What is to be done is no surprise of a plan, and a warning is.
        None if args.strict && !warnings.is_empty() => Exit::Warned,
        None => Exit::pending_if(pending),
    };
    Answer::new(&Plans { pending, refused, warnings, plans }, args.format.json, exit)
}

/// `migrate apply`.
pub(super) async fn apply(migrator: &Migrator, cache: &Cache, args: &Choices) -> Result<Answer, CliError> {
    let migration = with_bars(args.of(migrator.clone())).run(cache).await?;
    let waits = migration.notices().any(|(_, notice)| matches!(notice, Notice::AliasWaits { .. }));
    let warnings = warning::of_indexes(migration.indexes());
    let exit = match Exit::pending_if(waits) {
        Exit::Done if args.strict && !warnings.is_empty() => Exit::Warned,
        exit => exit,
    };
    Answer::new(&Applied { warnings, migration }, args.format.json, exit)
}

/// `migrate collect`.
pub(super) async fn collect(migrator: &Migrator, cache: &Cache, args: &Unused) -> Result<Answer, CliError> {
    let dropped = args.of(migrator.clone()).collect(cache).await?;
    Answer::new(&Collected { dropped }, args.format.json, Exit::Done)
}

/// What is to be done.
#[derive(Debug, Serialize)]
struct Plans {
    pending: bool,
    /// What `apply` would say in place of doing it.
    refused: Option<Failure>,
    warnings: Vec<Warning>,
    plans: Vec<Plan>,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Applied {
    warnings: Vec<Warning>,
    #[serde(flatten)]
    migration: Migration,
}

/// What was dropped.
#[derive(Debug, Serialize)]
struct Collected {
    dropped: Vec<String>,
}

impl fmt::Display for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plans.iter().try_for_each(|plan| writeln!(f, "{plan}"))?;
        if let Some(refused) = &self.refused {
            return writeln!(f, "`migrate apply` would refuse: {refused}");
        }
        let is_by_hand = |plan: &Plan| plan.is_empty() && !plan.commands.is_empty();
        match (self.pending, self.plans.is_empty()) {
            (false, false) if self.plans.iter().any(is_by_hand) => {
                writeln!(f, "there is nothing to do but what is done by hand: the commands above")
            }
            (true, _) => writeln!(f, "run `migrate apply` to do it"),
            (false, false) => writeln!(f, "there is nothing to do"),
            (false, true) => writeln!(f, "no model of this binary has an index"),
        }
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in self.migration.indexes() {
            write!(f, "{}", Done(index))?;
        }
        if self.migration.indexes().is_empty() {
            writeln!(f, "no model of this binary has an index")
        } else {
            Ok(())
        }
    }
}

struct Done<'a>(&'a MigratedIndex);

impl fmt::Display for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.0;
        writeln!(f, "{}", index.model)?;
        let sign = if index.created { '+' } else { '=' };
        let alias = if index.active { "" } else { "; the alias points elsewhere" };
        writeln!(f, "  {sign} {}: {}{alias}", index.name, documents(index.documents))?;
        index.dropped.iter().try_for_each(|dropped| writeln!(f, "  - {}", printed(dropped)))?;
        index.notices.iter().try_for_each(|notice| writeln!(f, "  ! {notice}"))
    }
}

impl fmt::Display for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped.is_empty() {
            return writeln!(
                f,
                "nothing to drop: what is there is in use, or was not long ago; see `migrate status`"
            );
        }
        self.dropped.iter().try_for_each(|index| writeln!(f, "- {}", printed(index)))
    }
}
