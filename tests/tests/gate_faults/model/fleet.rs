//! The model of a fleet: clients that ask, hold, write and let go, and a network that loses, delays and reorders.
//!
//! A client may stop for any time between two of its steps, since the steps of others and of the clock may come
//! in any order. A request may be executed as long as it is under way, also when nobody waits for its answer any more;
//! one that is never executed is lost. A client that is killed is one that lets go and whose release is lost.

use stateright::{Model, Property};

use super::server::{Answer, Request, Rules, Server, Store, TTL, Token};

/// How much may happen, so that there is an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    pub(crate) clients: u8,
    /// How often each client asks for the gate.
    pub(crate) attempts: u8,
    pub(crate) ticks: u8,
    pub(crate) flushes: u8,
    /// How many answers are lost.
    pub(crate) losses: u8,
    /// How often the server's clock is set back.
    pub(crate) steps_back: u8,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) rules: Rules,
    pub(crate) store: Store,
    pub(crate) bounds: Bounds,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) server: Server,
    now: u8,
    clients: Vec<Client>,
    /// What is under way, with the time it was sent at.
    wire: Vec<(Request, u8)>,
    left: Bounds,
    /// How often each client still asks.
    attempts: Vec<u8>,
    lost_keys: bool,
    /// How many wins there were, and the largest fence of them.
    wins: u8,
    largest: u8,
    /// The win that the key on the server is.
    holder: u8,
    /// The newest win whose write was done.
    written: u8,
    /// What was seen to go wrong, and what was to be seen: see [`Seen`].
    seen: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    Idle,
    /// Waits for the answer to its attempt, first sent at this time.
    Asking {
        token: Token,
        sent: u8,
        again: bool,
    },
    /// Has a lease, which by its own clock is over at this time.
    Holding {
        token: Token,
        win: u8,
        fence: u8,
        until: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A client asks for the gate.
    Ask(usize),
    /// Its client breaks the connection and asks the same again.
    AskAgain(usize),
    /// It gives up, and sends a release after it.
    GiveUp(usize),
    Renew(usize),
    /// It looks at its clock and sends a write.
    Write(usize),
    /// It lets go and sends a release.
    Release(usize),
    /// A request is executed; its answer arrives at the client if it still waits.
    Deliver(usize),
    /// A request is executed; its answer is lost.
    LoseAnswer(usize),
    Tick,
    /// The server loses its keys.
    Flush,
    /// The server's clock is set back.
    StepBack,
}

/// What the judge has seen.
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(crate) enum Seen {
    OlderWrite = 1,
    ForeignKey = 1 << 1,
    DeniedByItself = 1 << 2,
    FenceBack = 1 << 3,
    TwoHold = 1 << 4,
    LateRefused = 1 << 8,
    AnsweredAgain = 1 << 9,
    Followed = 1 << 10,
}

impl Client {
    fn token(&self) -> Option<Token> {
        match self {
            Self::Idle => None,
            Self::Asking { token, .. } | Self::Holding { token, .. } => Some(*token),
        }
    }
}

impl State {
    fn see(&mut self, what: Seen) {
        self.seen |= what as u16;
    }

    fn has(&self, what: Seen) -> bool {
        self.seen & what as u16 != 0
    }

    fn send(&mut self, request: Request) {
        // Nobody asks when the others were sent.
        let sent = if matches!(request, Request::Renew(_)) { self.now } else { 0 };
        self.wire.push((request, sent));
        // The order of what is under way means nothing.
        self.wire.sort_unstable();
    }

    fn holds(&self, client: &Client) -> bool {
        matches!(client, Client::Holding { until, .. } if self.now < *until)
    }
}

impl Fleet {
    /// Executes a request and judges what it does. `heard`: the answer arrives.
    fn execute(&self, state: &mut State, at: usize, heard: bool) -> Answer {
        let (request, sent) = state.wire.remove(at);
        let before = state.server.clone();
        let answer = state.server.execute(self.rules, self.store, request);
        let own = |token| before.lock.is_none_or(|(holder, _)| holder == token);
        match (request, answer) {
            (Request::Acquire(token), Answer::Busy(holder)) if holder == token => {
                state.see(Seen::DeniedByItself);
            }
            (Request::Acquire(_), Answer::Won(fence)) => {
                if before.lock == state.server.lock {
                    state.see(Seen::AnsweredAgain);
                } else {
                    if state.wins > 0 {
                        state.see(if fence > state.largest { Seen::Followed } else { Seen::FenceBack });
                    }
                    state.wins += 1;
                    state.largest = state.largest.max(fence);
                    state.holder = state.wins;
                }
            }
            (Request::Renew(token) | Request::Release(token), _)
                if before.lock != state.server.lock && !own(token) =>
            {
                state.see(Seen::ForeignKey);
            }
            (Request::Write(win, _), Answer::Stored) => {
                if state.written > win {
                    state.see(Seen::OlderWrite);
                }
                state.written = state.written.max(win);
            }
            (Request::Write(..), Answer::Fenced(_)) => state.see(Seen::LateRefused),
            _ => {}
        }
        if heard {
            self.hear(state, request, answer, sent);
        }
        answer
    }

    /// An answer arrives.
    fn hear(&self, state: &mut State, request: Request, answer: Answer, sent: u8) {
        let (now, win) = (state.now, state.holder);
        for client in &mut state.clients {
            *client = match (*client, request, answer) {
                (Client::Asking { token, sent, .. }, Request::Acquire(asked), Answer::Won(fence))
                    if token == asked =>
                {
                    let from = if self.rules.from_before { sent } else { now };
                    Client::Holding { token, win, fence, until: from + TTL }
                }
                (Client::Asking { token, .. }, Request::Acquire(asked), Answer::Busy(_))
                    if token == asked =>
                {
                    Client::Idle
                }
                (
                    Client::Holding { token, win, fence, until },
                    Request::Renew(asked),
                    Answer::Owned(owned),
                ) if token == asked => {
                    let from = if self.rules.from_before { sent } else { now };
                    let until = until.max(from + TTL);
                    if owned { Client::Holding { token, win, fence, until } } else { Client::Idle }
                }
                (client, ..) => client,
            };
        }
    }

    fn name(client: usize, attempts_left: u8) -> Token {
        u8::try_from(client).unwrap_or(u8::MAX) * 8 + attempts_left
    }

    /// What an action does, and what the server answers if it is asked. `None`: it cannot be done.
    pub(crate) fn act(&self, state: &mut State, action: Action) -> Option<(Request, Answer)> {
        let mut answered = None;
        // What was to be seen was seen.
        state.seen &= 0xff;
        match action {
            Action::Ask(at) => {
                let token = Self::name(at, state.attempts[at]);
                state.attempts[at] -= 1;
                state.clients[at] = Client::Asking { token, sent: state.now, again: false };
                state.send(Request::Acquire(token));
            }
            Action::AskAgain(at) => {
                let Client::Asking { token, again, .. } = &mut state.clients[at] else { return None };
                *again = true;
                let token = *token;
                state.send(Request::Acquire(token));
            }
            Action::GiveUp(at) | Action::Release(at) => {
                let (Client::Asking { token, .. } | Client::Holding { token, .. }) = state.clients[at] else {
                    return None;
                };
                state.clients[at] = Client::Idle;
                state.send(Request::Release(token));
            }
            Action::Renew(at) => {
                let Client::Holding { token, .. } = state.clients[at] else { return None };
                state.send(Request::Renew(token));
            }
            Action::Write(at) => {
                let Client::Holding { win, fence, .. } = state.clients[at] else { return None };
                state.send(Request::Write(win, fence));
            }
            Action::Deliver(at) | Action::LoseAnswer(at) => {
                let request = state.wire[at].0;
                let heard = matches!(action, Action::Deliver(_));
                state.left.losses -= u8::from(!heard);
                answered = Some((request, self.execute(state, at, heard)));
            }
            Action::Tick => {
                state.left.ticks -= 1;
                state.now += 1;
                state.server.tick();
            }
            Action::Flush => {
                state.left.flushes -= 1;
                state.lost_keys = true;
                state.server.flush();
                if self.store == Store::Here {
                    // What was written is lost too.
                    state.written = 0;
                }
            }
            Action::StepBack => {
                state.left.steps_back -= 1;
                state.server.clock = state.server.clock.saturating_sub(5);
            }
        }
        if state.clients.iter().filter(|client| state.holds(client)).count() > 1 && !state.lost_keys {
            state.see(Seen::TwoHold);
        }
        answered
    }

    /// Takes out what is under way and can change nothing any more, whenever it is executed: renewals and releases of keys
    /// that are gone, with nobody who could get them again or who waits, and writes that will be refused.
    fn forget(&self, state: &mut State) {
        let (clients, lock) = (&state.clients, state.server.lock);
        let asked: Vec<Token> = state.wire.iter().filter_map(|(request, _)| request.acquires()).collect();
        let is_over = |token: Token| {
            let of_client = clients.iter().any(|client| client.token() == Some(token));
            !of_client && !asked.contains(&token) && lock.is_none_or(|(holder, _)| holder != token)
        };
        let mut refused = false;
        let seen = if self.store == Store::Here { state.server.fence } else { state.server.seen };
        let stays = self.rules.compares && (self.store == Store::Elsewhere || state.left.flushes == 0);
        state.wire.retain(|(request, _)| match *request {
            Request::Acquire(_) => true,
            Request::Renew(token) => !(self.rules.renewal_asks && is_over(token)),
            Request::Release(token) => !(self.rules.release_asks && is_over(token)),
            Request::Write(_, fence) => {
                let late = stays && seen.is_some_and(|seen| seen > fence);
                refused |= late;
                !late
            }
        });
        if refused {
            state.see(Seen::LateRefused);
        }
    }

    pub(crate) fn start(&self) -> State {
        State {
            server: Server::new(),
            now: 0,
            clients: vec![Client::Idle; usize::from(self.bounds.clients)],
            wire: Vec::new(),
            left: self.bounds,
            attempts: vec![self.bounds.attempts; usize::from(self.bounds.clients)],
            lost_keys: false,
            wins: 0,
            largest: 0,
            holder: 0,
            written: 0,
            seen: 0,
        }
    }

    /// What can be done now.
    pub(crate) fn can(&self, state: &State) -> Vec<Action> {
        let mut can = Vec::new();
        let under_way = |wanted: Request| state.wire.iter().any(|(request, _)| *request == wanted);
        for (at, client) in state.clients.iter().enumerate() {
            match *client {
                // Clients are all the same: it does not matter which one asks first.
                Client::Idle
                    if state.attempts[at] > 0
                        && (at == 0 || state.attempts[at - 1] < self.bounds.attempts) =>
                {
                    can.push(Action::Ask(at));
                }
                Client::Idle => {}
                Client::Asking { again, .. } => {
                    can.push(Action::GiveUp(at));
                    if !again {
                        can.push(Action::AskAgain(at));
                    }
                }
                Client::Holding { token, win, fence, until } => {
                    can.push(Action::Release(at));
                    if state.now < until && !under_way(Request::Renew(token)) {
                        can.push(Action::Renew(at));
                    }
                    if state.now < until && !under_way(Request::Write(win, fence)) {
                        can.push(Action::Write(at));
                    }
                }
            }
        }
        for at in 0..state.wire.len() {
            can.push(Action::Deliver(at));
            if state.left.losses > 0 && matches!(state.wire[at].0, Request::Acquire(_) | Request::Renew(_)) {
                can.push(Action::LoseAnswer(at));
            }
        }
        let more = [
            (state.left.ticks, Action::Tick),
            (state.left.flushes, Action::Flush),
            (state.left.steps_back, Action::StepBack),
        ];
        can.extend(more.into_iter().filter(|(left, _)| *left > 0).map(|(_, action)| action));
        can
    }
}

impl Model for Fleet {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // What has gone wrong need not be followed further.
        if state.seen & 0xff == 0 {
            actions.extend(self.can(state));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        self.act(&mut next, action);
        self.forget(&mut next);
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "I1: no write of an older win is done after one of a newer",
                |_, state: &State| !state.has(Seen::OlderWrite),
            ),
            Property::always(
                "I2: no two hold by their clocks while the server keeps its keys",
                |_, state: &State| !state.has(Seen::TwoHold),
            ),
            Property::always("I3: nobody changes another's key", |_, state: &State| {
                !state.has(Seen::ForeignKey)
            }),
            Property::always("I9: fences grow", |_, state: &State| !state.has(Seen::FenceBack)),
            Property::always("P7: nobody is denied by itself", |_, state: &State| {
                !state.has(Seen::DeniedByItself)
            }),
            Property::sometimes("a late write is refused", |_, state: &State| state.has(Seen::LateRefused)),
            Property::sometimes("an attempt is answered again", |_, state: &State| {
                state.has(Seen::AnsweredAgain)
            }),
            Property::sometimes("a win follows another", |_, state: &State| state.has(Seen::Followed)),
        ]
    }
}
