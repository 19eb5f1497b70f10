//! Keys: composite ones, hash tags, and single ones with anything in them, on a real server.

use cache_core::{
    Beside, Cache, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Model, NameError,
    hashed_part,
};
use cache_tests::live;
use crc16::{State, XMODEM};
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Order {
    #[primary_key]
    tenant: String,
    #[primary_key]
    number: u64,
    #[index]
    total: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Line {
    #[primary_key]
    #[cache(hash_tag)]
    tenant: String,
    #[primary_key]
    order: u64,
    #[primary_key]
    line: u8,
    #[index]
    sku: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
struct Flag {
    #[primary_key]
    name: String,
    #[index]
    on: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: String,
    #[index]
    text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Event {
    #[primary_key]
    day: Ulid,
    #[primary_key]
    id: Uuid,
}

impl Event {
    fn new() -> Self {
        Self { day: Ulid::new(), id: Uuid::now_v7() }
    }
}

/// What is in a key where other parts of keys begin or end.
const HOSTILE: [&str; 22] = [
    "a",
    "A",
    "a:b",
    ":",
    "::",
    ":a:",
    "a b",
    " ",
    "{a}",
    "{}",
    "}{",
    "{a",
    "a}",
    "~a",
    "~",
    "%",
    "%3A",
    "a\nb",
    "\u{1}",
    "\u{7f}",
    "größe 🦊",
    "*?[a-z]\\^",
];

/// What `CLUSTER KEYSLOT` answers in a cluster, which the shared server is not.
fn slot(key: &str) -> u16 {
    State::<XMODEM>::calculate(hashed_part(key.as_bytes())) % 16_384
}

async fn keys<M: CacheModel>(cache: &Cache) -> Vec<String> {
    let (mut keys, mut stream) = (Vec::new(), M::keys(cache));
    while let Some(key) = stream.next().await {
        keys.push(key.unwrap());
    }
    keys.sort();
    keys.dedup();
    keys
}

async fn composite_keys_name_documents(cache: Cache) {
    Migrator::new().register::<Order>().run(&cache).await.unwrap();
    let order = |tenant: &str, number| Order { tenant: tenant.to_owned(), number, total: 5 };
    let acme = order("acme", 7);
    assert_eq!(acme.primary_key(), (&"acme".to_owned(), &7));
    let orders = [acme.clone(), order("acme", 8), order("globex", 7)];
    assert!(Order::save_many(&cache, &orders).await.into_iter().all(|saved| saved.is_ok()));

    let tenant = "acme".to_owned();
    assert_eq!(Order::get(&cache, ("acme", 7)).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(Order::get(&cache, (&tenant, 7)).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(Order::get(&cache, (tenant.clone(), &7)).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(Order::get(&cache, &(tenant.clone(), 7)).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(Order::get(&cache, acme.primary_key()).await.unwrap().as_ref(), Some(&acme));
    assert_eq!(Order::get(&cache, ("acme", 9)).await.unwrap(), None);
    let ids = [(tenant.clone(), 8), (tenant, 9)];
    assert_eq!(Order::get_many(&cache, &ids).await.unwrap(), [Some(orders[1].clone()), None]);
    let made = Order::get_or_insert_with(&cache, ("initech", 1), || order("initech", 1)).await.unwrap();
    assert_eq!(made, order("initech", 1));
    let other = Order::get_or_insert_with(&cache, ("initech", 2), || order("initech", 1)).await;
    assert!(matches!(other, Err(Error::OtherKey { .. })));

    let _ = Order::patch(("acme", 7)).increment(Order::TOTAL, 1).send(&cache).await.unwrap();
    for refused in [
        Order::patch(("acme", 7)).set(Order::NUMBER, 9_u64).send(&cache).await,
        Order::patch(("acme", 7)).set(Order::TENANT, "other").send(&cache).await,
    ] {
        assert!(refused.unwrap_err().patch_error().is_some());
    }
    assert_eq!(Order::find_by_total(6).one(&cache).await.unwrap().number, 7);
    assert!(Order::exists(&cache, ("globex", 7)).await.unwrap());
    assert!(orders[2].delete(&cache).await.unwrap());
    assert_eq!(Order::delete_many(&cache, [("acme", 8), ("acme", 9)]).await.unwrap(), 1);
    assert_eq!(Order::count_all(&cache).await.unwrap(), 2);

    let empty = order("", 1).save(&cache).await.unwrap_err();
    assert!(matches!(empty, Error::Name(NameError::EmptyPart { part: "tenant" })), "{empty:?}");
}

async fn composite_keys_are_read_back(cache: Cache) {
    let mut saved = Vec::new();
    for (number, tenant) in HOSTILE.into_iter().enumerate() {
        let order = Order { tenant: tenant.to_owned(), number: number as u64, total: 0 };
        let _ = order.insert(&cache).await.unwrap();
        saved.push((order.tenant, order.number));
    }
    let (mut read, mut ids) = (Vec::new(), Order::ids(&cache));
    while let Some(id) = ids.next().await {
        read.push(id.unwrap());
    }
    saved.sort();
    read.sort();
    read.dedup();
    assert_eq!(read, saved);

    let event = Event::new();
    let _ = event.save(&cache).await.unwrap();
    let id = Event::ids(&cache).next().await.unwrap().unwrap();
    assert_eq!(id, (event.day, event.id));
    assert_eq!(Event::get(&cache, &id).await.unwrap(), Some(event));
}

async fn a_key_that_nobody_writes_is_no_id(cache: Cache) {
    let mut start = Vec::new();
    Order::schema().write_key_start(cache.keyspace().unwrap(), &mut start);
    let start = String::from_utf8(start).unwrap();
    for id in ["acme", "acme:7:8", "a%63me:7", "acme:07", "{acme}:7"] {
        let key = format!("{start}{id}");
        cache.command(Command::new("JSON.SET").key(&key).arg("$").arg("{}")).await.unwrap();
        let refused = Order::ids(&cache).next().await.unwrap();
        assert!(matches!(refused, Err(Error::KeyWithoutId { .. })), "{id}: {refused:?}");
        cache.command(Command::new("DEL").key(&key)).await.unwrap();
    }
}

async fn documents_that_share_a_part_share_a_slot(cache: Cache) {
    Migrator::new().register::<Line>().run(&cache).await.unwrap();
    let mut slots = Vec::new();
    for (number, tenant) in HOSTILE.into_iter().enumerate() {
        for order in 0..2 {
            let line = Line { tenant: tenant.to_owned(), order, line: number as u8, sku: "x".to_owned() };
            let _ = line.insert(&cache).await.unwrap();
        }
        let expected = [(tenant.to_owned(), 0, number as u8), (tenant.to_owned(), 1, number as u8)];
        let found = Line::get_many(&cache, &expected).await.unwrap();
        assert!(found.iter().all(Option::is_some));
    }
    let keys = keys::<Line>(&cache).await;
    assert_eq!(keys.len(), 2 * HOSTILE.len());
    for key in &keys {
        let tag = key.split_once('{').unwrap().1.split_once('}').unwrap().0;
        assert_eq!(slot(key), slot(tag), "{key}");
        slots.push((tag.to_owned(), slot(key)));
    }
    slots.sort();
    slots.dedup();
    assert_eq!(slots.len(), HOSTILE.len(), "one slot a part");
    assert_eq!(Line::find_by_sku("x").count(&cache).await.unwrap(), 2 * HOSTILE.len() as u64);
    let mut ids = Line::ids(&cache);
    while let Some(id) = ids.next().await {
        assert!(HOSTILE.contains(&id.unwrap().0.as_str()));
    }
}

async fn all_documents_of_a_model_share_a_slot(cache: Cache) {
    Migrator::new().register::<Flag>().register::<Note>().run(&cache).await.unwrap();
    for name in HOSTILE {
        let flag = Flag { name: name.to_owned(), on: true };
        let _ = flag.insert(&cache).await.unwrap();
        assert_eq!(Flag::get(&cache, name).await.unwrap().as_ref(), Some(&flag));
    }
    let keys = keys::<Flag>(&cache).await;
    assert_eq!(keys.len(), HOSTILE.len());
    let mut sibling = Vec::new();
    Flag::schema()
        .write_sibling(cache.keyspace().unwrap(), &mut sibling, Beside::Model, &[&"unique", &"on"])
        .unwrap();
    let sibling = String::from_utf8(sibling).unwrap();
    for key in &keys {
        assert!(key.starts_with(&format!("{{{}:flag}}:", cache.keyspace().unwrap().global())), "{key}");
        assert_eq!(slot(key), slot(&sibling), "{key}");
    }
    assert_eq!(Flag::find_by_on(true).count(&cache).await.unwrap(), HOSTILE.len() as u64);
    assert_eq!(Flag::count_all(&cache).await.unwrap(), HOSTILE.len() as u64);
    let mut ids = Flag::ids(&cache);
    while let Some(id) = ids.next().await {
        assert!(HOSTILE.contains(&id.unwrap().as_str()));
    }
}

async fn a_namespace_with_braces_has_no_room_for_a_hash_tag(cache: Cache) {
    let cache = cache.project("{shop}");
    let flag = Flag { name: "a".to_owned(), on: true };
    let braces = |error: &Error| matches!(error, Error::Name(NameError::Braces { what: "namespace", .. }));
    assert!(braces(&flag.save(&cache).await.unwrap_err()));
    assert!(braces(&Flag::count_all(&cache).await.unwrap_err()));
    let refused = Migrator::new().register::<Flag>().run(&cache).await.unwrap_err();
    assert!(matches!(&refused, MigrateError::Server(error) if braces(error)), "{refused:?}");
}

async fn single_keys_hold_anything(cache: Cache) {
    Migrator::new().register::<Note>().run(&cache).await.unwrap();
    let long = "long:".repeat(100_000);
    let ids: Vec<&str> = HOSTILE.into_iter().chain([long.as_str()]).collect();
    for (number, id) in ids.iter().enumerate() {
        let note = Note { id: (*id).to_owned(), text: number.to_string() };
        let _ = note.insert(&cache).await.unwrap();
        assert_eq!(Note::get(&cache, *id).await.unwrap().as_ref(), Some(&note));
        assert_eq!(Note::find_by_text(number.to_string()).one(&cache).await.unwrap(), note);
    }
    let there = keys::<Note>(&cache).await;
    assert_eq!(there.len(), ids.len(), "no two share a key");
    let namespace = cache.keyspace().unwrap().global();
    for id in &ids {
        assert!(there.contains(&format!("{namespace}:note:{id}")), "as other programs write it");
    }
    let mut read = Note::ids(&cache);
    while let Some(id) = read.next().await {
        assert!(ids.contains(&id.unwrap().as_str()));
    }
    // None of them is what stands beside a document, or a document of another model.
    assert_eq!(Order::count_all(&cache).await.unwrap(), 0);
    assert!(there.iter().all(|key| !key.starts_with(&format!("{namespace}:~"))));
    for id in &ids {
        let _ = Note::patch(*id).set(Note::TEXT, "changed").send(&cache).await.unwrap();
    }
    assert_eq!(Note::find_by_text("changed").count(&cache).await.unwrap(), ids.len() as u64);
    assert_eq!(Note::delete_many(&cache, &ids).await.unwrap(), ids.len() as u64);
    assert!(matches!(Note::get(&cache, "").await, Err(Error::Name(NameError::Empty { .. }))));
    assert!(matches!(Note::get(&cache, "a\0").await, Err(Error::Name(NameError::Nul { .. }))));
}

live! {
    a_key_that_nobody_writes_is_no_id,
    a_namespace_with_braces_has_no_room_for_a_hash_tag,
    all_documents_of_a_model_share_a_slot,
    composite_keys_are_read_back,
    composite_keys_name_documents,
    documents_that_share_a_part_share_a_slot,
    single_keys_hold_anything,
}
