//! Transactions that the server refuses: which command was, and that nothing is broken by it.

use cache_core::connection::RedisAdapter;
use cache_core::embedded::Server;
use cache_core::{Batch, Cache, Command, Error, Protocol, Reply, ServerErrorKind};
use cache_tests::connect;

async fn send(cache: &Cache, words: &[&str]) {
    let _ = cache.command(Command::new(words[0]).args_from(&words[1..])).await.unwrap();
}

fn refused(answer: cache_core::Result<Vec<cache_core::Result<Reply>>>) -> (String, ServerErrorKind) {
    match answer.unwrap_err() {
        Error::Server { command, source } => (command, source.kind()),
        other => panic!("{other:?}"),
    }
}

async fn a_refused_transaction_names_the_command(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    let user = async |name: &str, rule: &str| {
        send(&admin, &["ACL", "SETUSER", name, "on", ">p", "~*", "&*", "+@all", rule]).await;
        format!(
            "redis://{name}:p@127.0.0.1:{}/?protocol={}",
            server.port().unwrap(),
            if protocol == Protocol::Resp2 { "resp2" } else { "resp3" }
        )
    };
    let batch = || Batch::atomic(vec![Command::new("INCR").key("n"), Command::new("GET").key("n")]);
    for (name, rule, expected) in [
        ("ann", "-multi", "MULTI"),
        ("bob", "-exec", "EXEC"),
        ("eve", "-get", "GET"),
        ("joe", "-incr", "INCR"),
    ] {
        let url = user(name, rule).await;
        let client = redis::Client::open(url.as_str()).unwrap();
        let adopted = RedisAdapter::new(client.get_multiplexed_async_connection().await.unwrap());
        let caches = [
            // Through the client that the tests run with, the redis crate, and a connection of the redis crate.
            connect(&url, protocol).await,
            Cache::connect(url.as_str()).await.unwrap(),
            Cache::from_connection(adopted.connect().await.unwrap()),
        ];
        for cache in caches {
            let answer = refused(cache.connection().send_all(batch()).await);
            assert_eq!(answer, (expected.to_owned(), ServerErrorKind::Permission), "{rule}");
            // The connection goes on, with nothing left in it.
            assert_eq!(cache.ping().await.ok(), Some(()), "{rule}");
        }
    }
    // Only where there was no transaction did anything of it happen.
    let before = admin.command(Command::new("GET").key("n")).await.unwrap();
    let answers = admin.connection().send_all(batch()).await.unwrap();
    assert!(answers.iter().all(Result::is_ok) && answers.len() == 2, "{before:?} {answers:?}");
}

cache_tests::both! {
    cache_tests::on_threads =>
        a_refused_transaction_names_the_command;
}
