//! Documents by key: reading, writing, how long they live.

mod expiry;
mod read;
mod write;

use cache_index::{Command, DecodeError, Reply};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

pub use expiry::Ttl;
pub(crate) use expiry::{expire, persist, ttl};
pub(crate) use read::{decode, exists, get, get_many};
pub use write::Saved;
pub(crate) use write::{delete, save};

/// The command with the document's key as its next argument.
#[expect(clippy::needless_pass_by_value, reason = "an id is often a reference already")]
fn keyed<M: Model>(cache: &Cache, command: Command, id: impl Id<M::PrimaryKey>) -> Result<Command> {
    let keyspace = cache.keyspace()?;
    let mut refused = Ok(());
    let command = command.key_with(|buffer| refused = keyspace.write_key(buffer, M::schema().prefix(), &id));
    refused?;
    Ok(command)
}

/// Sends a command that answers 1 for done and 0 for nothing to do.
async fn truth(cache: &Cache, command: Result<Command>) -> Result<bool> {
    let command = command?;
    let name = command.name().to_owned();
    let reply = cache.command(command).await?;
    match reply {
        Reply::Int(number) => Ok(number > 0),
        Reply::Bool(truth) => Ok(truth),
        other => Err(Error::Decode {
            command: name,
            source: DecodeError::unexpected("an integer", other.describe()),
        }),
    }
}
