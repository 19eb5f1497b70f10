//! Indexes that lack documents: which of them have values that the server refuses is for the server to say.

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Notice, Protocol, Reply,
    Shortfall, Strategy,
};
use cache_tests::releases::{
    alias, create, first, global, index, indexes, save, second, target, third, write,
};
use cache_tests::{chain, connect, elsewhere, live, private_server};

type Old = first::User;
type New = second::User;

const BAD: &str = r#"{"id":1000,"name":"n1","age":"old"}"#;

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

async fn send<const N: usize>(cache: &Cache, words: [&str; N]) {
    let [name, words @ ..] = &words[..] else { return };
    let _ = cache.command(Command::new(name).args_from(words)).await.unwrap();
}

/// Makes the index of a release by hand, without the documents that are there.
async fn by_hand<M: IndexSchema>(cache: &Cache) {
    let create = M::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let mut unfilled = Command::new("FT.CREATE");
    for argument in create.args().skip(1) {
        unfilled = unfilled.args_from((argument == b"SCHEMA").then_some("SKIPINITIALSCAN")).arg(argument);
    }
    let _ = cache.command(unfilled).await.unwrap();
}

fn is_unfilled(error: MigrateError, number: u64) -> Vec<String> {
    match error {
        MigrateError::Unfilled { model: "User", missing, lost: 1.., keys, .. } if missing == number => keys,
        other => panic!("{other}"),
    }
}

/// The server counts each rewrite, so that its number alone would say that all that is missing was refused.
async fn rewrites_of_one_bad_document_hide_none_that_are_lost(cache: Cache) {
    save(&cache, 20).await;
    by_hand::<New>(&cache).await;
    let mut bad = String::new();
    for _ in 0..30 {
        bad = write(&cache, 1_000, BAD).await;
    }
    for migrator in [new(), new().strategy(Strategy::Manual), new().allow_failures(100)] {
        let keys = is_unfilled(migrator.run(&cache).await.unwrap_err(), 21);
        assert_eq!(
            (keys.len(), keys.contains(&bad)),
            (10, false),
            "those that the server would take are named"
        );
        assert_eq!(target(&cache, &alias(&cache)).await, None);
        match New::find().count(&cache).await {
            Err(Error::Incomplete { completeness, .. }) => {
                assert_eq!(completeness.shortfalls(), [Shortfall::FailedDocuments(21)]);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(indexes(&cache).await, [index::<New>(&cache)], "nothing is left of what asked the server");

    send(&cache, ["FT.DROPINDEX", &index::<New>(&cache)]).await;
    let migration = new().run(&cache).await.unwrap();
    let lacking = Notice::Lacking { index: index::<New>(&cache), documents: 1, keys: vec![bad.clone()] };
    assert_eq!(migration.notices().collect::<Vec<_>>(), [("User", &lacking)]);
    assert!(migration.indexes()[0].active);
    let (shown, data) = (migration.to_string(), serde_json::to_value(&migration).unwrap());
    assert!(shown.contains("lacks 1 document for") && shown.contains(&bad), "{shown}");
    assert_eq!(data["indexes"][0]["notices"][0]["keys"][0], *bad);
    // That is known from now on, and told by every run.
    assert!(new().plan(&cache).await.unwrap()[0].is_empty());
    assert_eq!(new().run(&cache).await.unwrap().notices().count(), 1);
}

/// The first ten are told of many.
async fn all_that_are_missing_are_counted_and_ten_are_named(cache: Cache) {
    save(&cache, 5).await;
    for id in 1_000..1_130 {
        write(&cache, id, r#"{"id":1,"name":"n1","age":"old"}"#).await;
    }
    let migration = new().run(&cache).await.unwrap();
    match migration.notices().next() {
        Some((_, Notice::Lacking { documents: 130, keys, .. })) => assert_eq!(keys.len(), 10),
        other => panic!("{other:?}"),
    }
    assert!(migration.to_string().contains(" …; mend"), "{migration}");
}

/// Two indexes that lack the same agree with each other, and not with the documents.
async fn one_short_index_is_no_measure_for_another(cache: Cache) {
    save(&cache, 20).await;
    by_hand::<Old>(&cache).await;
    send(&cache, ["FT.ALIASUPDATE", &alias(&cache), &index::<Old>(&cache)]).await;
    by_hand::<New>(&cache).await;
    is_unfilled(new().run(&cache).await.unwrap_err(), 20);
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    let text = new().run(&cache).await.unwrap_err().to_string();
    assert!(text.contains(&format!("`FT.DROPINDEX {}`", index::<New>(&cache))), "{text}");
    assert!(!text.contains(" DD"), "{text}");
    send(&cache, ["FT.DROPINDEX", &index::<New>(&cache)]).await;
    assert!(new().run(&cache).await.unwrap().indexes()[0].active);
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
}

async fn who_makes_indexes_by_hand_has_them_compared(cache: Cache) {
    let manual = || new().strategy(Strategy::Manual);
    save(&cache, 20).await;
    by_hand::<New>(&cache).await;
    for _ in 0..2 {
        is_unfilled(manual().run(&cache).await.unwrap_err(), 20);
        assert!(New::find().count(&cache).await.is_err());
    }
    save(&cache, 20).await;
    assert_eq!(manual().run(&cache).await.unwrap().indexes()[0].documents, 20);
    assert_eq!(manual().plan(&cache).await.unwrap()[0].steps, []);
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
}

/// A newer release added a field in place, and a document was lost to that: the older one's index is not short for it.
async fn a_field_that_a_newer_release_added_counts_too(cache: Cache) {
    save(&cache, 20).await;
    new().run(&cache).await.unwrap();
    let next = Migrator::new().register::<third::User>().strategy(Strategy::InPlaceAdditive);
    next.run(&cache).await.unwrap();
    write(&cache, 1_000, r#"{"id":"x","name":"n1","age":7}"#).await;
    let migration = new().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].missing, 1);
}

/// What asks the server leaves nothing, needs the rights that it names, and works where the memory is full.
async fn judged(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    let user = async |name: &str, rule: &str| {
        send(&admin, ["ACL", "SETUSER", name, "on", ">p", "~*", "&*", "+@all", rule]).await;
        connect(&format!("redis://{name}:p@127.0.0.1:{}", server.port().unwrap()), protocol).await
    };
    save(&admin, 20).await;
    let bad = write(&admin, 1_000, BAD).await;
    for (name, rule, command) in
        [("ann", "-json.set", "JSON.SET"), ("bob", "-ft.dropindex", "FT.DROPINDEX"), ("eve", "-del", "DEL")]
    {
        let cache = user(name, rule).await;
        match new().run(&cache).await.unwrap_err() {
            MigrateError::Permission { commands, user, .. } => {
                assert_eq!((commands, &*user), (vec![command.to_owned()], name));
            }
            other => panic!("{other}"),
        }
        assert_eq!(target(&admin, &alias(&admin)).await, None);
        assert_eq!(indexes(&admin).await, [index::<New>(&admin)]);
    }
    new().run(&admin).await.unwrap();
    assert_eq!(indexes(&admin).await, [index::<New>(&admin)]);
    let probes = Command::new("KEYS").arg("cache:~user:probe*");
    assert_eq!(admin.command(probes).await.unwrap(), Reply::Array(Vec::new()));
    // What was found out is kept: now nobody needs to ask.
    let ann = user("ann", "-json.set").await;
    let migration = new().run(&ann).await.unwrap();
    assert_eq!(migration.indexes()[0].last_failure, Some(bad));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_asked_without_a_trace_in_resp3() {
    judged(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_asked_without_a_trace_in_resp2() {
    judged(Protocol::Resp2).await;
}

/// What redis-om left for the same documents says what ours will take.
async fn adopted(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    save(&cache, 2_000).await;
    let (theirs, prefix) = (format!("{}:user:index", global(&cache)), format!("{}:user:", global(&cache)));
    create(&cache, &theirs, "JSON", &prefix, &["$.name", "AS", "name", "TAG"]).await;
    loop {
        let estimate = new().plan(&cache).await.unwrap()[0].estimate.unwrap();
        assert!(estimate.documents <= 2_000);
        if estimate.documents == 2_000 {
            break;
        }
    }
    let info = cache.command(Command::new("INFO").arg("memory")).await.unwrap();
    let used = info.as_str().unwrap().lines().find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    send(&cache, ["CONFIG", "SET", "maxmemory", &(used + 10_000).to_string()]).await;
    match new().run(&cache).await.unwrap_err() {
        MigrateError::Memory { models, .. } => assert_eq!(models, ["User"]),
        other => panic!("{other}"),
    }
    assert_eq!(indexes(&cache).await, [theirs], "nothing was made");
    send(&cache, ["CONFIG", "SET", "maxmemory", "0"]).await;
    new().run(&cache).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_memory_beside_the_index_of_redis_om_in_resp3() {
    adopted(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_memory_beside_the_index_of_redis_om_in_resp2() {
    adopted(Protocol::Resp2).await;
}

/// What was grown by paths may be deeper than the server writes at once; and large ones take their time.
async fn no_document_keeps_others_from_being_judged(cache: Cache) {
    save(&cache, 20).await;
    let nested = |levels| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let deep = format!(r#"{{"id":1000,"name":"n1","age":"old","deep":{}}}"#, nested(100));
    let key = write(&cache, 1_000, &deep).await;
    send(&cache, ["JSON.SET", &key, &format!("$.deep{}", ".a".repeat(100)), &nested(100)]).await;
    let text = "a word ".repeat(200_000);
    for id in 0..40 {
        let large = format!(r#"{{"id":{id},"name":"n1","age":"old","text":"{text}"}}"#);
        write(&cache, 2_000 + id, &large).await;
    }
    let migration = new().run(&cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(migration.indexes()[0].missing, 41);
    let another = migrator_of_another_process(&cache).await;
    assert_eq!(another.indexes()[0].missing, 41);
}

async fn migrator_of_another_process(cache: &Cache) -> cache_core::Migration {
    new().run(&elsewhere(cache).await).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

live! {
    no_document_keeps_others_from_being_judged,
    rewrites_of_one_bad_document_hide_none_that_are_lost,
    all_that_are_missing_are_counted_and_ten_are_named,
    one_short_index_is_no_measure_for_another,
    who_makes_indexes_by_hand_has_them_compared,
    a_field_that_a_newer_release_added_counts_too,
}
