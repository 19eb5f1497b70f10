//! Whether the server lets a plan be carried out, asked before anything is written.

use std::collections::BTreeSet;

use bytes::Bytes;
use cache_index::{Keyspace, Reply, Schema, ServerErrorKind};

use super::denied;
use super::error::MigrateError;
use super::inspect::leases_key;
use super::plan::{Plan, Step};
use super::scripts::DENIED;
use crate::cache::Cache;
use crate::error::Result;
use crate::script;

/// A command with as many words as the server wants to see: it looks for the keys among them.
type Words = Vec<Bytes>;

/// Fails if the server will refuse what the plans need, with all of that at once.
pub(super) async fn check(cache: &Cache, plans: &[Plan]) -> Result<(), MigrateError> {
    // A script knows the rights on one node.
    if cache.capabilities().cluster {
        return Ok(());
    }
    if plans.iter().all(Plan::is_empty) {
        return Ok(());
    }
    let keyspace = cache.keyspace()?;
    let mut needed = BTreeSet::new();
    for plan in plans {
        needed.extend(always(plan.schema.0, keyspace)?);
        needed.extend(needed_by(plan, keyspace)?);
    }
    let commands = lacking(cache, needed).await?;
    if commands.is_empty() {
        return Ok(());
    }
    Err(MigrateError::Permission { commands, user: denied::user(cache).await })
}

/// The error, if it is about a command that the user may not run: with whose connection it is, and with the others that
/// every run needs and the user may not run either.
pub(super) async fn named(cache: &Cache, schemas: &[&'static Schema], error: MigrateError) -> MigrateError {
    let MigrateError::Permission { mut commands, user } = error else { return error };
    if user != denied::UNKNOWN {
        return MigrateError::Permission { commands, user };
    }
    let needed = cache.keyspace().map(|keyspace| {
        schemas.iter().filter_map(|schema| always(schema, keyspace).ok()).flatten().collect::<BTreeSet<_>>()
    });
    // Where that cannot be asked, one is told after the other.
    if let (false, Ok(needed)) = (cache.capabilities().cluster, needed)
        && let Ok(others) = lacking(cache, needed).await
    {
        commands.extend(others);
        commands.sort();
        commands.dedup();
    }
    MigrateError::Permission { commands, user: denied::user(cache).await }
}

/// The names of those commands that the user may not run.
async fn lacking(cache: &Cache, needed: BTreeSet<Words>) -> Result<Vec<String>> {
    let call = needed
        .into_iter()
        .fold(DENIED.call().arg("0"), |call, words| call.arg_display(words.len()).args_from(words))
        .repeatable();
    let answer = match script::run(cache, &DENIED, call.clone()).await {
        // Then it may be one of those that are asked about.
        Err(error) if error.server_kind() == Some(ServerErrorKind::Permission) => {
            cache.command(DENIED.by_source(&call)).await?
        }
        other => other?,
    };
    let name = |name: &Reply| name.as_str().map(str::to_owned);
    let mut commands: Vec<_> = answer.into_items().unwrap_or_default().iter().filter_map(name).collect();
    commands.sort();
    commands.dedup();
    Ok(commands)
}

fn words<const N: usize>(words: [&[u8]; N]) -> Words {
    words.into_iter().map(Bytes::copy_from_slice).collect()
}

/// What every run asks, and the lease that it takes.
fn always(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<Words>> {
    let key: &[u8] = &leases_key(schema, keyspace)?;
    // Its name counts as a key.
    let index = schema.index_name(keyspace);
    Ok(vec![
        words([b"FT._LIST"]),
        words([b"FT.INFO", index.as_bytes()]),
        words([b"TIME"]),
        words([b"ZRANGE", key, b"0", b"-1"]),
        words([b"HGETALL", key]),
        words([b"EVALSHA", b"", b"1", key]),
        words([b"EVAL", b"", b"1", key]),
        words([b"ZADD", key, b"1", b"m"]),
    ])
}

/// What a plan needs beside that.
fn needed_by(plan: &Plan, keyspace: &Keyspace) -> Result<Vec<Words>> {
    let key: &[u8] = &leases_key(plan.schema.0, keyspace)?;
    let index = plan.index.as_bytes();
    // Where numbers do not do, documents are looked for key by key.
    let looks = || {
        vec![
            words([b"SCAN", b"0"]),
            words([b"FT.SEARCH", index, b"*"]),
            words([b"EXISTS", key]),
            words([b"MULTI"]),
            words([b"EXEC"]),
        ]
    };
    // One replica does it for all, and what it finds is kept.
    let compares = || {
        let mut compares = looks();
        compares.extend([
            words([b"SET", key, b"v"]),
            words([b"GET", key]),
            words([b"PEXPIRE", key, b"1"]),
            words([b"HGET", key, b"f"]),
            words([b"HSET", key, b"f", b"v"]),
            words([b"FT.ALIASADD", index, index]),
        ]);
        compares
    };
    let of = |step: &Step| match step {
        Step::Create { .. } => vec![
            words([b"FT.CREATE", index, b"SCHEMA"]),
            words([b"INCR", key]),
            words([b"GET", key]),
            words([b"MULTI"]),
            words([b"EXEC"]),
        ],
        Step::AlterAdd { .. } => {
            let mut adds = looks();
            adds.extend([
                words([b"FT.ALTER", index, b"SCHEMA", b"ADD"]),
                words([b"HSET", key, b"f", b"v"]),
                words([b"HSETNX", key, b"f", b"v"]),
                words([b"HDEL", key, b"f"]),
            ]);
            adds
        }
        Step::Adopt { .. } => vec![words([b"FT.ALIASADD", index, index]), words([b"HDEL", key, b"f"])],
        Step::Cutover { .. } => vec![words([b"FT.ALIASUPDATE", index, index])],
        Step::Retire { .. } => {
            vec![words([b"FT.DROPINDEX", index]), words([b"TYPE", key]), words([b"DEL", key])]
        }
        Step::Collect { .. } => vec![
            words([b"FT.DROPINDEX", index]),
            words([b"ZREM", key, b"m"]),
            words([b"HKEYS", key]),
            words([b"HDEL", key, b"f"]),
        ],
        Step::VerifyAll | Step::Verify { .. } => compares(),
        Step::Drift { .. } | Step::Wait => Vec::new(),
    };
    Ok(plan.steps.iter().flat_map(of).collect())
}
