//! Migrations of documents that are killed again and again while applications write, and gone on with.

use std::env;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{Batch, Cache, CacheModel, Command, DataMigration, Expiry, Protocol};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::stopping::{STOPPED, Stopping};

/// Tells a child process after how many commands to stop (0: never), in which namespace, and where.
const ROLE: &str = "BACKFILL_TEST_ROLE";

/// What is said when a migration begins, and when it ended before it was killed.
const BEGUN: &str = "BEGUN";
const ENDED: &str = "ENDED";

/// What applications append to the list that the steps append to.
const WRITTEN: &str = "written";

/// How many documents there are in a round.
pub const DOCUMENTS: u32 = 2_000;

/// What the release before knew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct Old {
    #[primary_key]
    id: u32,
    name: String,
    visits: u64,
    big: u64,
    weight: f64,
    inner: Value,
    log: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", schema_version = 3, upgrade = upgrade)]
struct New {
    #[primary_key]
    id: u32,
    first: String,
    #[unique]
    last: String,
    visits: u64,
    big: u64,
    weight: f64,
    inner: Value,
    log: Vec<String>,
}

/// Done twice, it fails.
fn split(document: &mut Map<String, Value>) -> Result<(), String> {
    let name = document.remove("name").ok_or("no name")?;
    let (first, last) = name.as_str().and_then(|name| name.split_once(' ')).ok_or("one word")?;
    document.insert("first".to_owned(), first.into());
    document.insert("last".to_owned(), last.into());
    note("two", document)
}

/// Done twice, it is there twice.
fn note(what: &str, document: &mut Map<String, Value>) -> Result<(), String> {
    document.get_mut("log").and_then(Value::as_array_mut).ok_or("no log")?.push(what.into());
    Ok(())
}

fn upgrade(from: u32, document: &mut Map<String, Value>) -> Result<(), String> {
    if from < 2 {
        split(document)?;
    }
    note("three", document)
}

fn migration() -> DataMigration<New> {
    DataMigration::new()
        .step(2, "split the name", split)
        .step(3, "note it", |document| note("three", document))
        .batch(25)
}

fn old(id: u32) -> Old {
    Old {
        id,
        name: format!("Ann {id}"),
        visits: 0,
        big: u64::MAX - u64::from(id),
        weight: f64::from(id) * 0.7 + 0.1,
        inner: json!({"deep": [{"a": id}, null, "x"]}),
        log: vec!["one".to_owned()],
    }
}

/// Does what a child was told to. `false`: this is no child.
///
/// # Panics
/// If the child was told nonsense, or there is no server.
pub async fn act() -> bool {
    let Ok(role) = env::var(ROLE) else { return false };
    let [commands, namespace, url] = role.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        panic!("no role: {role}");
    };
    let cache = crate::connect(url, Protocol::Resp3).await;
    let cache = match commands.parse().unwrap_or_default() {
        0 => cache,
        commands => Stopping::cache(&cache, commands),
    };
    println!("{BEGUN}");
    let report = migration().run(&cache.namespace(namespace)).await;
    println!("{ENDED} {}", report.is_ok_and(|report| report.is_complete()));
    true
}

/// What was found after migrations that were killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backfill {
    /// Migrations killed.
    pub kills: u64,
    /// Documents migrated.
    pub documents: u64,
    /// Writes of applications meanwhile.
    pub writes: u64,
    /// Documents whose version is not the last one.
    pub unfinished: u64,
    /// Documents that took a step not at all, or twice.
    pub steps: u64,
    /// Members, and writes of applications, that are lost or another value.
    pub lost: u64,
    /// Times to live that are others.
    pub ends: u64,
}

impl Backfill {
    /// How many things are wrong.
    pub fn violations(&self) -> u64 {
        self.unfinished + self.steps + self.lost + self.ends
    }
}

/// Kills migrations, so many, each time at another moment, and goes on until all documents are migrated; and again with
/// new documents, while too few were killed.
///
/// # Panics
/// If the test's machine does not let it.
pub async fn kill_and_go_on(url: &str, namespace: &str, kills: u64) -> Backfill {
    let cache = crate::connect(url, Protocol::Resp3).await;
    let mut sum = Backfill::default();
    for round in 0.. {
        if sum.kills >= kills {
            break;
        }
        let namespace = format!("{namespace}-{round}");
        let cache = cache.clone().namespace(&namespace);
        let expected = fill(&cache).await;
        let writers = Writers::start(&cache, true);
        for child in 0.. {
            // Every second one is killed behind an answer, the others in the middle of anything.
            let commands = if child % 2 == 0 { 60 + child * 97 } else { 0 };
            let pause = Duration::from_millis(child * 7 % 23);
            let role = format!("{commands} {namespace} {url}");
            let killed = tokio::task::spawn_blocking(move || kill(&role, (commands == 0).then_some(pause)));
            match killed.await {
                Ok(true) => sum.kills += 1,
                Ok(false) => break,
                Err(error) => panic!("{error}"),
            }
        }
        let written = writers.stop().await;
        check(&cache, &expected, &written, &mut sum).await;
    }
    sum
}

/// Runs a child until it stopped, or for a while, and kills it. `false`: it had done everything before that.
fn kill(role: &str, pause: Option<Duration>) -> bool {
    let mut child = crate::child::child("").env(ROLE, role).spawn().unwrap_or_else(|error| panic!("{error}"));
    let mut lines = BufReader::new(child.stdout.take().unwrap_or_else(|| panic!("no output")))
        .lines()
        .map_while(Result::ok);
    let begun = lines.find(|line| line.contains(BEGUN));
    assert!(begun.is_some(), "the child said nothing: {role}");
    let said = match pause {
        None => lines.find(|line| line.contains(STOPPED) || line.contains(ENDED)),
        Some(pause) => {
            std::thread::sleep(pause);
            // SIGKILL: nothing of it runs any more.
            let _ = child.kill();
            lines.find(|line| line.contains(ENDED))
        }
    };
    let _ = child.kill();
    let _ = child.wait();
    match said {
        Some(said) if said.contains(ENDED) => {
            assert!(said.contains("true"), "{said}");
            false
        }
        _ => true,
    }
}

/// A document as it was stored, and when it ends.
type Before = (Map<String, Value>, i64);

async fn fill(cache: &Cache) -> Vec<Before> {
    for saved in Old::save_many(cache, (0..DOCUMENTS).map(old)).await {
        assert!(saved.is_ok_and(|saved| saved.stored()));
    }
    for id in (0..DOCUMENTS).step_by(3) {
        let life = Expiry::After(Duration::from_secs(3_600 + u64::from(id)));
        assert!(old(id).save_with(cache, life).await.is_ok());
    }
    stored(cache).await
}

async fn stored(cache: &Cache) -> Vec<Before> {
    let mut all = Vec::new();
    let global = cache.keyspace().map(|keyspace| keyspace.global().to_owned()).unwrap_or_default();
    let ids: Vec<_> = (0..DOCUMENTS).collect();
    for ids in ids.chunks(250) {
        let keys = || ids.iter().map(|id| format!("{global}:user:{id}"));
        let json = keys().map(|key| Command::new("JSON.GET").key(key));
        let ends = keys().map(|key| Command::new("PEXPIRETIME").key(key));
        let answers = cache.connection().send_all(Batch::pipeline(json.chain(ends).collect())).await;
        let mut json = answers.unwrap_or_else(|error| panic!("{}", crate::chain(&error)));
        let ends = json.split_off(ids.len());
        for (json, ends) in json.into_iter().zip(ends) {
            let json =
                json.ok().and_then(|json| serde_json::from_str(json.as_str()?).ok()).unwrap_or_default();
            all.push((json, ends.ok().and_then(|ends| ends.as_int()).unwrap_or(-2)));
        }
    }
    all
}

/// Applications of both releases that write all the time.
struct Writers {
    stop: Arc<AtomicBool>,
    counts: Arc<Vec<AtomicU64>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    fn start(cache: &Cache, both: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let counts: Arc<Vec<_>> = Arc::new((0..DOCUMENTS).map(|_| AtomicU64::new(0)).collect());
        let tasks = (0..4).map(|writer| {
            let (cache, stop, counts) = (cache.clone(), stop.clone(), counts.clone());
            tokio::spawn(async move {
                let mut id = writer * 499;
                while !stop.load(Ordering::Relaxed) {
                    id = (id + 7) % DOCUMENTS;
                    let written = if writer % 2 == 0 || !both {
                        Old::patch(id).increment(Old::VISITS, 1).push(Old::LOG, WRITTEN).send(&cache).await
                    } else if id % 5 == 0 {
                        // This brings the document up by itself.
                        New::patch(id).increment(New::VISITS, 1).push(New::LOG, WRITTEN).send(&cache).await
                    } else {
                        continue;
                    };
                    if let Err(error) = written {
                        panic!("{}", crate::chain(&error));
                    }
                    if let Some(count) = counts.get(id as usize) {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        });
        let tasks = tasks.collect();
        Self { stop, counts, tasks }
    }

    async fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            if let Err(error) = task.await {
                panic!("{error}");
            }
        }
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

async fn check(cache: &Cache, before: &[Before], written: &[u64], sum: &mut Backfill) {
    let after = stored(cache).await;
    for (((before, ends), (after, ends_now)), writes) in before.iter().zip(&after).zip(written) {
        sum.documents += 1;
        sum.writes += writes;
        sum.unfinished += u64::from(after.get("_v") != Some(&json!(3)));
        let log = |what| {
            let log = after.get("log").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            log.iter().filter(|entry| *entry == what).count() as u64
        };
        sum.steps += u64::from([log("two"), log("three")] != [1, 1]);
        // The steps write the same list.
        sum.lost += u64::from([log("one"), log(WRITTEN)] != [1, *writes]);
        sum.ends += u64::from(ends != ends_now);
        let name = before.get("name").and_then(Value::as_str).and_then(|name| name.split_once(' '));
        let (first, last) = name.unwrap_or_default();
        let mut expected = before.clone();
        for (member, value) in
            [("first", json!(first)), ("last", json!(last)), ("visits", json!(writes)), ("_v", json!(3))]
        {
            expected.insert(member.to_owned(), value);
        }
        expected.remove("name");
        for member in expected.keys().chain(after.keys().filter(|member| !expected.contains_key(*member))) {
            let looked_at = member == "log" || member == "_v" || expected.get(member) == after.get(member);
            sum.lost += u64::from(!looked_at);
        }
    }
}

/// The same with a migration as one would write it without any of this: documents are read, changed and stored, and
/// what was done is not known after a kill. What is wrong afterwards shows that the checks see it.
///
/// # Panics
/// If the test's machine does not let it.
pub async fn control(url: &str, namespace: &str) -> Backfill {
    let cache = crate::connect(url, Protocol::Resp3).await.namespace(namespace);
    let expected = fill(&cache).await;
    let writers = Writers::start(&cache, false);
    for until in [DOCUMENTS / 2, DOCUMENTS] {
        for id in 0..until {
            let key = format!("{namespace}:user:{id}");
            let json = cache.command(Command::new("JSON.GET").key(&key)).await;
            let Some(mut document) =
                json.ok().and_then(|json| serde_json::from_str::<Map<String, Value>>(json.as_str()?).ok())
            else {
                continue;
            };
            // As long as an application takes.
            tokio::task::yield_now().await;
            let _ = split(&mut document);
            let _ = note("three", &mut document);
            document.insert("_v".to_owned(), 3.into());
            let json = Value::Object(document).to_string();
            let _ = cache.command(Command::new("JSON.SET").key(&key).arg("$").arg(json)).await;
        }
    }
    let written = writers.stop().await;
    let mut sum = Backfill { kills: 1, ..Backfill::default() };
    check(&cache, &expected, &written, &mut sum).await;
    sum
}
