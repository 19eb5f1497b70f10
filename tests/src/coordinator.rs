//! Servers of which the connection makes a cluster with a coordinator, which no module from a registry has: it sends documents to
//! where their keys belong, hands definitions of indexes to all, and gathers answers. Servers, indexes and documents are real.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::connection::PushStream;
use cache_core::embedded::Server;
use cache_core::{Batch, Cache, Capabilities, Command, Connection, Error, Protocol, Reply, Result, Route};
use futures_core::future::BoxFuture;
use tokio::sync::oneshot;

/// What all masters are told.
const DEFINITIONS: [&str; 8] = [
    "FT.SYNUPDATE",
    "FT.CREATE",
    "FT._CREATEIFNX",
    "FT.ALTER",
    "FT._DROPINDEXIFX",
    "FT.DROPINDEX",
    "FT.ALIASADD",
    "FT.ALIASUPDATE",
];

/// What a coordinator sums up of what `FT.INFO` tells.
const SUMMED: [&str; 3] = ["num_docs", "hash_indexing_failures", "indexing"];

/// With any value, each server that is none of a cluster is taken for a cluster of one master that coordinates: it has all documents,
/// so that it answers for all of them, and is asked as a cluster is.
const AS_CLUSTER: &str = "CACHE_TEST_AS_CLUSTER";

/// The cache as it is, or as `CACHE_TEST_AS_CLUSTER` says.
pub(crate) fn as_told(cache: Cache) -> Cache {
    match std::env::var_os(AS_CLUSTER) {
        Some(_) if !cache.capabilities().cluster => Coordinator::of(vec![Arc::clone(cache.connection())]).1,
        _ => cache,
    }
}

/// The servers.
pub struct Masters(Vec<Server>);

impl Masters {
    /// Starts so many.
    ///
    /// # Panics
    /// If no servers can be had.
    pub async fn start(number: usize) -> Self {
        let mut servers = Vec::with_capacity(number);
        for _ in 0..number {
            servers.push(crate::private_server().await);
        }
        Self(servers)
    }
}

/// The connection.
pub struct Coordinator {
    masters: Vec<Arc<dyn Connection>>,
    capabilities: Capabilities,
    /// How many definitions masters will not hear of.
    deaf: Mutex<HashMap<usize, u32>>,
    held: Mutex<Option<Held>>,
}

/// A command that waits when it comes.
struct Held {
    name: &'static str,
    /// Who is told that it came.
    came: oneshot::Sender<()>,
    /// What it waits for.
    goes: oneshot::Receiver<()>,
}

impl Coordinator {
    /// Over all of them.
    ///
    /// # Panics
    /// If they cannot be reached.
    pub async fn over(masters: &Masters, protocol: Protocol) -> (Arc<Self>, Cache) {
        let mut connections = Vec::with_capacity(masters.0.len());
        for server in &masters.0 {
            connections
                .push(Arc::clone(crate::clients::connect_one(&server.url(), protocol).await.connection()));
        }
        Self::of(connections)
    }

    fn of(masters: Vec<Arc<dyn Connection>>) -> (Arc<Self>, Cache) {
        let mut capabilities = masters.first().map(|first| first.capabilities().clone()).unwrap_or_default();
        (capabilities.cluster, capabilities.coordinator) = (true, true);
        let this = Arc::new(Self { masters, capabilities, deaf: Mutex::default(), held: Mutex::default() });
        (this.clone(), Cache::from_connection(this))
    }

    /// From now on, a master does not hear so many definitions, which are errors.
    pub fn deafen(&self, master: usize, definitions: u32) {
        self.deaf.lock().unwrap_or_else(PoisonError::into_inner).insert(master, definitions);
    }

    /// Lets the next command of this name wait. The first tells that it came; with the second it goes on.
    pub fn hold(&self, name: &'static str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((came, is_there), (go, goes)) = (oneshot::channel(), oneshot::channel());
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held { name, came, goes });
        (is_there, go)
    }

    /// Says something to one master alone.
    ///
    /// # Errors
    /// What it says.
    pub async fn say(&self, master: usize, words: &[&str]) -> Result<Reply> {
        let (name, rest) = words.split_first().unwrap_or((&"PING", &[]));
        self.to(master, &Command::new(name).args_from(rest)).await
    }

    async fn to(&self, master: usize, command: &Command) -> Result<Reply> {
        match self.masters.get(master) {
            Some(connection) => connection.send(command.clone()).await,
            None => panic!("no master {master}"),
        }
    }

    /// Which master has a key.
    pub fn master_of(&self, key: &[u8]) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(tag(key));
        usize::try_from(hash % self.masters.len() as u64).unwrap_or_default()
    }

    /// Where a command goes that is for one; `None`: it is for any.
    fn own_target(&self, command: &Command) -> Option<usize> {
        match (command.route(), command.slot_key()) {
            (Route::Node(address), _) => (0..self.masters.len()).position(|at| address_of(at) == *address),
            (_, Some(key)) => Some(self.master_of(key)),
            _ => None,
        }
    }

    /// Those for any go to the first.
    fn target(&self, command: &Command) -> usize {
        self.own_target(command).unwrap_or_default()
    }

    /// As a cluster's connection has it: one for any goes with the one behind it, and behind the last one with that.
    fn targets(&self, commands: &[Command]) -> Vec<usize> {
        let own: Vec<_> = commands.iter().map(|command| self.own_target(command)).collect();
        let last = own.iter().rev().flatten().next().copied().unwrap_or_default();
        let mut next = last;
        let targets = own.iter().rev().map(|own| {
            next = own.unwrap_or(next);
            next
        });
        let mut targets: Vec<_> = targets.collect();
        targets.reverse();
        targets
    }

    /// What a cluster's masters say of themselves, or what each answers.
    async fn everywhere(&self, command: &Command) -> Result<Reply> {
        let mut answers = Vec::with_capacity(self.masters.len());
        for at in 0..self.masters.len() {
            answers.push(if command.name() == "CLUSTER" {
                let line = format!("{at} {}@1 myself,master - 0 0 1 connected {at}", address_of(at));
                Reply::Bulk(line.into())
            } else {
                self.to(at, command).await?
            });
        }
        Ok(Reply::Array(answers))
    }

    fn hears(&self, master: usize) -> bool {
        let mut deaf = self.deaf.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deaf.entry(master).or_default();
        let hears = *left == 0;
        *left = left.saturating_sub(1);
        hears
    }

    /// `target` is which master is asked, if not all are.
    async fn answer(&self, command: Command, target: usize) -> Result<Reply> {
        let is_of_one = matches!(command.route(), Route::Node(_));
        let held = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.take_if(|held| held.name == command.name())
        };
        if let Some(Held { came, goes, .. }) = held {
            // Whoever went away holds nothing.
            let _ = came.send(());
            let _ = goes.await;
        }
        match command.name() {
            _ if *command.route() == Route::AllMasters => self.everywhere(&command).await,
            name if DEFINITIONS.contains(&name) && !is_of_one => self.define(&command).await,
            "FT.INFO" => self.info(&command, target).await,
            "FT.SEARCH" => self.search(&command).await,
            _ => self.to(target, &command).await,
        }
    }

    /// Each is told; an error of any is the answer.
    async fn define(&self, command: &Command) -> Result<Reply> {
        let mut answer = Ok(Reply::Status("OK".into()));
        for master in 0..self.masters.len() {
            let said = if self.hears(master) {
                self.to(master, command).await
            } else {
                Err(Error::Timeout { command: command.name().to_owned(), after: Duration::ZERO })
            };
            answer = answer.and(said);
        }
        answer
    }

    /// What one has itself, with the numbers of all that have it.
    async fn info(&self, command: &Command, master: usize) -> Result<Reply> {
        let own = self.to(master, command).await?;
        let mut own = own.into_pairs().unwrap_or_default();
        for other in (0..self.masters.len()).filter(|other| *other != master) {
            let Ok(other) = self.to(other, command).await else { continue };
            for (key, value) in other.into_pairs().unwrap_or_default() {
                let same = own.iter_mut().find(|(own, _)| own.as_str() == key.as_str());
                if let (Some((_, own)), true) = (same, key.as_str().is_some_and(|key| SUMMED.contains(&key)))
                {
                    *own = Reply::Int(number(own) + number(&value));
                }
            }
        }
        Ok(Reply::Map(own))
    }

    /// How many there are, and those that there are.
    async fn search(&self, command: &Command) -> Result<Reply> {
        let mut all = self.to(0, command).await?;
        for master in 1..self.masters.len() {
            let more = self.to(master, command).await?;
            match (&mut all, more) {
                (Reply::Array(all), Reply::Array(more)) => {
                    let mut more = more.into_iter();
                    if let (Some(total), Some(other)) = (all.first_mut(), more.next()) {
                        *total = Reply::Int(number(total) + number(&other));
                    }
                    all.extend(more);
                }
                (Reply::Map(all), Reply::Map(more)) => {
                    for ((key, all), (_, more)) in all.iter_mut().zip(more) {
                        match (key.as_str(), all, more) {
                            (Some("total_results"), total, more) => {
                                *total = Reply::Int(number(total) + number(&more));
                            }
                            (Some("results"), Reply::Array(all), Reply::Array(more)) => all.extend(more),
                            _ => {}
                        }
                    }
                }
                (_, more) => panic!("another kind of answer: {more:?}"),
            }
        }
        Ok(all)
    }
}

fn number(reply: &Reply) -> i64 {
    reply.as_int().or_else(|| reply.as_str()?.parse().ok()).unwrap_or_default()
}

fn address_of(master: usize) -> String {
    format!("master-{master}:1")
}

/// The part of a key that says where it belongs.
fn tag(key: &[u8]) -> &[u8] {
    let inner = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = key.get(open + 1..)?;
        rest.get(..rest.iter().position(|byte| *byte == b'}')?)
    });
    inner.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

impl Connection for Coordinator {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        let target = self.target(&command);
        Box::pin(self.answer(command, target))
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            if batch.is_atomic() {
                let at = batch.commands().first().map_or(0, |first| self.target(first));
                return match self.masters.get(at) {
                    Some(connection) => connection.send_all(batch).await,
                    None => panic!("no master {at}"),
                };
            }
            let targets = self.targets(batch.commands());
            let mut answers = Vec::with_capacity(targets.len());
            for (command, target) in batch.commands().iter().zip(targets) {
                answers.push(self.answer(command.clone(), target).await);
            }
            Ok(answers)
        })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn deadline(&self) -> Duration {
        self.masters.first().map_or(Duration::ZERO, |first| first.deadline())
    }
}
