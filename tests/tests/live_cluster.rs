//! Unique fields on the slots of a cluster: the same rules, by a protocol of several steps.

#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{
    Batch, Cache, CacheModel, Command, Error, Expiry, Protocol, Reply, Result, Route, ServerErrorKind,
};
use cache_tests::before::Before;
use cache_tests::{cluster, connect, connect_lazy, on_threads, speaking};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", unique(tenant, number))]
struct User {
    #[primary_key]
    id: u32,
    #[unique]
    email: Option<String>,
    tenant: String,
    number: i64,
    #[serde(default)]
    #[version]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
struct Tagged {
    #[primary_key]
    id: u32,
    #[unique]
    email: String,
}

fn user(id: u32, email: &str, version: u64) -> User {
    let number = i64::from(id);
    User { id, email: Some(email.to_owned()), tenant: "acme".to_owned(), number, version }
}

async fn claims(cache: &Cache) -> Vec<String> {
    let global = cache.keyspace().unwrap().global().to_owned();
    let keys = cache.command(Command::new("KEYS").arg(format!("{global}:~*:unique:*"))).await.unwrap();
    let Reply::Array(keys) = keys else { panic!("{keys:?}") };
    let mut keys: Vec<_> =
        keys.iter().map(|key| key.as_str().unwrap().split_once(":unique:").unwrap().1.to_owned()).collect();
    keys.sort();
    keys
}

async fn the_rules_are_the_same(cache: Cache) {
    assert!(cache.capabilities().cluster);
    let refused = Command::new("EVAL").arg("return 1").arg("2").key("a").key("b");
    assert!(cache.command(refused).await.is_err(), "a script across slots is refused here");

    assert_eq!(user(1, "a", 0).save(&cache).await.unwrap().version(), Some(1));
    assert!(user(2, "a", 0).save(&cache).await.unwrap_err().is_not_unique());
    assert!(user(2, "a", 0).insert(&cache).await.unwrap_err().is_not_unique());
    assert!(!User::exists(&cache, 2).await.unwrap());
    let error = User { number: 1, ..user(2, "b", 0) }.insert(&cache).await.unwrap_err();
    assert!(matches!(error, Error::NotUnique { fields: ["tenant", "number"], .. }), "{error:?}");
    assert_eq!(claims(&cache).await, [r#"["email","a"]"#, r#"["tenant","number","acme",1]"#]);
    assert!(user(1, "a", 0).insert(&cache).await.unwrap_err().is_already_exists());
    assert!(user(1, "b", 0).save(&cache).await.unwrap_err().is_version_conflict());
    assert!(user(3, "c", 0).replace(&cache).await.unwrap_err().is_not_found());
    assert_eq!(claims(&cache).await, [r#"["email","a"]"#, r#"["tenant","number","acme",1]"#]);

    let _ = user(1, "b", 1).save(&cache).await.unwrap();
    assert_eq!(User::get_by_email(&cache, "b").await.unwrap().unwrap(), user(1, "b", 2));
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap(), None);
    let _ = user(2, "a", 0).insert(&cache).await.unwrap();
    let modified = User::modify(&cache, 1, |user| user.email = Some("c".to_owned())).await.unwrap();
    assert_eq!(modified, user(1, "c", 3));
    let patch = async |value: &str| User::patch(1).set(User::EMAIL, value).send(&cache).await;
    assert!(patch("a").await.unwrap_err().is_not_unique());
    assert_eq!(patch("d").await.unwrap().version(), Some(4));
    let _ = User::patch(1).increment(User::NUMBER, 5).send(&cache).await.unwrap();
    assert_eq!(User::get_by_tenant_and_number(&cache, "acme", 6).await.unwrap().unwrap().id, 1);
    let made = User::get_or_insert_with(&cache, 3, || user(3, "c", 0)).await.unwrap();
    assert_eq!(made, user(3, "c", 1));
    assert_eq!(User::get_or_insert_with(&cache, 3, || unreachable!()).await.unwrap(), made);
    let results = User::save_many(&cache, [user(4, "e", 0), user(5, "e", 0), user(8, "f", 0)]).await;
    let kept: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [true, false, true]);
    assert!(User::delete_by_id(&cache, 3).await.unwrap());
    assert!(!User::delete_by_id(&cache, 3).await.unwrap());
    assert_eq!(User::delete_many(&cache, [1, 2, 3]).await.unwrap(), 2);
    let left = [
        r#"["email","e"]"#,
        r#"["email","f"]"#,
        r#"["tenant","number","acme",4]"#,
        r#"["tenant","number","acme",8]"#,
    ];
    assert_eq!(claims(&cache).await, left);
}

async fn claims_outlive_their_document_by_little(cache: Cache) {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let global = cache.keyspace().unwrap().global().to_owned();
    let left =
        async |key: String| cache.command(Command::new("PTTL").key(key)).await.unwrap().as_int().unwrap();
    let both = async || {
        let claim = left(format!(r#"{global}:~user:unique:["email","a"]"#)).await;
        (left(format!("{global}:user:1")).await, claim)
    };
    let _ = user(1, "a", 0).save_with(&cache, Expiry::After(minute)).await.unwrap();
    let (document, claim) = both().await;
    assert!(document > 50_000 && claim >= document && claim <= document + 1_100, "{document} {claim}");
    assert!(User::persist(&cache, 1).await.unwrap());
    assert_eq!(both().await, (-1, -1));
    assert!(User::expire(&cache, 1, second).await.unwrap());
    let (document, claim) = both().await;
    assert!(document > 0 && claim > 0, "{document} {claim}");
    while User::exists(&cache, 1).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let _ = user(2, "a", 0).save(&cache).await.unwrap();
    assert!(User::expire(&cache, 2, Duration::ZERO).await.unwrap());
    assert_eq!(both().await, (-2, -2));
}

async fn what_is_no_claim_is_taken_over(cache: Cache) {
    let global = cache.keyspace().unwrap().global().to_owned();
    let key = format!(r#"{global}:~user:unique:["email","x"]"#);
    for content in ["", "no claim", ":", ":x", "~:", "00~1:nobody", "00~99999999999999:nobody"] {
        let _ = cache.command(Command::new("SET").key(&key).arg(content)).await.unwrap();
        assert_eq!(User::get_by_email(&cache, "x").await.unwrap(), None, "{content:?}");
        let _ = user(3, "x", 0).save(&cache).await.unwrap();
        assert_eq!(User::get_by_email(&cache, "x").await.unwrap().unwrap().id, 3, "{content:?}");
        assert!(User::delete_by_id(&cache, 3).await.unwrap());
    }
}

async fn of_many_racers_one_wins(cache: Cache) {
    for round in 0..10_u32 {
        let tasks: Vec<_> = (0..32_u32)
            .map(|racer| {
                let (cache, user) = (cache.clone(), user(round * 32 + racer, &round.to_string(), 0));
                tokio::spawn(async move { user.save(&cache).await.map(|_| user.id) })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(id) => winners.push(id),
                Err(error) => assert!(error.is_not_unique(), "{error:?}"),
            }
        }
        assert_eq!(winners.len(), 1);
        let value = round.to_string();
        assert_eq!(User::get_by_email(&cache, &value).await.unwrap().unwrap().id, winners[0]);
    }
}

async fn documents_have_their_claims_after_a_melee(cache: Cache) {
    let tasks: Vec<_> = (0..12_u32)
        .map(|task| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for step in 0..25_u32 {
                    let (id, value) = ((task + step) % 4, ((task * 7 + step * 3) % 5).to_string());
                    let result = match step % 5 {
                        0 => User::delete_by_id(&cache, id).await.map(drop),
                        1 => User::patch(id).set(User::EMAIL, value.as_str()).send(&cache).await.map(drop),
                        2 => User::expire(&cache, id, Duration::from_secs(600)).await.map(drop),
                        3 => {
                            User::modify(&cache, id, |user| user.email = Some(value.clone())).await.map(drop)
                        }
                        _ => user(id, &value, 0).save(&cache).await.map(drop),
                    };
                    if let Err(error) = result {
                        let expected =
                            error.is_not_unique() || error.is_not_found() || error.is_version_conflict();
                        assert!(expected, "{error:?}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut values = Vec::new();
    for user in User::get_many(&cache, 0..4_u32).await.unwrap().into_iter().flatten() {
        let value = user.email.clone().unwrap();
        assert_eq!(User::get_by_email(&cache, &value).await.unwrap(), Some(user));
        values.push(value);
    }
    let count = values.len();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), count, "no two share a value");
}

async fn a_hash_tag_makes_it_one_script(cache: Cache) {
    let tagged = |id, email: &str| Tagged { id, email: email.to_owned() };
    let calls = async || {
        let info = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
        let line =
            info.as_str().unwrap().lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or("");
        line.split(['=', ',']).nth(1).map_or(0, |calls| calls.parse::<u32>().unwrap())
    };
    let _ = tagged(1, "{a}").save(&cache).await.unwrap();
    let before = calls().await;
    let _ = tagged(2, "}b{").save(&cache).await.unwrap();
    assert_eq!(calls().await, before + 1);
    assert!(tagged(3, "{a}").save(&cache).await.unwrap_err().is_not_unique());
    let _ = tagged(1, "c").save(&cache).await.unwrap();
    let _ = tagged(3, "{a}").save(&cache).await.unwrap();
    assert_eq!(Tagged::get_by_email(&cache, "{a}").await.unwrap(), Some(tagged(3, "{a}")));
    let global = cache.keyspace().unwrap().global().to_owned();
    let across = Command::new("SINTER").key(format!("{global}:tagged:1")).arg(format!("{global}:tagged:2"));
    let error = cache.command(across).await.unwrap_err();
    assert_ne!(error.server_kind(), Some(ServerErrorKind::NoScript), "{error:?}");
}

async fn whoever_wakes_up_too_late_writes_nothing(cache: Cache) {
    let global = cache.keyspace().unwrap().global().to_owned();
    // A process that sleeps before it writes the document that it has locked the claims for.
    let sleeper = |pause| {
        let document = format!("{global}:user:1");
        let connection = Before::new(cache.connection(), move |command| {
            let is_it = command.route_key() == Some(document.as_bytes());
            Box::pin(tokio::time::sleep(if is_it { pause } else { Duration::ZERO }))
        });
        let connection = connection.deadline(Duration::from_millis(100));
        Cache::from_connection(Arc::new(connection)).namespace(&global)
    };
    let asleep = sleeper(Duration::from_millis(1_800));
    let asleep = tokio::spawn(async move { user(1, "a", 0).save(&asleep).await });
    while claims(&cache).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its claims are its own for 1.4 seconds; then they are anybody's.
    let _ = user(2, "a", 0).save(&cache).await.unwrap();
    assert!(!asleep.is_finished(), "the sleeper sleeps longer than its claims are its own");
    let error = asleep.await.unwrap().unwrap_err();
    assert!(error.is_contended(), "{error:?}");
    assert!(!User::exists(&cache, 1).await.unwrap());
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().id, 2);
    assert_eq!(claims(&cache).await, [r#"["email","a"]"#, r#"["tenant","number","acme",2]"#]);

    let drowsy = sleeper(Duration::from_millis(100));
    let _ = user(1, "b", 0).save(&drowsy).await.unwrap();
    assert_eq!(User::get_by_email(&cache, "b").await.unwrap().unwrap().id, 1);
}

type Asks = (Option<String>, oneshot::Sender<()>);

/// A patch of the first user that goes on as far as it is let.
struct Walk {
    asks: mpsc::UnboundedReceiver<Asks>,
    done: JoinHandle<Result<()>>,
}

impl Walk {
    fn patch(cache: &Cache, email: &'static str) -> Self {
        let (ask, asks) = mpsc::unbounded_channel();
        let stepped = Before::new(cache.connection(), move |command| {
            let key = command.route_key().map(|key| String::from_utf8_lossy(key).into_owned());
            let (go, gone) = oneshot::channel();
            ask.send((key, go)).unwrap();
            Box::pin(async { gone.await.unwrap() })
        });
        let global = cache.keyspace().unwrap().global();
        let walking = Cache::from_connection(Arc::new(stepped)).namespace(global);
        let patch = async move { User::patch(1).set(User::EMAIL, email).send(&walking).await.map(drop) };
        Self { asks, done: tokio::spawn(patch) }
    }

    /// Until the nth command about the key from now on, which waits.
    async fn until(&mut self, key: &str, nth: usize) -> oneshot::Sender<()> {
        let mut met = 0;
        loop {
            let (about, go) = self.asks.recv().await.expect("it comes to that command");
            met += usize::from(about.as_deref() == Some(key));
            if met == nth {
                return go;
            }
            go.send(()).unwrap();
        }
    }

    async fn finish(mut self) {
        while let Some((_, go)) = self.asks.recv().await {
            go.send(()).unwrap();
        }
        self.done.await.unwrap().unwrap();
    }
}

async fn who_gives_up_a_claim_late_gives_up_no_later_one(cache: Cache) {
    let global = cache.keyspace().unwrap().global().to_owned();
    let (document, number) = (format!("{global}:user:1"), r#"["tenant","number","acme",1]"#);
    let claim = |values: &str| format!("{global}:~user:unique:{values}");
    let (claimed, number) = (claim(r#"["email","a"]"#), claim(number));
    let _ = user(1, "a", 0).save(&cache).await.unwrap();

    // It locks its claim, learns what else it needs, and lets go of it to lock both in order.
    let mut stays = Walk::patch(&cache, "a");
    let locks_again = stays.until(&claimed, 3).await;
    // Meanwhile somebody else sees the claim as it is to be given up,
    let mut leaves = Walk::patch(&cache, "b");
    leaves.until(&claimed, 1).await.send(()).unwrap();
    let writes = leaves.until(&document, 1).await;
    // the first has it locked again,
    locks_again.send(()).unwrap();
    let goes_on = stays.until(&number, 1).await;
    // and the other one stops when the document has another value.
    writes.send(()).unwrap();
    let gives_up = leaves.until(&claimed, 1).await;
    goes_on.send(()).unwrap();
    stays.finish().await;
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().id, 1);
    gives_up.send(()).unwrap();
    leaves.finish().await;
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().id, 1);
    assert!(user(2, "a", 0).save(&cache).await.unwrap_err().is_not_unique());
}

/// What connects with its first call cannot take a cluster for a single server, where one script has all keys.
async fn the_first_call_knows_it(protocol: Protocol) {
    let server = cluster::one_node().await;
    for many in [false, true] {
        let cache = lazy(&server, protocol).namespace(&format!("first-{many}"));
        if many {
            for saved in User::save_many(&cache, [user(1, "a", 0), user(2, "b", 0)]).await {
                assert!(saved.unwrap().stored());
            }
        } else {
            assert!(user(1, "a", 0).save(&cache).await.unwrap().stored());
        }
        assert!(user(3, "a", 0).save(&cache).await.unwrap_err().is_not_unique());
    }
}

/// Also by the first call, and where there is one master alone.
async fn all_masters_are_asked_about_no_key_and_in_no_batch(protocol: Protocol) {
    let server = cluster::one_node().await;
    let cache = lazy(&server, protocol);
    let to_all = |command: Command| command.routed(Route::AllMasters);
    let (size, get) = (|| to_all(Command::new("DBSIZE")), || Command::new("GET").key("a"));
    let refused = [
        cache.command(to_all(get())).await.map(drop),
        cache.connection().send_all(Batch::pipeline(vec![get(), size()])).await.map(drop),
        cache.connection().send_all(Batch::atomic(vec![get(), size()])).await.map(drop),
    ];
    assert!(refused.iter().all(|outcome| matches!(outcome, Err(Error::Unsupported { .. }))), "{refused:?}");
    assert_eq!(cache.command(size()).await.unwrap().into_items().unwrap().len(), 1);
}

fn lazy(server: &Server, protocol: Protocol) -> Cache {
    connect_lazy(speaking(server.url(), protocol)).unwrap()
}

/// Each case has a cluster of its own, of one node.
fn on_a_cluster<F: Future<Output = ()>>(name: &str, protocol: Protocol, case: impl FnOnce(Cache) -> F) {
    on_threads(name, protocol, async |protocol| {
        let server = cluster::one_node().await;
        case(connect(&server.url(), protocol).await).await;
    });
}

cache_tests::both! {
    super::on_a_cluster =>
        the_rules_are_the_same,
        claims_outlive_their_document_by_little,
        what_is_no_claim_is_taken_over,
        of_many_racers_one_wins,
        documents_have_their_claims_after_a_melee,
        a_hash_tag_makes_it_one_script,
        whoever_wakes_up_too_late_writes_nothing,
        who_gives_up_a_claim_late_gives_up_no_later_one;
    cache_tests::on_threads =>
        the_first_call_knows_it,
        all_masters_are_asked_about_no_key_and_in_no_batch;
}
