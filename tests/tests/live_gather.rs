//! Commands of many callers at once, which travel together: each caller gets its own answer, and what was given up is never
//! sent behind what the same caller sends next.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use cache_core::{Batch, Cache, Command, Protocol, Reply};
use cache_tests::clients::is_fred;
use cache_tests::dice::Dice;
use cache_tests::{connect, private_server};
use futures_util::future::join_all;

/// So many that commands travel together.
const CALLERS: u64 = 64;

fn set(key: &str, number: u64) -> Command {
    Command::new("JSON.SET").key(key).arg("$").arg(number.to_string())
}

async fn each_gets_its_own(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    cache.command(Command::new("SADD").key("no-document").arg("x")).await.unwrap();
    let saved = join_all((0..CALLERS).map(|n| cache.command(set(&format!("d:{n}"), n)))).await;
    assert!(saved.iter().all(Result::is_ok));
    let call = async |caller: u64| {
        let mut dice = Dice::new(caller);
        for _ in 0..200 {
            let n = dice.below(CALLERS);
            let get = |key: String| Command::new("JSON.GET").key(key).repeatable();
            match dice.below(10) {
                0 => {
                    let answer = cache.command(get(format!("none:{n}"))).await;
                    assert!(matches!(answer, Ok(Reply::Nil)), "{answer:?}");
                }
                1 => {
                    let refused = cache.command(get("no-document".to_owned())).await.unwrap_err();
                    assert!(refused.to_string().contains("JSON.GET"), "{refused}");
                    assert!(refused.server_kind().is_some(), "{refused:?}");
                }
                2 => {
                    let batch = Batch::atomic(vec![get(format!("d:{n}")), get(format!("d:{n}"))]);
                    for answer in cache.connection().send_all(batch).await.unwrap() {
                        assert_eq!(answer.unwrap().as_str(), Some(n.to_string().as_str()));
                    }
                }
                3 => assert_eq!(cache.command(set(&format!("d:{n}"), n)).await.unwrap().as_str(), Some("OK")),
                4 => {
                    let batch =
                        Batch::pipeline(vec![get(format!("none:{n}")), get("no-document".to_owned())]);
                    let answers = cache.connection().send_all(batch).await.unwrap();
                    assert!(matches!(answers.as_slice(), [Ok(Reply::Nil), Err(_)]), "{answers:?}");
                }
                5 => {
                    // A module looks at its arguments when it runs.
                    let unknown = Command::new("JSON.SET").key("too-few");
                    let batch = Batch::atomic(vec![get(format!("d:{n}")), unknown]);
                    let answers = cache.connection().send_all(batch).await.unwrap();
                    assert!(matches!(answers.as_slice(), [Ok(_), Err(_)]), "{answers:?}");
                }
                _ => {
                    let answer = cache.command(get(format!("d:{n}"))).await.unwrap();
                    assert_eq!(answer.as_str(), Some(n.to_string().as_str()));
                }
            }
        }
    };
    join_all((0..CALLERS).map(call)).await;
}

/// Calls that are given up before anything else ran are not sent, but those that nothing was under way for.
async fn what_is_given_up_before_it_was_sent_is_not_sent(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    cache.command(set("count", 0)).await.unwrap();
    {
        let count = || Command::new("JSON.NUMINCRBY").key("count").arg("$").arg("1");
        let mut calls: Vec<_> = (0..CALLERS).map(|_| Box::pin(cache.command(count()))).collect();
        for call in &mut calls {
            assert!(poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await.is_pending());
        }
    }
    cache.ping().await.unwrap();
    let sent: u64 = cache
        .command(Command::new("JSON.GET").key("count"))
        .await
        .unwrap()
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    if is_fred() {
        // It has each as soon as it is made, and sends all it has.
        assert_eq!(sent, CALLERS);
    } else {
        assert!(sent < CALLERS / 2, "{sent}");
    }
}

/// How often at least. Through `fred` each time waits for what was given up.
fn rounds() -> u64 {
    if is_fred() { 500 } else { 2_000 }
}

/// So many calls have to be given up. How many of all are is up to the machine: an answer can be there at the first look.
fn enough() -> u64 {
    rounds() / 10
}

/// One caller writes, gives up at any moment, and writes again; others keep the connection busy. What was written last stays.
async fn the_last_one_stays(
    protocol: Protocol,
    first: impl AsyncFn(&Cache, &str, u64),
    again: impl AsyncFn(&Cache, &str, u64),
) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    let done = AtomicBool::new(false);
    let busy = async |caller: u64| {
        let key = format!("busy:{caller}");
        while !done.load(Ordering::Relaxed) {
            cache.command(set(&key, caller)).await.unwrap();
        }
    };
    let writer = async {
        let mut dice = Dice::new(7);
        let (mut given_up, mut written) = (0, 0);
        while written < rounds() || (given_up < enough() && written < 20 * rounds()) {
            let key = format!("own:{written}");
            {
                let mut first = pin!(first(&cache, &key, 1));
                let mut polls = dice.below(3);
                loop {
                    let polled = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
                    if polled.is_ready() {
                        break;
                    }
                    if polls == 0 {
                        given_up += 1;
                        break;
                    }
                    polls -= 1;
                    if dice.below(2) == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            again(&cache, &key, 2).await;
            written += 1;
        }
        // Whatever is on its way still is there behind this.
        cache.ping().await.unwrap();
        done.store(true, Ordering::Relaxed);
        (given_up, written)
    };
    let ((given_up, written), _) = tokio::join!(writer, join_all((0..CALLERS).map(busy)));
    assert!(given_up >= enough(), "{given_up} given up in {written} rounds");
    for round in 0..written {
        let stored = cache.command(Command::new("JSON.GET").key(format!("own:{round}"))).await.unwrap();
        assert_eq!(stored.as_str(), Some("2"), "round {round}");
    }
}

async fn alone(cache: &Cache, key: &str, number: u64) {
    cache.command(set(key, number)).await.unwrap();
}

async fn in_a_transaction(cache: &Cache, key: &str, number: u64) {
    let batch = Batch::atomic(vec![set(key, number), Command::new("EXISTS").key(key)]);
    for answer in cache.connection().send_all(batch).await.unwrap() {
        answer.unwrap();
    }
}

async fn the_last_command_stays(protocol: Protocol) {
    the_last_one_stays(protocol, alone, alone).await;
}

async fn the_last_transaction_stays(protocol: Protocol) {
    the_last_one_stays(protocol, alone, in_a_transaction).await;
}

async fn a_command_stays_behind_a_transaction(protocol: Protocol) {
    the_last_one_stays(protocol, in_a_transaction, alone).await;
}

async fn a_transaction_stays_behind_another(protocol: Protocol) {
    the_last_one_stays(protocol, in_a_transaction, in_a_transaction).await;
}

cache_tests::both! {
    cache_tests::on_threads =>
        each_gets_its_own,
        the_last_command_stays,
        the_last_transaction_stays,
        a_command_stays_behind_a_transaction,
        a_transaction_stays_behind_another;
    cache_tests::alone =>
        what_is_given_up_before_it_was_sent_is_not_sent;
}
