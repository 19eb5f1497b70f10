//! Lists that the other client takes for messages of a subscription: each is answered to whoever asked, and so is what comes
//! after it.

use std::sync::Arc;
use std::time::Duration;

use cache_core::connection::FredConnection;
use cache_core::{
    Batch, Cache, Command, Connection, NewSuggestion, Protocol, RedisSettings, Reply, Suggestions,
};
use cache_tests::{chain, private_server};

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

/// What a list begins with that is taken for a message.
const WORDS: [&str; 9] = [
    "message",
    "pmessage",
    "smessage",
    "subscribe",
    "psubscribe",
    "unsubscribe",
    "punsubscribe",
    "sunsubscribe",
    "pubsub",
];

async fn over(url: &str, protocol: Protocol) -> FredConnection {
    let settings = RedisSettings::new(url).protocol(protocol).response_timeout(Duration::from_secs(20));
    match FredConnection::connect(settings).await {
        Ok(connection) => connection,
        Err(error) => panic!("{}", chain(&error)),
    }
}

async fn asked(connection: &FredConnection, words: &[&str]) -> Reply {
    let command = Command::new(words[0]).args_from(&words[1..]);
    connection.send(command).await.unwrap_or_else(|error| panic!("{words:?}: {}", chain(&error)))
}

fn texts(reply: Reply) -> Vec<String> {
    let items = reply.into_items().unwrap();
    items.iter().map(|item| item.as_str().map_or_else(|| format!("{item:?}"), str::to_owned)).collect()
}

/// That what is asked next has its own answer.
async fn is_in_step(connection: &FredConnection, after: &str) {
    for number in 0..3 {
        let text = format!("{after} {number}");
        assert_eq!(asked(connection, &["ECHO", &text]).await.as_str(), Some(text.as_str()));
    }
}

#[tokio::test]
async fn lists_of_such_words_are_answered_to_who_asked() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = over(&server.url(), protocol).await;
        let mut lists = 0;
        for word in WORDS {
            for rest in [
                &["a", "b"][..],
                &["subscribe", "b", "c"],
                &["message", "b", "c"],
                &["pmessage", "b", "c", "d"],
            ] {
                asked(&connection, &["FLUSHALL"]).await;
                // fred puts `pubsub` in front of such a list in RESP2, and where it stood is not to be seen.
                if protocol == Protocol::Resp2 && word == "pubsub" && rest[0].ends_with("message") {
                    continue;
                }
                let list: Vec<&str> = [word].into_iter().chain(rest.iter().copied()).collect();
                for (at, item) in list.iter().enumerate() {
                    let at = at.to_string();
                    asked(&connection, &["RPUSH", "list", item]).await;
                    asked(&connection, &["SET", &format!("s{at}"), item]).await;
                    asked(&connection, &["HSET", "hash", &at, item]).await;
                    asked(
                        &connection,
                        &["ZADD", "sorted", &at, &format!("{item}{}", "\0".repeat(at.parse().unwrap()))],
                    )
                    .await;
                }
                let keys: Vec<String> = (0..list.len()).map(|at| format!("s{at}")).collect();
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let mget: Vec<&str> = ["MGET"].into_iter().chain(keys).collect();
                for ask in [
                    &["LRANGE", "list", "0", "-1"][..],
                    &["lrange", "list", "0", "-1"],
                    &mget[..],
                    &["HVALS", "hash"],
                    &["SORT", "list", "BY", "nosort"],
                    &["LPOP", "list", "5"],
                ] {
                    assert_eq!(texts(asked(&connection, ask).await), list, "{protocol:?} {ask:?}");
                    is_in_step(&connection, ask[0]).await;
                    lists += 1;
                }
                asked(&connection, &["ZRANGE", "sorted", "0", "-1"]).await;
                is_in_step(&connection, "ZRANGE").await;
            }
        }
        println!("{protocol:?}: {lists} lists");
    }
}

#[tokio::test]
async fn terms_of_such_words_are_found() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = Arc::new(over(&server.url(), protocol).await);
        let cache = Cache::from_connection(connection.clone()).project(&format!("{protocol:?}"));
        let words = Suggestions::new("words");
        let all =
            ["subscribe", "unsubscribe", "message", "messages"].map(|word| NewSuggestion::new(word, 1.0));
        words.add_many(&cache, all).await.unwrap();
        for prefix in ["sub", "mes", ""] {
            let found = words.get(prefix).max(2).all(&cache).await.unwrap();
            assert!(!found.is_empty() && found.iter().all(|found| found.text.contains(prefix)), "{found:?}");
            is_in_step(&connection, prefix).await;
        }
        asked(&connection, &["FT.DICTADD", "kinds", "message", "photo", "video"]).await;
        let mut dumped = texts(asked(&connection, &["FT.DICTDUMP", "kinds"]).await);
        dumped.sort();
        assert_eq!(dumped, ["message", "photo", "video"]);
        asked(
            &connection,
            &["FT.CREATE", "kinds", "ON", "HASH", "PREFIX", "1", "kind:", "SCHEMA", "kind", "TAG"],
        )
        .await;
        for kind in ["message", "photo", "video"] {
            asked(&connection, &["HSET", &format!("kind:{kind}"), "kind", kind]).await;
        }
        let mut values = texts(asked(&connection, &["FT.TAGVALS", "kinds", "kind"]).await);
        values.sort();
        assert_eq!(values, ["message", "photo", "video"]);
        is_in_step(&connection, "terms").await;
        asked(&connection, &["FT.DROPINDEX", "kinds"]).await;
    }
}

#[tokio::test]
async fn transactions_whose_answers_are_such_words_are_answered() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = over(&server.url(), protocol).await;
        for word in WORDS {
            asked(&connection, &["SET", "word", word]).await;
            asked(&connection, &["SET", "pmessage", "pmessage"]).await;
            for more in 0..5 {
                let get = |key: &str| Command::new("GET").key(key);
                let batch: Vec<_> =
                    std::iter::once(get("word")).chain((0..more).map(|_| get("pmessage"))).collect();
                let answers = connection.send_all(Batch::atomic(batch)).await;
                let answers = answers.unwrap_or_else(|error| panic!("{word} {more}: {}", chain(&error)));
                assert_eq!(answers.len(), 1 + more);
                assert_eq!(answers[0].as_ref().unwrap().as_str(), Some(word));
            }
        }
        is_in_step(&connection, "transactions").await;
    }
}

#[tokio::test]
async fn what_is_refused_is_told_and_what_is_around_is_answered() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = Arc::new(over(&server.url(), protocol).await);
        asked(&connection, &["FLUSHALL"]).await;
        asked(&connection, &["SET", "text", "x"]).await;
        asked(&connection, &["RPUSH", "list", "message", "a", "b"]).await;
        let error = connection.send(Command::new("LRANGE").args_from(["text", "0", "-1"])).await.unwrap_err();
        assert!(chain(&error).contains("WRONGTYPE"), "{}", chain(&error));
        let error = connection.send(Command::new("LRANGE").arg("list")).await.unwrap_err();
        assert!(chain(&error).contains("wrong number of arguments"), "{}", chain(&error));
        // In the order in which it was asked.
        let lrange = || Command::new("LRANGE").args_from(["list", "0", "-1"]);
        let batch = vec![lrange(), Command::new("DEL").key("list"), lrange(), Command::new("NOPE")];
        let answers = connection.send_all(Batch::pipeline(batch)).await.unwrap();
        assert_eq!(texts(answers[0].as_ref().unwrap().clone()), ["message", "a", "b"]);
        assert!(matches!(&answers[1..3], [Ok(Reply::Int(1)), Ok(Reply::Array(none))] if none.is_empty()));
        assert!(answers[3].is_err());
        // Among others.
        asked(&connection, &["RPUSH", "list", "message", "a", "b"]).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..400 {
            let connection = connection.clone();
            tasks.spawn(async move {
                if number % 4 == 0 {
                    let list = asked(&connection, &["LRANGE", "list", "0", "-1"]).await;
                    assert_eq!(texts(list), ["message", "a", "b"]);
                } else {
                    let text = number.to_string();
                    assert_eq!(asked(&connection, &["ECHO", &text]).await.as_str(), Some(text.as_str()));
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    }
}

/// Which only lists that begin with such a word need.
#[tokio::test]
async fn who_may_have_no_transaction_has_lists() {
    let server = private_server().await;
    let admin = over(&server.url(), Protocol::Resp3).await;
    for (user, without) in [("app", "-multi"), ("job", "-exec")] {
        asked(&admin, &["ACL", "SETUSER", user, "on", ">p", "~l*", "+@all", without]).await;
        for protocol in PROTOCOLS {
            asked(&admin, &["DEL", "list"]).await;
            asked(&admin, &["RPUSH", "list", "a", "b", "c"]).await;
            let settings = RedisSettings::new(server.url()).username(user).password("p").protocol(protocol);
            let connection = FredConnection::connect(settings).await.unwrap();
            assert_eq!(texts(asked(&connection, &["LRANGE", "list", "0", "-1"]).await), ["a", "b", "c"]);
            assert_eq!(texts(asked(&connection, &["LPOP", "list", "2"]).await), ["a", "b"], "once");
            assert_eq!(texts(asked(&connection, &["LRANGE", "list", "0", "-1"]).await), ["c"]);
            let other = Command::new("LRANGE").args_from(["no", "0", "-1"]);
            let error = connection.send(other).await.unwrap_err();
            assert!(
                chain(&error).contains("keys mentioned") || chain(&error).contains("access"),
                "{}",
                chain(&error)
            );
            is_in_step(&connection, "refused").await;
        }
    }
}
