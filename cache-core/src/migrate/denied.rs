//! What a user may not do.

use cache_index::{Beside, Command, Keyspace, Schema, ServerError, ServerErrorKind, text_of};

use super::error::MigrateError;
use crate::acl;
use crate::cache::Cache;
use crate::document;
use crate::error::Error;

/// A user whose name the server does not tell.
pub(super) const UNKNOWN: &str = "…";

/// What is lacking for a run.
#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// Commands.
    pub(super) commands: Vec<String>,
    /// Patterns of keys, as an ACL has them.
    pub(super) patterns: Vec<String>,
}

impl Lacking {
    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.patterns.is_empty()
    }

    pub(super) fn add(&mut self, other: Self) {
        for (all, more) in [(&mut self.commands, other.commands), (&mut self.patterns, other.patterns)] {
            all.extend(more);
            all.sort();
            all.dedup();
        }
    }

    /// The error that says so, of this connection's user.
    pub(super) async fn refusal(self, cache: &Cache, source: Option<ServerError>) -> MigrateError {
        let (Self { commands, patterns }, user) = (self, user(cache).await);
        if commands.is_empty() {
            MigrateError::KeyPermission { patterns, user, source }
        } else {
            MigrateError::Permission { commands, patterns, user }
        }
    }
}

/// Whose connection it is. Not everybody may ask it, and whoever may not is told by name that he may not.
async fn user(cache: &Cache) -> String {
    let user = match cache.command(Command::new("ACL").arg("WHOAMI").repeatable()).await {
        Ok(user) => user.as_str().map(str::to_owned),
        Err(Error::Server { source, .. }) => named(source.text()).map(str::to_owned),
        Err(_) => None,
    };
    user.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The user in what the server says of one who may not do something, since Redis 7: `NOPERM User ann has no permissions to …`.
fn named(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once("User ")?;
    behind.split_once(" has no permissions").map(|(user, _)| user)
}

/// An error about a key that is kept beside a model's documents: if such keys are denied, or this one holds something else, it
/// says which.
pub(super) async fn on_keys(cache: &Cache, schema: &Schema, key: &[u8], error: Error) -> MigrateError {
    match error.server_kind() {
        Some(ServerErrorKind::KeyPermission) => {}
        Some(ServerErrorKind::WrongType) => {
            return MigrateError::KeyTaken { key: text_of(key), source: Box::new(error) };
        }
        _ => return error.into(),
    }
    match cache.keyspace().and_then(|keyspace| beside(schema, keyspace)) {
        Ok(beside) => {
            let lacking = Lacking { patterns: vec![pattern(&beside)], ..Lacking::default() };
            lacking.refusal(cache, said(error)).await
        }
        Err(error) => error.into(),
    }
}

/// What the server itself said. What an error says to do beside that is about any key.
pub(super) fn said(error: Error) -> Option<ServerError> {
    match error {
        Error::Server { source, .. } => Some(source),
        _ => None,
    }
}

/// The pattern that allows a key of one of these models: all that is kept beside the documents, or all documents and indexes.
/// A key of nobody's is its own.
pub(super) fn allowing(schemas: &[&'static Schema], keyspace: &Keyspace, key: &[u8]) -> String {
    let of = |schema: &&'static Schema| {
        let alias = schema.alias(keyspace).into_bytes();
        let all =
            [beside(schema, keyspace).unwrap_or_default(), documents(schema, keyspace), up_to_last(alias)];
        all.into_iter().find(|prefix| !prefix.is_empty() && key.starts_with(prefix))
    };
    match schemas.iter().find_map(of) {
        Some(prefix) => pattern(&prefix),
        None => {
            let pattern = pattern(key);
            pattern.strip_suffix('*').map(str::to_owned).unwrap_or(pattern)
        }
    }
}

/// The pattern of a model's documents.
pub(super) fn of_documents(schema: &Schema, keyspace: &Keyspace) -> String {
    pattern(&documents(schema, keyspace))
}

/// The patterns of a model's documents, and of what is kept beside them.
pub(super) fn of_model(schema: &Schema, keyspace: &Keyspace) -> Vec<String> {
    let beside = beside(schema, keyspace).map(|beside| pattern(&beside));
    beside.into_iter().chain([of_documents(schema, keyspace)]).collect()
}

fn documents(schema: &Schema, keyspace: &Keyspace) -> Vec<u8> {
    let mut start = Vec::new();
    schema.write_key_start(keyspace, &mut start);
    start
}

/// What the keys begin with that are kept beside a model's documents.
fn beside(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>, Error> {
    let mut beside = Vec::new();
    schema.write_sibling(keyspace, &mut beside, Beside::Model, &[&"leases"])?;
    Ok(up_to_last(beside))
}

/// Behind the last separator stands what it is.
fn up_to_last(mut name: Vec<u8>) -> Vec<u8> {
    name.truncate(name.iter().rposition(|byte| *byte == b':').map_or(0, |last| last + 1));
    name
}

fn pattern(prefix: &[u8]) -> String {
    acl::possible(&document::pattern(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_whoever_may_not_ask_for_his_name() {
        let told = "NOPERM User app has no permissions to run the 'acl|whoami' command";
        assert_eq!(named(told), Some("app"));
        // Redis 6 does not.
        assert_eq!(named("NOPERM this user has no permissions to run the 'acl' command"), None);
    }
}
