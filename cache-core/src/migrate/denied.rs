//! What a user may not do.

use cache_index::{Beside, Command, Reply, Schema, ServerErrorKind};

use super::error::MigrateError;
use crate::cache::Cache;
use crate::document;
use crate::error::Error;

/// A user whose name the server does not tell.
pub(super) const UNKNOWN: &str = "…";

/// Whose connection it is. Not everybody may ask it, and then messages do without.
pub(super) async fn user(cache: &Cache) -> String {
    let user = cache.command(Command::new("ACL").arg("WHOAMI").repeatable()).await.unwrap_or(Reply::Nil);
    user.as_str().unwrap_or(UNKNOWN).to_owned()
}

/// An error about what is kept beside a model's documents: if the keys of that are denied, it says which.
pub(super) async fn on_keys(cache: &Cache, schema: &Schema, error: Error) -> MigrateError {
    if error.server_kind() != Some(ServerErrorKind::KeyPermission) {
        return error.into();
    }
    match pattern(cache, schema) {
        Ok(pattern) => {
            MigrateError::KeyPermission { pattern, user: user(cache).await, source: Box::new(error) }
        }
        Err(error) => error.into(),
    }
}

/// The pattern of the keys that are kept beside a model's documents, as an ACL has it.
fn pattern(cache: &Cache, schema: &Schema) -> Result<String, Error> {
    let mut beside = Vec::new();
    schema.write_sibling(cache.keyspace()?, &mut beside, Beside::Model, &[&"leases"])?;
    // Behind the last separator stands what it is that is kept.
    beside.truncate(beside.iter().rposition(|byte| *byte == b':').map_or(0, |last| last + 1));
    Ok(String::from_utf8_lossy(&document::pattern(&beside)).into_owned())
}
