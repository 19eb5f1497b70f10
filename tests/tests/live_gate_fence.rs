//! Writes that carry the fence of a lease: whoever is late changes nothing.

use std::time::{Duration, SystemTime};

use cache_core::{
    Batch, Cache, CacheModel, Changes, Command, DataMigration, Dictionary, Error, Expiry, Gate, GateError,
    Lease, Migrator, OnUnavailable, Protocol, RedisSettings, Released, Suggestions, Ttl,
};
use cache_tests::{chain, cluster, connect, live, private_server};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

/// The plain kind: without a fence it is one `JSON.SET`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "report")]
struct Report {
    #[primary_key]
    id: String,
    #[index]
    topic: String,
    body: String,
    count: u64,
}

/// The kind with everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "account", ttl = "1h")]
struct Account {
    #[primary_key]
    id: u32,
    #[unique]
    email: String,
    #[version]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "tagged", hash_tag)]
struct Tagged {
    #[primary_key]
    id: u32,
    #[unique]
    name: String,
}

/// The kind that has had another form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "formed", schema_version = 2, upgrade = second_form)]
struct Formed {
    #[primary_key]
    id: u32,
    count: u64,
}

fn second_form(
    _from: u32,
    members: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<(), std::convert::Infallible> {
    members.insert("count".to_owned(), 7.into());
    Ok(())
}

fn report(id: &str, body: &str) -> Report {
    Report { id: id.to_owned(), topic: "all".to_owned(), body: body.to_owned(), count: 0 }
}

fn gate() -> Gate {
    Gate::new("reports").ttl(Duration::from_secs(60))
}

async fn win(cache: &Cache) -> Lease {
    gate().try_lock(cache).await.unwrap().expect("the gate is free")
}

/// Two leases of which the first does not know that it was followed, and the caches of their writes.
async fn late_and_newer(cache: &Cache) -> [(Lease, Cache); 2] {
    let late = win(cache).await;
    let fenced = late.fenced(cache).unwrap();
    cache.command(Command::new("DEL").key(late.key())).await.unwrap();
    let newer = win(cache).await;
    assert!(newer.fence() > late.fence());
    let other = newer.fenced(cache).unwrap();
    [(late, fenced), (newer, other)]
}

fn refused<T>(result: Result<T, Error>, late: &Lease, newer: &Lease) {
    match result {
        Err(Error::Fenced { fence, newest, .. }) => {
            assert_eq!((fence, newest), (late.fence(), newer.fence()));
        }
        Err(Error::Stopped { done: 0, source }) => assert!(source.is_fenced(), "{source}"),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("a late write was done"),
    }
}

async fn every_write_of_a_late_holder_is_refused(cache: Cache) {
    Migrator::new().register::<Report>().run(&cache).await.unwrap();
    let [(late, fenced), (newer, other)] = late_and_newer(&cache).await;
    assert!(report("a", "newer").save(&other).await.unwrap().stored());
    assert!(report("b", "before").save(&cache).await.unwrap().stored());

    refused(report("a", "late").save(&fenced).await, &late, &newer);
    refused(report("a", "late").save_with(&fenced, Expiry::Never).await, &late, &newer);
    refused(report("a", "late").insert(&fenced).await, &late, &newer);
    refused(report("new", "late").insert(&fenced).await, &late, &newer);
    refused(report("new", "late").replace(&fenced).await, &late, &newer);
    let made = Report::get_or_insert_with(&fenced, "new", || report("new", "late")).await;
    refused(made, &late, &newer);
    for result in Report::save_many(&fenced, [report("a", "late"), report("new", "late")]).await {
        refused(result, &late, &newer);
    }
    let mut saves = Report::save_stream(&fenced, futures_util::stream::iter([report("a", "late")]));
    refused(StreamExt::next(&mut saves).await.unwrap(), &late, &newer);
    refused(Report::patch("a").increment(Report::COUNT, 1).send(&fenced).await, &late, &newer);
    refused(Report::patch("a").increment(Report::COUNT, 1).send_and_get(&fenced).await, &late, &newer);
    refused(report("a", "").delete(&fenced).await, &late, &newer);
    refused(Report::delete_by_id(&fenced, "a").await, &late, &newer);
    refused(Report::delete_many(&fenced, ["a", "b"]).await, &late, &newer);
    refused(Report::expire(&fenced, "a", Duration::from_secs(1)).await, &late, &newer);
    refused(Report::expire_at(&fenced, "a", SystemTime::UNIX_EPOCH).await, &late, &newer);
    refused(Report::persist(&fenced, "a").await, &late, &newer);
    refused(Report::find().delete(&fenced).await, &late, &newer);
    refused(Report::find().update(&fenced, Changes::new().set(Report::BODY, "late")).await, &late, &newer);

    let stored = Report::get_many(&cache, ["a", "b", "new"]).await.unwrap();
    assert_eq!(stored, [Some(report("a", "newer")), Some(report("b", "before")), None]);
    assert_eq!(Report::ttl(&cache, "a").await.unwrap(), Ttl::Persistent);
    // Readers, and who carries no fence, are as ever; also through the cache of the late one.
    assert_eq!(Report::get(&fenced, "a").await.unwrap(), Some(report("a", "newer")));
    assert_eq!(Report::find().count(&fenced).await.unwrap(), 2);
    assert_eq!(Report::find_by_topic("all").all(&fenced).await.unwrap().len(), 2);
    assert_eq!(Report::count_all(&fenced).await.unwrap(), 2);
    assert!(report("a", "unfenced").save(&cache).await.unwrap().stored());
}

async fn what_a_newer_holder_writes_is_done(cache: Cache) {
    Migrator::new().register::<Report>().run(&cache).await.unwrap();
    let [_, (_lease, fenced)] = late_and_newer(&cache).await;
    assert!(report("a", "").insert(&fenced).await.unwrap().stored());
    assert!(report("a", "1").insert(&fenced).await.unwrap_err().is_already_exists());
    assert!(report("none", "1").replace(&fenced).await.unwrap_err().is_not_found());
    assert!(
        report("b", "").save_with(&fenced, Expiry::After(Duration::from_secs(60))).await.unwrap().stored()
    );
    let saves = Report::save_many(&fenced, [report("c", ""), report("d", ""), report("e", "")]).await;
    assert!(saves.into_iter().all(|save| save.unwrap().stored()));
    assert_eq!(Report::patch("a").increment(Report::COUNT, 2).send_and_get(&fenced).await.unwrap().count, 2);
    assert!(Report::expire(&fenced, "a", Duration::from_secs(60)).await.unwrap());
    assert!(Report::persist(&fenced, "a").await.unwrap());
    assert!(!Report::persist(&fenced, "a").await.unwrap(), "it had no end any more");
    let changes = Changes::new().increment(Report::COUNT, 1);
    assert_eq!(Report::find().update(&fenced, changes).await.unwrap().changed(), 5);
    assert!(Report::delete_by_id(&fenced, "a").await.unwrap());
    assert!(!Report::delete_by_id(&fenced, "a").await.unwrap());
    assert_eq!(Report::delete_many(&fenced, ["a", "b"]).await.unwrap(), 1);
    assert_eq!(Report::find().delete(&fenced).await.unwrap(), 3);
}

async fn documents_with_claims_and_versions_carry_it(cache: Cache) {
    let [(late, fenced), (newer, other)] = late_and_newer(&cache).await;
    let account = |email: &str, version| Account { id: 1, email: email.to_owned(), version };
    assert_eq!(account("new", 0).save(&other).await.unwrap().version(), Some(1));
    assert!(account("new", 0).save(&other).await.unwrap_err().is_version_conflict());
    // Also what would be refused for another reason says that it is late: trying again is of no use.
    refused(account("late", 0).save(&fenced).await, &late, &newer);
    refused(account("late", 1).save(&fenced).await, &late, &newer);
    refused(Account::modify(&fenced, 1, |account| account.email = "late".to_owned()).await, &late, &newer);
    refused(Account::patch(1).set(Account::EMAIL, "late").send(&fenced).await, &late, &newer);
    refused(Account::delete_by_id(&fenced, 1).await, &late, &newer);
    refused(Account::delete_many(&fenced, [1]).await, &late, &newer);

    let changed = Account::modify(&other, 1, |account| account.email = "newer".to_owned()).await.unwrap();
    assert_eq!(changed, account("newer", 2));
    let patched = Account::patch(1).set(Account::EMAIL, "newest").send(&other).await.unwrap();
    assert_eq!(patched.version(), Some(3));
    let second = Account { id: 2, email: "newest".to_owned(), version: 0 };
    assert!(second.save(&other).await.unwrap_err().is_not_unique());
    assert_eq!(Account::get_by_email(&cache, "late").await.unwrap(), None, "a late writer claims nothing");
    assert!(Account::delete_by_id(&other, 1).await.unwrap());
    assert!(second.save(&other).await.unwrap().stored());
}

async fn a_patch_that_brings_a_document_up_first_carries_it(cache: Cache) {
    let [(late, fenced), (newer, other)] = late_and_newer(&cache).await;
    let key = format!("{}:formed:1", cache.keyspace().unwrap().global());
    let old = r#"{"id":1}"#;
    cache.command(Command::new("JSON.SET").key(&key).arg("$").arg(old)).await.unwrap();
    refused(Formed::patch(1).increment(Formed::COUNT, 1).send(&fenced).await, &late, &newer);
    let left = cache.command(Command::new("JSON.GET").key(&key)).await.unwrap();
    assert_eq!(left.as_str(), Some(old));
    let patched = Formed::patch(1).increment(Formed::COUNT, 1).send_and_get(&other).await.unwrap();
    assert_eq!(patched, Formed { id: 1, count: 8 });
}

async fn a_flush_lets_no_older_one_follow_a_newer_one(cache: Cache) {
    let [(late, fenced), (newer, other)] = late_and_newer(&cache).await;
    let fence = format!("{{{}}}:f", late.key());
    cache.command(Command::new("DEL").key(&fence)).await.unwrap();
    // The server knows of nobody: the first to write is let in, and the number only goes up from there.
    assert!(report("a", "late").save(&fenced).await.unwrap().stored());
    assert!(report("a", "newer").save(&other).await.unwrap().stored());
    refused(report("a", "late").save(&fenced).await, &late, &newer);
    let kept = newer.clone();
    assert_eq!(newer.release().await, Released::Released);
    // Over, and not followed: the fence is still the largest.
    assert!(report("a", "newer").save(&other).await.unwrap().stored());
    let next = win(&cache).await;
    refused(report("a", "newer").save(&other).await, &kept, &next);
}

async fn what_cannot_carry_it_is_refused_before_it_is_sent(cache: Cache) {
    let lease = win(&cache).await;
    let fenced = lease.fenced(&cache).unwrap();
    let no_fence = |error: Error, name: &str| match error {
        Error::NoFence { command } => assert_eq!(command, name),
        other => panic!("{other:?}"),
    };
    for name in ["SET", "json.set", "DEL", "FLUSHALL", "EVALSHA", "FCALL", "RENAME", "UNLINK", "FT.SUGADD"] {
        let refused = fenced.command(Command::new(name).key("k").arg("$").arg("1")).await;
        no_fence(refused.unwrap_err(), name);
    }
    let batch = Batch::atomic(vec![Command::new("PING"), Command::new("SET").key("k").arg("1")]);
    no_fence(fenced.connection().send_all(batch).await.unwrap_err(), "SET");
    assert!(Suggestions::new("s").add(&fenced, "x", 1.0).await.is_err());
    assert!(Dictionary::new("d").add(&fenced, ["x"]).await.is_err());
    assert!(Migrator::new().register::<Report>().run(&fenced).await.is_err());
    no_fence(Report::invalidate(&fenced, "a").await.unwrap_err(), "DEL");
    let step = |_: &mut serde_json::Map<String, serde_json::Value>| Ok::<(), Error>(());
    let migrated = DataMigration::<Formed>::new().step(2, "nothing", step).run(&fenced).await;
    assert!(chain(&migrated.unwrap_err()).contains("cannot carry a lease's fence"));
    assert!(fenced.command(Command::new("EXISTS").key("k")).await.unwrap().as_int() == Some(0));

    // A script of one's own that has the fence's key as its last one gets through.
    let own = Command::new("EVAL").arg("return redis.call('GET', KEYS[1])").arg("1");
    let own = own.key(format!("{{{}}}:f", lease.key()));
    assert_eq!(fenced.command(own).await.unwrap().as_str(), Some(lease.fence().to_string().as_str()));

    // Fenced twice, by two gates, it could carry only one.
    let second = Gate::new("second").try_lock(&cache).await.unwrap().unwrap();
    let twice = second.fenced(&fenced).unwrap();
    no_fence(report("a", "").save(&twice).await.unwrap_err(), "EVALSHA");
    let again = lease.fenced(&fenced).unwrap();
    assert!(report("a", "").save(&again).await.unwrap().stored());
    // Two gates are two fences.
    assert!(report("a", "").save(&second.fenced(&cache).unwrap()).await.unwrap().stored());
}

async fn a_lease_that_is_over_or_is_none_has_no_fenced_cache(cache: Cache) {
    let lease = win(&cache).await;
    let kept = lease.clone();
    lease.release().await;
    assert!(matches!(kept.fenced(&cache), Err(GateError::Lost { .. })));

    let nowhere = RedisSettings::new("redis://127.0.0.1:1").connect_timeout(Duration::from_millis(200));
    let Ok(nowhere) = Cache::connect_lazy(nowhere) else { panic!("a lazy connection asks nobody") };
    let outcome = gate()
        .on_unavailable(OnUnavailable::RunUnleased)
        .run(&nowhere.project("shop"), async |lease| Ok::<_, GateError>(lease.fenced(&cache).err()))
        .await;
    assert!(matches!(outcome.unwrap().ran(), Some(Some(GateError::Unleased { .. }))));
}

async fn another_server_learns_of_a_newer_lease_by_its_writes(cache: Cache) {
    let server = private_server().await;
    let elsewhere = connect(&server.url(), cache.capabilities().protocol).await.project("elsewhere");
    let [(late, _), (newer, _)] = late_and_newer(&cache).await;
    let (fenced, other) = (late.fenced(&elsewhere).unwrap(), newer.fenced(&elsewhere).unwrap());
    assert!(report("a", "late").save(&fenced).await.unwrap().stored(), "nobody came after it there");
    assert!(report("b", "newer").save(&other).await.unwrap().stored());
    refused(report("a", "late").save(&fenced).await, &late, &newer);
}

async fn a_fenced_write_is_one_round_trip(cache: Cache) {
    let server = private_server().await;
    let cache = connect(&server.url(), cache.capabilities().protocol).await.project("alone");
    let lease = win(&cache).await;
    let fenced = lease.fenced(&cache).unwrap();
    assert!(report("a", "").save(&fenced).await.unwrap().stored());
    let before = commands(&cache).await;
    for _ in 0..5 {
        assert!(report("a", "").save(&fenced).await.unwrap().stored());
    }
    assert_eq!(commands(&cache).await - before, 5 + 1, "one script a write, and the question itself");
}

/// How many commands clients have sent.
async fn commands(cache: &Cache) -> u64 {
    let info = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let counts = matches!(name, "evalsha" | "eval" | "info" | "multi" | "wait");
        counts.then(|| rest.split_once(',').unwrap().0.parse::<u64>().unwrap())
    };
    info.as_str().unwrap().lines().filter_map(calls).sum()
}

live!(
    every_write_of_a_late_holder_is_refused,
    what_a_newer_holder_writes_is_done,
    documents_with_claims_and_versions_carry_it,
    a_patch_that_brings_a_document_up_first_carries_it,
    a_flush_lets_no_older_one_follow_a_newer_one,
    what_cannot_carry_it_is_refused_before_it_is_sent,
    a_lease_that_is_over_or_is_none_has_no_fenced_cache,
    another_server_learns_of_a_newer_lease_by_its_writes,
    a_fenced_write_is_one_round_trip,
);

#[cfg(unix)]
#[tokio::test]
async fn on_a_cluster_the_number_lies_beside_the_documents() {
    let server = cluster::one_node().await;
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let project = format!("shop{protocol:?}").to_lowercase();
        let cache = connect(&server.url(), protocol).await.project(&project);
        let [(late, fenced), (newer, other)] = late_and_newer(&cache).await;
        assert!(report("a", "newer").save(&other).await.unwrap().stored());
        refused(report("a", "late").save(&fenced).await, &late, &newer);
        refused(Report::delete_by_id(&fenced, "a").await, &late, &newer);
        for result in Report::save_many(&fenced, [report("a", "late")]).await {
            refused(result, &late, &newer);
        }
        let key = format!(
            "{project}:cache:~report:{{{project}:cache:report:a}}:fence:{project}%3Areports%3Aleader"
        );
        let left = cache.command(Command::new("PTTL").key(&key)).await.unwrap().as_int().unwrap();
        assert!(left > 6 * 24 * 3_600_000, "{left}");
        // It outlives the document.
        assert!(Report::delete_by_id(&other, "a").await.unwrap());
        refused(report("a", "late").save(&fenced).await, &late, &newer);

        // All documents with one hash tag share it.
        let tagged = |id| Tagged { id, name: format!("n{id}") };
        assert!(tagged(1).save(&other).await.unwrap().stored());
        refused(tagged(2).save(&fenced).await, &late, &newer);
        // Claims on other slots cannot carry it.
        let account = Account { id: 1, email: "a".to_owned(), version: 0 };
        assert!(matches!(account.save(&other).await, Err(Error::NoFence { .. })));
        assert_eq!(Account::get(&cache, 1).await.unwrap(), None);
    }
}
