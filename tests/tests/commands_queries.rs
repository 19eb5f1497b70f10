//! The exact commands of queries, seen by a connection that records them.

use std::sync::Arc;
use std::time::Duration;

use cache_core::testkit::Recorder;
use cache_core::{
    Cache, CacheEmbedded, CacheModel, CacheView, Capabilities, IndexSchema, Language, Protocol, Reading,
    Reply, Rows, Scorer,
};
use cache_tests::recorder::{capabilities, recorded_of};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    name: String,
    #[index(sortable)]
    age: u32,
    #[index(text)]
    bio: String,
}

fn index(cache: &Cache) -> String {
    User::schema().index_name(cache.keyspace().unwrap())
}

/// A recorder over which the index was searched already, so that it is known to be filled.
async fn searched(
    capabilities: Capabilities,
    answers: impl IntoIterator<Item = Reply>,
) -> (Arc<Recorder>, Cache) {
    let (recorder, cache) = recorded_of(capabilities, [none()].into_iter().chain(answers));
    assert_eq!(User::find().count(&cache).await.unwrap(), 0);
    assert_eq!(recorder.sent().len(), 5);
    (recorder, cache)
}

fn none() -> Reply {
    Reply::Array(vec![Reply::Int(0)])
}

#[tokio::test]
async fn options_stand_where_the_server_wants_them() {
    let (recorder, cache) = searched(capabilities(), [none(), none()]).await;
    let query = User::find()
        .filter(User::BIO.matches("rust"))
        .in_keys([1, 2])
        .verbatim()
        .slop(3)
        .in_order()
        .in_language(Language::German)
        .scorer(Scorer::Bm25Std)
        .timeout(Duration::from_millis(500))
        .page(0, 5);
    query.clone().with_score().all(&cache).await.unwrap();
    query.ids(&cache).await.unwrap();
    // Where words stand is part of the query text, and of a single word nothing.
    let options = "VERBATIM INKEYS 2 shop:cache:user:1 shop:cache:user:2 LANGUAGE german SCORER BM25STD";
    let (index, text) = (index(&cache), User::BIO.matches("rust").render().unwrap());
    let (text, end) = (text.text(), "LIMIT 0 5 TIMEOUT 500 PARAMS 2 p0 rust DIALECT 2 (repeatable)");
    assert_eq!(
        recorder.sent(),
        [
            format!("FT.SEARCH {index} {text} WITHSCORES {options} RETURN 1 $ {end}"),
            format!("FT.SEARCH {index} {text} {options} NOCONTENT {end}"),
        ]
    );
}

#[tokio::test]
async fn several_sort_keys_are_an_aggregation() {
    let (recorder, cache) = searched(capabilities(), [none()]).await;
    let sorted = User::find().sort_by(User::NAME.asc()).then_by(User::AGE.desc()).page(10, 20);
    sorted.with_score().all(&cache).await.unwrap();
    let index = index(&cache);
    assert_eq!(
        recorder.sent(),
        [format!(
            "FT.AGGREGATE {index} * ADDSCORES LOAD 2 @__key $ SORTBY 4 @name ASC @age DESC LIMIT 10 20 TIMEOUT 1800 \
             DIALECT 2 (repeatable)"
        )]
    );
}

/// The first answer of so many to a request with a cursor.
fn piece(of: i64, cursor: i64, keys: &[&str]) -> Reply {
    let row = |key: &&str| {
        let json = r#"{"id":1,"name":"ann","age":30,"bio":"rust"}"#;
        Reply::Array([&"__key", key, &"$", &json].map(|text| Reply::Bulk((*text).to_owned().into())).to_vec())
    };
    let rows = [Reply::Int(of)].into_iter().chain(keys.iter().map(row)).collect();
    Reply::Array(vec![Reply::Array(rows), Reply::Int(cursor)])
}

/// What an `FT.SEARCH` finds.
fn found(keys: &[&str]) -> Reply {
    let bulk = |text: &str| Reply::Bulk(text.to_owned().into());
    let hit = |key: &&str| {
        let json = r#"{"id":1,"name":"ann","age":30,"bio":"rust"}"#;
        [bulk(key), Reply::Array(vec![bulk("$"), bulk(json)])]
    };
    let number = i64::try_from(keys.len()).unwrap();
    Reply::Array([Reply::Int(number)].into_iter().chain(keys.iter().flat_map(hit)).collect())
}

async fn number(mut rows: Rows<User>) -> usize {
    let mut number = 0;
    while let Some(user) = rows.next().await {
        assert_eq!(user.unwrap().name, "ann");
        number += 1;
    }
    number
}

const CURSOR: &str = "WITHCURSOR COUNT 200 MAXIDLE 300000 TIMEOUT 1800 DIALECT 2";

#[tokio::test]
async fn a_stream_reads_the_cursor_of_what_is_sorted() {
    let answers = [piece(3, 7, &["u:1", "u:2"]), piece(3, 7, &["u:3"]), piece(3, 0, &[])];
    let (recorder, cache) = searched(capabilities(), answers).await;
    assert_eq!(number(User::find().sort_by(User::AGE.asc()).stream(&cache)).await, 3);
    let (index, sort) = (index(&cache), "LOAD 2 @__key $ SORTBY 2 @age ASC");
    assert_eq!(
        recorder.sent(),
        [
            format!("FT.AGGREGATE {index} * {sort} MAX 1000000 {CURSOR}"),
            // Eight times as many as came last, since they were small.
            format!("FT.CURSOR READ {index} 7 COUNT 16"),
            format!("FT.CURSOR READ {index} 7 COUNT 8"),
        ]
    );

    let (recorder, cache) = searched(capabilities(), [piece(0, 0, &[]), piece(1, 9, &["u:1"])]).await;
    assert!(User::find().sort_by(User::AGE.asc()).page(5, 3).stream(&cache).next().await.is_none());
    let mut dropped = User::find().sort_by(User::AGE.asc()).stream(&cache);
    assert!(dropped.next().await.is_some());
    drop(dropped);
    tokio::task::yield_now().await;
    assert_eq!(
        recorder.sent(),
        [
            format!(
                "FT.AGGREGATE {index} * {sort} LIMIT 5 3 WITHCURSOR COUNT 3 MAXIDLE 300000 TIMEOUT 1800 DIALECT 2"
            ),
            format!("FT.AGGREGATE {index} * {sort} MAX 1000000 {CURSOR}"),
            format!("FT.CURSOR DEL {index} 9"),
        ]
    );
}

#[tokio::test]
async fn a_stream_without_an_order_reads_documents_by_their_keys() {
    // One answer has all.
    let (recorder, cache) = searched(capabilities(), [piece(1, 0, &["u:1", "u:2"])]).await;
    assert_eq!(number(User::find().stream(&cache)).await, 2);
    let index = index(&cache);
    let first = format!("FT.AGGREGATE {index} * LOAD 2 @__key $ {CURSOR}");
    assert_eq!(recorder.sent(), [&*first]);

    let answers = [
        piece(1, 7, &["u:1", "u:2"]),
        Reply::Status("OK".into()),
        piece(1_600_000, 8, &["u:1"]),
        Reply::Status("OK".into()),
        piece(5, 9, &["u:1", "u:2", "u:3", "u:4"]),
        // One has gone meanwhile.
        found(&["u:4"]),
        piece(0, 9, &["u:5"]),
        found(&["u:5"]),
        piece(0, 0, &[]),
    ];
    let (recorder, cache) = searched(capabilities(), answers).await;
    assert_eq!(number(User::find().stream(&cache)).await, 4);
    let end = "WITHCURSOR COUNT 16 MAXIDLE 300000 TIMEOUT 1800 DIALECT 2";
    assert_eq!(
        recorder.sent(),
        [
            first,
            format!("FT.CURSOR DEL {index} 7"),
            format!("FT.AGGREGATE {index} * LOAD 1 @__key SORTBY 2 @__key ASC MAX 1000000 {end}"),
            // There are more than the server made room for.
            format!("FT.CURSOR DEL {index} 8"),
            format!("FT.AGGREGATE {index} * LOAD 1 @__key SORTBY 2 @__key ASC MAX 1700000 {end}"),
            // Not what has been shown.
            format!(
                "FT.SEARCH {index} * INKEYS 2 u:3 u:4 RETURN 1 $ LIMIT 0 2 TIMEOUT 1800 DIALECT 2 (repeatable)"
            ),
            format!("FT.CURSOR READ {index} 9 COUNT 8"),
            format!(
                "FT.SEARCH {index} * INKEYS 1 u:5 RETURN 1 $ LIMIT 0 1 TIMEOUT 1800 DIALECT 2 (repeatable)"
            ),
            format!("FT.CURSOR READ {index} 9 COUNT 8"),
        ]
    );

    // Keys alone are collected at once, and a page that is longer than an answer has the order of its keys.
    let answers = [piece(0, 0, &[]), piece(11, 0, &["u:1"]), found(&["u:1"])];
    let (recorder, cache) = searched(capabilities(), answers).await;
    assert_eq!(User::find().delete(&cache).await.unwrap(), 0);
    assert_eq!(number(User::find().page(10, 300).stream(&cache)).await, 1);
    let keys = format!("FT.AGGREGATE {index} * LOAD 1 @__key SORTBY 2 @__key ASC");
    assert_eq!(
        recorder.sent()[..2],
        [format!("{keys} MAX 1000000 {CURSOR}"), format!("{keys} LIMIT 10 300 {CURSOR}")]
    );
}

#[test]
fn logs_show_no_values() {
    let query = User::find()
        .filter(User::NAME.eq("secret") & User::AGE.ge(18))
        .sort_by(User::AGE.desc())
        .then_by(User::NAME.asc())
        .page(20, 10);
    let shown = "User: @name:{$p0} @age:[$p1 +inf], sorted by age DESC, name ASC, 10 from 20";
    assert_eq!(query.to_string(), shown);
    let read = User::find().filter(User::BIO.matches("rust redis")).in_language(Language::German).verbatim();
    assert_eq!(read.to_string(), "User: @bio:($p0 $p1), read in german, verbatim");
    let read = read.reading(Reading::new().slop(2)).in_order();
    assert_eq!(read.to_string(), "User: @bio:($p0 $p1), read slop 2, in order");
    let refused = User::find().filter(User::NAME.eq("sec\0ret")).to_string();
    assert!(refused.contains("refused") && !refused.contains("ret"), "{refused}");
}

#[tokio::test]
async fn resp2_leaves_the_time_out_to_the_client() {
    let mut speaks = capabilities();
    speaks.protocol = Protocol::Resp2;
    let (recorder, cache) = searched(speaks, [none()]).await;
    User::find().timeout(Duration::from_millis(500)).count(&cache).await.unwrap();
    let index = index(&cache);
    assert_eq!(
        recorder.sent(),
        [format!("FT.SEARCH {index} * NOCONTENT LIMIT 0 0 TIMEOUT 0 DIALECT 2 (repeatable)")]
    );
}

#[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
struct Place {
    #[index]
    city: String,
    notes: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[serde(rename_all = "camelCase")]
struct Post {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    title: String,
    #[index(sortable)]
    number: u32,
    tags: Vec<String>,
    first_line: String,
    #[embedded]
    place: Option<Place>,
    #[embedded]
    places: Vec<Place>,
}

/// What cannot be an empty list comes alone, the rest behind something that is none.
#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Post)]
struct Everything {
    title: String,
    first_line: Option<String>,
    tags: Vec<String>,
    #[cache(field = PLACE.city)]
    city: Option<String>,
    #[cache(field = PLACE.notes)]
    notes: Option<Vec<String>>,
    #[cache(field = PLACES.city)]
    cities: Vec<String>,
}

#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Post)]
struct Titled {
    id: u32,
    title: String,
}

#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Post)]
struct Line {
    first_line: Option<String>,
}

#[tokio::test]
async fn views_ask_for_their_members_alone() {
    let bulk = |text: &str| Reply::Bulk(text.to_owned().into());
    let members = |members: &[(&str, &str)]| {
        Reply::Array(members.iter().flat_map(|(name, json)| [bulk(name), bulk(json)]).collect())
    };
    let found = [
        ("$0", r#"["t"]"#),
        ("$1", r#"["l"]"#),
        ("$2", r#"[1,[]]"#),
        ("$4", r#"[{"city":"Bern","notes":[]}]"#),
        ("$5", r#"[1,[{"city":"Bern"},{"notes":[],"city":"Biel"}]]"#),
    ];
    let one = Reply::Array(vec![Reply::Int(1), bulk("shop:cache:post:1"), members(&found)]);
    let (recorder, cache) = searched(capabilities(), [none(), one, none(), none()]).await;
    // The first search of an index asks whether it is filled.
    Post::find().count(&cache).await.unwrap();
    let view = Post::find_by_title("t").select::<Everything>().one(&cache).await.unwrap();
    assert_eq!((view.title.as_str(), view.first_line.as_deref(), view.city), ("t", Some("l"), None));
    assert_eq!((view.tags, view.notes), (vec![], Some(vec![])));
    assert_eq!(view.cities, ["Bern", "Biel"]);
    let sorted = || Post::find().sort_by(Post::TITLE.asc()).then_by(Post::NUMBER.asc()).page(0, 5);
    let titled = sorted().select::<Titled>().all(&cache).await.unwrap();
    assert!(titled.iter().all(|titled| titled.id > 0 && !titled.title.is_empty()));
    let lines = sorted().select::<Line>().all(&cache).await.unwrap();
    assert!(lines.iter().all(|line| line.first_line.is_none()));
    let index = Post::schema().index_name(cache.keyspace().unwrap());
    let sent = recorder.sent();
    let sort = "SORTBY 4 @title ASC @number ASC LIMIT 0 5 TIMEOUT 1800 DIALECT 3 (repeatable)";
    assert_eq!(
        sent[sent.len() - 3..],
        [
            format!(
                "FT.SEARCH {index} @title:{{$p0}} RETURN 18 $.title AS $0 $.firstLine AS $1 $[\"id\",\"tags\"] AS $2 \
                 $.place.city AS $3 $.place AS $4 $[\"id\",\"places\"] AS $5 LIMIT 0 2 TIMEOUT 1800 PARAMS 2 p0 t \
                 DIALECT 3 (repeatable)"
            ),
            format!("FT.AGGREGATE {index} * LOAD 7 @__key $.id AS $0 $.title AS $1 {sort}"),
            // It may lack all that is asked for: the primary key shows that it is there.
            format!("FT.AGGREGATE {index} * LOAD 7 @__key $.firstLine AS $0 $.id AS $? {sort}"),
        ]
    );
}
