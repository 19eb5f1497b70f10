//! The least rights of a user.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::answer::Answer;
use super::args::Rights;
use super::error::CliError;
use super::exit::Exit;
use crate::acl::Acl;
use crate::migrate::Migrator;

/// What is to be said to the server.
#[derive(Debug, Serialize)]
struct SetUser {
    command: String,
    commands: BTreeSet<&'static str>,
    keys: BTreeSet<String>,
}

impl fmt::Display for SetUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)
    }
}

/// `acl`.
pub(super) fn acl(migrator: &Migrator, acl: Acl, args: &Rights) -> Result<Answer, CliError> {
    let acl = args.of(acl).schemas(migrator.schemas());
    let command = acl.set_user(&args.user).map_err(CliError::Acl)?;
    let keys = acl.keys().map_err(CliError::Acl)?;
    let said = SetUser { command, commands: acl.commands(), keys };
    Answer::new(&said, args.format.json, Exit::Done)
}
