//! The model of the server: what the gate's scripts do to its keys, as one pure step each. `conformance` compares it with
//! the scripts.

/// Who asks: one attempt of one client. Never reused.
pub(crate) type Token = u8;

/// What the rules are. Every one that is not kept is a mistake that the model has to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    /// An attempt that is asked again is answered the same.
    pub(crate) idempotent: bool,
    /// A release asks whose the key is.
    pub(crate) release_asks: bool,
    /// A renewal asks whose the key is.
    pub(crate) renewal_asks: bool,
    /// A fence is the server's time at least; without it, it only counts.
    pub(crate) by_time: bool,
    /// The store compares fences.
    pub(crate) compares: bool,
    /// A lease is counted from before its request was sent; without it, from its answer.
    pub(crate) from_before: bool,
}

impl Rules {
    /// The rules of the gate.
    pub(crate) const OURS: Self = Self {
        idempotent: true,
        release_asks: true,
        renewal_asks: true,
        by_time: true,
        compares: true,
        from_before: true,
    };
}

/// What is asked of the server, as one atomic step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Request {
    Acquire(Token),
    Renew(Token),
    Release(Token),
    /// A write that carries a fence. The number of the win is known to nobody but the judge.
    Write(u8, u8),
}

impl Request {
    pub(crate) fn acquires(self) -> Option<Token> {
        match self {
            Self::Acquire(token) => Some(token),
            _ => None,
        }
    }
}

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Won(u8),
    Busy(Token),
    Owned(bool),
    Stored,
    /// Refused, since this number was seen.
    Fenced(u8),
}

/// Where fenced writes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Store {
    /// To documents of the same server, which are compared with the gate's own fence and lost with it.
    Here,
    /// To a store that remembers what it has seen.
    Elsewhere,
}

/// A server with one gate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    /// Whose the key is, and for how many ticks.
    pub(crate) lock: Option<(Token, u8)>,
    pub(crate) fence: Option<u8>,
    /// The time that fences are made of. It goes on with each win, and is finer than ticks.
    pub(crate) clock: u8,
    /// The largest fence that the other store has seen.
    pub(crate) seen: Option<u8>,
}

/// How many ticks a key lives.
pub(crate) const TTL: u8 = 2;

impl Server {
    pub(crate) fn new() -> Self {
        Self { lock: None, fence: None, clock: 10, seen: None }
    }

    /// One script.
    pub(crate) fn execute(&mut self, rules: Rules, store: Store, request: Request) -> Answer {
        let holder = self.lock.map(|(holder, _)| holder);
        match request {
            Request::Acquire(token) => match (holder, self.fence) {
                (Some(holder), Some(fence)) if holder == token && rules.idempotent => Answer::Won(fence),
                (Some(holder), _) if holder != token || !rules.idempotent => Answer::Busy(holder),
                (_, last) => {
                    self.clock += 1;
                    let next = last.map_or(0, |last| last + 1);
                    let fence = if rules.by_time { next.max(self.clock) } else { next.max(1) };
                    (self.fence, self.lock) = (Some(fence), Some((token, TTL)));
                    Answer::Won(fence)
                }
            },
            Request::Renew(token) => match holder {
                Some(holder) if holder == token || !rules.renewal_asks => {
                    self.lock = Some((holder, TTL));
                    Answer::Owned(true)
                }
                _ => Answer::Owned(false),
            },
            Request::Release(token) => match holder {
                Some(holder) if holder == token || !rules.release_asks => {
                    self.lock = None;
                    Answer::Owned(true)
                }
                _ => Answer::Owned(false),
            },
            Request::Write(_, fence) => {
                let seen = match store {
                    Store::Here => &mut self.fence,
                    Store::Elsewhere => &mut self.seen,
                };
                match *seen {
                    Some(newest) if rules.compares && newest > fence => Answer::Fenced(newest),
                    _ => {
                        *seen = Some(fence);
                        Answer::Stored
                    }
                }
            }
        }
    }

    /// Time goes on.
    pub(crate) fn tick(&mut self) {
        self.lock = self.lock.and_then(|(holder, left)| (left > 1).then(|| (holder, left - 1)));
    }

    /// All keys are lost.
    pub(crate) fn flush(&mut self) {
        (self.lock, self.fence) = (None, None);
    }
}
