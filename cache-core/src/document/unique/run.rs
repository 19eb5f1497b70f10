//! Calls of scripts that look after claims: repeated until the right keys are declared, one or many at once.

use std::collections::HashSet;
use std::time::Duration;

use cache_index::{Batch, Command, Reply, ServerErrorKind};

use super::across;
use super::claims::Claims;
use super::guarded::{Guarded, TRIES, contended, send};
use crate::cache::Cache;
use crate::document::fence;
use crate::error::{Error, Result};
use crate::script::Script;

/// Has the claims know whether the server is a cluster, where it was not asked yet when they were put together. Somebody else may
/// have asked since.
async fn asked<G: Guarded>(cache: &Cache, calls: &mut [G], bound: Option<Duration>) -> Result<()> {
    if calls.iter_mut().any(|call| call.claims().is_some()) && cache.asked(bound).await?.cluster {
        calls.iter_mut().filter_map(Guarded::claims).for_each(Claims::spread);
    }
    Ok(())
}

/// Calls until it is done, or known not to be.
pub(in crate::document) async fn run<G: Guarded>(cache: &Cache, call: &mut G) -> Result<Reply> {
    asked(cache, std::slice::from_mut(call), cache.entry_bound()).await?;
    match call.claims().map(|claims| claims.one_slot) {
        Some(true) => {}
        Some(false) => return across::run(cache, call).await,
        None => return send(cache, call).await,
    }
    for _ in 0..TRIES {
        let reply = send(cache, call).await?;
        let again = match call.claims() {
            Some(claims) => claims.learn(&reply)?,
            None => false,
        };
        if !again {
            return Ok(reply);
        }
    }
    Err(contended(call))
}

/// Calls all of them in one pipeline, and those that must be called again in the next: one result each, in order. The
/// flag says whether the server could be reached.
///
/// Two calls about one document are made in their order. Across slots each is made by itself.
pub(in crate::document) async fn run_many<G: Guarded>(
    cache: &Cache,
    calls: &mut [G],
) -> (Vec<Result<Reply>>, bool) {
    let mut results: Vec<Option<Result<Reply>>> = calls.iter().map(|_| None).collect();
    if let Err(error) = asked(cache, calls, None).await {
        return (calls.iter().map(|_| Err(error.again())).collect(), !error.is_unavailable());
    }
    if calls.iter_mut().any(|call| call.claims().is_some_and(|claims| !claims.one_slot)) {
        for (call, result) in calls.iter_mut().zip(&mut results) {
            let answer = run(cache, call).await;
            let reached = !answer.as_ref().is_err_and(Error::is_unavailable);
            *result = Some(answer);
            if !reached {
                return (finished(results), false);
            }
        }
        return (finished(results), true);
    }
    let mut idle = 0;
    while idle < TRIES {
        let round = next_round(calls, &results);
        if round.is_empty() {
            break;
        }
        idle += 1;
        let sent: Vec<_> = round.iter().filter_map(|&at| calls.get(at)).collect();
        let commands = sent.iter().map(|call| (call.command(), call.script())).collect();
        let answers = match pipeline(cache, commands).await {
            Ok(answers) => answers,
            Err(error) => {
                for result in results.iter_mut().filter(|result| result.is_none()) {
                    *result = Some(Err(error.again()));
                }
                return (finished(results), !error.is_unavailable());
            }
        };
        for (at, answer) in round.into_iter().zip(answers) {
            let (Some(call), Some(result)) = (calls.get_mut(at), results.get_mut(at)) else { continue };
            let answer = answer.and_then(|reply| fence::passed(reply, call.key(), call.fence()));
            *result = match (answer, call.claims()) {
                (Ok(reply), Some(claims)) => match claims.learn(&reply) {
                    Ok(true) => None,
                    Ok(false) => Some(Ok(reply)),
                    Err(error) => Some(Err(error)),
                },
                (answer, _) => Some(answer),
            };
            if result.is_some() {
                idle = 0;
            }
        }
    }
    for (call, result) in calls.iter_mut().zip(&mut results) {
        result.get_or_insert_with(|| Err(contended(call)));
    }
    (finished(results), true)
}

/// The calls to make now: those without a result, but for those about a document that an earlier one is about still.
fn next_round<G: Guarded>(calls: &mut [G], results: &[Option<Result<Reply>>]) -> Vec<usize> {
    let mut documents = HashSet::new();
    let open = calls.iter_mut().zip(results).enumerate().filter(|(_, (_, result))| result.is_none());
    open.filter_map(|(at, (call, _))| {
        call.claims().is_none_or(|claims| documents.insert(claims.key.clone())).then_some(at)
    })
    .collect()
}

fn finished(results: Vec<Option<Result<Reply>>>) -> Vec<Result<Reply>> {
    let not_sent = || Error::Unavailable {
        reason: "not sent, since documents before it were not answered".to_owned(),
        source: None,
    };
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(not_sent()))).collect()
}

/// A command, and the script that it calls if it does.
type Sent = (Command, Option<&'static Script>);

/// Sends the commands. The first call of a script brings it with it, so that the others find it.
async fn pipeline(cache: &Cache, calls: Vec<Sent>) -> Result<Vec<Result<Reply>>> {
    if calls.iter().all(|(_, script)| script.is_none()) {
        return cache
            .send_all(Batch::pipeline(calls.into_iter().map(|(command, _)| command).collect()))
            .await;
    }
    let mut brought: Vec<&str> = Vec::new();
    let sent = calls
        .iter()
        .map(|call| match call.1 {
            Some(script) if !brought.contains(&script.sha1) => {
                brought.push(script.sha1);
                by_source(call)
            }
            _ => call.0.clone(),
        })
        .collect();
    let mut answers = cache.send_all(Batch::pipeline(sent)).await?;
    let lost = answers.iter().position(
        |answer| matches!(answer, Err(error) if error.server_kind() == Some(ServerErrorKind::NoScript)),
    );
    if let Some(lost) = lost {
        // Somebody emptied the server's script cache meanwhile. All that come behind are written again: otherwise an
        // earlier document could end up over a later one of the same key.
        let again = calls.iter().skip(lost).map(by_source).collect();
        let rest = cache.send_all(Batch::pipeline(again)).await?;
        answers.truncate(lost);
        answers.extend(rest);
    }
    Ok(answers)
}

fn by_source((command, script): &Sent) -> Command {
    match script {
        Some(script) => script.by_source(command),
        None => command.clone(),
    }
}
