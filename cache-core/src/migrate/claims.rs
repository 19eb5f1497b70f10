//! On a cluster the alias is looked at and moved in two steps, so that of two releases that take it from a third at one moment the older
//! one may be the last. Each therefore says which ones it is newer than before it moves it, and looks behind that whether another one
//! said so of it: whoever moves it last sees what the other one said, and gives it back.
//!
//! What was said is in the hash of comparisons, which goes by the same rules: `<fingerprint>:older`, and fingerprints.

use cache_index::{Command, Fingerprint};

use super::error::MigrateError;
use super::observed::fingerprint_in;
use super::plan::Plan;
use crate::cache::Cache;
use crate::error::Result;
use crate::index::compared_key;

/// What the fields' names end with.
const OLDER: &str = ":older";

/// Says that these indexes are older than the plan's. The alias is for people and tools: whoever may not say so, or cannot now, moves it
/// all the same.
pub(super) async fn claim(cache: &Cache, plan: &Plan, older: &[String]) -> Result<(), MigrateError> {
    let fingerprints = older.iter().filter_map(|name| fingerprint_in(name, &plan.alias));
    let value = fingerprints.map(|of| of.to_string()).collect::<Vec<_>>().join(" ");
    let say = Command::new("HSET").key(compared_key(plan.schema.0, cache.keyspace()?)?);
    let say = say.arg(field(plan.fingerprint)).arg(value);
    may_be_refused(cache.command(say.repeatable()).await)
}

/// The names of the indexes that were said to be newer than the plan's, but for those that it says to be older itself: of a schema that
/// went back to what it was. Those that have most behind them first.
pub(super) async fn newer(cache: &Cache, plan: &Plan, older: &[String]) -> Result<Vec<String>, MigrateError> {
    let ask = Command::new("HGETALL").key(compared_key(plan.schema.0, cache.keyspace()?)?);
    let said = cache.command(ask.repeatable()).await?;
    let own = plan.fingerprint.to_string();
    // What somebody else put there says nothing.
    let pairs = said.into_pairs().unwrap_or_default();
    let claims = pairs.iter().filter_map(|(name, older)| {
        let of: Fingerprint = name.as_str()?.strip_suffix(OLDER)?.parse().ok()?;
        let older: Vec<_> = older.as_str()?.split(' ').collect();
        (of != plan.fingerprint && older.contains(&own.as_str())).then_some((older.len(), of))
    });
    let mut claims: Vec<_> = claims.collect();
    claims.sort_unstable_by_key(|claim| std::cmp::Reverse(claim.0));
    let names = claims.into_iter().map(|(_, of)| format!("{}:{of}", plan.alias));
    Ok(names.filter(|name| !older.contains(name)).collect())
}

/// What these said is forgotten: with their index, or since it does not count any longer.
pub(super) async fn forget(cache: &Cache, plan: &Plan, of: &[Fingerprint]) -> Result<(), MigrateError> {
    if of.is_empty() {
        return Ok(());
    }
    let forget = Command::new("HDEL").key(compared_key(plan.schema.0, cache.keyspace()?)?);
    let forget = of.iter().fold(forget, |forget, of| forget.arg(field(*of)));
    may_be_refused(cache.command(forget.repeatable()).await)
}

fn field(of: Fingerprint) -> String {
    format!("{of}{OLDER}")
}

fn may_be_refused<T>(answer: Result<T>) -> Result<(), MigrateError> {
    match answer {
        Err(error) if error.is_access_denied() || error.is_write_refused() => Ok(()),
        answer => Ok(answer.map(drop)?),
    }
}
