//! Whether the server lets a plan be carried out, asked before anything is written.

use std::collections::BTreeSet;

use super::denied;
use super::error::MigrateError;
use super::plan::{Plan, Step};
use super::scripts::DENIED;
use crate::cache::Cache;
use crate::error::Result;
use crate::script;

/// Fails if the server will refuse what the plans need.
pub(super) async fn check(cache: &Cache, plans: &[Plan]) -> Result<(), MigrateError> {
    // A script knows the rights on one node.
    if cache.capabilities().cluster {
        return Ok(());
    }
    let needed: BTreeSet<_> = plans.iter().flat_map(needed).collect();
    if needed.is_empty() {
        return Ok(());
    }
    let call = DENIED.call().arg("0");
    let call = needed.into_iter().fold(call, |call, (command, index)| call.arg(command).arg(index));
    let answer = script::run(cache, &DENIED, call.repeatable()).await?;
    let mut commands: Vec<String> = answer
        .into_items()
        .unwrap_or_default()
        .iter()
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    commands.dedup();
    if commands.is_empty() {
        return Ok(());
    }
    Err(MigrateError::Permission { commands, user: denied::user(cache).await })
}

/// The commands that a plan needs, each with what it is about.
fn needed(plan: &Plan) -> Vec<(&'static str, String)> {
    // Where numbers do not do, documents are looked for key by key.
    let verifies = || vec![("FT.SEARCH", plan.index.clone()), ("SCAN", "0".to_owned())];
    let of = |step: &Step| match step {
        Step::Create { index } => vec![("FT.CREATE", index.clone())],
        Step::AlterAdd { index, .. } => vec![("FT.ALTER", index.clone())],
        Step::Adopt { name, .. } => vec![("FT.ALIASADD", name.clone())],
        Step::Cutover { .. } => vec![("FT.ALIASUPDATE", plan.alias.clone())],
        Step::Retire { index, .. } | Step::Collect { index } => vec![("FT.DROPINDEX", index.clone())],
        Step::VerifyAll | Step::Verify { .. } => verifies(),
        Step::Drift { .. } | Step::Wait => Vec::new(),
    };
    plan.steps.iter().flat_map(of).collect()
}
