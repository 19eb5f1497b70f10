//! What a server says of itself, and what nobody asked for.

use cache_index::Reply;

use crate::connection::answers::answer;
use crate::connection::{Capabilities, Push, hello};
use crate::error::Result;
use crate::settings::Protocol;

/// Whether, of the answers to [`Capabilities::questions`], the first is to be had in another way.
pub(super) fn is_without_hello(answers: &[Reply]) -> bool {
    answers.first().is_some_and(hello::is_unknown)
}

/// The answers to [`Capabilities::questions`], and those to [`hello::questions`] where these were asked, on a connection that
/// speaks this, to this database.
pub(super) fn capabilities(
    answers: Vec<Reply>,
    instead: Option<Vec<Reply>>,
    protocol: Protocol,
    database: i64,
) -> Result<Capabilities> {
    let mut answers = answers.into_iter();
    let mut next = |command| answer(command, answers.next().unwrap_or(Reply::Nil));
    let (hello, max_results, alias) = (next("HELLO"), next("FT.CONFIG"), next("COMMAND"));
    // What a server that is starting says of itself is not what it will be able to do.
    if let Err(error) = &max_results
        && error.is_unavailable()
    {
        return Err(error.again());
    }
    let hello = instead.map_or(hello, |answers| hello::instead(answers, protocol))?;
    Ok(Capabilities { database, ..Capabilities::read(hello, max_results, alias)? })
}

/// What a message says that nobody asked for, its kind first.
pub(super) fn push(items: Vec<Reply>) -> Push {
    let mut items = items.into_iter();
    let kind = items.next();
    match kind.as_ref().and_then(Reply::as_str) {
        Some("invalidate") => Push::Invalidate(match items.next() {
            Some(Reply::Array(keys)) => Some(keys),
            // FLUSHALL and FLUSHDB invalidate everything with a null.
            _ => None,
        }),
        kind => Push::Other(kind.unwrap_or_default().to_lowercase(), items.collect()),
    }
}
