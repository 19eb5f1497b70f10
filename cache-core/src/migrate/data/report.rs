//! What a migration did to the documents, or would do.

use std::fmt;

use cache_index::{printed, text_of};
use serde_json::Value;

use crate::error::Error;
use crate::model::JsonMap;

/// How many failures, and how many documents of a dry run, are kept.
const KEPT: usize = 20;

/// What a migration did to a model's documents; after a dry run, what it would do.
///
/// Keys that a scan shows twice are counted once, but for one in some billion.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, DataMigration, DataMigrationError};
/// # use serde_json::{Map, Value};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(schema_version = 2)]
/// # struct User { #[primary_key] id: String, city: String }
/// # fn tidy(document: &mut Map<String, Value>) -> Result<(), String> { Ok(()) }
/// # async fn example(cache: Cache) -> Result<(), DataMigrationError> {
/// let report = DataMigration::<User>::new().step(2, "tidy the city", tidy).run(&cache).await?;
/// println!("{} migrated, {} had it already", report.migrated, report.unchanged);
/// assert!(report.is_complete(), "{} left as they are: {:?}", report.failed, report.failures);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
#[must_use = "documents that failed are in the report alone"]
pub struct DataReport {
    /// Documents that were brought to the version that was asked for.
    pub migrated: u64,
    /// Documents that had it already, those of newer versions among them.
    pub unchanged: u64,
    /// Of these, the documents of versions that this binary has no step to: a newer one is at work too.
    pub newer: u64,
    /// Documents that were left as they are, because they could not be migrated.
    pub failed: u64,
    /// The first of these, twenty at most.
    pub failures: Vec<DataFailure>,
    /// What a dry run found, of the first twenty documents. Empty after a run.
    pub differences: Vec<DataDifference>,
}

/// A document that could not be migrated.
///
/// ```no_run
/// # use cache_core::{Cache, DataMigration, DataMigrationError};
/// # async fn example<M: cache_core::Model>(cache: Cache, migration: DataMigration<M>) -> Result<(), DataMigrationError> {
/// for failure in migration.run(&cache).await?.failures {
///     println!("mend {}: {}", failure.key, failure.reason);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct DataFailure {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: Error,
}

/// What would become of a document.
///
/// ```no_run
/// # use cache_core::{Cache, DataMigration, DataMigrationError};
/// # async fn example<M: cache_core::Model>(cache: Cache, migration: DataMigration<M>) -> Result<(), DataMigrationError> {
/// for difference in migration.dry_run(&cache).await?.differences {
///     println!("{difference}"); // like a diff
///     let lost = difference.members.iter().filter(|(_, _, after)| after.is_none()).map(|(name, ..)| name);
///     println!("gone: {:?}", lost.collect::<Vec<_>>());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DataDifference {
    /// Its key.
    pub key: String,
    /// Its version.
    pub from: u32,
    /// The version it would have.
    pub to: u32,
    /// The members that differ, by name: what each is and what it would be; `None`: the document lacks it.
    pub members: Vec<(String, Option<Value>, Option<Value>)>,
}

impl DataReport {
    /// Whether every document has the version that was asked for, or a newer one.
    pub fn is_complete(&self) -> bool {
        self.failed == 0
    }

    pub(super) fn fail(&mut self, key: &[u8], reason: Error) {
        self.failed += 1;
        if self.failures.len() < KEPT {
            self.failures.push(DataFailure { key: text_of(key), reason });
        }
    }

    pub(super) fn differ(&mut self, key: &[u8], versions: (u32, u32), before: &JsonMap, after: &JsonMap) {
        if self.differences.len() < KEPT {
            let key = text_of(key);
            let members = differences(before, after);
            self.differences.push(DataDifference { key, from: versions.0, to: versions.1, members });
        }
    }
}

fn differences(before: &JsonMap, after: &JsonMap) -> Vec<(String, Option<Value>, Option<Value>)> {
    let new = after.keys().filter(|member| !before.contains_key(*member));
    let differs = |member: &&String| before.get(*member) != after.get(*member);
    before
        .keys()
        .chain(new)
        .filter(differs)
        .map(|member| (member.clone(), before.get(member).cloned(), after.get(member).cloned()))
        .collect()
}

/// As a diff reads: `-` what is, `+` what would be.
impl fmt::Display for DataDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from version {} to {}", printed(&self.key), self.from, self.to)?;
        for (member, before, after) in &self.members {
            for (sign, value) in [('-', before), ('+', after)] {
                if let Some(value) = value {
                    write!(f, "\n  {sign} {}: {}", printed(member), printed(&value.to_string()))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_reads_like_a_diff() {
        let members = |value: Value| value.as_object().unwrap().clone();
        let mut report = DataReport::default();
        let before = members(json!({"name": "Ann Lee", "age": 3, "old": null}));
        let after = members(json!({"name": "Ann", "age": 3, "last": "Lee"}));
        report.differ(b"k", (1, 2), &before, &after);
        let text = "k from version 1 to 2\n  - name: \"Ann Lee\"\n  + name: \"Ann\"\n  - old: null\n  + last: \"Lee\"";
        assert_eq!(report.differences.first().unwrap().to_string(), text);
    }

    #[test]
    fn only_the_first_are_kept() {
        let mut report = DataReport::default();
        for _ in 0..30 {
            report.fail(b"k", Error::NoRuntime);
        }
        assert_eq!((report.failed, report.failures.len(), report.is_complete()), (30, KEPT, false));
    }
}
