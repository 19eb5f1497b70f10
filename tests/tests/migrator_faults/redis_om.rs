//! What a real redis-om 1.2 made is taken over: its documents as they are, its index in our place, and every answer whole
//! meanwhile. Beside it, the same change done by redis-om's own migrator.
//!
//! `python/requirements.txt` is installed from PyPI once a target directory, for the Python that runs here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheEmbedded, CacheModel, IndexSchema, Migration, Migrator, Notice, Plan, Protocol, Reply,
};
use cache_tests::chain;
use cache_tests::python::{Packages, output};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::case::{Found, Profile};

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/migrator_faults/python/customers.py");

/// How many documents there are.
const DOCUMENTS: u32 = 200;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index]
    city: String,
    street: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Customer {
    #[primary_key]
    pk: String,
    #[index]
    name: String,
    #[index(sortable)]
    age: u32,
    #[index]
    active: bool,
    #[index]
    tags: Vec<String>,
    #[index]
    #[serde(with = "cache_core::epoch_float_seconds")]
    joined: DateTime<Utc>,
    #[index(text)]
    bio: String,
    #[embedded]
    address: Address,
    note: Option<String>,
}

/// A Python that has redis-om.
struct Python(Packages);

impl Python {
    /// Runs the service.
    fn run(&self, verb: &str, place: &Place, count: u32) -> Result<(), String> {
        let mut command = self.0.python();
        command.arg(PROGRAM).args([verb, &place.url, &place.global, &count.to_string()]);
        // What is embedded in a model asks the default connection.
        command.env("REDIS_OM_URL", &place.url);
        output(&mut command).map(drop).map_err(|error| format!("{verb} with redis-om: {error}"))
    }
}

/// A namespace of redis-om's.
struct Place {
    url: String,
    global: String,
    cache: Cache,
}

impl Place {
    async fn say(&self, words: &[&str]) -> Reply {
        let command = cache_core::Command::new(words[0]).args_from(&words[1..]);
        self.cache.command(command).await.unwrap_or_else(|error| panic!("{words:?}: {}", chain(&error)))
    }

    /// Every document, byte for byte, with its key.
    async fn documents(&self) -> Vec<(String, String)> {
        let keys = self.say(&["KEYS", &format!("{}:customer:c*", self.global)]).await;
        let mut documents = Vec::new();
        for key in keys.into_items().unwrap_or_default() {
            let key = key.as_str().unwrap_or_default().to_owned();
            let text = self.say(&["JSON.GET", &key]).await.as_str().unwrap_or_default().to_owned();
            documents.push((key, text));
        }
        documents.sort();
        documents
    }

    /// Asks redis-om's index, as a service that uses it does.
    async fn ask_theirs(&self) -> Reader {
        let cache = cache_tests::connect(&self.url, Protocol::Resp2).await;
        let index = format!("{}:customer:index", self.global);
        let search = cache_core::Command::new("FT.SEARCH").arg(index).args_from(["*", "LIMIT", "0", "0"]);
        Reader::start(move || {
            let (cache, search) = (cache.clone(), search.clone());
            async move {
                let reply = cache.command(search).await.map_err(|error| chain(&error))?;
                let total = reply.into_items().ok().and_then(|items| items.first()?.as_int());
                total.and_then(|total| total.try_into().ok()).ok_or_else(|| "no number".to_owned())
            }
        })
        .await
    }

    /// What redis-om keeps of its index.
    async fn leftovers(&self) -> Vec<String> {
        let index = format!("{}:customer:index", self.global);
        let listed = self.say(&["FT._LIST"]).await.into_items().unwrap_or_default();
        let mut left: Vec<String> =
            listed.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        left.retain(|name| *name == index);
        for key in [format!("{index}:hash"), format!("{index}:schema")] {
            if self.say(&["EXISTS", &key]).await.as_int() == Some(1) {
                left.push(key);
            }
        }
        left
    }
}

/// Somebody who asks without a pause how many documents there are, and what was wrong with the answers.
struct Reader {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    task: JoinHandle<Vec<String>>,
}

impl Reader {
    /// One that was answered once.
    async fn start<F: Future<Output = Result<u64, String>> + Send>(
        ask: impl Fn() -> F + Send + 'static,
    ) -> Self {
        let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, answered) = (Arc::clone(&stop), Arc::clone(&answers));
        let task = tokio::spawn(async move {
            let mut wrong = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let answer = ask().await;
                answered.fetch_add(1, Ordering::Relaxed);
                if answer != Ok(u64::from(DOCUMENTS)) {
                    wrong.push(format!("a reader was answered {answer:?}"));
                }
            }
            wrong
        });
        while answers.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        Self { stop, answers, task }
    }

    /// How many answers there were, and those that were wrong.
    async fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let wrong = self.task.await.unwrap_or_else(|error| panic!("{error}"));
        (self.answers.load(Ordering::Relaxed), wrong)
    }
}

/// The release after this one changes the schema, and runs the migrator of redis-om.
pub(crate) async fn control(profile: Profile) -> Found {
    let python = Python(Packages::install("redis-om-1.2.0", REQUIREMENTS));
    let server = Server::options().tcp(true).start().await.unwrap_or_else(|error| panic!("{error}"));
    let mut found = Found::default();
    for round in 0..profile.pick(2, 10) {
        let project = format!("shop-{round}");
        let cache = cache_tests::connect(&server.url(), Protocol::Resp3).await.project(&project);
        let place = Place { url: server.url(), global: format!("{project}:cache"), cache };
        python.run("make", &place, DOCUMENTS).unwrap_or_else(|error| panic!("{error}"));
        let reader = place.ask_theirs().await;
        let changed = tokio::task::block_in_place(|| python.run("change", &place, DOCUMENTS));
        changed.unwrap_or_else(|error| panic!("{error}"));
        let (answers, wrong) = reader.end().await;
        for wrong in wrong.iter().take(2) {
            println!("  redis-om: {wrong}");
        }
        found.runs += 1;
        found.judged += answers;
        found.violations += wrong.len() as u64;
    }
    found
}

pub(crate) async fn adopted(profile: Profile) -> Found {
    let python = Python(Packages::install("redis-om-1.2.0", REQUIREMENTS));
    let server = Server::options().tcp(true).start().await.unwrap_or_else(|error| panic!("{error}"));
    let mut found = Found::default();
    for round in 0..profile.pick(2, 10) {
        let protocol = if round % 2 == 0 { Protocol::Resp3 } else { Protocol::Resp2 };
        let project = format!("shop-{round}");
        let cache = cache_tests::connect(&server.url(), protocol).await.project(&project);
        let place = Place { url: server.url(), global: format!("{project}:cache"), cache };
        let (answers, wrong) = adopt(&python, &place).await;
        for wrong in &wrong {
            println!("  {wrong}");
        }
        found.runs += 1;
        found.judged += answers + u64::from(DOCUMENTS);
        found.violations += wrong.len() as u64;
    }
    found
}

/// How many answers there were while it was adopted, and what is wrong with the adoption.
async fn adopt(python: &Python, place: &Place) -> (u64, Vec<String>) {
    let (mut answers, mut wrong, mut read_wrongly) = (0, Vec::new(), Vec::new());
    let mut heard = |(judged, wrong): (u64, Vec<String>)| {
        answers += judged;
        read_wrongly.extend(wrong);
    };
    let mut check = |right: bool, what: &dyn Fn() -> String| {
        if !right {
            wrong.push(what());
        }
    };
    if let Err(error) = python.run("make", place, DOCUMENTS) {
        panic!("{error}");
    }
    let before = place.documents().await;
    assert_eq!((before.len(), place.leftovers().await.len()), (DOCUMENTS as usize, 3));

    // Beside what redis-om made, which goes on working.
    let migrator = Migrator::new().register::<Customer>();
    let reader = place.ask_theirs().await;
    let run = migrator.run(&place.cache).await;
    check(run.is_ok(), &|| format!("{run:?}"));
    let noticed =
        run.iter().flat_map(Migration::notices).any(|(_, notice)| matches!(notice, Notice::RedisOm { .. }));
    check(noticed, &|| format!("nothing is said of redis-om's index: {run:?}"));
    let (left, find) = (place.leftovers().await, python.run("find", place, DOCUMENTS));
    check(left.len() == 3 && find.is_ok(), &|| format!("{left:?}, {find:?}"));

    heard(reader.end().await);

    // On request it goes; and once more, where nothing is left to do. Whoever asks ours sees nothing of it.
    let cache = place.cache.clone();
    let reader = Reader::start(move || {
        let cache = cache.clone();
        async move { Customer::find_by_bio("rust redis").count(&cache).await.map_err(|error| chain(&error)) }
    });
    let reader = reader.await;
    for _ in 0..2 {
        let run = migrator.clone().retire_redis_om().run(&place.cache).await;
        check(run.is_ok(), &|| format!("{run:?}"));
    }
    heard(reader.end().await);
    let left = place.leftovers().await;
    check(left.is_empty(), &|| format!("left of redis-om: {left:?}"));
    let alias = Customer::schema().alias(place.cache.keyspace().unwrap_or_else(|error| panic!("{error}")));
    let info = place.cache.command(cache_core::Command::new("FT.INFO").arg(&alias)).await;
    check(info.is_ok(), &|| format!("no alias: {info:?}"));
    let plans = migrator.clone().retire_redis_om().plan(&place.cache).await;
    let done = plans.as_ref().is_ok_and(|plans| plans.iter().all(Plan::is_empty));
    check(done, &|| format!("{plans:?}"));
    let after = place.documents().await;
    check(before == after, &|| "documents are not what they were".to_owned());

    // Both sides read the documents, and ours finds what redis-om goes on to write.
    let read = python.run("read", place, DOCUMENTS);
    check(read.is_ok(), &|| format!("{read:?}"));
    let add = python.run("add", place, DOCUMENTS);
    check(add.is_ok(), &|| format!("{add:?}"));
    let all = Customer::find_by_bio("rust redis").count(&place.cache).await;
    check(all.as_ref().is_ok_and(|all| *all == u64::from(DOCUMENTS) + 1), &|| format!("{all:?}"));
    for n in [0, 7, DOCUMENTS] {
        let found = Customer::find_by_name(format!("Ann|{n}")).one(&place.cache).await;
        check(found.as_ref().is_ok_and(|found| *found == customer(n)), &|| format!("{found:?}"));
    }
    let bern =
        Customer::find_by_tags("t3").filter(Customer::ADDRESS.city.eq("Bern")).count(&place.cache).await;
    check(bern.as_ref().is_ok_and(|bern| *bern == u64::from(DOCUMENTS) / 5), &|| format!("{bern:?}"));
    wrong.extend(read_wrongly);
    (answers, wrong)
}

/// What `customers.py` makes.
fn customer(n: u32) -> Customer {
    Customer {
        pk: format!("c{n}"),
        name: format!("Ann|{n}"),
        age: n % 90,
        active: n.is_multiple_of(2),
        tags: vec!["all".to_owned(), format!("t{}", n % 5)],
        joined: DateTime::from_timestamp(1_767_225_600 + i64::from(n), 0).unwrap_or_default(),
        bio: "likes rust, and redis".to_owned(),
        address: Address { city: "Bern".to_owned(), street: format!("Gasse {n}") },
        note: n.is_multiple_of(3).then(|| "a \"note\"\n".to_owned()),
    }
}
