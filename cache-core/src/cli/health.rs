//! Whether each index can answer queries, and what is missing from it.

use std::fmt;

use cache_index::{FieldFailure, IndexInfo};
use serde::Serialize;

use super::answer::Answer;
use super::args::Format;
use super::error::CliError;
use super::exit::Exit;
use crate::cache::Cache;
use crate::migrate::{Bytes, MigrateError, Migrator};

/// `index health`.
pub(super) async fn health(migrator: &Migrator, cache: &Cache, format: &Format) -> Result<Answer, CliError> {
    let keyspace = cache.keyspace().map_err(MigrateError::from)?;
    let schemas = migrator.schemas().iter().filter(|schema| schema.is_indexed());
    let observed = migrator.inspect(cache).await?;
    let indexes = schemas.zip(observed).map(|(schema, observed)| {
        IndexHealth::of(schema.model(), schema.index_name(keyspace), observed.index)
    });
    let health = Health { indexes: indexes.collect() };
    let unready = health.indexes.iter().any(|index| index.readiness != Readiness::Ready);
    Answer::new(&health, format.json, Exit::pending_if(unready))
}

/// The health of all indexes.
#[derive(Debug, Serialize)]
struct Health {
    indexes: Vec<IndexHealth>,
}

#[derive(Debug, PartialEq, Serialize)]
struct IndexHealth {
    model: &'static str,
    /// The name that queries use.
    name: String,
    #[serde(flatten)]
    readiness: Readiness,
    documents: u64,
    /// How often a document could not be indexed. It only grows.
    failures: u64,
    last_failure: Option<String>,
    last_error: Option<String>,
    /// Those that the server tells; it does of values, and not of JSON types.
    failed_fields: Vec<FieldFailure>,
    /// In bytes.
    memory: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "readiness", rename_all = "snake_case")]
enum Readiness {
    Ready,
    Missing,
    /// From 0 to 1.
    Filling {
        filled: f64,
    },
    Stopped {
        reason: String,
    },
}

impl IndexHealth {
    fn of(model: &'static str, name: String, found: Option<IndexInfo>) -> Self {
        let readiness = match &found {
            None => Readiness::Missing,
            Some(index) => match &index.background_problem {
                Some(reason) => Readiness::Stopped { reason: reason.clone() },
                None if index.is_filled() => Readiness::Ready,
                None => Readiness::Filling { filled: index.percent_indexed },
            },
        };
        let found = found.unwrap_or_default();
        Self {
            model,
            name,
            readiness,
            documents: found.documents,
            failures: found.failures,
            last_failure: found.last_failure,
            last_error: found.last_error,
            failed_fields: found.failed_fields,
            memory: found.memory,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.indexes.iter().try_for_each(|index| write!(f, "{index}"))?;
        if self.indexes.is_empty() { writeln!(f, "no model of this binary has an index") } else { Ok(()) }
    }
}

impl fmt::Display for IndexHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.model, self.readiness)?;
        if self.readiness == Readiness::Missing {
            return writeln!(f, "  {}", self.name);
        }
        writeln!(f, "  {}: {} documents, {}", self.name, self.documents, Bytes(self.memory))?;
        if self.failures > 0 {
            write!(f, "  indexing failures: {}", self.failures)?;
            if let Some(key) = &self.last_failure {
                write!(f, ", the last one `{key}`")?;
            }
            match &self.last_error {
                Some(error) => writeln!(f, ": {error}")?,
                None => writeln!(f)?,
            }
        }
        self.failed_fields.iter().try_for_each(|FieldFailure { field, failures, error, key, .. }| {
            writeln!(f, "    @{field}: {failures}, the last one `{key}`: {error}")
        })
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Missing => f.write_str("missing; run `migrate apply`"),
            Self::Filling { filled } => write!(f, "being filled, {:.0} % of the keys", filled * 100.0),
            Self::Stopped { reason } => {
                write!(f, "the server stopped filling it: {reason}; give it memory and run `migrate apply`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(found: Option<IndexInfo>) -> IndexHealth {
        IndexHealth::of("User", "cache:user:idx:0123456789ab".to_owned(), found)
    }

    #[test]
    fn an_index_is_ready_when_it_is_filled() {
        let ready = IndexInfo { percent_indexed: 1.0, documents: 3, memory: 2_048, ..IndexInfo::default() };
        assert_eq!(
            health(Some(ready.clone())).to_string(),
            "User: ready\n  cache:user:idx:0123456789ab: 3 documents, 2.0 kB\n"
        );
        let filling = IndexInfo { indexing: true, percent_indexed: 0.25, ..ready.clone() };
        assert_eq!(health(Some(filling)).readiness, Readiness::Filling { filled: 0.25 });
        let stopped = IndexInfo { background_problem: Some("out of memory".to_owned()), ..ready.clone() };
        assert!(
            health(Some(stopped))
                .to_string()
                .starts_with("User: the server stopped filling it: out of memory")
        );
        let missing = health(None);
        assert_eq!(
            missing.to_string(),
            "User: missing; run `migrate apply`\n  cache:user:idx:0123456789ab\n"
        );
        let (mut field, mut failed) = (FieldFailure::default(), ready);
        (field.field, field.failures, field.key) = ("home".to_owned(), 2, "cache:user:7".to_owned());
        field.error = "Invalid geo string".to_owned();
        (failed.failures, failed.last_failure) = (2, Some("cache:user:7".to_owned()));
        failed.failed_fields.push(field);
        assert!(health(Some(failed)).to_string().ends_with(
            "\n  indexing failures: 2, the last one `cache:user:7`\n    @home: 2, the last one `cache:user:7`: Invalid geo string\n"
        ));
        assert_eq!(serde_json::to_value(&missing).unwrap()["readiness"], "missing");
    }
}
