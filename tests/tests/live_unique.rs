//! Unique fields: no two documents share a value, and claims follow their documents.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Error, Expiry, PatchError, Saved, Ttl};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", unique(tenant, number))]
struct User {
    #[primary_key]
    id: u32,
    #[unique]
    email: Option<String>,
    tenant: String,
    #[serde(rename = "the number")]
    number: i64,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct Session {
    #[primary_key]
    id: u32,
    #[unique]
    token: String,
    #[serde(default)]
    #[version]
    version: u64,
}

fn user(id: u32, email: &str) -> User {
    User {
        id,
        email: Some(email.to_owned()),
        tenant: "acme".to_owned(),
        number: i64::from(id),
        text: String::new(),
    }
}

fn session(id: u32, token: &str) -> Session {
    Session { id, token: token.to_owned(), version: 0 }
}

async fn keys(cache: &Cache, pattern: &str) -> Vec<String> {
    let global = cache.keyspace().unwrap().global().to_owned();
    cache_tests::keys::keys(cache, &format!("{global}:{pattern}")).await
}

/// The values that are claimed.
async fn claims(cache: &Cache) -> Vec<String> {
    let keys = keys(cache, "~*:unique:*").await;
    keys.iter().map(|key| key.split_once(":unique:").unwrap().1.to_owned()).collect()
}

/// Removes a document as somebody else would.
async fn remove(cache: &Cache, id: u32) {
    let key = format!("{}:user:{id}", cache.keyspace().unwrap().global());
    assert_eq!(cache.command(Command::new("DEL").key(key)).await.unwrap().as_int(), Some(1));
}

#[track_caller]
fn taken<T: std::fmt::Debug>(result: Result<T, Error>) -> (Vec<&'static str>, String) {
    let error = result.unwrap_err();
    assert!(error.is_not_unique(), "{error:?}");
    match error {
        Error::NotUnique { fields, holder, .. } => {
            (fields.to_vec(), holder.rsplit(':').next().unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn stored(result: Result<Saved, Error>) {
    assert!(result.unwrap().stored());
}

async fn a_value_is_in_one_document(cache: Cache) {
    stored(user(1, "a").save(&cache).await);
    stored(user(1, "a").save(&cache).await);
    assert_eq!(taken(user(2, "a").save(&cache).await), (vec!["email"], "1".to_owned()));
    let error = user(2, "a").insert(&cache).await.unwrap_err();
    assert!(
        error.to_string().ends_with(
            ":user:1` has this `email` of a `User` already; change that one, or choose another value"
        ),
        "{error}"
    );
    assert!(!User::exists(&cache, 2).await.unwrap());
    stored(user(2, "A").insert(&cache).await);
    assert_eq!(taken(user(2, "a").replace(&cache).await).1, "1");
    assert_eq!(taken(User::get_or_insert_with(&cache, 3, || user(3, "a")).await).1, "1");
    assert_eq!(User::get_or_insert_with(&cache, 1, || unreachable!()).await.unwrap(), user(1, "a"));

    let same_number = User { number: 1, ..user(3, "c") };
    assert_eq!(taken(same_number.save(&cache).await), (vec!["tenant", "the number"], "1".to_owned()));
    stored(User { tenant: "other".to_owned(), ..same_number }.save(&cache).await);
    assert_eq!(User::count_all(&cache).await.unwrap(), 3);
}

async fn no_value_is_in_many(cache: Cache) {
    for id in 1..4 {
        stored(User { email: None, ..user(id, "") }.save(&cache).await);
    }
    stored(user(4, "").save(&cache).await);
    assert_eq!(taken(user(5, "").save(&cache).await).1, "4");
}

async fn claims_follow_the_document(cache: Cache) {
    stored(user(1, "a").save(&cache).await);
    assert_eq!(claims(&cache).await, [r#"["email","a"]"#, r#"["tenant","the number","acme",1]"#]);
    stored(User { number: 7, ..user(1, "b") }.save(&cache).await);
    assert_eq!(claims(&cache).await, [r#"["email","b"]"#, r#"["tenant","the number","acme",7]"#]);
    stored(User { email: None, ..user(1, "") }.replace(&cache).await);
    assert_eq!(claims(&cache).await, [r#"["tenant","the number","acme",1]"#]);
    stored(user(1, "c").save(&cache).await);
    stored(user(2, "a").save(&cache).await);
    assert!(user(1, "c").delete(&cache).await.unwrap());
    assert!(!User::delete_by_id(&cache, 1).await.unwrap());
    assert_eq!(claims(&cache).await, [r#"["email","a"]"#, r#"["tenant","the number","acme",2]"#]);
    stored(user(3, "c").save(&cache).await);
    assert_eq!(User::delete_many(&cache, [1, 2, 3, 3]).await.unwrap(), 2);
    assert_eq!(claims(&cache).await, [""; 0]);
}

async fn two_documents_can_exchange_values(cache: Cache) {
    stored(user(1, "a").save(&cache).await);
    stored(user(2, "b").save(&cache).await);
    taken(user(1, "b").save(&cache).await);
    stored(user(1, "c").save(&cache).await);
    stored(user(2, "a").save(&cache).await);
    stored(user(1, "b").save(&cache).await);
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().id, 2);
    assert_eq!(User::get_by_email(&cache, "b").await.unwrap().unwrap().id, 1);
    assert_eq!(User::get_by_email(&cache, "c").await.unwrap(), None);
}

async fn a_patch_moves_the_claim(cache: Cache) {
    stored(user(1, "a").save(&cache).await);
    stored(user(2, "b").save(&cache).await);
    assert_eq!(taken(User::patch(1).set(User::EMAIL, "b").send(&cache).await).1, "2");
    stored(User::patch(1).set(User::EMAIL, "c").set(User::TEXT, "x").send(&cache).await);
    stored(User::patch(2).set(User::EMAIL, "a").send(&cache).await);
    stored(User::patch(1).set(User::TEXT, "y").send(&cache).await);
    let error = User::patch(1).increment(User::NUMBER, 1).send(&cache).await;
    assert_eq!(taken(error), (vec!["tenant", "the number"], "2".to_owned()));
    stored(User::patch(1).increment(User::NUMBER, 2).send(&cache).await);
    stored(User::patch(2).set(User::TENANT, "z").send(&cache).await);
    stored(User::patch(1).remove(User::EMAIL).send(&cache).await);
    let there =
        [r#"["email","a"]"#, r#"["tenant","the number","acme",3]"#, r#"["tenant","the number","z",2]"#];
    assert_eq!(claims(&cache).await, there);
    assert!(User::patch(3).set(User::EMAIL, "d").send(&cache).await.unwrap_err().is_not_found());
    let error = User::patch(1).set(User::EMAIL, "d").increment(User::NUMBER, i64::MAX).send(&cache).await;
    assert!(matches!(error.unwrap_err().patch_error(), Some(PatchError::OutOfRange { .. })));
    assert_eq!(claims(&cache).await, there);
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().number, 2);
}

async fn a_leftover_is_taken_over(cache: Cache) {
    stored(user(1, "a").save(&cache).await);
    remove(&cache, 1).await;
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap(), None);
    stored(User { number: 1, ..user(2, "a") }.save(&cache).await);
    assert_eq!(User::get_by_email(&cache, "a").await.unwrap().unwrap().id, 2);
    // Also of a document that is there again, with another value.
    taken(user(1, "b").save(&cache).await);
    stored(User { number: 9, ..user(1, "b") }.save(&cache).await);
    assert_eq!(claims(&cache).await.len(), 4);

    // And what is no claim at all.
    let global = cache.keyspace().unwrap().global().to_owned();
    let key = format!(r#"{global}:~user:unique:["email","x"]"#);
    for content in ["", "no claim", ":", ":x", "~:", "00~99999999999999:nobody"] {
        cache.command(Command::new("SET").key(&key).arg(content)).await.unwrap();
        assert_eq!(User::get_by_email(&cache, "x").await.unwrap(), None, "{content:?}");
        stored(user(3, "x").save(&cache).await);
        assert_eq!(User::get_by_email(&cache, "x").await.unwrap(), Some(user(3, "x")), "{content:?}");
        assert!(User::delete_by_id(&cache, 3).await.unwrap());
    }
}

async fn claims_end_with_their_document(cache: Cache) {
    let minute = Duration::from_secs(60);
    let key = format!(r#"{}:~session:unique:["token","t"]"#, cache.keyspace().unwrap().global());
    let document = format!("{}:session:1", cache.keyspace().unwrap().global());
    let ends = async |key: &str| {
        cache.command(Command::new("PEXPIRETIME").key(key)).await.unwrap().as_int().unwrap()
    };
    let same = async || {
        let (claim, document) = (ends(&key).await, ends(&document).await);
        // Beyond 2^53 milliseconds, some hundred thousand years, a script counts in larger steps.
        assert!(claim == document || document > 1 << 53, "{claim} {document}");
        document
    };
    stored(session(1, "t").save(&cache).await);
    assert!(same().await > 0);
    assert!(Session::persist(&cache, 1).await.unwrap());
    assert_eq!(same().await, -1);
    assert!(!Session::persist(&cache, 1).await.unwrap());
    assert!(Session::expire(&cache, 1, minute).await.unwrap());
    assert!(same().await > 0);
    let at = std::time::SystemTime::now() + 5 * minute;
    assert!(Session::expire_at(&cache, 1, at).await.unwrap());
    same().await;
    let mut next = Session { version: 1, ..session(1, "t") };
    for (expiry, ended) in [
        (Expiry::Keep, false),
        (Expiry::Never, false),
        (Expiry::Model, false),
        (Expiry::After(minute), false),
        (Expiry::After(Duration::MAX), false),
        (Expiry::After(Duration::ZERO), true),
    ] {
        next.version = next.save_with(&cache, expiry).await.unwrap().version().unwrap();
        assert_eq!(same().await == -2, ended, "{expiry:?}");
    }
    assert_eq!(Session::ttl(&cache, 1).await.unwrap(), Ttl::Missing);
    assert!(!Session::expire(&cache, 1, minute).await.unwrap());
    stored(session(2, "t").save(&cache).await);
    assert!(Session::expire(&cache, 2, Duration::ZERO).await.unwrap());
    assert_eq!(claims(&cache).await, [""; 0]);

    stored(session(3, "t").save_with(&cache, Expiry::After(Duration::from_millis(50))).await);
    while Session::exists(&cache, 3).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stored(session(4, "t").insert(&cache).await);
}

async fn many_are_each_claimed(cache: Cache) {
    let users = (0..1_200).map(|id| user(id, &(id % 1_000).to_string()));
    let results = User::save_many(&cache, users).await;
    for (id, result) in results.into_iter().enumerate() {
        match id {
            0..1_000 => stored(result),
            _ => assert_eq!(taken(result).1, (id - 1_000).to_string()),
        }
    }
    // Those of one document are stored in order; of two documents that want one value, one gets it.
    let many =
        [user(0, "x"), user(0, "y"), user(1, "z"), user(1, "y"), user(2, "q"), user(0, "w"), user(3, "q")];
    let results = User::save_many(&cache, many).await;
    let kept: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [true, true, true, false, true, true, false]);
    assert_eq!(taken(results.into_iter().nth(6).unwrap()).1, "2");
    for (id, value) in [(0, "w"), (1, "z"), (2, "q"), (3, "3")] {
        assert_eq!(User::get_by_email(&cache, value).await.unwrap(), Some(user(id, value)));
    }
    assert_eq!(User::get_by_email(&cache, "x").await.unwrap(), None);
    // However many are about one document.
    let results = User::save_many(&cache, (0..200).map(|n| user(0, &format!("w{n}")))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(User::get(&cache, 0).await.unwrap(), Some(user(0, "w199")));
    assert_eq!(User::delete_many(&cache, 0..1_200_u32).await.unwrap(), 1_000);
    assert_eq!(claims(&cache).await, [""; 0]);
}

async fn versions_go_first(cache: Cache) {
    stored(session(1, "a").save(&cache).await);
    stored(session(2, "b").save(&cache).await);
    assert!(session(1, "b").save(&cache).await.unwrap_err().is_version_conflict());
    let error = Session::modify(&cache, 1, |session| session.token = "b".to_owned()).await;
    assert_eq!(taken(error).1, "2");
    let modified = Session::modify(&cache, 1, |session| session.token = "c".to_owned()).await.unwrap();
    assert_eq!(modified, Session { version: 2, ..session(1, "c") });
    assert_eq!(claims(&cache).await, [r#"["token","b"]"#, r#"["token","c"]"#]);
}

const RACERS: u32 = 64;

async fn of_many_racers_one_wins(cache: Cache) {
    for round in 0..25_u32 {
        let value = round.to_string();
        let tasks: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (cache, user) = (cache.clone(), user(round * RACERS + racer, &value));
                tokio::spawn(async move {
                    let saved =
                        if racer % 2 == 0 { user.save(&cache).await } else { user.insert(&cache).await };
                    saved.map(|_| user.id)
                })
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
        assert_eq!(User::get_by_email(&cache, &value).await.unwrap().unwrap().id, winners[0]);
    }
    assert_eq!(User::count_all(&cache).await.unwrap(), 25);
}

/// Many writers, few values: whoever is stored at the end has its claim, and nobody shares one.
async fn claims_and_documents_agree_after_a_melee(cache: Cache) {
    let tasks: Vec<_> = (0..16_u32)
        .map(|task| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for step in 0..60_u32 {
                    let (id, value) = ((task + step) % 5, ((task * 7 + step * 3) % 6).to_string());
                    let user = User { number: i64::from(id), ..user(id, &value) };
                    let result = match step % 6 {
                        0 => User::delete_by_id(&cache, id).await.map(drop),
                        1 => User::patch(id).set(User::EMAIL, value.as_str()).send(&cache).await.map(drop),
                        2 => User::patch(id).remove(User::EMAIL).send(&cache).await.map(drop),
                        _ => user.save(&cache).await.map(drop),
                    };
                    if let Err(error) = result {
                        assert!(error.is_not_unique() || error.is_not_found(), "{error:?}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut expected = Vec::new();
    for user in User::get_many(&cache, 0..5_u32).await.unwrap().into_iter().flatten() {
        expected.push(format!(r#"["tenant","the number","acme",{}]"#, user.number));
        expected.extend(user.email.map(|email| format!(r#"["email","{email}"]"#)));
    }
    expected.sort();
    assert_eq!(claims(&cache).await, expected);
}

live! {
    a_value_is_in_one_document,
    no_value_is_in_many,
    claims_follow_the_document,
    two_documents_can_exchange_values,
    a_patch_moves_the_claim,
    a_leftover_is_taken_over,
    claims_end_with_their_document,
    many_are_each_claimed,
    versions_go_first,
    of_many_racers_one_wins,
    claims_and_documents_agree_after_a_melee,
}
