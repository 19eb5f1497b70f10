//! Whether each index can answer queries, and what is missing from it.

use std::fmt;

use cache_index::{Difference, FieldFailure, IndexInfo, printed};
use serde::Serialize;

use super::answer::Answer;
use super::args::Format;
use super::error::CliError;
use super::exit::Exit;
use crate::cache::{Cache, IndexState};
use crate::index;
use crate::migrate::{Bytes, MigrateError, Migrator, documents};

/// `index health`.
pub(super) async fn health(migrator: &Migrator, cache: &Cache, format: &Format) -> Result<Answer, CliError> {
    let keyspace = cache.keyspace().map_err(MigrateError::from)?;
    let known = migrator.readiness(cache).await?;
    let missing = |name: &str| {
        let state = known.indexes().iter().find(|index| index.index == name).map(|index| index.state);
        match state {
            Some(IndexState::FailedDocuments(missing)) => missing,
            _ => 0,
        }
    };
    let schemas = migrator.schemas().iter().filter(|schema| schema.is_indexed());
    // A second look, which may see a moment later.
    let observed = migrator.inspect(cache).await?;
    let indexes = schemas.zip(observed).map(|(schema, observed)| {
        let name = schema.index_name(keyspace);
        let drift = observed.index.as_ref().map(|found| index::drift(schema, keyspace, found));
        let missing = missing(&name);
        IndexHealth::of(schema.model(), name, observed.index, drift.unwrap_or_default(), missing)
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
    /// Somebody made another index under its name.
    Drifted {
        differences: Vec<Difference>,
    },
    /// It is filled, and so many documents are there and not in it.
    Short {
        missing: u64,
    },
}

impl IndexHealth {
    fn of(
        model: &'static str,
        name: String,
        found: Option<IndexInfo>,
        differences: Vec<Difference>,
        missing: u64,
    ) -> Self {
        let readiness = match &found {
            None => Readiness::Missing,
            Some(_) if !differences.is_empty() => Readiness::Drifted { differences },
            Some(index) => match &index.background_problem {
                Some(reason) => Readiness::Stopped { reason: reason.clone() },
                None if index.is_filled() && missing > 0 => Readiness::Short { missing },
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
        writeln!(f, "  {}: {}, {}", self.name, documents(self.documents), Bytes(self.memory))?;
        if self.failures > 0 {
            write!(f, "  indexing failures: {}", self.failures)?;
            if let Some(key) = &self.last_failure {
                write!(f, ", the last one `{}`", printed(key))?;
            }
            match &self.last_error {
                Some(error) => writeln!(f, ": {}", printed(error))?,
                None => writeln!(f)?,
            }
        }
        self.failed_fields.iter().try_for_each(|FieldFailure { field, failures, error, key, .. }| {
            let (field, key, error) = (printed(field), printed(key), printed(error));
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
                write!(
                    f,
                    "the server stopped filling it: {}; see that there is memory, drop it with `FT.DROPINDEX` (documents stay), and run `migrate apply`",
                    printed(reason)
                )
            }
            Self::Drifted { differences } => {
                f.write_str("another index than its model says; `migrate plan` says what to do")?;
                differences.iter().try_for_each(|difference| write!(f, "\n      {difference}"))
            }
            Self::Short { missing } => write!(
                f,
                "filled, without {}; `migrate apply` tells whether a value keeps {} out, and which",
                if *missing == 1 {
                    "1 document that is there".to_owned()
                } else {
                    format!("{missing} documents that are there")
                },
                if *missing == 1 { "it" } else { "them" }
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(found: Option<IndexInfo>) -> IndexHealth {
        IndexHealth::of("User", "cache:user:idx:0123456789ab".to_owned(), found, Vec::new(), 0)
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
        let name = || "cache:user:idx:0123456789ab".to_owned();
        let short = IndexHealth::of("User", name(), Some(ready.clone()), Vec::new(), 2);
        assert_eq!(short.readiness, Readiness::Short { missing: 2 });
        let other = IndexHealth::of("User", name(), Some(ready.clone()), vec![Difference::Reordered], 2);
        assert!(
            other.to_string().starts_with(
                "User: another index than its model says; `migrate plan` says what to do\n      ~ "
            ),
            "{other}"
        );
        assert_eq!(serde_json::to_value(&other).unwrap()["readiness"], "drifted");
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
