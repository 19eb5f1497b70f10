//! Two that make an index for each release, and believe what they should not: that the server's counter tells what an index
//! lacks, or that whatever it lacks is refused for a value. Both ask plainly.

use std::time::Duration;

use cache_core::{Batch, Cache, Command, Error, IndexInfo, Reply};

use crate::log::{Answer, Question};
use crate::release::{Release, TEAMS};

/// What a boot found.
pub(crate) struct Found {
    pub(crate) index: String,
    pub(crate) documents: u64,
    pub(crate) missing: u64,
    pub(crate) keys: Vec<String>,
}

/// The name of its index.
pub(crate) fn index_name(release: Release, cache: &Cache) -> String {
    format!("{}:believed:{release:?}", prefix(cache))
}

/// Makes the index, with `more` before its fields.
pub(crate) async fn create(release: Release, cache: &Cache, more: Option<&str>) -> Result<(), Error> {
    let create = Command::new("FT.CREATE").arg(index_name(release, cache));
    let create = create.args_from(["ON", "JSON", "PREFIX", "1"]).arg(format!("{}:", prefix(cache)));
    let create = create.args_from(more).arg("SCHEMA").args_from(release.fields().split(' '));
    match cache.command(create).await {
        // Somebody was faster.
        Err(error) if error.server_kind().is_some() => Ok(()),
        made => made.map(drop),
    }
}

/// Makes the index if there is none, waits until it is filled, and says what it lacks.
pub(crate) async fn boot(release: Release, cache: &Cache, looks: bool) -> Result<Found, Error> {
    let index = index_name(release, cache);
    loop {
        match cache.command(Command::new("FT.INFO").arg(&index)).await {
            Err(error) if error.server_kind().is_some() => create(release, cache, None).await?,
            told => {
                let info = read(told?);
                if info.is_filled() {
                    let keys = if looks { absent(cache, &index).await? } else { Vec::new() };
                    let missing = if looks { keys.len() as u64 } else { info.failures };
                    let keys = if looks { keys } else { info.last_failure.into_iter().collect() };
                    return Ok(Found { index, documents: info.documents, missing, keys });
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What it answers, in one round trip with what it believes.
pub(crate) async fn ask(
    release: Release,
    cache: &Cache,
    question: Question,
    looks: bool,
) -> Result<Answer, Error> {
    let index = index_name(release, cache);
    let (query, limit) = match question {
        Question::Everybody => (release.everybody().to_owned(), "0"),
        Question::Team(team) | Question::Held(team) => {
            (format!("@team:{{team\\-{}}}", team % TEAMS), "10000")
        }
    };
    let search = Command::new("FT.SEARCH").arg(&index).arg(query);
    let search = search.args_from(["NOCONTENT", "LIMIT", "0", limit, "TIMEOUT", "0", "DIALECT", "2"]);
    let batch = Batch::atomic(vec![Command::new("FT.INFO").arg(&index), search]);
    let mut replies = cache.connection().send_all(batch).await?.into_iter();
    let mut next = || replies.next().unwrap_or(Ok(Reply::Nil));
    let (info, found) = (read(next()?), next()?);
    let missing = if looks { absent(cache, &index).await?.len() as u64 } else { info.failures };
    let start = format!("{}:", prefix(cache));
    let answer = plain(&found, &start, question).unwrap_or_else(|| Answer::Failed(format!("{found:?}")));
    let told = info.is_filled().then_some(missing);
    Ok(match (answer, question) {
        (answer, _) if told == Some(0) => answer,
        (Answer::Ids(ids), Question::Held(_)) => Answer::Held(ids, told),
        _ => Answer::Incomplete(format!("the index lacks {missing} documents")),
    })
}

/// The keys of documents that are not in the index.
async fn absent(cache: &Cache, index: &str) -> Result<Vec<String>, Error> {
    let pattern = format!("{}:[0-9]*", prefix(cache));
    let keys = cache.command(Command::new("KEYS").arg(pattern)).await?.into_items().unwrap_or_default();
    let mut keys: Vec<_> = keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect();
    let search = Command::new("FT.SEARCH").args_from([index, "*", "NOCONTENT", "INKEYS"]);
    let search = search.arg_display(keys.len()).args_from(&keys);
    let found =
        cache.command(search.args_from(["LIMIT", "0", "10000", "TIMEOUT", "0", "DIALECT", "2"])).await?;
    let found = found.into_items().unwrap_or_default();
    let held: std::collections::HashSet<_> = found.iter().filter_map(Reply::as_str).collect();
    keys.retain(|key| !held.contains(key.as_str()));
    Ok(keys)
}

fn read(info: Reply) -> IndexInfo {
    IndexInfo::decode(info).unwrap_or_else(|error| panic!("{error}"))
}

/// What the keys of users begin with.
pub(crate) fn prefix(cache: &Cache) -> String {
    let global = cache.keyspace().map(|keyspace| keyspace.global().to_owned()).unwrap_or_default();
    format!("{global}:user")
}

/// Reads an answer of the RESP2 shape: the number of hits, and their keys.
pub(crate) fn plain(reply: &Reply, start: &str, question: Question) -> Option<Answer> {
    let Reply::Array(items) = reply else { return None };
    let (total, keys) = items.split_first()?;
    Some(match question {
        Question::Everybody => Answer::Count(u64::try_from(total.as_int()?).ok()?),
        Question::Team(_) | Question::Held(_) => {
            let ids = keys.iter().map(|key| key.as_str()?.strip_prefix(start)?.parse().ok());
            Answer::Ids(ids.collect::<Option<_>>()?)
        }
    })
}
