//! What keeps a migration of documents from being begun, or stops it.

use std::fmt;

use cache_index::printed;

use crate::error::{Error, shown};
use crate::migrate::MigrateError;

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
#[derive(thiserror::Error)]
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
    /// There is no step, and the model's saves store another version than the first one. Nothing was written.
    #[error(
        "the migration has no step, and `{model}` says `schema_version = {declared}`; add the steps that lead there with `step`"
    )]
    NoSteps {
        /// The model.
        model: &'static str,
        /// The model's version.
        declared: u32,
    },
    /// A step has an empty name, or one of blanks. Nothing was written.
    #[error(
        "the step to version {version} of `{model}` has no name; name it by what it does, it is recorded under that name"
    )]
    NoName {
        /// The model.
        model: &'static str,
        /// The version that the step leads to.
        version: u32,
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
         documents. If that was not meant, restore what it did. If documents failed, mend the step for those, so that it makes \
         of the samples what it made before. If it is to do something else from now on, restore what it did and \
         write what is new as a step behind it. If what it did was wrong, take it back with the old code, a `down` and \
         `revert`, and run the new code then"
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
        "documents of `{model}` were brought to version {version} by the step `{0}`, and here the step to that version is \
         `{name}`. If it was only renamed, name it `{0}` again. If it is another step, put `{0}` back in its place and \
         write this one behind it, for the next version. If `{0}` was wrong, take it back with its `down` and `revert`, and \
         run this one then",
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
    /// A [`revert`](crate::DataMigration::revert) was begun while this was under way, which changed nothing from then on.
    #[error(
        "a `revert` of `{model}` was begun while this was under way, so this stopped, and the `revert` brings the documents back. \
         If they are to stay back, run this no more. If not, run it again, and it takes over from the `revert`"
    )]
    RevertBegun {
        /// The model.
        model: &'static str,
    },
    /// A [`run`](crate::DataMigration::run) was begun while this `revert` was under way, which changed nothing from then on.
    #[error(
        "a `run` of `{model}` was begun while this `revert` was under way, so the `revert` stopped, and the `run` brings the \
         documents to its version. If they are to be brought back, stop the replicas that run the migration, and revert again"
    )]
    RunBegun {
        /// The model.
        model: &'static str,
    },
    /// The key of the record holds something that no migration put there. Nothing was written.
    #[error(
        "the key `{}` holds a value of another type than the record of data migrations, which is kept there; rename or delete \
         it, and run this again (no document has such a key)",
        printed(key)
    )]
    KeyTaken {
        /// The key.
        key: String,
        /// What the server said.
        #[source]
        source: Box<Error>,
    },
    /// The user may not do what the migration needs: [`MigrateError::Permission`] or [`MigrateError::KeyPermission`]. Nothing was
    /// written, unless the server does not say beforehand what a user may do. [`acl`](crate::acl) names all of it, for
    /// [`Feature::DataMigrations`](crate::acl::Feature::DataMigrations).
    #[error(transparent)]
    Denied(Box<MigrateError>),
    /// The server could not be asked, or refused; [`Error::Stopped`] if some documents had been migrated.
    #[error("the migration of documents stopped")]
    Server(#[from] Error),
}

impl fmt::Debug for DataMigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_shows_is_the_message_and_what_lies_below() {
        let error = DataMigrationError::Server(Error::NoRuntime);
        assert_eq!(format!("{error:?}"), format!("the migration of documents stopped: {}", Error::NoRuntime));
    }
}
