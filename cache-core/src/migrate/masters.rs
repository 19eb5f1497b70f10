//! What is told to all masters of a cluster, and repeated until each has done it.
//!
//! The tests here are against a connection that plays the masters; `live_migrate_masters` has real ones, and a connection in place of
//! a coordinator. That one does it like that is unproven: there is none for the tests.

use cache_index::{Command, IndexInfo, IndexedField, Schema};

use super::error::MigrateError;
use crate::cache::{Cache, Masters};
use crate::error::Error;
use crate::index::{Everywhere, Unsettled, extend_everywhere, make_everywhere, until};

/// Fails if the search modules do not know of each other's documents.
pub(super) async fn check(cache: &Cache) -> Result<(), MigrateError> {
    if cache.capabilities().coordinator {
        return Ok(());
    }
    Err(MigrateError::NoCoordinator { masters: Masters::of(cache).await?.routes().len() })
}

/// Repeats a command, which may be repeated, until all masters say that a name stands for an index.
pub(super) async fn until_agreed(
    cache: &Cache,
    command: &Command,
    name: &str,
    wanted: &str,
) -> Result<(), MigrateError> {
    // No master lists an alias, so that one may have answered for another: that it was no error says that all heard it.
    let is_listed = name == wanted;
    let is_so = |now: &Everywhere, error: Option<&Error>| {
        now.agreed() == Some(Some(wanted)) && (is_listed || error.is_none())
    };
    let done = until(cache, command, name, is_so).await;
    done.map_err(|unsettled| error(name, unsettled))
}

/// Makes an index of this name until all masters have it.
pub(super) async fn until_made(cache: &Cache, schema: &Schema, index: &str) -> Result<(), MigrateError> {
    make_everywhere(cache, schema, index).await.map_err(|unsettled| error(index, unsettled))
}

/// Adds fields to an index until all masters have them.
pub(super) async fn until_extended(
    cache: &Cache,
    alter: &Command,
    index: &str,
    fields: &[IndexedField],
) -> Result<(), MigrateError> {
    let names: Vec<_> = fields.iter().map(|field| field.name.clone()).collect();
    extend_everywhere(cache, alter, index, &names).await.map_err(|unsettled| error(index, unsettled))
}

/// Drops an index by its own name, not its documents, until no master has it.
pub(super) async fn until_gone(cache: &Cache, index: &str) -> Result<(), MigrateError> {
    let drop = Command::new("FT._DROPINDEXIFX").arg(index).repeatable();
    let is_gone = |there: Option<&IndexInfo>| there.is_none_or(|there| there.name != index);
    let done = until(cache, &drop, index, |now, _| now.all(is_gone)).await;
    done.map_err(|unsettled| error(index, unsettled))
}

fn error(name: &str, unsettled: Unsettled) -> MigrateError {
    match unsettled {
        Unsettled::Failed(error) => error.into(),
        Unsettled::Disagreement(found, source) => {
            MigrateError::Disagreement { name: name.to_owned(), found, source: source.map(Box::new) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use cache_index::{Batch, Reply, Route};
    use futures_core::future::BoxFuture;
    use tokio::time::Instant;

    use super::*;
    use crate::connection::{Capabilities, Connection, PushStream, server_error};
    use crate::error::{Error, Result};

    /// How often the masters are asked in five seconds, and how long it is waited between.
    const TRIES: usize = 51;
    const PAUSE: Duration = Duration::from_millis(100);

    const INDEX: &str = "cache:user:idx:0123456789ab";

    /// A master: which index it says that the name stands for, and how many definitions it does not hear of.
    #[derive(Clone, Copy)]
    struct Master {
        index: Option<&'static str>,
        deaf: u32,
    }

    const HAS: Master = Master { index: Some(INDEX), deaf: 0 };
    const LACKS: Master = Master { index: None, deaf: 0 };

    /// Masters that are handed definitions, and what was sent.
    struct Cluster {
        masters: Mutex<BTreeMap<String, Master>>,
        sent: Mutex<Vec<String>>,
        /// Whether a definition is an error as long as one of them does not hear it.
        fails: bool,
        capabilities: Capabilities,
    }

    impl Cluster {
        fn of(masters: &[Master], fails: bool) -> (Arc<Self>, Cache) {
            let named = masters.iter().zip('a'..).map(|(master, name)| (format!("{name}:1"), *master));
            let capabilities = Capabilities { cluster: true, coordinator: true, ..Capabilities::default() };
            let (masters, sent) = (Mutex::new(named.collect()), Mutex::default());
            let cluster = Arc::new(Self { masters, sent, fails, capabilities });
            (cluster.clone(), Cache::from_connection(cluster))
        }

        /// How often this was sent, to whomever.
        fn count(&self, name: &str) -> usize {
            self.sent.lock().unwrap().iter().filter(|sent| *sent == name).count()
        }

        fn answer(&self, command: &Command) -> Result<Reply> {
            self.sent.lock().unwrap().push(command.name().to_owned());
            let mut masters = self.masters.lock().unwrap();
            let text = |text: &str| Reply::Bulk(text.to_owned().into());
            let refused = |said: &str| {
                Err(Error::Server { command: command.name().to_owned(), source: server_error(said) })
            };
            match (command.name(), command.route()) {
                ("CLUSTER", Route::AllMasters) => {
                    let line = |name: &String| format!("{name} {name}@2 myself,master - 0 0 1 connected 0-9");
                    Ok(Reply::Array(masters.keys().map(|name| text(&line(name))).collect()))
                }
                ("FT._LIST", Route::Node(name)) => {
                    let index = masters.get(name).and_then(|master| master.index);
                    Ok(Reply::Array(index.into_iter().map(text).collect()))
                }
                ("FT.INFO", Route::Node(name)) => match masters.get(name).and_then(|master| master.index) {
                    Some(index) => Ok(Reply::Map(vec![(text("index_name"), text(index))])),
                    None => refused("Unknown index name"),
                },
                ("FT._CREATEIFNX", Route::AnyNode | Route::Key(_)) => {
                    let mut is_heard = true;
                    for master in masters.values_mut() {
                        match master.deaf.checked_sub(1) {
                            Some(deaf) => (master.deaf, is_heard) = (deaf, false),
                            None => master.index = master.index.or(Some(INDEX)),
                        }
                    }
                    if is_heard || !self.fails { Ok(text("OK")) } else { refused("CLUSTERDOWN") }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    impl Connection for Cluster {
        fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
            Box::pin(async move { self.answer(&command) })
        }

        fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
            Box::pin(async move { Ok(batch.commands().iter().map(|command| self.answer(command)).collect()) })
        }

        fn capabilities(&self) -> &Capabilities {
            &self.capabilities
        }

        fn pushes(&self) -> Option<PushStream> {
            None
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(2)
        }
    }

    async fn made(masters: &[Master], fails: bool) -> (Result<(), MigrateError>, Arc<Cluster>, Duration) {
        let ((cluster, cache), began) = (Cluster::of(masters, fails), Instant::now());
        let create = Command::new("FT._CREATEIFNX").arg(INDEX).repeatable();
        let done = until_agreed(&cache, &create, INDEX, INDEX).await;
        (done, cluster, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_master_lacks_is_made_there() {
        let (done, cluster, _) = made(&[HAS, LACKS, HAS], false).await;
        done.unwrap();
        assert_eq!((cluster.count("FT._CREATEIFNX"), cluster.count("FT.INFO")), (1, 3), "each is asked");
        assert!(cluster.masters.lock().unwrap().values().all(|master| master.index == Some(INDEX)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_master_that_heard_nothing_is_told_again() {
        // Also where the answer was an error all the same.
        for fails in [false, true] {
            let (done, cluster, took) = made(&[HAS, Master { deaf: 3, ..LACKS }, LACKS], fails).await;
            done.unwrap();
            assert_eq!((cluster.count("FT._CREATEIFNX"), cluster.count("FT.INFO")), (4, 12));
            assert_eq!(took.as_millis() / 10, 3 * PAUSE.as_millis() / 10);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn masters_that_never_agree_are_an_error() {
        let away = Master { deaf: u32::MAX, ..LACKS };
        let other = Master { index: Some("other"), deaf: 0 };
        for (masters, expected) in [
            (&[HAS, away, HAS][..], format!("{INDEX}, nothing, {INDEX}")),
            (&[LACKS, other], format!("{INDEX}, other")),
            // They agree, on something else.
            (&[other, other], "other".to_owned()),
            (&[away, away], "nothing".to_owned()),
        ] {
            let (done, cluster, _) = made(masters, false).await;
            match done.unwrap_err() {
                MigrateError::Disagreement { name, found, source: None } => {
                    assert_eq!((name.as_str(), found), (INDEX, expected));
                }
                other => panic!("{other}"),
            }
            assert_eq!(cluster.count("FT._CREATEIFNX"), TRIES);
        }
        let error = made(&[HAS, away], true).await.0.unwrap_err();
        let said = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(matches!(error, MigrateError::Disagreement { .. }), "{error}");
        assert!(said.contains("refused FT._CREATEIFNX"), "what the server says is told: {said}");
    }

    #[tokio::test]
    async fn a_cluster_without_a_coordinator_is_none_to_search() {
        let (_, cache) = Cluster::of(&[HAS, HAS, LACKS], false);
        check(&cache).await.unwrap();
        let (cluster, _) = Cluster::of(&[HAS, HAS, LACKS], false);
        let mut cluster = Arc::into_inner(cluster).unwrap();
        cluster.capabilities.coordinator = false;
        let cache = Cache::from_connection(Arc::new(cluster));
        let error = check(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::NoCoordinator { masters: 3 }), "{error}");
    }
}
