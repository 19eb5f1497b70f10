//! Whether the server lets a plan be carried out, asked before anything is written.

use std::collections::BTreeSet;

use bytes::Bytes;
use cache_index::{Beside, Keyspace, Reply, Schema, ServerErrorKind};

use super::denied::{self, Lacking};
use super::error::MigrateError;
use super::inspect::leases_key;
use super::plan::{Plan, Step};
use super::scripts::DENIED;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::script;

/// A command with as many words as the server wants to see: it looks for the keys among them.
pub(super) type Words = Vec<Bytes>;

/// Fails if the server will refuse what the plans need, with all of that at once. A plan without a step needs what every run
/// does.
pub(super) async fn check(cache: &Cache, plans: &[Plan]) -> Result<(), MigrateError> {
    // A script knows the rights on one node.
    if cache.capabilities().cluster {
        return Ok(());
    }
    let (keyspace, schemas) = (cache.keyspace()?, plans.iter().map(|plan| plan.schema.0).collect::<Vec<_>>());
    let mut needed = BTreeSet::new();
    for plan in plans {
        needed.extend(always(plan.schema.0, keyspace)?);
        needed.extend(needed_by(plan, keyspace)?);
    }
    let lacking = lacking(cache, &schemas, needed).await?;
    if lacking.is_empty() { Ok(()) } else { Err(lacking.refusal(cache, None).await) }
}

/// The error, if it is about what the user may not do: with whose connection it is, and with all else that every run needs and
/// the user may not do either.
pub(super) async fn named(cache: &Cache, schemas: &[&'static Schema], error: MigrateError) -> MigrateError {
    let (mut all, source, is_of_key) = match error {
        MigrateError::Permission { commands, patterns, user } if user == denied::UNKNOWN => {
            (Lacking { commands, patterns }, None, false)
        }
        MigrateError::KeyPermission { patterns, source, .. } => {
            (Lacking { patterns, ..Lacking::default() }, source, false)
        }
        MigrateError::Server(error) if error.server_kind() == Some(ServerErrorKind::KeyPermission) => {
            (Lacking::default(), denied::said(error), true)
        }
        other => return other,
    };
    let needed = cache.keyspace().map(|keyspace| {
        schemas.iter().filter_map(|schema| always(schema, keyspace).ok()).flatten().collect::<BTreeSet<_>>()
    });
    // Where that cannot be asked, one is told after the other.
    if let (false, Ok(needed)) = (cache.capabilities().cluster, needed)
        && let Ok(others) = lacking(cache, schemas, needed).await
    {
        // What a script was refused for bears the name of the script's call.
        if !others.commands.is_empty() {
            all.commands.retain(|command| !matches!(&**command, "EVAL" | "EVALSHA"));
        }
        all.add(others);
    }
    // RediSearch 8 wants the documents to be readable, which no command says beforehand.
    if let (true, true, Ok(keyspace)) = (is_of_key, all.patterns.is_empty(), cache.keyspace()) {
        all.patterns.extend(schemas.iter().map(|schema| denied::of_documents(schema, keyspace)));
    }
    all.refusal(cache, source).await
}

/// What of these the user may not do.
pub(super) async fn lacking(
    cache: &Cache,
    schemas: &[&'static Schema],
    needed: BTreeSet<Words>,
) -> Result<Lacking> {
    let keyspace = cache.keyspace()?;
    let call = needed.into_iter().fold(DENIED.call().arg("0"), |call, words| {
        call.arg_display(words.len()).arg_display(key_of(&words)).args_from(words)
    });
    let call = call.repeatable();
    let is_denied = |error: &Error| error.server_kind() == Some(ServerErrorKind::Permission);
    let answer = match script::run(cache, &DENIED, call.clone()).await {
        // Then it may be one of those that are asked about.
        Err(error) if is_denied(&error) => match cache.command(DENIED.by_source(&call)).await {
            // Nothing can be asked.
            Err(error) if is_denied(&error) => {
                let commands = ["EVAL", "EVALSHA"].map(str::to_owned).to_vec();
                return Ok(Lacking { commands, ..Lacking::default() });
            }
            other => other?,
        },
        other => other?,
    };
    let mut answers = answer.into_items().unwrap_or_default().into_iter();
    let mut next = || answers.next().and_then(|items| items.into_items().ok()).unwrap_or_default();
    let commands = next().iter().filter_map(Reply::as_str).map(str::to_owned).collect();
    let keys = next();
    let keys = keys.iter().filter_map(Reply::as_bytes);
    let patterns = keys.map(|key| denied::allowing(schemas, keyspace, key)).collect();
    let mut lacking = Lacking::default();
    lacking.add(Lacking { commands, patterns });
    Ok(lacking)
}

/// The commands by which the server is asked why documents are missing, and which the user may not run. They are needed only if
/// some are, so that nobody is refused for them beforehand.
pub(super) async fn judging(cache: &Cache, schema: &'static Schema) -> Result<Vec<String>> {
    if cache.capabilities().cluster || schema.filter().is_some() {
        return Ok(Vec::new());
    }
    let mut probe = Vec::new();
    schema.write_sibling(cache.keyspace()?, &mut probe, Beside::Model, &[&"probe", &""])?;
    let probe = &*probe;
    let needed = BTreeSet::from([
        words([b"FT.CREATE", probe, b"SCHEMA"]),
        words([b"FT.INFO", probe]),
        words([b"FT.DROPINDEX", probe]),
        words([b"DEL", probe]),
        words([b"JSON.GET", probe]),
        words([b"JSON.SET", probe, b"$", b"1"]),
    ]);
    Ok(lacking(cache, &[schema], needed).await?.commands)
}

/// Which of the words is the key, counted from 1; 0: none is.
fn key_of(words: &Words) -> usize {
    match words.first().map(Bytes::as_ref) {
        Some(b"EVAL" | b"EVALSHA") => 4,
        Some(b"SCAN") => 0,
        _ if words.len() > 1 => 2,
        _ => 0,
    }
}

pub(super) fn words<const N: usize>(words: [&[u8]; N]) -> Words {
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
                words([b"INCRBY", key, b"0"]),
                words([b"MULTI"]),
                words([b"EXEC"]),
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
