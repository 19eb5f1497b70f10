//! Errors as they are printed, for people or for machines.

use std::error::Error;
use std::fmt;

use cache_index::Difference;
use serde::Serialize;

use super::error::CliError;
use crate::migrate::MigrateError;

/// An error as data, in one shape whatever it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Failure {
    /// Which one, as a word that stays.
    kind: &'static str,
    /// What it says itself.
    message: String,
    /// What lies below it, each as one line.
    causes: Vec<String>,
    /// Of an index that is another one: how.
    differences: Vec<Difference>,
    /// Of documents that are missing: the keys of the first of them.
    keys: Vec<String>,
}

impl Failure {
    pub(super) fn of(error: &CliError) -> Self {
        let (message, mut causes) = (error.to_string(), Vec::<String>::new());
        let mut below = error.source();
        while let Some(error) = below {
            let cause = error.to_string();
            // Errors of other crates often say themselves what lies below them.
            if !causes.last().unwrap_or(&message).ends_with(&cause) {
                causes.push(cause);
            }
            below = error.source();
        }
        let (mut differences, mut keys) = (Vec::new(), Vec::new());
        match error {
            CliError::Migrate(MigrateError::Drift { differences: found, .. }) => {
                differences.clone_from(found);
            }
            CliError::Migrate(
                MigrateError::Verify { keys: found, .. } | MigrateError::Unfilled { keys: found, .. },
            ) => keys.clone_from(found),
            _ => {}
        }
        Self { kind: kind(error), message, causes, differences, keys }
    }
}

/// All of it on one line, but for the lists that some errors have.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

fn kind(error: &CliError) -> &'static str {
    match error {
        CliError::Connect(_) => "connect",
        CliError::NoLock { .. } => "no_lock",
        CliError::ReadLock { .. } => "read_lock",
        CliError::WriteLock { .. } => "write_lock",
        CliError::Acl(_) => "acl",
        CliError::Print(_) => "print",
        CliError::Migrate(error) => match error {
            MigrateError::Overlap { .. } => "overlap",
            MigrateError::SameModelName { .. } => "same_model_name",
            MigrateError::SameName { .. } => "same_name",
            MigrateError::FilterField { .. } => "filter_field",
            MigrateError::TooManyFields { .. } => "too_many_fields",
            MigrateError::TooManyStopwords { .. } => "too_many_stopwords",
            MigrateError::Lock(_) => "lock",
            MigrateError::NotLocked { .. } => "not_locked",
            MigrateError::Unsupported(_) => "unsupported",
            MigrateError::ReadOnly(_) => "read_only",
            MigrateError::Permission { .. } => "permission",
            MigrateError::KeyPermission { .. } => "key_permission",
            MigrateError::KeyTaken { .. } => "key_taken",
            MigrateError::NoCoordinator { .. } => "no_coordinator",
            MigrateError::Refused { .. } => "refused",
            MigrateError::AliasTaken { .. } => "alias_taken",
            MigrateError::Drift { .. } => "drift",
            MigrateError::Missing { .. } => "missing",
            MigrateError::Memory { .. } => "memory",
            MigrateError::Stopped { .. } => "stopped",
            MigrateError::Verify { .. } => "verify",
            MigrateError::Unfilled { .. } => "unfilled",
            MigrateError::Disagreement { .. } => "disagreement",
            MigrateError::Server(_) => "server",
        },
    }
}

#[cfg(test)]
mod tests {
    use cache_index::{ServerError, ServerErrorKind};

    use super::*;
    use crate::error::Error;

    fn said(error: MigrateError) -> String {
        Failure::of(&error.into()).to_string()
    }

    #[test]
    fn an_error_says_what_to_do_here() {
        let source =
            ServerError::new(ServerErrorKind::Loading, "LOADING Redis is loading the dataset in memory");
        let loading = Error::Server { command: "FT.INFO".to_owned(), source };
        assert_eq!(
            said(loading.into()),
            "the migration stopped: the server refused FT.INFO; it is starting: try again when it has read its data: \
             LOADING Redis is loading the dataset in memory"
        );
        let short = |against: Option<&str>| MigrateError::Verify {
            model: "User",
            index: "new".to_owned(),
            against: against.map(str::to_owned),
            missing: 2,
            keys: Vec::new(),
        };
        let told = said(short(Some("old")));
        // Whether fields were added to the old one in place is not known here.
        assert!(told.starts_with("the index `new` of `User` lacks 2 documents of `old`, because"), "{told}");
        let then = "with `allow_failures` (`--allow-failures`): queries are refused as long as they are, unless they have \
                    `.allow_partial()`";
        assert!(told.ends_with(then), "{told}");
        let one = MigrateError::Unfilled {
            model: "User",
            index: "new".to_owned(),
            missing: 1,
            lost: 1,
            keys: Vec::new(),
        };
        assert!(said(one).starts_with("the index `new` of `User` lacks 1 document that is there, at least"));
        assert!(
            said(short(None)).contains("lacks 2 documents that it held before fields were added, because")
        );
    }

    #[test]
    fn a_command_to_be_pasted_has_names_in_quotes() {
        let index = || r#"h:cache:odd "x" 'y':idx"#.to_owned();
        let quoted = r#"`FT.DROPINDEX "h:cache:odd \"x\" 'y':idx"` (documents stay)"#;
        let (model, keys) = ("User", Vec::new());
        for error in [
            MigrateError::Drift { model, index: index(), own: index(), differences: Vec::new() },
            MigrateError::AliasTaken { model, alias: index() },
            MigrateError::Unfilled { model, index: index(), missing: 1, lost: 1, keys },
        ] {
            let told = said(error);
            assert!(told.contains(quoted), "{told}");
        }
    }
}
