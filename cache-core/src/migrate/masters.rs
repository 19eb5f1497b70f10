//! The masters of a cluster. The search module hands definitions of indexes from one to the others, but not in one piece: a
//! master that was away, or lost its data, may lack what the others have, so each of them is asked.
//!
//! None of this is proven by the tests: there is no cluster with a coordinator for them.

use std::time::Duration;

use cache_index::Command;

use super::error::MigrateError;
use super::inspect::{question, read};
use crate::cache::{Cache, Masters};
use crate::error::Result;

/// How often the masters are asked again, and how long it is waited between, until they agree: five seconds, in which a
/// master that is up has taken what it was told.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// What a master says of a name that stands for nothing.
const NOTHING: &str = "nothing";

/// Fails if the search modules do not know of each other's documents.
pub(super) async fn check(cache: &Cache) -> Result<(), MigrateError> {
    if cache.capabilities().coordinator {
        return Ok(());
    }
    Err(MigrateError::NoCoordinator { masters: Masters::of(cache).await?.routes().len() })
}

/// The index that a name stands for, if all masters say the same.
pub(super) async fn agreed(cache: &Cache, name: &str) -> Result<Agreement> {
    let mut said = Vec::new();
    for route in Masters::of(cache).await?.routes() {
        said.push(read(cache.command(question(name).routed(route)).await)?.map(|info| info.name));
    }
    let first = said.first().cloned().flatten();
    if said.iter().all(|one| *one == first) {
        return Ok(Agreement::Yes(first));
    }
    let said: Vec<_> = said.iter().map(|one| one.as_deref().unwrap_or(NOTHING)).collect();
    Ok(Agreement::No(said.join(", ")))
}

/// Whether all masters say the same of a name.
pub(super) enum Agreement {
    Yes(Option<String>),
    No(String),
}

/// Repeats a command, which may be repeated, until all masters say that a name stands for an index.
pub(super) async fn until_agreed(
    cache: &Cache,
    command: &Command,
    name: &str,
    wanted: &str,
) -> Result<(), MigrateError> {
    let mut found = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        // With a master that is away, the answer is an error and what was done is not known: what counts is what they say.
        let answer = cache.command(command.clone()).await;
        match agreed(cache, name).await? {
            Agreement::Yes(Some(index)) if index == wanted => return Ok(()),
            Agreement::Yes(index) => found = index.unwrap_or_else(|| NOTHING.to_owned()),
            Agreement::No(said) => found = said,
        }
        if let Err(error) = answer
            && attempt + 1 == TRIES
        {
            return Err(error.into());
        }
    }
    Err(MigrateError::Disagreement { name: name.to_owned(), found })
}
