//! The exact commands that calls send, seen by a connection that records them.

use std::time::Duration;

use cache_core::{CacheModel, Command, Direction, Gate, GateError, Migrator, Reply, Route};
use cache_tests::recorder::{listening, recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
    #[index(sortable)]
    age: u32,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "1m 500ms")]
struct Session {
    #[primary_key]
    id: String,
}

/// The script that writes a document together with its time to live.
const WRITE: &str = "d22ecad31ca43a2c2303cd5ef82fc3d5c68f52a2";

#[tokio::test]
async fn documents() {
    let found = Reply::Bulk(r#"{"id":1,"name":"ann","age":30}"#.into());
    let (recorder, cache) = recorded([Reply::Status("OK".into()), found, Reply::Array(vec![Reply::Nil; 2])]);
    let _ = User { id: 1, name: "ann".into(), age: 30 }.save(&cache).await.unwrap();
    assert_eq!(User::get(&cache, 1).await.unwrap().unwrap().name, "ann");
    assert_eq!(User::get_many(&cache, [1, 2]).await.unwrap().len(), 2);
    let _ = Session { id: "a".into() }.save(&cache).await.unwrap();
    assert_eq!(
        recorder.sent(),
        [
            r#"JSON.SET shop:cache:user:1 $ {"id":1,"name":"ann","age":30}"#,
            "JSON.GET shop:cache:user:1 (repeatable)",
            "JSON.MGET shop:cache:user:1 shop:cache:user:2 $ (repeatable)",
            &format!(r#"EVALSHA {WRITE} 1 shop:cache:session:a {{"id":"a"}}  PEXPIRE 60500"#),
        ]
    );
}

#[tokio::test]
async fn queries() {
    let empty = || Reply::Array(vec![Reply::Int(0)]);
    let (recorder, cache) = recorded([empty(), empty(), empty(), empty(), Reply::Array(vec![empty()])]);
    let adults = User::find_by_name("ann").filter(User::AGE.ge(18) | !User::AGE.between(3..7));
    assert_eq!(User::AGE.desc().direction(), Direction::Descending);
    adults.clone().sort_by(User::AGE.desc()).page(20, 10).all(&cache).await.unwrap();
    User::find().all(&cache).await.unwrap();
    adults.count(&cache).await.unwrap();
    User::find().filter(User::NAME.starts_with("an") & User::AGE.ne(7)).all(&cache).await.unwrap();
    User::find().filter(User::NAME.is_in(Vec::<String>::new())).all(&cache).await.unwrap();
    let index = <User as cache_core::IndexSchema>::schema().index_name(cache.keyspace().unwrap());
    let [caching, made] = listening(<User as cache_core::IndexSchema>::schema());
    let text = "@name:{$p0} (@age:[$p1 +inf]|-@age:[$p2 ($p3])";
    let params = "PARAMS 8 p0 ann p1 18 p2 3 p3 7 DIALECT 2 (repeatable)";
    assert_eq!(
        recorder.sent(),
        [
            // The first query asks whether the index is filled, and to be told when it is made again, in the same round trip.
            "pipeline".to_owned(),
            caching,
            made,
            format!("FT.INFO {index} (repeatable)"),
            format!("FT.SEARCH {index} {text} RETURN 1 $ SORTBY age DESC LIMIT 20 10 TIMEOUT 1800 {params}"),
            format!("FT.SEARCH {index} * RETURN 1 $ LIMIT 0 1000000 TIMEOUT 1800 DIALECT 2 (repeatable)"),
            format!("FT.SEARCH {index} {text} NOCONTENT LIMIT 0 0 TIMEOUT 1800 {params}"),
            "pipeline".to_owned(),
            format!(
                "FT.SEARCH {index} @name:{{$p0*}} -@age:[$p1 $p1] RETURN 1 $ LIMIT 0 1000000 TIMEOUT 1800 PARAMS 4 p0 an \
                 p1 7 DIALECT 2 (repeatable)"
            ),
            format!(
                "FT.PROFILE {index} SEARCH LIMITED QUERY @name:{{$p0*}} NOCONTENT LIMIT 0 0 TIMEOUT 1800 PARAMS 2 p0 an \
                 DIALECT 2 (repeatable)"
            ),
        ]
    );
}

#[tokio::test]
async fn the_gate() {
    let memory = Reply::Bulk("maxmemory_policy:noeviction\r\n".into());
    let won = Reply::Array(vec![Reply::Int(1), Reply::Bulk("1764350000123456".into())]);
    let (recorder, cache) = recorded([memory, won, Reply::Int(1)]);
    let gate = Gate::new("nightly").grace(Duration::from_secs(10));
    let done =
        gate.run(&cache, async |lease| Ok::<_, GateError>((lease.token().to_owned(), lease.fence()))).await;
    let (token, fence) = done.unwrap().ran().unwrap();
    assert_eq!(fence, 1_764_350_000_123_456);
    let sent = recorder.sent();
    assert_eq!(sent[0], "INFO memory (repeatable)");
    let (lock, fence) = ("shop:nightly:leader", "{shop:nightly:leader}:f");
    let acquired = format!(" 3 {lock} {fence} {{{lock}}}:done {token} 30000  (repeatable)");
    assert!(sent[1].ends_with(&acquired), "{} {acquired}", sent[1]);
    let released = format!(" 2 {lock} {{{lock}}}:done {token} 10000  (repeatable)");
    assert!(sent[2].ends_with(&released), "{} {released}", sent[2]);
}

#[tokio::test]
async fn the_migrator_asks_before_it_acts() {
    let list = Reply::Array(vec![Reply::Bulk("other".into())]);
    let time = Reply::Array(vec![Reply::Bulk("1764350000".into()), Reply::Bulk("123456".into())]);
    let (memory, leases) = (Reply::Bulk("used_memory:1".into()), Reply::Array(vec![]));
    let (keys, none) = (Reply::Int(1), || Reply::Status("none".to_owned()));
    let nothing = || Reply::Array(vec![]);
    let (recorder, cache) =
        recorded([list, time, memory, keys, leases, nothing(), nothing(), Reply::Nil, none(), none()]);
    let plans = Migrator::new().register::<User>().register::<Session>().plan(&cache).await.unwrap();
    assert_eq!(plans.len(), 1);
    let beside = format!("shop:cache:~{}", plans[0].prefix);
    let redis_om = format!("shop:cache:{}:index", plans[0].prefix);
    // By a script that answers any bytes, in the same two round trips.
    let sent = recorder.sent();
    let (scripted, _) = sent[1].split_once(" FT._LIST").unwrap();
    assert!(scripted.starts_with("EVAL_RO local function bulk(value)"), "{scripted}");
    assert_eq!(
        sent,
        [
            // What there is, then what it stands for.
            "pipeline".to_owned(),
            format!("{scripted} FT._LIST (repeatable)"),
            "TIME (repeatable)".to_owned(),
            "INFO server memory (repeatable)".to_owned(),
            "DBSIZE (repeatable)".to_owned(),
            format!("ZRANGE {beside}:leases 0 -1 WITHSCORES (repeatable)"),
            format!("HGETALL {beside}:extending (repeatable)"),
            format!("HGETALL {beside}:compared (repeatable)"),
            format!("GET {beside}:comparing:{} (repeatable)", plans[0].fingerprint),
            format!("TYPE {redis_om}:hash (repeatable)"),
            format!("TYPE {redis_om}:schema (repeatable)"),
            "pipeline".to_owned(),
            format!("{scripted} FT.INFO other (repeatable)"),
            format!("{scripted} FT.INFO {} (repeatable)", plans[0].alias),
            format!("{scripted} FT.INFO {} (repeatable)", plans[0].index),
        ]
    );
}

#[test]
fn keys_decide_the_route() {
    assert_eq!(Command::new("JSON.GET").key("a").route(), &Route::Key(1));
    assert_eq!(Command::new("EVALSHA").arg("sha").arg("1").key("a").route(), &Route::Key(3));
    assert_eq!(Command::new("FT.SEARCH").arg("index").route(), &Route::AnyNode);
}
