//! What was asked, and who waits for the answer.

use std::time::Duration;

use cache_index::Reply;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::pack::Packed;
use crate::connection::redis::failure::Failure;

/// Something to send.
pub(super) struct Call {
    pub(super) packed: Packed,
    /// How long its caller has.
    pub(super) within: Duration,
    pub(super) tell: Tell,
}

/// Who waits for what was sent.
pub(super) struct Waiting {
    pub(super) tell: Tell,
    pub(super) until: Instant,
}

/// Who is told an answer, or several.
pub(super) enum Tell {
    One(Option<oneshot::Sender<Result<Reply, Failure>>>),
    All(All),
}

pub(super) struct All {
    tell: Option<oneshot::Sender<Result<Vec<Reply>, Failure>>>,
    come: Vec<Reply>,
    /// How many come.
    count: usize,
}

impl Tell {
    pub(super) fn one(tell: oneshot::Sender<Result<Reply, Failure>>) -> Self {
        Self::One(Some(tell))
    }

    /// For so many answers, one at least.
    pub(super) fn all(tell: oneshot::Sender<Result<Vec<Reply>, Failure>>, count: usize) -> Self {
        Self::All(All { tell: Some(tell), come: Vec::new(), count })
    }

    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::One(tell) => tell.as_ref().is_none_or(oneshot::Sender::is_closed),
            Self::All(all) => all.tell.as_ref().is_none_or(oneshot::Sender::is_closed),
        }
    }

    /// Takes an answer, and tells it if it is the last; whether it is. Whoever gave up hears nothing.
    pub(super) fn answer(&mut self, reply: Reply) -> bool {
        match self {
            Self::One(tell) => {
                if let Some(tell) = tell.take() {
                    let _ = tell.send(Ok(reply));
                }
                true
            }
            Self::All(all) => {
                if all.come.capacity() == 0 {
                    all.come.reserve_exact(all.count);
                }
                all.come.push(reply);
                let is_last = all.come.len() == all.count;
                if is_last && let Some(tell) = all.tell.take() {
                    let _ = tell.send(Ok(std::mem::take(&mut all.come)));
                }
                is_last
            }
        }
    }

    /// Tells that no answer comes.
    pub(super) fn end(self, failure: &Failure) {
        match self {
            Self::One(Some(tell)) => drop(tell.send(Err(failure.clone()))),
            Self::All(All { tell: Some(tell), .. }) => drop(tell.send(Err(failure.clone()))),
            Self::One(None) | Self::All(All { tell: None, .. }) => {}
        }
    }
}
