//! What keeps a migration of documents from being begun, or stops it.

use cache_index::printed;

use crate::error::Error;

/// What keeps a migration of documents from being begun, or stops it. What it did is kept, and running it again goes on
/// where it stopped. Documents that could not be migrated are no error: see
/// [`DataReport::failures`](crate::DataReport::failures).
///
/// ```
/// # use cache_core::{Cache, CacheModel, DataMigration};
/// # use serde_json::{Map, Value};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, city: String }
/// # fn tidy(document: &mut Map<String, Value>) -> Result<(), String> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::DataMigrationError;
///
/// let migration = DataMigration::<User>::new().step(2, "tidy the city", tidy);
/// // What a model saves has to be told from what is still to be migrated.
/// let error = migration.run(&cache).await.unwrap_err();
/// assert!(matches!(error, DataMigrationError::NoVersion { last: 2, .. }));
/// assert!(error.to_string().ends_with("write `#[cache(schema_version = 2)]`"));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataMigrationError {
    /// The model's saves store no version, so that what they write would be migrated once more. Nothing was written.
    #[error(
        "`{model}` stores no version in its documents, so that new ones would be taken for old ones; write \
         `#[cache(schema_version = {last})]`"
    )]
    NoVersion {
        /// The model.
        model: &'static str,
        /// The version that the last step leads to.
        last: u32,
    },
    /// The steps lead to another version than the one that the model's saves store. Nothing was written.
    #[error(
        "the last step leads to version {last}, and `{model}` says `schema_version = {declared}`; make them the same"
    )]
    OtherVersion {
        /// The model.
        model: &'static str,
        /// The version that the last step leads to.
        last: u32,
        /// The model's version.
        declared: u32,
    },
    /// The steps are not in order. Nothing was written.
    #[error(
        "the step `{name}` of `{model}` leads to version {version}; the first one leads to 2 or more, and each further \
         one to the version behind the one before"
    )]
    Order {
        /// The model.
        model: &'static str,
        /// The version.
        version: u32,
        /// The step's name.
        name: String,
    },
    /// A `down` stands before every step. Nothing was written.
    #[error("a `down` of `{model}` undoes no step; write it behind its `step`")]
    Down {
        /// The model.
        model: &'static str,
    },
    /// A `sample` stands before every step, or is no JSON object. Nothing was written.
    #[error("a `sample` of `{model}` is no document for a step; write a JSON object behind its `step`")]
    Sample {
        /// The model.
        model: &'static str,
    },
    /// A step makes something else of a sample than it did when it changed documents: its code was changed. With these steps
    /// nothing was written.
    #[error(
        "the step `{name}` to version {version} of `{model}` makes something else of a sample than it did when it changed \
         documents; what is mended for those that failed has to leave the samples as they were made: restore what it did \
         and write what is new as a step behind it, or undo it with a `down` and `revert`, or use another namespace"
    )]
    OtherResult {
        /// The model.
        model: &'static str,
        /// The version that the step leads to.
        version: u32,
        /// The step's name.
        name: String,
    },
    /// Another step changed documents for this version: the history was changed, or its order. With these steps nothing was written.
    #[error(
        "the step to version {version} of `{model}` changed documents as `{}`, and is `{name}` here; restore the steps that \
         ran, under whose names what failed may be mended, and write what is new behind them, or undo it with a `down` and \
         `revert`, or use another namespace",
        printed(recorded)
    )]
    Changed {
        /// The model.
        model: &'static str,
        /// The version that the step leads to.
        version: u32,
        /// The name of the step that ran.
        recorded: String,
        /// The name of the step that is to run.
        name: String,
    },
    /// A step that is to be undone has no `down`. Nothing was written.
    #[error("the step `{name}` to version {version} of `{model}` cannot be undone; write a `down` behind it")]
    NoDown {
        /// The model.
        model: &'static str,
        /// The version that the step leads to.
        version: u32,
        /// The step's name.
        name: String,
    },
    /// No step begins at the version that was to be gone back to. Nothing was written.
    #[error("no step of `{model}` leads back to version {version}")]
    NoTarget {
        /// The model.
        model: &'static str,
        /// The version.
        version: u32,
    },
    /// The server could not be asked, or refused; [`Error::Stopped`] if some documents had been migrated.
    #[error("the migration of documents stopped")]
    Server(#[from] Error),
}
