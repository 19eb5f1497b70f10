//! What was asked, and who waits for the answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
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
    /// Whether they are the first on the connection.
    is_first: bool,
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Others are to come for the same one.
    Partly,
    Wholly,
    /// It was the last, and nobody waited for it.
    Nobody,
}

/// Waits for an answer, and counts a call that is given up before there is one until what is kept of it is gone.
pub(super) struct Waits<'a, T> {
    /// `None`: it was told, or will not be.
    told: Option<oneshot::Receiver<T>>,
    given_up: &'a AtomicUsize,
}

impl<'a, T> Waits<'a, T> {
    pub(super) fn new(told: oneshot::Receiver<T>, given_up: &'a AtomicUsize) -> Self {
        Self { told: Some(told), given_up }
    }
}

impl<T> Future for Waits<'_, T> {
    type Output = Result<T, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(told) = &mut self.told else { return Poll::Pending };
        let answer = ready!(Pin::new(told).poll(context));
        self.told = None;
        Poll::Ready(answer)
    }
}

impl<T> Drop for Waits<'_, T> {
    fn drop(&mut self) {
        let Some(mut told) = self.told.take() else { return };
        // Counted first: as soon as it is closed, whoever would have told it may count it off.
        self.given_up.fetch_add(1, Ordering::Relaxed);
        told.close();
        if told.try_recv().is_ok() {
            self.given_up.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Tell {
    pub(super) fn one(tell: oneshot::Sender<Result<Reply, Failure>>) -> Self {
        Self::One(Some(tell))
    }

    /// For so many answers, one at least.
    pub(super) fn all(tell: oneshot::Sender<Result<Vec<Reply>, Failure>>, count: usize) -> Self {
        Self::All(All { tell: Some(tell), come: Vec::new(), count, is_first: false })
    }

    /// The same, of the first on the connection.
    pub(super) fn first(tell: oneshot::Sender<Result<Vec<Reply>, Failure>>, count: usize) -> Self {
        Self::All(All { tell: Some(tell), come: Vec::new(), count, is_first: true })
    }

    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::One(tell) => tell.as_ref().is_none_or(oneshot::Sender::is_closed),
            Self::All(all) => all.tell.as_ref().is_none_or(oneshot::Sender::is_closed),
        }
    }

    /// Takes an answer, and tells it if it is the last. Whoever gave up hears nothing.
    pub(super) fn answer(&mut self, reply: Reply) -> Answered {
        let told = match self {
            Self::One(tell) => tell.take().is_some_and(|tell| tell.send(Ok(reply)).is_ok()),
            Self::All(all) => {
                if all.come.capacity() == 0 {
                    all.come.reserve_exact(all.count);
                }
                all.come.push(reply);
                if all.come.len() < all.count {
                    return Answered::Partly;
                }
                let come = std::mem::take(&mut all.come);
                all.tell.take().is_some_and(|tell| tell.send(Ok(come)).is_ok())
            }
        };
        if told { Answered::Wholly } else { Answered::Nobody }
    }

    /// Tells that no answer comes.
    pub(super) fn end(self, failure: &Failure) {
        match self {
            Self::One(Some(tell)) => drop(tell.send(Err(failure.clone()))),
            // Nothing but refusals came, and then the end: the last says why.
            Self::All(All { tell: Some(tell), mut come, is_first: true, .. })
                if !come.is_empty() && come.iter().all(|reply| matches!(reply, Reply::Error(_))) =>
            {
                let said = match come.pop() {
                    Some(Reply::Error(error)) => Failure::Said(error),
                    _ => failure.clone(),
                };
                drop(tell.send(Err(said)));
            }
            Self::All(All { tell: Some(tell), .. }) => drop(tell.send(Err(failure.clone()))),
            Self::One(None) | Self::All(All { tell: None, .. }) => {}
        }
    }
}
