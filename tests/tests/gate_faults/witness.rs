//! What a server did to the keys of gates, by its own word (`MONITOR`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache_core::{Cache, Command};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;

/// Watches a server for as long as it runs.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    seen: Arc<Mutex<Seen>>,
    marks: watch::Receiver<u64>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Whose script runs.
    caller: String,
    /// Who set each key last.
    owners: HashMap<String, String>,
    /// Changes of keys by those who did not set them.
    foreign: Vec<(String, String)>,
    /// How many scripts each caller ran.
    calls: HashMap<String, u64>,
}

/// Sets the mark that says how far the witness has read.
const MARK: &str = "witness-mark";

impl Witness {
    /// Watches from now on.
    ///
    /// The stream belongs to the runtime of the caller, which has to live as long as the witness is asked.
    pub(crate) async fn of(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).await.unwrap_or_else(|error| panic!("{error}"));
        let mut stream = BufReader::new(stream);
        stream.write_all(b"MONITOR\r\n").await.unwrap_or_else(|error| panic!("{error}"));
        let mut line = String::new();
        let said = stream.read_line(&mut line).await;
        assert!(said.is_ok() && line.starts_with("+OK"), "no MONITOR: {said:?} {line}");
        let (seen, (marked, marks)) = (Arc::new(Mutex::new(Seen::default())), watch::channel(0));
        let witness = Self { seen: Arc::clone(&seen), marks };
        tokio::spawn(async move {
            loop {
                line.clear();
                if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                    break;
                }
                if let Some(mark) = lock(&seen).read(&line) {
                    marked.send_replace(mark);
                }
            }
        });
        witness
    }

    /// I3: changes of a project's gate by those whose it was not, once all is read that the server did until now.
    pub(crate) async fn i3(&self, cache: &Cache, lock_key: &str) -> Vec<String> {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let mark = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let echo = cache.command(Command::new("ECHO").arg(format!("{MARK} {mark}"))).await;
        assert!(echo.is_ok(), "{echo:?}");
        let mut marks = self.marks.clone();
        let read =
            tokio::time::timeout(std::time::Duration::from_secs(30), marks.wait_for(|seen| *seen >= mark));
        assert!(matches!(read.await, Ok(Ok(_))), "the witness does not see what the server does");
        let seen = lock(&self.seen);
        let of_key = seen.foreign.iter().filter(|(key, _)| key == lock_key);
        of_key.map(|(_, what)| format!("I3: {what}")).collect()
    }

    /// How many scripts this caller has run, as far as it is seen by now.
    pub(crate) fn calls(&self, caller: &str) -> u64 {
        lock(&self.seen).calls.get(caller).copied().unwrap_or_default()
    }
}

impl Seen {
    /// Reads a line, such as `+1.5 [0 lua] "SET" "key" "value"`; answers the mark that it holds.
    fn read(&mut self, line: &str) -> Option<u64> {
        let (head, command) = line.split_once("] ")?;
        let words = words(command);
        let word = |n: usize| words.get(n).map(String::as_str).unwrap_or_default();
        let name = word(0).to_ascii_uppercase();
        if !head.ends_with(" lua") {
            match name.as_str() {
                "EVAL" | "EVALSHA" => {
                    let keys: usize = word(2).parse().unwrap_or_default();
                    word(3 + keys).clone_into(&mut self.caller);
                    *self.calls.entry(self.caller.clone()).or_default() += 1;
                }
                "ECHO" => return word(1).strip_prefix(MARK)?.trim().parse().ok(),
                _ => {}
            }
            return None;
        }
        let key = word(1);
        if !key.ends_with(":leader") {
            return None;
        }
        match name.as_str() {
            "SET" => {
                self.owners.insert(key.to_owned(), word(2).to_owned());
            }
            "DEL" | "PEXPIRE" | "EXPIRE" => {
                let owner = self.owners.get(key).map(String::as_str).unwrap_or_default();
                if owner != self.caller {
                    let what = format!("{} did {name} to the key of {owner}", self.caller);
                    self.foreign.push((key.to_owned(), what));
                }
            }
            _ => {}
        }
        None
    }
}

/// The words between quotes; what is escaped in them does not matter here, but where they end.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut escaped) = (Vec::new(), None::<String>, false);
    for letter in text.trim_end().chars() {
        match (&mut word, letter) {
            (Some(inside), _) if escaped => {
                inside.push(letter);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => words.extend(word.take()),
            (Some(inside), _) => inside.push(letter),
            (None, '"') => word = Some(String::new()),
            (None, _) => {}
        }
    }
    words
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
