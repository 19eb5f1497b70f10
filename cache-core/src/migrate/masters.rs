//! The masters of a cluster. The search module hands definitions of indexes from one to the others, but not in one piece: a
//! master that was away, or lost its data, may lack what the others have, so each of them is asked.
//!
//! None of this is proven by the tests: there is no cluster with a coordinator for them.

use std::time::Duration;

use cache_index::{Command, DecodeError, Reply, Route};

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
    masters(reply).map_err(|source| Error::Decode { command: "CLUSTER SLOTS".to_owned(), source })
}

/// Ranges of slots: the first, the last, then the nodes, the master first, each with its address and port.
fn masters(slots: Reply) -> Result<Vec<Route>, DecodeError> {
    let mut routes = Vec::new();
    for range in slots.into_items()? {
        let Some(master) = range.into_items()?.into_iter().nth(2) else { continue };
        let master = master.into_items()?;
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

/// Fails if the search modules do not know of each other's documents.
///
/// A coordinator takes its commands for the whole cluster; without one they are about a node, and have keys that must lie
/// there.
pub(super) async fn check(cache: &Cache) -> Result<(), MigrateError> {
    let command = Command::new("COMMAND").args_from(["INFO", "FT.ALIASUPDATE"]).repeatable();
    let reply = cache.command(command).await?;
    if first_key(reply).is_some_and(|position| position > 0) {
        return Err(MigrateError::NoCoordinator { masters: routes(cache).await?.len() });
    }
    Ok(())
}

/// Where a command has its first key: name, arity, flags, first key, …
fn first_key(info: Reply) -> Option<i64> {
    info.into_items().ok()?.into_iter().next()?.into_items().ok()?.get(3)?.as_int()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Bulk(text.to_owned().into())
    }

    #[test]
    fn each_master_is_asked_once() {
        let node = |address, port| Reply::Array(vec![text(address), Reply::Int(port), text("id")]);
        let range = |from, to, nodes: [Reply; 2]| {
            let [master, replica] = nodes;
            Reply::Array(vec![Reply::Int(from), Reply::Int(to), master, replica])
        };
        let slots = Reply::Array(vec![
            range(0, 5, [node("10.0.0.1", 6379), node("10.0.0.9", 6379)]),
            range(6, 9, [node("10.0.0.2", 6380), node("10.0.0.9", 6379)]),
            range(10, 16383, [node("10.0.0.1", 6379), node("10.0.0.9", 6379)]),
        ]);
        let routes = masters(slots).unwrap();
        assert_eq!(routes, [Route::Node("10.0.0.1:6379".into()), Route::Node("10.0.0.2:6380".into())]);
        let own = Reply::Array(vec![range(0, 16383, [node("", 6379), node("", 6380)])]);
        assert_eq!(masters(own).unwrap(), [Route::AnyNode]);
    }

    #[test]
    fn a_command_of_a_node_has_keys() {
        let info = |first| {
            let flags = Reply::Array(vec![]);
            Reply::Array(vec![Reply::Array(vec![
                text("FT.ALIASUPDATE"),
                Reply::Int(-1),
                flags,
                Reply::Int(first),
            ])])
        };
        assert_eq!((first_key(info(1)), first_key(info(0))), (Some(1), Some(0)));
        assert_eq!(first_key(Reply::Array(vec![Reply::Nil])), None);
    }
}
