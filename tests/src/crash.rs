//! Writers that are killed after each of their commands, and what the next writers find.

use std::env;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Error, Protocol, Reply, Saved};
use serde::{Deserialize, Serialize};

use crate::stopping::{STOPPED, Stopping};

/// Tells a child process what to do, after how many commands to stop, where, and in which namespace.
const ROLE: &str = "CRASH_TEST_ROLE";

/// What is said when the write ended before the commands were used up.
const ENDED: &str = "ENDED";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", unique(tenant, number))]
struct User {
    #[primary_key]
    id: u32,
    #[unique]
    email: Option<String>,
    tenant: String,
    number: u32,
}

fn user(id: u32, email: &str) -> User {
    User { id, email: Some(email.to_owned()), tenant: "t".to_owned(), number: id }
}

/// The writes that are killed.
const WRITES: [&str; 6] = ["insert", "update", "rewrite", "patch", "expire", "delete"];

async fn write(name: &str, cache: &Cache) -> Result<(), Error> {
    match name {
        "insert" | "rewrite" => user(1, "a").save(cache).await.map(drop),
        "update" => User { number: 7, ..user(1, "b") }.save(cache).await.map(drop),
        "patch" => User::patch(1).set(User::EMAIL, "b").send(cache).await.map(drop),
        "expire" => User::expire(cache, 1, Duration::from_secs(600)).await.map(drop),
        _ => User::delete_by_id(cache, 1).await.map(drop),
    }
}

/// Does what a child was told to. `false`: this is no child.
///
/// # Panics
/// If the child was told nonsense, or there is no server.
pub async fn act() -> bool {
    let Ok(role) = env::var(ROLE) else { return false };
    let [name, commands, namespace, url] = role.splitn(4, ' ').collect::<Vec<_>>()[..] else {
        panic!("no role: {role}");
    };
    let cache = crate::connect(url, Protocol::Resp3).await;
    let cache = Stopping::cache(&cache, commands.parse().unwrap_or_default()).namespace(namespace);
    let result = write(name, &cache).await;
    println!("{ENDED} {result:?}");
    true
}

/// How many writers were killed, and how many of the things were wrong that the next ones found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crashes {
    /// Writers killed.
    pub kills: usize,
    /// Claims and documents that did not agree afterwards.
    pub disagreements: usize,
}

/// Kills a writer after each command of each write, on the server at this URL.
///
/// # Panics
/// If the test's machine does not let it.
pub async fn crash_everywhere(url: &str, namespace: &str) -> Crashes {
    let cache = crate::connect(url, Protocol::Resp3).await;
    // The scripts are on the server, so that each step is one command.
    for name in WRITES {
        let cache = cache.clone().namespace(&format!("{namespace}-first"));
        write(name, &cache).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let held = cache.clone().namespace(&format!("{namespace}-first"));
    assert!(user(8, "h").save(&held).await.is_ok() && user(9, "h").save(&held).await.is_err());

    let tasks = WRITES.map(|name| {
        let (cache, url, namespace) = (cache.clone(), url.to_owned(), namespace.to_owned());
        tokio::spawn(async move {
            let mut crashes = Crashes::default();
            for commands in 1..30 {
                let namespace = format!("{namespace}-{name}-{commands}");
                let cache = cache.clone().namespace(&namespace);
                if name != "insert" {
                    write("insert", &cache).await.unwrap_or_else(|error| panic!("{error:?}"));
                }
                let role = format!("{name} {commands} {namespace} {url}");
                if !tokio::task::spawn_blocking(move || kill_after(&role)).await.unwrap_or_default() {
                    return crashes;
                }
                crashes.kills += 1;
                for problem in disagreements(&cache).await {
                    println!("{name} killed after {commands} commands: {problem}");
                    crashes.disagreements += 1;
                }
            }
            panic!("`{name}` has no end");
        })
    });
    let mut sum = Crashes::default();
    for task in tasks {
        match task.await {
            Ok(crashes) => {
                sum.kills += crashes.kills;
                sum.disagreements += crashes.disagreements;
            }
            Err(error) => panic!("{error}"),
        }
    }
    sum
}

/// Runs a child until it has stopped, and kills it. `false`: it ended before that.
fn kill_after(role: &str) -> bool {
    let mut child = crate::child::child("").env(ROLE, role).spawn().unwrap_or_else(|error| panic!("{error}"));
    let lines = BufReader::new(child.stdout.take().unwrap_or_else(|| panic!("no output"))).lines();
    let said = lines.map_while(Result::ok).find(|line| line.contains(STOPPED) || line.contains(ENDED));
    // SIGKILL: nothing of it runs any more.
    let _ = child.kill();
    let _ = child.wait();
    let said = said.unwrap_or_else(|| panic!("the child said nothing: {role}"));
    assert!(!said.contains("Err"), "{said}");
    said.contains(STOPPED)
}

/// What is wrong after the next writers came by: one for each value, and one for the document.
async fn disagreements(cache: &Cache) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    let fits = |saved: &Result<Saved, Error>, free: bool| match saved {
        Ok(_) => free,
        Err(error) => error.is_not_unique() && !free,
    };
    let there = User::get(cache, 1).await.unwrap_or_default();
    let email = there.and_then(|user| user.email);
    for (id, value) in [(2, "a"), (3, "b")] {
        let saved = user(id, value).save(cache).await;
        check(fits(&saved, email.as_deref() != Some(value)), format!("{value} beside {email:?}: {saved:?}"));
    }
    let saved = user(1, "c").save(cache).await;
    check(saved.is_ok(), format!("the document: {saved:?}"));
    let seven = User { number: 7, ..user(4, "d") }.save(cache).await;
    check(seven.is_ok(), format!("both fields together: {seven:?}"));
    for (id, value) in [(2, "a"), (3, "b")] {
        let saved = user(id, value).save(cache).await;
        check(saved.is_ok(), format!("{value}, which is free: {saved:?}"));
    }
    let mut expected: Vec<_> = [(1, "c"), (2, "a"), (3, "b"), (4, "d")]
        .map(|(id, value)| format!(r#"["email","{value}"] {id}"#))
        .into();
    expected.extend(
        [(1, 1), (2, 2), (3, 3), (7, 4)].map(|(n, id)| format!(r#"["tenant","number","t",{n}] {id}"#)),
    );
    expected.sort();
    let found = claims(cache).await;
    check(found == expected, format!("claims {found:?}"));
    wrong
}

/// Each value that is claimed and the document that it is claimed for, with a mark if the claim is not confirmed.
async fn claims(cache: &Cache) -> Vec<String> {
    let global = cache.keyspace().map(|keyspace| keyspace.global().to_owned()).unwrap_or_default();
    let keys = cache.command(Command::new("KEYS").arg(format!("{global}:~user:unique:*"))).await;
    let Ok(Reply::Array(keys)) = keys else { return Vec::new() };
    let mut claims = Vec::new();
    for key in keys.iter().filter_map(Reply::as_str) {
        let content = cache.command(Command::new("GET").key(key)).await.unwrap_or(Reply::Nil);
        let content = content.as_str().unwrap_or_default();
        let pending =
            if content.split(':').next().is_some_and(|header| header.contains('~')) { " ?" } else { "" };
        let value = key.split_once(":unique:").map_or("", |(_, value)| value);
        claims.push(format!("{value} {}{pending}", content.rsplit(':').next().unwrap_or_default()));
    }
    claims.sort();
    claims
}
