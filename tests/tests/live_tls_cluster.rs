//! A cluster whose nodes are all behind TLS: the others are found and trusted as the one that the settings name.

use std::sync::Arc;
use std::time::Duration;

use cache_core::connection::FredConnection;
use cache_core::{Cache, CacheModel, Command, Error, Protocol, RedisSettings};
use cache_tests::authority::Authority;
use cache_tests::chain;
use cache_tests::cluster::Nodes;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    text: String,
}

fn note(id: u32) -> Note {
    Note { id, text: format!("text {id}") }
}

/// How many documents there are: some in each master's slots.
const NOTES: u32 = 100;

/// Slots of the first master, and a key of each.
const SLOTS: [(u16, &str); 2] = [(5061, "bar"), (3300, "b")];

async fn through(client: &str, settings: RedisSettings) -> cache_core::Result<Cache> {
    match client {
        "redis" => Cache::connect(settings).await,
        _ => Ok(Cache::from_connection(Arc::new(FredConnection::connect(settings).await?))),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_of_a_cluster_are_talked_to_with_tls() {
    let nodes = Nodes::start(3, 0).await;
    let authority = Authority::new();
    let (cert, key) = authority.vouch("127.0.0.1");
    let proxies = nodes.behind_tls(&cert, &key).await;
    let settings = || {
        let settings = RedisSettings::new(format!("rediss://127.0.0.1:{}", proxies[0].port()));
        settings.response_timeout(Duration::from_secs(10)).connect_timeout(Duration::from_secs(10))
    };
    for client in ["redis", "fred"] {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let trusting = settings().protocol(protocol).tls(authority.trusted());
            let cache = through(client, trusting).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
            let cache = cache.project(&format!("{client}-{protocol:?}"));
            for saved in Note::save_many(&cache, (0..NOTES).map(note)).await {
                let _ = saved.unwrap_or_else(|error| panic!("{client}: {}", chain(&error)));
            }
            let found = Note::get_many(&cache, 0..NOTES).await.unwrap();
            assert!(found.into_iter().eq((0..NOTES).map(|id| Some(note(id)))));
            assert_eq!(Note::count_all(&cache).await.unwrap(), u64::from(NOTES));
        }
        let refused = through(client, settings().tls(Authority::new().trusted())).await;
        assert!(matches!(refused, Err(Error::Tls { .. })), "{client}: {:?}", refused.err());
    }
}

/// As behind a load balancer: nodes do not know under which name clients find them, and tell their ports alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_without_a_name_are_where_the_one_was_that_was_asked() {
    let nodes = Nodes::start(3, 0).await;
    // Their own address, which they go on telling to each other, is none that is trusted.
    let authority = Authority::new();
    let (cert, key) = authority.vouch("localhost");
    let proxies = nodes.behind_tls(&cert, &key).await;
    for at in 0..nodes.count() {
        nodes.say(at, &["CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint"]).await;
    }
    for client in ["redis", "fred"] {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let settings = RedisSettings::new(format!("rediss://localhost:{}", proxies[0].port()));
            let settings = settings.tls(authority.trusted()).protocol(protocol);
            let settings =
                settings.response_timeout(Duration::from_secs(10)).connect_timeout(Duration::from_secs(10));
            let cache = through(client, settings).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
            let cache = cache.project(&format!("{client}-{protocol:?}"));
            for saved in Note::save_many(&cache, (0..NOTES).map(note)).await {
                let _ = saved.unwrap_or_else(|error| panic!("{client}: {}", chain(&error)));
            }
            assert_eq!(
                Note::count_all(&cache).await.unwrap(),
                u64::from(NOTES),
                "each is asked by its own route"
            );
            // From now on the first one says `MOVED 0 :port`.
            let (from, to) = if protocol == Protocol::Resp2 { (0, 1) } else { (1, 0) };
            let slots = SLOTS.map(|(slot, key)| (slot, Command::new("SET").key(key).arg("1")));
            for (slot, set) in slots {
                nodes.move_slot(slot, from, to).await;
                let set = cache.command(set).await;
                let _ = set.unwrap_or_else(|error| panic!("{client}: {}", chain(&error)));
            }
            let found = Note::get_many(&cache, 0..NOTES).await.unwrap();
            assert!(found.into_iter().eq((0..NOTES).map(|id| Some(note(id)))));
        }
    }
}
