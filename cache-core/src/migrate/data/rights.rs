//! What the user needs for a migration of documents, asked before anything is written, and said where the server refuses it.

use std::collections::BTreeSet;

use cache_index::{Beside, Keyspace, Schema, ServerErrorKind, text_of};

use super::error::DataMigrationError;
use super::history::key;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::migrate::MigrateError;
use crate::migrate::denied::{self, Lacking};
use crate::migrate::preflight::{Words, lacking, words};
use crate::model::Model;

/// Fails if the server will refuse what a run or a revert needs, with all of that at once.
pub(super) async fn check<M: Model>(cache: &Cache) -> Result<(), DataMigrationError> {
    let schema = M::schema();
    let lacking = lacking(cache, &[schema], needed::<M>(cache, false)?).await?;
    if lacking.is_empty() {
        return Ok(());
    }
    Err(DataMigrationError::Denied(Box::new(lacking.refusal(cache, None).await)))
}

/// The answer; if it is that the server refused something for what it is about, the error says that, and what to do.
pub(super) async fn told<M: Model, T>(
    cache: &Cache,
    only_reads: bool,
    answer: Result<T, DataMigrationError>,
) -> Result<T, DataMigrationError> {
    let error = match answer {
        Err(DataMigrationError::Server(error)) => error,
        other => return other,
    };
    let is_of_key = match error.server_kind() {
        Some(ServerErrorKind::WrongType) => {
            let key = key::<M>(cache).map(|key| text_of(&key)).unwrap_or_default();
            return Err(DataMigrationError::KeyTaken { key, source: Box::new(error) });
        }
        Some(ServerErrorKind::KeyPermission) => true,
        Some(ServerErrorKind::Permission) => false,
        _ => return Err(error.into()),
    };
    Err(DataMigrationError::Denied(Box::new(named::<M>(cache, only_reads, is_of_key, error).await)))
}

async fn named<M: Model>(cache: &Cache, only_reads: bool, is_of_key: bool, error: Error) -> MigrateError {
    let schema = M::schema();
    let mut found = match needed::<M>(cache, only_reads) {
        Ok(needed) => lacking(cache, &[schema], needed).await.unwrap_or_default(),
        Err(_) => Lacking::default(),
    };
    if only_reads {
        // What the question itself needs.
        found.commands.retain(|command| !matches!(&**command, "EVAL" | "EVALSHA"));
    }
    // Before version 7 the server does not say what is lacking.
    if let (true, true, Ok(keyspace)) = (is_of_key, found.is_empty(), cache.keyspace()) {
        found.patterns = denied::of_model(schema, keyspace);
    }
    if found.is_empty() {
        return error.into();
    }
    found.refusal(cache, denied::said(error)).await
}

fn needed<M: Model>(cache: &Cache, only_reads: bool) -> Result<BTreeSet<Words>> {
    let (schema, keyspace, record) = (M::schema(), cache.keyspace()?, key::<M>(cache)?);
    let (record, document) = (&*record, &*document(schema, keyspace));
    let mut needed =
        BTreeSet::from([words([b"SCAN", b"0"]), words([b"JSON.GET", document]), words([b"HGETALL", record])]);
    if only_reads {
        return Ok(needed);
    }
    needed.extend([
        words([b"EVALSHA", b"", b"1", record]),
        words([b"EVAL", b"", b"1", record]),
        words([b"HGET", record, b"f"]),
        words([b"HSET", record, b"f", b"v"]),
        words([b"HDEL", record, b"f"]),
        words([b"JSON.SET", document, b"$", b"1"]),
        words([b"JSON.DEL", document, b"$"]),
    ]);
    if !schema.unique().is_empty() {
        let mut claim = Vec::new();
        schema.write_sibling(keyspace, &mut claim, Beside::Model, &[&"unique"])?;
        let claim = &*claim;
        needed.extend([
            words([b"TIME"]),
            words([b"PEXPIRETIME", document]),
            words([b"GET", claim]),
            words([b"SET", claim, b"v"]),
            words([b"DEL", claim]),
            words([b"PEXPIREAT", claim, b"1"]),
        ]);
    }
    Ok(needed)
}

/// What a document's key begins with is a key that its pattern allows.
fn document(schema: &Schema, keyspace: &Keyspace) -> Vec<u8> {
    let mut document = Vec::new();
    schema.write_key_start(keyspace, &mut document);
    document
}
