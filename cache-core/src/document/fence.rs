//! The fence that a write carries: compared by its script with the largest one that was seen, in the same step.

use cache_index::{Command, Reply};

use crate::cache::Carried;
use crate::error::{Error, Result};

/// What `guard!` reads first: nothing; the number; the number and for how long it is kept, in milliseconds.
pub(super) fn argument(call: Command, fence: Option<&Carried>) -> Command {
    match fence {
        None => call.arg(""),
        Some(Carried { number, life: None, .. }) => call.arg_display(number),
        Some(Carried { number, life: Some(life), .. }) => call.arg(format!("{number} {life}")),
    }
}

/// The answer, unless it is that a larger number was seen.
///
/// # Errors
/// [`Error::Fenced`].
pub(super) fn passed(reply: Reply, document: &[u8], fence: Option<&Carried>) -> Result<Reply> {
    let (Some(Carried { number, .. }), Reply::Array(items)) = (fence, &reply) else { return Ok(reply) };
    match items.first().and_then(Reply::as_str) {
        Some("fenced") => Err(Error::Fenced {
            key: String::from_utf8_lossy(document).into_owned(),
            fence: *number,
            newest: items.get(1).and_then(|newest| newest.as_str()?.parse().ok()).unwrap_or_default(),
        }),
        _ => Ok(reply),
    }
}
