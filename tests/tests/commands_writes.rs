//! The exact commands that writes send, seen by a connection that records them.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use cache_core::testkit::Recorder;
use cache_core::{CacheModel, Error, Expiry, PatchError, Reply};
use cache_tests::recorder::{capabilities, recorded, recorded_of};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u32,
    name: String,
    #[serde(rename = "visit count")]
    visits: u64,
    level: f64,
    ratio: f32,
    #[index]
    tags: Vec<String>,
    bio: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30s")]
struct Session {
    #[primary_key]
    id: u32,
}

/// The scripts: they are part of what is sent, so a change of one is a change here.
const WRITE: &str = "EVALSHA c4bb91f1b6c27057d029822179363b7c1ecb39a0 1";
const WRITE_EXPIRING: &str = "EVALSHA d22ecad31ca43a2c2303cd5ef82fc3d5c68f52a2 1";
const PATCH: &str = "EVALSHA 3b3d369c2f0336b78027ce29289506661da59a8f 1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Counter {
    #[primary_key]
    id: u32,
    hits: u64,
    #[serde(rename = "v n")]
    #[version]
    version: u32,
}

/// An answer of a script.
fn words<const N: usize>(words: [&'static str; N]) -> Reply {
    Reply::Array(words.map(|word| Reply::Bulk(word.into())).into())
}

fn ok() -> Reply {
    Reply::Status("OK".to_owned())
}

#[tokio::test]
async fn a_write_is_one_command() {
    let (recorder, cache) = recorded([ok(), ok(), ok(), ok(), ok(), ok()]);
    let (one, at) = (Session { id: 1 }, UNIX_EPOCH + Duration::from_millis(1_800_000_000_001));
    let _ = one.save_with(&cache, Expiry::Keep).await.unwrap();
    let _ = one.insert_with(&cache, Expiry::Keep).await.unwrap();
    let _ = one.replace_with(&cache, Expiry::Keep).await.unwrap();
    let _ = one.insert(&cache).await.unwrap();
    let _ = one.replace_with(&cache, Expiry::At(at)).await.unwrap();
    let _ = one.save_with(&cache, Expiry::Never).await.unwrap();
    assert_eq!(
        recorder.sent(),
        [
            r#"JSON.SET shop:cache:session:1 $ {"id":1}"#.to_owned(),
            r#"JSON.SET shop:cache:session:1 $ {"id":1} NX"#.to_owned(),
            r#"JSON.SET shop:cache:session:1 $ {"id":1} XX"#.to_owned(),
            format!(r#"{WRITE_EXPIRING} shop:cache:session:1 {{"id":1}} NX PEXPIRE 30000"#),
            format!(r#"{WRITE_EXPIRING} shop:cache:session:1 {{"id":1}} XX PEXPIREAT 1800000000001"#),
            format!(r#"{WRITE_EXPIRING} shop:cache:session:1 {{"id":1}}  PERSIST "#),
        ]
    );
}

#[tokio::test]
async fn a_version_is_compared_and_counted_up_in_the_same_command() {
    let conflict = || Reply::Array(vec![Reply::Bulk("version".into()), Reply::Nil]);
    let answers = [words(["stored"]), conflict(), words(["version", "9"]), words(["stored"])];
    let (recorder, cache) = recorded(answers);
    let one = Counter { id: 1, hits: 5, version: 7 };
    assert_eq!(one.save(&cache).await.unwrap().version(), Some(8));
    let error = one.save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::VersionConflict { expected: 7, found: None, .. }), "{error:?}");
    let error = one.replace(&cache).await.unwrap_err();
    assert!(matches!(error, Error::VersionConflict { expected: 7, found: Some(9), .. }), "{error:?}");
    assert_eq!(one.insert(&cache).await.unwrap().version(), Some(1));
    let last = Counter { version: u32::MAX, ..one };
    assert!(matches!(last.save(&cache).await, Err(Error::NoNextVersion { .. })));
    let json = r#"shop:cache:counter:1  {"id":1,"hits":5,"v n":7}"#;
    assert_eq!(
        recorder.sent(),
        [
            format!(r#"{WRITE} {json}    $["v n"] 7 8 "#),
            format!(r#"{WRITE} {json}    $["v n"] 7 8 "#),
            format!(r#"{WRITE} {json} XX   $["v n"] 7 8 "#),
            format!(r#"{WRITE} {json} NX   $["v n"]  1 "#),
        ]
    );
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(unique(tenant, number))]
struct Account {
    #[primary_key]
    id: u32,
    #[unique]
    email: Option<String>,
    tenant: String,
    number: u8,
}

#[tokio::test]
async fn a_script_is_told_every_key() {
    let stale = words(["stale", r#"["old"]"#, r#"["t"]"#, "[7]"]);
    let held =
        vec![Reply::Bulk("claimed".into()), Reply::Int(0), Reply::Bulk(":shop:cache:account:2".into())];
    let held = Reply::Array(held);
    let (recorder, cache) = recorded([words(["stored"]), stale, held, words(["stored"])]);
    let account = Account { id: 1, email: Some("a:b".into()), tenant: "t".into(), number: 7 };
    let _ = account.save(&cache).await.unwrap();
    let _ = account.save(&cache).await.unwrap();
    let key = "shop:cache:account:1";
    let (email, old) =
        (r#"shop:cache:~account:unique:["email","a:b"]"#, r#"shop:cache:~account:unique:["email","old"]"#);
    let both = r#"shop:cache:~account:unique:["tenant","number","t",7]"#;
    // Without a fence, which comes first.
    let json = r#" {"id":1,"email":"a:b","tenant":"t","number":7}"#;
    let script = WRITE.trim_end_matches(" 1");
    let wants = |holder: u8| format!(r#"2 {holder} 1 $.email ["a:b"] 0 2 $.tenant ["t"] $.number [7]"#);
    let is = |email: &str| format!(r#"       0 3 $.email ["{email}"] $.tenant ["t"] $.number [7]"#);
    assert_eq!(
        recorder.sent(),
        [
            format!("{script} 3 {key} {email} {both} {json}{} {} 0", is("a:b"), wants(0)),
            format!("{script} 3 {key} {email} {both} {json}{} {} 0", is("a:b"), wants(0)),
            format!("{script} 4 {key} {email} {both} {old} {json}{} {} 1", is("old"), wants(0)),
            format!(
                "{script} 5 {key} {email} {both} {old} shop:cache:account:2 {json}{} {} 1",
                is("old"),
                wants(5)
            ),
        ]
    );
}

#[tokio::test]
async fn a_condition_that_did_not_hold_is_an_error_of_its_own() {
    let (_, cache) = recorded([Reply::Nil, Reply::Nil, Reply::Nil]);
    let key = "shop:cache:session:1";
    let error = Session { id: 1 }.insert_with(&cache, Expiry::Keep).await.unwrap_err();
    assert!(matches!(&error, Error::AlreadyExists { key: found, .. } if found == key), "{error}");
    let error = Session { id: 1 }.insert(&cache).await.unwrap_err();
    assert!(error.is_already_exists(), "{error}");
    let error = Session { id: 1 }.replace(&cache).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(
        error.to_string(),
        "no `Session` was found under `shop:cache:session:1`; `save` or `insert` makes one"
    );
}

#[tokio::test]
async fn a_patch_tells_the_script_everything() {
    let done = Reply::Array(vec![Reply::Bulk("done".into())]);
    let (recorder, cache) = recorded([done]);
    let patch = User::patch(7)
        .set(User::NAME, "an\"n")
        .increment(User::VISITS, -2)
        .increment(User::LEVEL, 0.1)
        .increment(User::RATIO, 0.1)
        .push(User::TAGS, "a")
        .remove(User::BIO)
        .push(User::TAGS, "b c");
    assert!(!format!("{patch:?}").contains("b c"), "values are not shown: {patch:?}");
    let _ = patch.send(&cache).await.unwrap();
    assert_eq!(
        recorder.sent(),
        [format!(
            "{PATCH} shop:cache:user:7    set $.name $ 1 \"an\\\"n\" \
             integer $[\"visit count\"] $ 3 -2 0 18446744073709551615 \
             double $.level $ 2 1e-1 0.1 single $.ratio $ 1 1.0000000149011612e-1 \
             push $.tags $ 2 \"a\" \"b c\" remove $.bio $ 0"
        )]
    );
}

#[tokio::test]
async fn a_patch_of_one_member_is_a_plain_command_and_the_script_only_where_that_did_nothing() {
    let done = || Reply::Array(vec![Reply::Bulk("done".into())]);
    let got = Reply::Array(vec![Reply::Bulk("done".into()), Reply::Bulk(r#"{"id":7}"#.into())]);
    let (recorder, cache) = recorded([ok(), Reply::Nil, done(), got, done(), done()]);
    let name = || User::patch(7).set(User::NAME, "b c");
    let _ = name().send(&cache).await.unwrap();
    let _ = name().send(&cache).await.unwrap();
    // With anything more it is the script's.
    let _ = Session::patch(7).send_and_get(&cache).await.unwrap();
    let _ = name().set(User::BIO, None).send(&cache).await.unwrap();
    let _ = Counter::patch(7).set(Counter::HITS, 1).send(&cache).await.unwrap();
    let plain = r#"JSON.SET shop:cache:user:7 $.name "b c" XX"#;
    let call = format!(r#"{PATCH} shop:cache:user:7    set $.name $ 1 "b c""#);
    assert_eq!(
        recorder.sent(),
        [
            plain.to_owned(),
            plain.to_owned(),
            call.clone(),
            format!("{PATCH} shop:cache:session:7  get "),
            format!("{call} set $.bio $ 1 null"),
            format!(
                r#"{PATCH} shop:cache:counter:7    set $.hits $ 1 1 version $["v n"] $ 3 1 0 4294967295"#
            ),
        ]
    );
}

#[tokio::test]
async fn a_refused_patch_sends_nothing() {
    let (recorder, cache) = recorded([]);
    let refused = async |patch: cache_core::Patch<User>| patch.send(&cache).await.unwrap_err();

    let error = refused(User::patch(1).set(User::ID, 2u32)).await;
    assert!(matches!(error.patch_error(), Some(PatchError::PrimaryKey { .. })), "{error:?}");
    let error = refused(User::patch(1).set(User::NAME, "a").set(User::NAME, "b")).await;
    assert!(matches!(error.patch_error(), Some(PatchError::Twice { field }) if field == "name"), "{error:?}");
    let error = refused(User::patch(1).set(User::TAGS, ["a"]).push(User::TAGS, "b")).await;
    assert!(matches!(error.patch_error(), Some(PatchError::Twice { .. })), "{error:?}");
    let error = refused(User::patch(1).increment(User::LEVEL, f64::NAN)).await;
    assert!(matches!(error.patch_error(), Some(PatchError::NotFinite { .. })), "{error:?}");
    let error = refused(User::patch(1).set(User::LEVEL, f64::INFINITY)).await;
    assert!(matches!(error, Error::Serialize { .. }), "{error:?}");
    let error = refused(User::patch(1).set(User::TAGS, ["x".repeat(70_000)])).await;
    assert!(matches!(error, Error::TagTooLong { length: 70_000, .. }), "{error:?}");
    let error = refused(User::patch(1).push(User::TAGS, "a\0b")).await;
    assert!(matches!(error, Error::NulCharacter { .. }), "{error:?}");
    assert_eq!(recorder.sent(), Vec::<String>::new());
}

#[tokio::test]
async fn get_or_insert_reads_first() {
    let there = || Reply::Bulk(r#"{"id":1}"#.into());
    let (recorder, cache) = recorded([there(), Reply::Nil, words(["stored", r#"{"id":1}"#])]);
    Session::get_or_insert_with(&cache, 1, || unreachable!()).await.unwrap();
    Session::get_or_insert_with(&cache, 1, || Session { id: 1 }).await.unwrap();
    let error = Session::get_or_insert_with(&cache, 1, || Session { id: 2 }).await.unwrap_err();
    // The recorder's own answer is `OK`, which is no document.
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    assert_eq!(
        recorder.sent(),
        [
            "JSON.GET shop:cache:session:1 (repeatable)".to_owned(),
            "JSON.GET shop:cache:session:1 (repeatable)".to_owned(),
            format!(r#"{WRITE} shop:cache:session:1  {{"id":1}} GET PEXPIRE 30000     (repeatable)"#),
            "JSON.GET shop:cache:session:1 (repeatable)".to_owned(),
        ]
    );
    let (recorder, cache) = recorded([Reply::Nil]);
    let error = Session::get_or_insert_with(&cache, 1, || Session { id: 2 }).await.unwrap_err();
    assert!(matches!(&error, Error::OtherKey { found, .. } if found.ends_with(":2")), "{error:?}");
    assert_eq!(recorder.sent().len(), 1);
}

fn shape(recorder: &Arc<Recorder>) -> Vec<(String, usize)> {
    let mut shape: Vec<(String, usize)> = Vec::new();
    for command in recorder.sent() {
        let name = command.split(' ').next().unwrap_or_default().to_owned();
        match shape.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => shape.push((name, 1)),
        }
    }
    shape
}

fn expected<const N: usize>(shape: [(&str, usize); N]) -> Vec<(String, usize)> {
    shape.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test]
async fn many_travel_in_chunks() {
    let (recorder, cache) = recorded([]);
    let user =
        |id| User { id, name: String::new(), visits: 0, level: 0.0, ratio: 0.0, tags: vec![], bio: None };
    let results = User::save_many(&cache, (0..1_001).map(user)).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1_001);
    // Of a hundred each; what is alone in its chunk is set.
    let expected_shape =
        [("pipeline", 1), ("JSON.MSET", 5), ("pipeline", 1), ("JSON.MSET", 5), ("pipeline", 1)];
    assert_eq!(shape(&recorder)[..5], expected(expected_shape));

    let large = |id| User { bio: Some("x".repeat(400_000)), ..user(id) };
    let _ = User::save_many(&cache, (0..4).map(large)).await;
    let pipelines = [("pipeline", 1), ("JSON.MSET", 1), ("pipeline", 1), ("JSON.SET", 1)];
    assert_eq!(shape(&recorder), expected(pipelines));

    // The first call of a pipeline brings the script, so that the others find it.
    let _ = Session::save_many(&cache, [Session { id: 1 }, Session { id: 2 }, Session { id: 3 }]).await;
    assert_eq!(shape(&recorder), expected([("pipeline", 1), ("EVAL", 1), ("EVALSHA", 2)]));
}

#[tokio::test]
async fn what_cannot_be_written_is_its_own_error_only() {
    let (recorder, cache) = recorded([]);
    let user = |id, tag: &str| User {
        id,
        name: String::new(),
        visits: 0,
        level: 0.0,
        ratio: 0.0,
        tags: vec![tag.to_owned()],
        bio: None,
    };
    let results = User::save_many(&cache, [user(1, "a"), user(2, "a\0"), user(3, "b")]).await;
    assert!(matches!(results[..], [Ok(_), Err(Error::NulCharacter { .. }), Ok(_)]), "{results:?}");
    let sent = recorder.sent();
    let of = |id: u32| sent[1].contains(&format!("shop:cache:user:{id} "));
    assert!(sent.len() == 2 && of(1) && !of(2) && of(3), "{sent:?}");
}

#[tokio::test]
async fn keys_of_many_travel_in_chunks() {
    let nothing = |count| Reply::Array(vec![Reply::Nil; count]);
    let (recorder, cache) = recorded([nothing(500), nothing(1), Reply::Int(499), Reply::Int(1)]);
    assert_eq!(Session::get_many(&cache, 0..501_u32).await.unwrap().len(), 501);
    assert_eq!(Session::delete_many(&cache, 0..501_u32).await.unwrap(), 500);
    assert_eq!(shape(&recorder), expected([("JSON.MGET", 2), ("DEL", 2)]));
}

#[tokio::test]
async fn a_scan_asks_for_documents_of_the_prefix_alone() {
    let page = |cursor: &str, keys: &[&str]| {
        let keys = keys.iter().map(|&key| Reply::Bulk(key.to_owned().into())).collect();
        Reply::Array(vec![Reply::Bulk(cursor.to_owned().into()), Reply::Array(keys)])
    };
    let keys = ["a*[b]:session:1", "a*[b]:session:", "axb:session:2", "a*[b]:session:07"];
    let (recorder, cache) = recorded([page("18", &keys), page("0", &["a*[b]:session:1", "a*[b]:session:x"])]);
    let mut ids = Session::ids(&cache.namespace("a*[b]"));
    assert_eq!(ids.next().await.unwrap().unwrap(), 1);
    let error = ids.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::KeyWithoutId { key, .. } if key.ends_with(":07")), "{error:?}");
    assert_eq!(ids.next().await.unwrap().unwrap(), 1);
    assert!(matches!(ids.next().await, Some(Err(Error::KeyWithoutId { .. }))));
    assert!(ids.next().await.is_none() && ids.next().await.is_none());
    assert_eq!(
        recorder.sent(),
        [
            r"SCAN 0 MATCH a\*\[b\]:session:* TYPE ReJSON-RL COUNT 1000 (repeatable)",
            r"SCAN 18 MATCH a\*\[b\]:session:* TYPE ReJSON-RL COUNT 1000 (repeatable)",
        ]
    );
}

#[tokio::test]
async fn a_scan_of_a_cluster_is_one_of_all_masters() {
    let mut cluster = capabilities();
    cluster.cluster = true;
    let bulk = |text: &str| Reply::Bulk(text.to_owned().into());
    let nodes = || {
        let of = |id, slots| bulk(&format!("{id} h:{id}@1 myself,master - 0 0 1 connected {slots}\n"));
        Reply::Array(vec![of(1, "0-9"), of(2, "10-16383")])
    };
    let page = |key: &str| Reply::Array(vec![bulk("0"), Reply::Array(vec![bulk(key)])]);
    let (recorder, cache) =
        recorded_of(cluster, [nodes(), page("cache:session:1"), page("cache:session:2"), nodes()]);
    let mut keys = Session::keys(&cache.namespace("cache"));
    for key in ["cache:session:1", "cache:session:2"] {
        assert_eq!(keys.next().await.unwrap().unwrap(), key);
    }
    assert!(keys.next().await.is_none());
    let scan = "SCAN 0 MATCH cache:session:* TYPE ReJSON-RL COUNT 1000 (repeatable)";
    assert_eq!(recorder.sent(), ["CLUSTER NODES (repeatable)", scan, scan, "CLUSTER NODES (repeatable)"]);
}
