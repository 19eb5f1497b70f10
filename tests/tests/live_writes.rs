//! Writes with a condition or a time to live of their own: done as a whole, or not at all.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use cache_core::{Cache, CacheEmbedded, CacheModel, Command, Error, Expiry, Patch, ServerErrorKind, Ttl};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Plain {
    #[primary_key]
    id: u32,
    text: String,
    #[serde(skip)]
    local: u32,
}

fn plain(id: u32, text: &str) -> Plain {
    Plain { id, text: text.to_owned(), local: 0 }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct Session {
    #[primary_key]
    id: u32,
    user: String,
}

fn session(id: u32, user: &str) -> Session {
    Session { id, user: user.to_owned() }
}

async fn left(cache: &Cache, id: u32) -> Duration {
    Session::ttl(cache, id).await.unwrap().remaining().unwrap()
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

async fn insert_stores_what_is_new_and_nothing_else(cache: Cache) {
    assert!(plain(1, "a").insert(&cache).await.unwrap().stored());
    let error = plain(1, "b").insert(&cache).await.unwrap_err();
    let key = format!("{}:plain:1", cache.keyspace().unwrap().global());
    assert!(
        matches!(&error, Error::AlreadyExists { model: "Plain", key: found } if *found == key),
        "{error:?}"
    );
    assert_eq!(Plain::get(&cache, 1).await.unwrap(), Some(plain(1, "a")));

    assert!(session(1, "a").insert(&cache).await.unwrap().stored());
    assert!(left(&cache, 1).await > 29 * MINUTE);
    Session::expire(&cache, 1, MINUTE).await.unwrap();
    assert!(session(1, "b").insert(&cache).await.unwrap_err().is_already_exists());
    assert_eq!(Session::get(&cache, 1).await.unwrap(), Some(session(1, "a")));
    assert!(left(&cache, 1).await <= MINUTE, "a failed insert left the time to live alone");
}

async fn replace_stores_over_what_is_there_and_nothing_else(cache: Cache) {
    let error = plain(1, "a").replace(&cache).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { model: "Plain", key: Some(key) } if key.ends_with(":plain:1"))
    );
    assert!(!Plain::exists(&cache, 1).await.unwrap());
    let _ = plain(1, "a").save(&cache).await.unwrap();
    assert!(plain(1, "b").replace(&cache).await.unwrap().stored());
    assert_eq!(Plain::get(&cache, 1).await.unwrap(), Some(plain(1, "b")));

    assert!(session(1, "a").replace(&cache).await.unwrap_err().is_not_found());
    assert_eq!(Session::ttl(&cache, 1).await.unwrap(), Ttl::Missing);
    let _ = session(1, "a").save_with(&cache, Expiry::Never).await.unwrap();
    let _ = session(1, "b").replace(&cache).await.unwrap();
    assert!(left(&cache, 1).await > 29 * MINUTE);
}

async fn each_save_may_choose_its_time_to_live(cache: Cache) {
    let save = async |expiry| {
        assert!(session(1, "a").save_with(&cache, expiry).await.unwrap().stored());
        Session::ttl(&cache, 1).await.unwrap()
    };
    assert_eq!(save(Expiry::Keep).await, Ttl::Persistent);
    let left = save(Expiry::After(MINUTE)).await.remaining().unwrap();
    assert!(left <= MINUTE && left > MINUTE / 2, "{left:?}");
    assert!(save(Expiry::Keep).await.remaining().unwrap() <= left);
    assert!(save(Expiry::Model).await.remaining().unwrap() > 29 * MINUTE);
    let at = SystemTime::now() + 10 * MINUTE;
    let left = save(Expiry::At(at)).await.remaining().unwrap();
    // The server tells the time at the beginning of a command.
    assert!(left <= 10 * MINUTE + SECOND && left > 9 * MINUTE, "{left:?}");
    assert_eq!(save(Expiry::Never).await, Ttl::Persistent);
    assert_eq!(save(Expiry::After(Duration::ZERO)).await, Ttl::Missing);
    assert_eq!(save(Expiry::At(SystemTime::UNIX_EPOCH - MINUTE)).await, Ttl::Missing);
    // Less than the server can count is not nothing.
    let _ = session(2, "a").save_with(&cache, Expiry::After(Duration::MAX)).await.unwrap();
    assert!(Session::ttl(&cache, 2).await.unwrap().remaining().is_some());

    assert!(session(3, "a").insert_with(&cache, Expiry::After(MINUTE)).await.unwrap().stored());
    assert!(session(3, "b").insert_with(&cache, Expiry::Never).await.unwrap_err().is_already_exists());
    assert!(Session::ttl(&cache, 3).await.unwrap().remaining().is_some());
    assert!(session(4, "b").replace_with(&cache, Expiry::Never).await.unwrap_err().is_not_found());
    assert!(session(3, "b").replace_with(&cache, Expiry::Never).await.unwrap().stored());
    assert_eq!(Session::ttl(&cache, 3).await.unwrap(), Ttl::Persistent);
}

async fn a_time_to_end_at_can_be_set_later(cache: Cache) {
    let now = SystemTime::now();
    assert!(!Session::expire_at(&cache, 1, now + MINUTE).await.unwrap());
    let _ = session(1, "a").save(&cache).await.unwrap();
    assert!(Session::expire_at(&cache, 1, now + MINUTE).await.unwrap());
    assert!(left(&cache, 1).await <= MINUTE + SECOND);
    assert!(Session::expire_at(&cache, 1, now - MINUTE).await.unwrap());
    assert!(!Session::exists(&cache, 1).await.unwrap());
}

async fn what_fails_leaves_other_keys_alone(cache: Cache) {
    let key = format!("{}:session:1", cache.keyspace().unwrap().global());
    cache.command(Command::new("SET").key(&key).arg("no JSON")).await.unwrap();
    for error in [
        session(1, "a").save(&cache).await.unwrap_err(),
        session(1, "a").insert(&cache).await.unwrap_err(),
        session(1, "a").replace(&cache).await.unwrap_err(),
        Session::save_many(&cache, [session(1, "a")]).await.remove(0).unwrap_err(),
        Session::get_or_insert_with(&cache, 1, || session(1, "a")).await.unwrap_err(),
        Session::patch(1).set(Session::USER, "b").send(&cache).await.unwrap_err(),
    ] {
        assert_eq!(error.server_kind(), Some(ServerErrorKind::WrongType), "{error:?}");
    }
    assert_eq!(Session::ttl(&cache, 1).await.unwrap(), Ttl::Persistent);
}

async fn a_document_is_made_once(cache: Cache) {
    let made = Session::get_or_insert_with(&cache, 1, || session(1, "first")).await.unwrap();
    assert_eq!(made, session(1, "first"));
    assert!(left(&cache, 1).await > 29 * MINUTE);
    Session::expire(&cache, 1, MINUTE).await.unwrap();
    let there = Session::get_or_insert_with(&cache, 1, || unreachable!()).await.unwrap();
    assert_eq!(there, made);
    assert!(left(&cache, 1).await <= MINUTE);

    // Who makes it gets what everybody gets.
    let made = Plain::get_or_insert_with(&cache, 1, || Plain { local: 7, ..plain(1, "a") }).await.unwrap();
    assert_eq!(made.local, 0);
    assert_eq!(Plain::ttl(&cache, 1).await.unwrap(), Ttl::Persistent);

    let error = Plain::get_or_insert_with(&cache, 2, || plain(3, "b")).await.unwrap_err();
    assert!(matches!(error, Error::OtherKey { model: "Plain", .. }), "{error:?}");
    assert_eq!(Plain::count_all(&cache).await.unwrap(), 1);
}

const RACERS: usize = 32;
const ROUNDS: u32 = 50;

/// Runs what the racers do at once, each as a task of its own.
async fn race<F, T>(racer: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..RACERS).map(|number| tokio::spawn(racer(number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

async fn of_many_inserts_one_wins(cache: Cache) {
    for id in 0..ROUNDS {
        let cache = &cache;
        let won = race(|number| {
            let cache = cache.clone();
            async move {
                match session(id, &number.to_string()).insert(&cache).await {
                    Ok(_) => Some(number),
                    Err(error) => {
                        assert!(error.is_already_exists(), "{error:?}");
                        None
                    }
                }
            }
        })
        .await;
        let winners: Vec<_> = won.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        let there = Session::get(cache, id).await.unwrap().unwrap();
        assert_eq!(there.user, winners[0].to_string());
    }
}

async fn all_who_race_to_make_a_document_get_the_same(cache: Cache) {
    for id in 0..ROUNDS {
        let cache = &cache;
        let got = race(|number| {
            let cache = cache.clone();
            async move {
                Session::get_or_insert_with(&cache, id, || session(id, &number.to_string())).await.unwrap()
            }
        })
        .await;
        let there = Session::get(cache, id).await.unwrap().unwrap();
        assert!(got.iter().all(|document| *document == there), "{got:?}");
    }
}

async fn deleting_many_counts_what_was_there(cache: Cache) {
    let saved = Plain::save_many(&cache, (0..1_200).map(|id| plain(id, "x"))).await;
    assert!(saved.iter().all(Result::is_ok));
    assert_eq!(Plain::delete_many(&cache, Vec::<u32>::new()).await.unwrap(), 0);
    assert_eq!(Plain::delete_many(&cache, [3, 3, 5_000]).await.unwrap(), 1);
    assert_eq!(Plain::delete_many(&cache, 0..1_100_u32).await.unwrap(), 1_099);
    assert_eq!(Plain::count_all(&cache).await.unwrap(), 100);
    let error = Plain::delete_many(&cache.clone().namespace("a::b"), [1]).await.unwrap_err();
    assert!(matches!(error, Error::Name(_)), "{error:?}");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Address {
    city: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Person {
    #[primary_key]
    id: u32,
    name: String,
    #[serde(rename = "größe [*] .x")]
    size: Option<u32>,
    #[embedded]
    home: Option<Address>,
    spare: Option<u32>,
}

/// A change of one member is a plain command, one of two is a call of the script: with nothing to remove they do the same.
async fn a_change_of_one_member_is_what_the_script_would_make_of_it(cache: Cache) {
    let key = format!("{}:person:1", cache.keyspace().unwrap().global());
    let texts = [
        r#"{"id":1,"name":"a","größe [*] .x":1,"home":{"city":"Bern"}}"#,
        r#"{"id":1,"home":{}}"#,
        r#"{"id":1,"name":{"city":1},"home":null}"#,
        r#"{"id":1,"home":[{"city":"Bern"},{"city":"Biel"}]}"#,
        r#"{"id":1,"home":"Bern"}"#,
        "{}",
        r#"[{"name":"a","home":{"city":"Bern"}}]"#,
        "[]",
        "null",
        "true",
        "7",
        r#""text""#,
    ];
    let documents = texts.map(|text| Some(Command::new("JSON.SET").key(&key).arg("$").arg(text)));
    let others = ["SET", "RPUSH", "SADD"].map(|command| Some(Command::new(command).key(&key).arg("x")));
    let hash = Command::new("HSET").key(&key).args_from(["home", "x"]);
    let there = || async {
        let kind = cache.command(Command::new("TYPE").key(&key)).await.unwrap();
        let document = cache.command(Command::new("JSON.GET").key(&key)).await;
        (kind, document.map_err(|error| error.server_kind()))
    };
    let patches: [fn() -> Patch<Person>; 4] = [
        || Person::patch(1).set(Person::NAME, "b\"\\"),
        || Person::patch(1).set(Person::SIZE, 180),
        || Person::patch(1).set(Person::SIZE, None),
        || Person::patch(1).set(Person::HOME.city, "Biel"),
    ];
    let mut outcomes = BTreeSet::new();
    for before in documents.into_iter().chain(others).chain([Some(hash), None]) {
        for patch in patches {
            let mut seen = Vec::new();
            for patch in [patch(), patch().remove(Person::SPARE)] {
                cache.command(Command::new("DEL").key(&key)).await.unwrap();
                if let Some(before) = &before {
                    cache.command(before.clone()).await.unwrap();
                    cache.command(Command::new("PEXPIRE").key(&key).arg("60000")).await.unwrap();
                }
                let made = patch.send(&cache).await.map(|saved| saved.stored());
                let made = made.map_err(|error| format!("{error:?}"));
                let left = Person::ttl(&cache, 1).await.unwrap().remaining();
                assert_eq!(left.is_some(), before.is_some(), "{before:?}");
                seen.push((made, there().await));
            }
            assert_eq!(seen[0], seen[1], "{before:?} {:?}", patch());
            outcomes.insert(seen[0].0.is_ok());
        }
    }
    assert_eq!(outcomes.len(), 2, "some can be changed and some cannot");
}

live! {
    a_change_of_one_member_is_what_the_script_would_make_of_it,
    insert_stores_what_is_new_and_nothing_else,
    replace_stores_over_what_is_there_and_nothing_else,
    each_save_may_choose_its_time_to_live,
    a_time_to_end_at_can_be_set_later,
    what_fails_leaves_other_keys_alone,
    a_document_is_made_once,
    of_many_inserts_one_wins,
    all_who_race_to_make_a_document_get_the_same,
    deleting_many_counts_what_was_there,
}
