//! A server, a namespace on it, the documents that are there, and what is on the server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Batch, Cache, CacheModel, Command, IndexInfo, IndexSchema, Protocol, RedisSettings, Reply};
use serde_json::Value;

use crate::log::Known;
use crate::release::{Release, User, one, with_model};
use crate::system::{Setup, System};

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A namespace on a server, of one scenario.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) namespace: String,
    pub(crate) cache: Cache,
}

impl Place {
    /// A namespace that nobody has, in the protocol whose turn it is.
    pub(crate) async fn new(server: &Server) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("place-{number}");
        let cache = connect(&server.url(), protocol(number)).await.namespace(&namespace);
        Self { url: server.url(), namespace, cache }
    }

    /// The same with a connection in RESP2, whose answers plain queries can read.
    pub(crate) async fn plain(&self) -> Cache {
        connect(&self.url, Protocol::Resp2).await.namespace(&self.namespace)
    }

    /// The same with a connection of its own, as another process has it.
    pub(crate) async fn again(&self) -> Cache {
        connect(&self.url, Protocol::Resp3).await.namespace(&self.namespace)
    }

    pub(crate) async fn say(&self, words: &[&str]) -> Reply {
        let (name, arguments) = words.split_first().unwrap_or_else(|| panic!("no command"));
        let command = Command::new(name).args_from(arguments.iter().copied());
        let reply = self.cache.command(command).await;
        reply.unwrap_or_else(|error| panic!("{words:?}: {}", cache_tests::chain(&error)))
    }

    /// Saves the documents 0 to `count`.
    pub(crate) async fn fill(&self, count: u32) {
        for saved in one::User::save_many(&self.cache, (0..count).map(one::User::new)).await {
            let saved = saved.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
            assert!(saved.stored());
        }
    }

    /// Gives a document a value that an index refuses; or mends it.
    pub(crate) async fn spoil(&self, id: u32, mend: bool) {
        let (path, bad, good) = Release::spoilt(id);
        self.say(&["JSON.SET", &self.key(id), path, if mend { &good } else { bad }]).await;
    }

    /// The key of a document.
    pub(crate) fn key(&self, id: u32) -> String {
        format!("{}:user:{id}", self.namespace)
    }

    /// What is stored under these ids, byte for byte; `None`: nothing.
    pub(crate) async fn stored(&self, ids: &[u32]) -> Vec<Option<String>> {
        let mut texts = Vec::with_capacity(ids.len());
        for ids in ids.chunks(500) {
            let get = |id: &u32| Command::new("JSON.GET").key(self.key(*id));
            let batch = Batch::pipeline(ids.iter().map(get).collect());
            let replies = self.cache.connection().send_all(batch).await;
            for reply in replies.unwrap_or_else(|error| panic!("{error}")) {
                texts.push(reply.ok().and_then(|reply| reply.as_str().map(str::to_owned)));
            }
        }
        texts
    }

    /// How many documents are not what was written: the base as it was, with these visits, and what writers inserted.
    pub(crate) async fn damaged(&self, known: &Known, before: &[Option<String>], visits: &[u64]) -> u64 {
        let ids = known.ids();
        let after = self.stored(&ids).await;
        let mut damaged = 0;
        for (id, after) in ids.into_iter().zip(after) {
            let expected = match before.get(id as usize) {
                Some(before) => before.as_ref().map(|before| {
                    let visits = visits.get(id as usize).copied().unwrap_or_default();
                    before.replace(r#""visits":0"#, &format!(r#""visits":{visits}"#))
                }),
                None => serde_json::to_string(&one::User::new(id)).ok(),
            };
            let same = match (&expected, &after) {
                (Some(expected), Some(after)) if (id as usize) < before.len() => expected == after,
                (Some(expected), Some(after)) => {
                    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
                    parse(expected) == parse(after)
                }
                _ => false,
            };
            damaged += u64::from(!same);
        }
        damaged
    }

    /// The names of the indexes on the server that are in the namespace.
    pub(crate) async fn indexes(&self) -> Vec<String> {
        let names = self.say(&["FT._LIST"]).await.into_items().unwrap_or_else(|error| panic!("{error}"));
        let start = format!("{}:", self.namespace);
        let names = names.iter().filter_map(Reply::as_str).filter(|name| name.starts_with(&start));
        names.map(str::to_owned).collect()
    }

    /// Boots the first release, and waits until its index is filled: also where the migrator does not.
    pub(crate) async fn settle(&self, system: System) {
        let cache = if system == System::Ours { self.cache.clone() } else { self.plain().await };
        self.settle_by(system, &cache).await;
    }

    /// As [`settle`](Self::settle) does, by somebody who goes then and forgets his leases: nobody uses the index any more.
    pub(crate) async fn settle_and_go(&self) {
        self.settle_by(System::Ours, &self.again().await).await;
        self.forget_leases().await;
    }

    async fn settle_by(&self, system: System, cache: &Cache) {
        if let Err(error) = system.boot(Release::One, cache).await {
            panic!("the first release did not boot: {error}");
        }
        for name in self.indexes().await {
            while !self.info(&name).await.is_some_and(|info| info.is_filled()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// What the server tells of an index; `None`: there is none.
    pub(crate) async fn info(&self, name: &str) -> Option<IndexInfo> {
        let info = self.cache.command(Command::new("FT.INFO").arg(name)).await.ok()?;
        IndexInfo::decode(info).ok()
    }

    /// Where the alias points; `None`: nowhere.
    pub(crate) async fn alias(&self) -> Option<String> {
        let alias = one::User::schema().alias(self.cache.keyspace().ok()?);
        self.info(&alias).await.map(|info| info.name)
    }

    /// The index that a name stands for.
    pub(crate) async fn reaches(&self, name: &str) -> Option<String> {
        self.info(name).await.map(|info| info.name)
    }

    /// What is wrong, unless fields were added to the index of the first release: the second one and the alias reach it, and
    /// there is no other.
    pub(crate) async fn not_in_place(&self) -> Option<String> {
        let (index, indexes) = (self.index(Release::One), self.indexes().await);
        let reached = [self.reaches(&self.index(Release::Two)).await, self.alias().await];
        let is_it = |name: &Option<String>| name.as_ref() == Some(&index);
        let is_right = reached.iter().all(is_it) && indexes == [index.as_str()];
        (!is_right).then(|| format!("of {indexes:?} they reach {reached:?}, and not {index}"))
    }

    /// Lets all leases have run out long ago, as if nobody had used the indexes for long.
    pub(crate) async fn forget_leases(&self) {
        let key = format!("{}:~user:leases", self.namespace);
        let leases = self.say(&["ZRANGE", &key, "0", "-1"]).await.into_items();
        for lease in leases.unwrap_or_else(|error| panic!("{error}")) {
            self.say(&["ZADD", &key, "1000", lease.as_str().unwrap_or_default()]).await;
        }
    }

    /// Lets nobody's turn to compare be under way, as if whoever had it was killed long ago.
    pub(crate) async fn forget_turns(&self) {
        for release in [Release::One, Release::Two, Release::Three] {
            let fingerprint = with_model!(release, M => *M::schema().fingerprint());
            self.say(&["DEL", &format!("{}:~user:comparing:{fingerprint}", self.namespace)]).await;
        }
    }

    /// The name of the index of a release.
    pub(crate) fn index(&self, release: Release) -> String {
        let keyspace = self.cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
        with_model!(release, M => M::schema().index_name(keyspace))
    }

    /// How many steps a boot of this release would still have to take.
    pub(crate) async fn planned(&self, release: Release, setup: Setup) -> usize {
        let plans = with_model!(release, M => setup.migrator::<M>().plan(&self.cache).await);
        let plans = plans.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
        plans.iter().map(|plan| plan.steps.len()).sum()
    }

    /// Makes the index of a release under this name, with `more` before its fields.
    pub(crate) async fn create(&self, name: &str, release: Release, more: Option<&str>) {
        let keyspace = self.cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
        let command = with_model!(release, M => M::schema().create_index(keyspace));
        let command = command.unwrap_or_else(|| panic!("no index"));
        let mut create = Command::new("FT.CREATE").arg(name);
        for argument in command.args().skip(2) {
            let more = more.filter(|_| argument == b"SCHEMA");
            create = create.args_from(more).arg(argument);
        }
        let made = self.cache.command(create).await;
        made.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
    }

    /// Begins to count [`scans`](Place::scans) anew.
    pub(crate) async fn count_scans(&self) {
        self.say(&["CONFIG", "RESETSTAT"]).await;
    }

    /// How many scans of all documents were begun: each index that is made, and each change of one, is a scan.
    pub(crate) async fn scans(&self) -> u64 {
        let info = self.say(&["INFO", "commandstats"]).await;
        let lines = info.as_str().unwrap_or_default().lines();
        let counted = lines.filter(|line| {
            ["cmdstat_FT.CREATE:", "cmdstat_FT._CREATEIFNX:", "cmdstat_FT.ALTER:"]
                .iter()
                .any(|start| line.starts_with(start))
        });
        let number = |line: &str, name: &str| {
            let parts = line.split([':', ',']).find_map(|part| part.strip_prefix(name));
            parts.and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
        };
        counted.map(|line| number(line, "calls=") - number(line, "failed_calls=")).sum()
    }
}

/// A connection with deadlines for a machine that does much else.
pub(crate) async fn connect(url: &str, protocol: Protocol) -> Cache {
    let settings = RedisSettings::new(url).protocol(protocol);
    let cache =
        cache_tests::connect_with(settings.connect_timeout(DEADLINE).response_timeout(DEADLINE)).await;
    cache.unwrap_or_else(|error| panic!("no connection: {}", cache_tests::chain(&error)))
}

/// Turn and turn about.
pub(crate) fn protocol(number: u32) -> Protocol {
    if number.is_multiple_of(2) { Protocol::Resp3 } else { Protocol::Resp2 }
}
