//! What each master of a cluster knows of an index. The search module hands definitions of indexes from one to the others, but
//! not in one piece: a master that was away, or lost its data, may lack what the others have. What is asked of one of them is
//! answered for all, as far as they know, so that each is asked, and what it has itself is what it lists.
//!
//! On a cluster an index is there when all masters have it, and has the fields that it has on all of them.

use std::time::Duration;

use bytes::Bytes;
use cache_index::{Batch, Command, IndexInfo, Reply, Route};

use super::told::{listed, question, read};
use crate::cache::{Cache, Masters};
use crate::error::{Error, Result};

/// How often the masters are asked again, and how long it is waited between, until they agree: five seconds, in which a
/// master that is up has taken what it was told.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// What a master says of a name that stands for nothing.
pub(crate) const NOTHING: &str = "nothing";

/// What the masters say of a name.
pub(crate) struct Everywhere(Vec<Option<IndexInfo>>);

/// Why a command that was repeated came to nothing.
pub(crate) enum Unsettled {
    /// The last time it was an error, or the masters could not be asked.
    Failed(Error),
    /// What they say.
    Disagreement(String),
}

impl Unsettled {
    /// As the error of a query, which may be asked again.
    pub(crate) fn into_error(self, command: &str) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Disagreement(_) => {
                Error::Timeout { command: command.to_owned(), after: PAUSE.saturating_mul(TRIES) }
            }
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

/// Whether all masters have the same of this name. A user who may not ask who they are takes one for all.
pub(crate) async fn is_whole(cache: &Cache, name: &str) -> Result<bool> {
    match everywhere(cache, name).await {
        Err(error) if error.is_access_denied() => Ok(true),
        said => Ok(said?.agreed().flatten().is_some()),
    }
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

/// Repeats a command, which may be repeated, until that is so of what all masters say of a name. Whether it was an error is told,
/// since that is for the caller to judge: with a master that is away it is one, and what was done is not known.
pub(crate) async fn until(
    cache: &Cache,
    command: &Command,
    name: &str,
    is_so: impl Fn(&Everywhere, bool) -> bool,
) -> Result<(), Unsettled> {
    let mut told = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let batch = Batch::pipeline(vec![command.clone()]);
        let answers = cache.unfenced_all(batch).await;
        let answer = answers.and_then(|mut answers| answers.pop().unwrap_or(Ok(Reply::Nil)));
        let now = everywhere(cache, name).await.map_err(Unsettled::Failed)?;
        if is_so(&now, answer.is_ok()) {
            return Ok(());
        }
        told = now.told();
        if let Err(error) = answer
            && attempt + 1 == TRIES
        {
            return Err(Unsettled::Failed(error));
        }
    }
    Err(Unsettled::Disagreement(told))
}
