//! What is told of an index that lacks documents, and of keys that are in the migrator's way: by names, whatever is in them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, Entry, Error, FieldDef, IndexSchema, MigrateError, Migrator, Notice,
    Protocol, Schema, Tag,
};
use cache_tests::releases::{first, index, save, second, write};
use cache_tests::{chain, connect, elsewhere, live, private_server};

type Old = first::User;
type New = second::User;

const BAD: &str = r#"{"id":1000,"name":"n1","age":"old"}"#;

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

async fn send(cache: &Cache, words: &[&[u8]]) {
    let [name, words @ ..] = words else { return };
    let name = std::str::from_utf8(name).unwrap();
    let _ = cache.command(Command::new(name).args_from(words)).await.unwrap();
}

fn beside(cache: &Cache, name: &str) -> String {
    format!("{}:~user:{name}", cache.keyspace().unwrap().global())
}

async fn run(cache: &Cache) -> cache_core::Migration {
    new().run(cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// A terminal obeys what is in a key; and a key need not be text.
async fn keys_of_any_bytes_are_told(cache: Cache) {
    save(&cache, 5).await;
    let start = format!("{}:user:", cache.keyspace().unwrap().global());
    for id in [&b"\x1b[2J\r\n  ! all is well"[..], b"\xff\xfe"] {
        send(&cache, &[b"JSON.SET", &[start.as_bytes(), id].concat(), b"$", BAD.as_bytes()]).await;
    }
    let told = format!("{start}\u{1b}[2J\r\n  ! all is well");
    // By whoever compared the index, and by those that know of it.
    for cache in [&cache, &elsewhere(&cache).await, &cache] {
        let migration = run(cache).await;
        let (_, notice) = migration.notices().next().unwrap();
        let Notice::Lacking { documents: 2, keys, .. } = notice else { panic!("{notice:?}") };
        let mut keys = keys.clone();
        keys.sort();
        assert_eq!(keys, [told.clone(), format!("{start}\\xff\\xfe")]);
        let shown = migration.to_string();
        assert!(shown.contains(&format!(r"{start}\u{{1b}}[2J\r\n  ! all is well")), "{shown}");
        assert_eq!(shown.lines().count(), 2, "{shown}");
    }
    // What is kept tells the plan of it, without a step to do.
    let plan = new().plan(&elsewhere(&cache).await).await.unwrap().remove(0);
    assert_eq!(plan.steps, []);
    let lacks =
        |notice: &Notice| matches!(notice, Notice::Lacking { documents: 2, keys, .. } if keys.len() == 2);
    assert!(plan.notices.iter().any(lacks), "{plan}");
    assert!(plan.to_string().contains("\n  ! ") && !plan.to_string().contains('\u{1b}'), "{plan}");
    // Mended, both are found, and nothing is told.
    for id in [&b"\x1b[2J\r\n  ! all is well"[..], b"\xff\xfe"] {
        send(&cache, &[b"DEL", &[start.as_bytes(), id].concat()]).await;
    }
    assert_eq!(new().plan(&cache).await.unwrap()[0].notices, []);
    assert_eq!(run(&cache).await.notices().count(), 0);
}

/// What failed since nobody compared the index again: its number is known, and not why.
async fn a_plan_says_what_it_does_not_know(cache: Cache) {
    save(&cache, 5).await;
    run(&cache).await;
    let key = write(&cache, 1_000, BAD).await;
    let told = Notice::Unjudged {
        index: index::<New>(&cache),
        documents: 1,
        keys: vec![key],
        commands: Vec::new(),
        reason: None,
    };
    let plan = new().plan(&cache).await.unwrap().remove(0);
    assert_eq!(plan.notices, [told]);
    assert!(plan.to_string().ends_with("each run finds out, and tells, whether for its values"), "{plan}");
    run(&cache).await;
    let plan = new().plan(&cache).await.unwrap().remove(0);
    assert!(matches!(plan.notices[..], [Notice::Lacking { documents: 1, .. }]), "{plan}");
}

async fn keys_of_another_type_are_named(cache: Cache) {
    save(&cache, 5).await;
    let made = format!("made:{}", New::schema().fingerprint());
    for name in ["leases", "extending", "compared", &made] {
        let key = beside(&cache, name);
        send(&cache, &[b"RPUSH", key.as_bytes(), b"x"]).await;
        let error = new().run(&cache).await.unwrap_err();
        let text = error.to_string();
        match error {
            MigrateError::KeyTaken { key: taken, .. } => assert_eq!(taken, key),
            other => panic!("{name}: {}", chain(&other)),
        }
        assert!(text.contains(&format!("`{key}`")) && text.contains("rename or delete it"), "{text}");
        send(&cache, &[b"DEL", key.as_bytes()]).await;
        let _ = cache.command(Command::new("FT.DROPINDEX").arg(index::<New>(&cache))).await;
    }
    assert_eq!(run(&cache).await.indexes()[0].documents, 5);
}

/// Nobody is told of an index that is made again, so that each query looks at it.
async fn a_number_that_is_none_is_no_word_of_an_index(cache: Cache) {
    let made = beside(&cache, &format!("made:{}", New::schema().fingerprint()));
    send(&cache, &[b"SET", made.as_bytes(), b"text"]).await;
    save(&cache, 5_000).await;
    let other = elsewhere(&cache).await;
    for round in 0..4 {
        // It is made all the same, and who made it is told.
        let error = new().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::KeyTaken { .. }), "{}", chain(&error));
        loop {
            match New::find().count(&other).await {
                Ok(found) => {
                    assert_eq!(found, 5_000, "{round}");
                    break;
                }
                Err(Error::Incomplete { .. }) => {}
                Err(error) => panic!("{}", chain(&error)),
            }
        }
        send(&cache, &[b"FT.DROPINDEX", index::<New>(&cache).as_bytes()]).await;
    }
}

/// Nobody waits for a turn that is none and never ends.
async fn a_turn_that_is_none_is_not_waited_for(cache: Cache) {
    save(&cache, 5).await;
    let key = beside(&cache, &format!("comparing:{}", New::schema().fingerprint()));
    for value in [&[&b"SET"[..], key.as_bytes(), b"somebody"][..], &[b"HSET", key.as_bytes(), b"f", b"v"]] {
        send(&cache, &[b"DEL", key.as_bytes()]).await;
        send(&cache, value).await;
        let taken = Notice::Taken { key: key.clone() };
        let plan = new().plan(&cache).await.unwrap().remove(0);
        assert!(plan.notices.contains(&taken), "{plan}");
        let began = Instant::now();
        let migration = run(&cache).await;
        // A minute is what is waited for another replica.
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        assert_eq!(migration.notices().map(|(_, notice)| notice).collect::<Vec<_>>(), [&taken]);
        assert!(migration.to_string().contains(&key), "{migration}");
        send(&cache, &[b"FT.DROPINDEX", index::<New>(&cache).as_bytes()]).await;
    }
}

async fn who_watches_hears_what_is_waited_for(cache: Cache) {
    save(&cache, 5).await;
    let key = beside(&cache, &format!("comparing:{}", New::schema().fingerprint()));
    let turn = "0".repeat(32);
    send(&cache, &[b"SET", key.as_bytes(), turn.as_bytes(), b"PX", b"60000"]).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (hears, waits) = (Arc::clone(&heard), Arc::new(tokio::sync::Notify::new()));
    let told = Arc::clone(&waits);
    let migrator = new().progress(move |progress| {
        if progress.waits_for.is_some() {
            told.notify_one();
        }
        let waits = (progress.filled, progress.waits_for.clone(), progress.to_string());
        hears.lock().unwrap().push(waits);
    });
    // Whoever is waited for is done when that is told.
    let done = async {
        waits.notified().await;
        send(&cache, &[b"DEL", key.as_bytes()]).await;
    };
    let began = Instant::now();
    let (migration, ()) = tokio::join!(migrator.run(&cache), done);
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    let migration = migration.unwrap();
    assert_eq!(migration.notices().count(), 0);
    let heard = heard.lock().unwrap();
    let waited = heard.iter().find(|(_, waits_for, _)| waits_for.as_ref() == Some(&key));
    assert!(waited.is_some_and(|(filled, _, shown)| *filled && shown.contains(&key)), "{heard:?}");
    assert!(matches!(heard.last(), Some((true, None, _))), "{heard:?}");
}

/// A model with more words than a script's command can have: so many fields as an index holds, with options, and so many
/// stopwords.
struct Wide;

impl IndexSchema for Wide {
    fn schema() -> &'static Schema {
        static SCHEMA: std::sync::OnceLock<Schema> = std::sync::OnceLock::new();
        SCHEMA.get_or_init(|| {
            let field = |number: usize| {
                let name: &'static str = Box::leak(format!("f{number}").into_boxed_str());
                let field = FieldDef::indexed::<String, Tag>(name, name).sortable::<String>();
                Entry::Field(field.separator::<String>('$').with_suffix_trie::<String>())
            };
            let fields: Vec<_> = (0..1_024).map(field).collect();
            let word = |number| -> &'static str { Box::leak(format!("w{number}").into_boxed_str()) };
            let stopwords: Vec<_> = (0..1_024).map(word).collect();
            Schema::new("Wide", "wide", "id", fields.leak()).with_stopwords(stopwords.leak())
        })
    }
}

async fn the_widest_model_is_judged(cache: Cache) {
    let words = Wide::schema().create_index(cache.keyspace().unwrap()).unwrap().args().len();
    assert!(words > 9_000, "{words}");
    let start = format!("{}:wide:", cache.keyspace().unwrap().global());
    let migrator = || Migrator::new().register::<Wide>();
    for (id, document) in [("1", r#"{"f0":"a","f1023":"b"}"#), ("2", r#"{"f1023":7}"#), ("3", r#"{"f0":7}"#)]
    {
        send(&cache, &[b"JSON.SET", format!("{start}{id}").as_bytes(), b"$", document.as_bytes()]).await;
    }
    let migration = migrator().run(&cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (_, notice) = migration.notices().next().unwrap();
    assert!(matches!(notice, Notice::Lacking { documents: 2, .. }), "{notice}");
    assert_eq!(migration.indexes()[0].documents, 1);
}

/// Whoever may not ask why documents are missing is told so beforehand, and is not told that it is for their values.
async fn rights(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    save(&admin, 5).await;
    let rules = ["SETUSER", "ann", "on", ">p", "~*", "&*", "+@all", "-ft.dropindex", "-json.set"];
    send(&admin, &[&[&b"ACL"[..]], &rules.map(str::as_bytes)[..]].concat()).await;
    let ann = connect(&format!("redis://ann:p@127.0.0.1:{}", server.port().unwrap()), protocol).await;
    let commands = vec!["FT.DROPINDEX".to_owned(), "JSON.SET".to_owned()];
    let plan = new().plan(&ann).await.unwrap().remove(0);
    assert_eq!(plan.notices, [Notice::CannotJudge { commands: commands.clone() }]);
    assert!(plan.to_string().ends_with("allow it with `+ft.dropindex +json.set`"), "{plan}");
    assert_eq!(new().plan(&admin).await.unwrap()[0].notices, []);
    // Nothing is missing, so that nobody needs to ask.
    assert_eq!(new().run(&ann).await.unwrap().notices().count(), 0);
    let key = write(&admin, 1_000, BAD).await;
    let migration = new().run(&ann).await.unwrap();
    let told =
        Notice::Unjudged { index: index::<New>(&ann), documents: 1, keys: vec![key], commands, reason: None };
    assert_eq!(migration.notices().collect::<Vec<_>>(), [("User", &told)]);
    assert!(migration.to_string().contains("allow it with `+ft.dropindex +json.set`"), "{migration}");
    assert!(!migration.to_string().contains("of another type"), "{migration}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_judge_is_told_so_in_resp3() {
    rights(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_judge_is_told_so_in_resp2() {
    rights(Protocol::Resp2).await;
}

/// A first index is estimated by a look at some keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_index_has_an_estimate() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    let sample = async || new().plan(&cache).await.unwrap()[0].sample.unwrap();
    assert_eq!((sample().await.keys, sample().await.estimate()), (0, 0));
    save(&cache, 300).await;
    let few = sample().await;
    assert_eq!((few.keys, few.documents, few.of), (300, 300, 300));
    let plan = new().plan(&cache).await.unwrap().remove(0).to_string();
    assert!(plan.contains(": 300 documents; its memory is not known before\n"), "{plan}");
    // As many keys again and again that are no documents.
    send(&cache, &[b"EVAL", b"for i = 1, 9700 do redis.call('SET', 'other:' .. i, i) end", b"0"]).await;
    let many = sample().await;
    assert!((900..=1_100).contains(&many.keys) && many.of == 10_000, "{many:?}");
    // Thirty of a thousand, give or take six standard deviations.
    assert!((1..=63).contains(&many.documents), "{many:?}");
    new().run(&cache).await.unwrap();
    assert_eq!(new().plan(&cache).await.unwrap()[0].sample, None);
}

/// A server that throws keys away to make room is always full; others have none to spare.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_evicts_is_not_refused() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    let config = async |name: &str, value: &str| {
        send(&cache, &[b"CONFIG", b"SET", name.as_bytes(), value.as_bytes()]).await;
    };
    save(&cache, 5_000).await;
    Migrator::new().register::<Old>().run(&cache).await.unwrap();
    let info = cache.command(Command::new("INFO").arg("memory")).await.unwrap();
    let used = info.as_str().unwrap().lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let used: u64 = used.trim().parse().unwrap();
    config("maxmemory", &(used + 10_000).to_string()).await;
    for policy in ["noeviction", "volatile-lru"] {
        config("maxmemory-policy", policy).await;
        let error = new().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::Memory { .. }), "{policy}: {}", chain(&error));
    }
    config("maxmemory-policy", "allkeys-lru").await;
    let plan = new().plan(&cache).await.unwrap().remove(0);
    assert!(plan.notices.iter().any(|notice| matches!(notice, Notice::Evicts { .. })), "{plan}");
    assert!(plan.to_string().contains("throws keys away to make room"), "{plan}");
    let migration = run(&cache).await;
    assert!(migration.notices().any(|(_, notice)| matches!(notice, Notice::Evicts { .. })), "{migration}");
    assert!(migration.indexes()[0].active && migration.indexes()[0].documents <= 5_000);
}

live! {
    keys_of_any_bytes_are_told,
    a_plan_says_what_it_does_not_know,
    keys_of_another_type_are_named,
    a_number_that_is_none_is_no_word_of_an_index,
    a_turn_that_is_none_is_not_waited_for,
    who_watches_hears_what_is_waited_for,
    the_widest_model_is_judged,
}
