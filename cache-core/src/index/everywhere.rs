//! What each master of a cluster knows of an index. The search module hands definitions of indexes from one to the others, but
//! not in one piece: a master that was away, or lost its data, may lack what the others have. What is asked of one of them is
//! answered for all, as far as they know, so that each is asked, and what it has itself is what it lists.
//!
//! On a cluster an index is there when all masters have it, and has the fields that it has on all of them.

use std::time::Duration;

use bytes::Bytes;
use cache_index::{Batch, Command, IndexDefinition, IndexInfo, Reply, Route, Schema, ServerErrorKind};
use tokio::time::Instant;

use super::told::{listed, question, read};
use crate::cache::{Cache, Masters};
use crate::error::{Error, Result};

/// How long the masters are asked again, and how long it is waited between, until they agree: a master that is up has taken by then
/// what it was told.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// What a master says of a name that stands for nothing.
pub(crate) const NOTHING: &str = "nothing";

/// What the masters say of a name.
pub(crate) struct Everywhere(Vec<Option<IndexInfo>>);

/// Why a command that was repeated came to nothing.
pub(crate) enum Unsettled {
    /// The masters could not be asked.
    Failed(Error),
    /// What they say, and the error that the command was the last time, if it was one.
    Disagreement(String, Option<Error>),
}

impl Unsettled {
    /// As the error of a query, which may be asked again.
    pub(crate) fn into_error(self, command: &str) -> Error {
        match self {
            Self::Failed(error) | Self::Disagreement(_, Some(error)) => error,
            Self::Disagreement(_, None) => Error::Timeout { command: command.to_owned(), after: PATIENCE },
        }
    }
}

/// Asks all masters what a name stands for.
pub(crate) async fn everywhere(cache: &Cache, name: &str) -> Result<Everywhere> {
    let routes = Masters::of(cache).await?.routes();
    let asked = |route: &Route| {
        [Command::new("FT._LIST").repeatable(), question(name, None)].map(|asked| asked.routed(route.clone()))
    };
    let answers = cache.send_all(Batch::pipeline(routes.iter().flat_map(asked).collect())).await?;
    let (mut said, mut answers) = (Vec::with_capacity(routes.len()), answers.into_iter());
    while let (Some(list), Some(info)) = (answers.next(), answers.next()) {
        said.push(known(&listed(list?)?, read(info)?));
    }
    Ok(Everywhere(said))
}

/// Whether all masters have the same of this name, with the fields of the schema. A user who may not ask who they are takes one
/// for all.
pub(crate) async fn is_whole(cache: &Cache, schema: &Schema, name: &str) -> Result<bool> {
    match everywhere(cache, name).await {
        Err(error) if error.is_access_denied() => Ok(true),
        said => {
            let said = said?;
            Ok(said.agreed().flatten().is_some()
                && said.lack(&schema.definition(cache.keyspace()?)).is_empty())
        }
    }
}

/// Makes an index of this name for a schema until all masters have it, with the fields of the schema.
pub(crate) async fn make_everywhere(cache: &Cache, schema: &Schema, name: &str) -> Result<(), Unsettled> {
    let keyspace = cache.keyspace().map_err(Unsettled::Failed)?;
    let Some(create) = schema.create_index(keyspace) else { return Ok(()) };
    // FT.CREATE says that it is there as soon as one master has it; this one makes it where it is missing.
    let create = Command::new("FT._CREATEIFNX").arg(name).args_from(create.args().skip(2)).repeatable();
    // What the server does not take, no master will.
    let answers = cache.unfenced_all(Batch::pipeline(vec![create.clone()])).await;
    if let Ok(Some(Err(error))) = answers.map(|mut answers| answers.pop())
        && error.server_kind() == Some(ServerErrorKind::Other)
    {
        return Err(Unsettled::Failed(error));
    }
    until(cache, &create, name, |now, _| now.agreed() == Some(Some(name))).await?;
    // One that was there, or that an older release made meanwhile, may lack fields that were added in place.
    let lack = everywhere(cache, name).await.map_err(Unsettled::Failed)?.lack(&schema.definition(keyspace));
    if lack.is_empty() {
        return Ok(());
    }
    extend_everywhere(
        cache,
        &schema.alter_index(name, |field| lack.iter().any(|one| one == field)),
        name,
        &lack,
    )
    .await
}

/// Adds fields to an index until all masters have them. One that has them says that they are duplicates, of which each has all or none:
/// `FT._ALTERIFNX` says so too, since it looks for a path where a name is what there may be.
///
/// Where the coordinator answers for all what one of them told it, that they have them is not seen; that all answered is.
pub(crate) async fn extend_everywhere(
    cache: &Cache,
    alter: &Command,
    name: &str,
    fields: &[String],
) -> Result<(), Unsettled> {
    let has =
        |there: &IndexInfo, field: &String| there.definition.fields.iter().any(|one| one.name == *field);
    let has_all =
        |there: Option<&IndexInfo>| there.is_some_and(|there| fields.iter().all(|field| has(there, field)));
    let is_heard = |error: Option<&Error>| error.is_none_or(|error| !error.is_unavailable());
    until(cache, alter, name, |now, error| is_heard(error) && now.all(has_all)).await
}

/// What a master has itself: what it lists. Others may have answered for it.
pub(crate) fn known(listed: &[Bytes], info: Option<IndexInfo>) -> Option<IndexInfo> {
    info.filter(|info| listed.iter().any(|name| *name == info.name.as_bytes()))
}

impl Everywhere {
    /// The index of that name, if all masters have the same, with the fields that it has on all of them.
    pub(crate) fn index(self) -> Option<IndexInfo> {
        self.agreed()??;
        self.0.into_iter().flatten().min_by_key(|info| info.definition.fields.len())
    }

    /// The index that the name stands for, if all say the same: maybe that it stands for none.
    pub(crate) fn agreed(&self) -> Option<Option<&str>> {
        let mut said = self.said();
        let first = said.next()?;
        said.all(|other| other == first).then_some(first)
    }

    /// The fields that the index lacks on some of the masters.
    pub(crate) fn lack(&self, wanted: &IndexDefinition) -> Vec<String> {
        let names = wanted.fields.iter().map(|field| &field.name);
        let is_on =
            |there: &IndexInfo, name: &String| there.definition.fields.iter().any(|one| one.name == *name);
        names.filter(|name| !self.0.iter().flatten().all(|there| is_on(there, name))).cloned().collect()
    }

    /// That of the master that has most fields of it.
    pub(crate) fn richest(self) -> Option<IndexInfo> {
        self.0.into_iter().flatten().max_by_key(|info| info.definition.fields.len())
    }

    /// What each says.
    pub(crate) fn said(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.iter().map(|one| one.as_ref().map(|info| info.name.as_str()))
    }

    /// Whether it is so of what each of them has.
    pub(crate) fn all(&self, is_so: impl Fn(Option<&IndexInfo>) -> bool) -> bool {
        self.0.iter().all(|one| is_so(one.as_ref()))
    }

    fn told(&self) -> String {
        // Of what they agree on, once.
        let most = if self.agreed().is_some() { 1 } else { self.0.len() };
        self.said().take(most).map(|one| one.unwrap_or(NOTHING)).collect::<Vec<_>>().join(", ")
    }
}

/// Repeats a command, which may be repeated, until that is so of what all masters say of a name. The error that it was is told,
/// since that is for the caller to judge: with a master that is away it is one, and what was done is not known.
///
/// No question begins when the time is over; each has the deadline of the connection.
pub(crate) async fn until(
    cache: &Cache,
    command: &Command,
    name: &str,
    is_so: impl Fn(&Everywhere, Option<&Error>) -> bool,
) -> Result<(), Unsettled> {
    let began = Instant::now();
    loop {
        let batch = Batch::pipeline(vec![command.clone()]);
        let answers = cache.unfenced_all(batch).await;
        let answer = answers.and_then(|mut answers| answers.pop().unwrap_or(Ok(Reply::Nil)));
        let is_over = began.elapsed() >= PATIENCE;
        match everywhere(cache, name).await {
            Ok(now) if is_so(&now, answer.as_ref().err()) => return Ok(()),
            Ok(now) if is_over => return Err(Unsettled::Disagreement(now.told(), answer.err())),
            // One that cannot be reached may be back, or another one in its place.
            Err(error) if is_over || !error.is_unavailable() => return Err(Unsettled::Failed(error)),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
