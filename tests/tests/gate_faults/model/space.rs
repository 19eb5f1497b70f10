//! All that can happen to a fleet, as a space to be gone through, and what must hold everywhere in it.

use stateright::{Model, Property};

use super::fleet::{Action, Fleet, Seen, State};
use super::server::{Request, Store, Token};

/// What is seen only where attempts are asked again.
pub(crate) const AGAIN: &str = "an attempt is answered again";

impl Fleet {
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
            Property::sometimes(AGAIN, |_, state: &State| state.has(Seen::AnsweredAgain)),
            Property::sometimes("a win follows another", |_, state: &State| state.has(Seen::Followed)),
        ]
    }
}
