//! The masters of a cluster. The search module hands definitions of indexes from one to the others, but not in one piece: a
//! master that was away, or lost its data, may lack what the others have, so each of them is asked.
//!
//! The tests have a cluster of one master. That several agree in the end is not proven by them.

use std::time::Duration;

use cache_index::{Command, Reply, Route};

use super::error::MigrateError;
use super::inspect::{question, read};
use crate::cache::Cache;
use crate::error::{Error, Result};

/// How often the masters are asked again, and how long it is waited between, until they agree: five seconds, in which a
/// master that is up has taken what it was told.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// What a master says of a name that stands for nothing.
const NOTHING: &str = "nothing";

/// Where the masters are; one of no address is the node that is connected.
pub(super) async fn routes(cache: &Cache) -> Result<Vec<Route>> {
    let reply = cache.command(Command::new("CLUSTER").arg("SLOTS").repeatable()).await?;
    let decode = |source| Error::Decode { command: "CLUSTER SLOTS".to_owned(), source };
    let mut routes = Vec::new();
    for range in reply.into_items().map_err(decode)? {
        // First and last slot, then the nodes, the master first: address, port, …
        let Some(master) = range.into_items().map_err(decode)?.into_iter().nth(2) else { continue };
        let master = master.into_items().map_err(decode)?;
        let address = master.first().and_then(Reply::as_str).filter(|address| !address.is_empty());
        let route = match (address, master.get(1).and_then(Reply::as_int)) {
            (Some(address), Some(port)) => Route::Node(format!("{address}:{port}")),
            _ => Route::AnyNode,
        };
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    Ok(routes)
}

/// Fails if the masters do not know of each other's documents.
pub(super) async fn check(cache: &Cache) -> Result<(), MigrateError> {
    let masters = routes(cache).await?.len();
    // One that has all slots has all documents.
    if masters < 2 {
        return Ok(());
    }
    // A command of the coordinator; what is no command is answered with nothing.
    let command = Command::new("COMMAND").args_from(["INFO", "search.clusterinfo"]).repeatable();
    let known = cache.command(command).await?.into_items().unwrap_or_default();
    if known.first().is_none_or(|info| *info == Reply::Nil) {
        return Err(MigrateError::NoCoordinator { masters });
    }
    Ok(())
}

/// The index that a name stands for, if all masters say the same.
pub(super) async fn agreed(cache: &Cache, name: &str) -> Result<Agreement> {
    let mut said = Vec::new();
    for route in routes(cache).await? {
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
