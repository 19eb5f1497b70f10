//! The masters of a cluster. The search module hands definitions of indexes from one to the others, but not in one piece: a
//! master that was away, or lost its data, may lack what the others have, so each of them is asked.
//!
//! The tests here are against a connection that plays the masters. That a real cluster with a coordinator answers like that is
//! unproven: there is none for the tests.

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use cache_index::{Batch, Reply, Route};
    use futures_core::future::BoxFuture;
    use tokio::time::Instant;

    use super::*;
    use crate::connection::{Capabilities, Connection, PushStream, server_error};
    use crate::error::Error;

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
                MigrateError::Disagreement { name, found } => {
                    assert_eq!((name.as_str(), found), (INDEX, expected));
                }
                other => panic!("{other}"),
            }
            assert_eq!(cluster.count("FT._CREATEIFNX"), TRIES as usize);
        }
        let error = made(&[HAS, away], true).await.0.unwrap_err();
        assert!(error.to_string().contains("the migration stopped"), "what the server says is told: {error}");
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
