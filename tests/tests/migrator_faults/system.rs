//! What is tried, and what it is compared with: our migrator, and one that drops and creates under a fixed name.

use std::sync::Arc;

use cache_core::{
    Cache, Command, Error, IndexSchema, Migrator, Notice, Reply, SchemaLock, Shortfall, Strategy,
};
use cache_tests::chain;
use serde::{Deserialize, Serialize};

use crate::believer::{self, plain, prefix};
use crate::log::{Answer, Question};
use crate::release::{Release, TEAMS, User, with_model};

/// Who makes the indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum System {
    /// `Migrator::run`, and typed queries.
    Ours,
    /// The same steps as redis-om 1.2 takes (`redis_om/model/migrations/schema/legacy_migrator.py`), and plain queries.
    DropAndCreate,
    /// An index for each release, and the server's counter for what it lacks.
    Counter,
    /// The same, with what it lacks looked for, and taken to be refused for its values, whatever it is.
    Unjudged,
}

/// How a replica's migrator is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Whether fields are added to the index that is there.
    pub(crate) additive: bool,
    /// Whether the index of redis-om goes.
    pub(crate) retires: bool,
    /// Whether indexes that nobody uses go at once.
    pub(crate) collects: bool,
    /// How many documents a new index may lack.
    pub(crate) allows: u64,
    /// For how many milliseconds a schema counts as used once that was said; 0: as long as ever.
    pub(crate) lease: u64,
}

impl Setup {
    /// A migrator that adds fields to the index that is there.
    pub(crate) fn in_place() -> Self {
        Self { additive: true, ..Self::default() }
    }

    /// The release that comes after the first one: it only adds a field, or needs another index.
    pub(crate) fn next(self) -> Release {
        if self.additive { Release::Two } else { Release::Three }
    }

    /// The migrator of a release that has a schema lock, as every release should.
    pub(crate) fn migrator<M: User>(self) -> Migrator {
        let migrator = Migrator::new().register::<M>().lock(&lock()).allow_failures(self.allows);
        let migrator = if self.additive { migrator.strategy(Strategy::InPlaceAdditive) } else { migrator };
        let migrator = if self.retires { migrator.retire_redis_om() } else { migrator };
        let lease = std::time::Duration::from_millis(self.lease);
        let migrator = if lease.is_zero() { migrator } else { migrator.lease_for(lease) };
        if self.collects { migrator.retain(std::time::Duration::ZERO) } else { migrator }
    }
}

/// The releases in their order.
fn lock() -> String {
    let mut lock = SchemaLock::default();
    for release in [Release::One, Release::Two, Release::Three] {
        assert!(lock.append_schema(with_model!(release, M => M::schema())));
    }
    lock.to_string()
}

/// Is told of each step that a boot has done.
pub(crate) type Steps = Arc<dyn Fn(&str) + Send + Sync>;

/// What a boot left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Booted {
    pub(crate) index: String,
    pub(crate) documents: u64,
    pub(crate) missing: u64,
    /// The keys that are said to be lacking.
    pub(crate) keys: Vec<String>,
}

impl System {
    /// What a replica of this release does when it boots.
    pub(crate) async fn boot(self, release: Release, cache: &Cache) -> Result<Booted, String> {
        self.boot_with(release, cache, Setup::default(), Arc::new(|_| {})).await
    }

    /// The same with a migrator that is set up so.
    pub(crate) async fn boot_with(
        self,
        release: Release,
        cache: &Cache,
        setup: Setup,
        steps: Steps,
    ) -> Result<Booted, String> {
        match self {
            Self::Ours => with_model!(release, M => run::<M>(cache, setup, steps).await),
            Self::DropAndCreate => drop_and_create(release, cache).await.map_err(|error| chain(&error)),
            Self::Counter | Self::Unjudged => {
                let looks = self == Self::Unjudged;
                let found = believer::boot(release, cache, looks).await.map_err(|error| chain(&error))?;
                let believer::Found { index, documents, missing, keys } = found;
                Ok(Booted { index, documents, missing, keys })
            }
        }
    }

    /// What a reader of this release is answered.
    pub(crate) async fn ask(self, release: Release, cache: &Cache, question: Question) -> Answer {
        match self {
            Self::Ours => with_model!(release, M => ask::<M>(cache, question).await),
            Self::DropAndCreate => ask_plainly(release, cache, question).await,
            Self::Counter | Self::Unjudged => {
                let answer = believer::ask(release, cache, question, self == Self::Unjudged).await;
                answer.unwrap_or_else(|error| told(&error))
            }
        }
    }
}

async fn run<M: User>(cache: &Cache, setup: Setup, steps: Steps) -> Result<Booted, String> {
    let migrator = setup.migrator::<M>().observe_steps(steps);
    let migration = migrator.run(cache).await.map_err(|error| chain(&error))?;
    let index = migration.indexes().first().ok_or("no index")?;
    let lacking = migration.notices().filter_map(|(_, notice)| match notice {
        Notice::Lacking { keys, .. } => Some(keys.clone()),
        _ => None,
    });
    let (index, documents, missing) = (index.name.clone(), index.documents, index.missing);
    Ok(Booted { index, documents, missing, keys: lacking.flatten().collect() })
}

async fn ask<M: User>(cache: &Cache, question: Question) -> Answer {
    let answer = match question {
        Question::Everybody => M::everybody().count(cache).await.map(Answer::Count),
        Question::Team(team) => {
            M::of_team(team).all(cache).await.map(|found| Answer::Ids(found.iter().map(User::id).collect()))
        }
        Question::Held(team) => M::of_team(team).allow_partial().all(cache).await.map(|found| {
            let ids = found.iter().map(User::id).collect();
            match found.completeness().shortfalls() {
                [] => Answer::Ids(ids),
                [Shortfall::FailedDocuments(told)] => Answer::Held(ids, Some(*told)),
                _ => Answer::Held(ids, None),
            }
        }),
    };
    answer.unwrap_or_else(|error| told(&error))
}

pub(crate) fn told(error: &Error) -> Answer {
    let text = chain(error);
    match error {
        Error::Incomplete { .. } => Answer::Incomplete(text),
        error if error.is_unknown_index() => Answer::Missing(text),
        error if error.is_unavailable() => Answer::Unavailable(text),
        _ => Answer::Failed(text),
    }
}

/// The name that redis-om gives the index.
pub(crate) fn fixed_name(cache: &Cache) -> String {
    format!("{}:index", prefix(cache))
}

async fn drop_and_create(release: Release, cache: &Cache) -> Result<Booted, Error> {
    let (name, fields) = (fixed_name(cache), release.fields());
    let (hash, schema) = (format!("{name}:hash"), format!("{name}:schema"));
    let info = async || cache.command(Command::new("FT.INFO").arg(&name)).await;
    let unless_refused = |reply: Result<Reply, Error>| match reply {
        Err(error) if error.server_kind().is_some() => Ok(false),
        reply => reply.map(|_| true),
    };
    let there = unless_refused(info().await)?;
    let stored = cache.command(Command::new("GET").key(&hash)).await?;
    if !there || stored.as_str() != Some(fields) {
        if there {
            unless_refused(cache.command(Command::new("FT.DROPINDEX").arg(&name)).await)?;
        }
        if !unless_refused(info().await)? {
            let create = Command::new("FT.CREATE").arg(&name).args_from(["ON", "JSON", "PREFIX", "1"]);
            let create = create.arg(format!("{}:", prefix(cache))).arg("SCHEMA");
            if unless_refused(cache.command(create.args_from(fields.split(' '))).await)? {
                for key in [&hash, &schema] {
                    cache.command(Command::new("SET").key(key).arg(fields)).await?;
                }
            }
        }
    }
    Ok(Booted { index: name, documents: 0, missing: 0, keys: Vec::new() })
}

async fn ask_plainly(release: Release, cache: &Cache, question: Question) -> Answer {
    let (query, limit) = match question {
        Question::Everybody => (release.everybody().to_owned(), "0"),
        Question::Team(team) | Question::Held(team) => {
            (format!("@team:{{team\\-{}}}", team % TEAMS), "10000")
        }
    };
    let search = Command::new("FT.SEARCH").arg(fixed_name(cache)).arg(query);
    let search = search.args_from(["NOCONTENT", "LIMIT", "0", limit, "TIMEOUT", "0", "DIALECT", "2"]);
    let start = format!("{}:", prefix(cache));
    match cache.command(search).await {
        Ok(reply) => plain(&reply, &start, question).unwrap_or_else(|| Answer::Failed(format!("{reply:?}"))),
        Err(error) => told(&error),
    }
}
