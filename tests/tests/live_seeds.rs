//! Settings that name several nodes: a cluster is found through whichever answers, and a single server is refused.

#![cfg(unix)]

use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, Error, Protocol, RedisSettings};
use cache_tests::cluster::Nodes;
use cache_tests::{chain, refused_by_fred};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain")]
struct Plain {
    #[primary_key]
    id: u32,
    text: String,
}

fn plain(id: u32) -> Plain {
    Plain { id, text: format!("text {id}") }
}

/// Nobody listens there.
const NOBODY: &str = "redis://127.0.0.1:1";

/// How long a connection may take, all nodes together, and what two busy cores add.
const SLACK: Duration = Duration::from_secs(3);

async fn a_cluster_is_found_through_whichever_answers(protocol: Protocol) {
    if refused_by_fred(&RedisSettings::nodes([NOBODY, NOBODY])).await {
        return;
    }
    let nodes = Nodes::start(3, 0).await;
    let of = |urls: &[&str]| RedisSettings::nodes(urls).protocol(protocol);
    let (first, second) = (nodes.url(0), nodes.url(1));
    for urls in [[NOBODY, &first, &second], [&first, NOBODY, &second], [&second, &first, NOBODY]] {
        let cache = Cache::connect(of(&urls)).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let cache = cache.project("seeds");
        for saved in Plain::save_many(&cache, (0..100).map(plain)).await {
            let _ = saved.unwrap();
        }
        let found = Plain::get_many(&cache, 0..100).await.unwrap();
        assert!(found.into_iter().eq((0..100).map(|id| Some(plain(id)))));
        assert_eq!(Plain::count_all(&cache).await.unwrap(), 100);
    }
    // One hangs: it has its share of the time, and the next one answers.
    nodes.server(0).pause().await.unwrap();
    let began = Instant::now();
    let cache = Cache::connect(of(&[&first, &second])).await;
    let took = began.elapsed();
    nodes.server(0).resume().await.unwrap();
    let _ = cache.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(took > Duration::from_millis(500) && took < SLACK, "{took:?}");
    let error = Cache::connect(of(&[NOBODY, "redis://127.0.0.1:2"])).await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
}

async fn a_single_server_has_one_address(protocol: Protocol) {
    let server = cache_core::embedded::Server::options().tcp(true).start().await.unwrap();
    let settings = RedisSettings::nodes([NOBODY, &server.url()]).protocol(protocol);
    if refused_by_fred(&settings).await {
        return;
    }
    let error = Cache::connect(&settings).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }), "{}", chain(&error));
    assert!(error.to_string().contains("single server"), "{error}");
    let cache = Cache::connect_lazy(&settings).unwrap();
    for _ in 0..2 {
        let error = plain(1).save(&cache).await.unwrap_err();
        assert!(matches!(error, Error::Settings { .. }), "{}", chain(&error));
    }
}

cache_tests::both! {
    cache_tests::on_threads =>
        a_cluster_is_found_through_whichever_answers;
    cache_tests::alone =>
        a_single_server_has_one_address;
}
