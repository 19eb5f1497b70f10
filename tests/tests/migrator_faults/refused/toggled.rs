//! Documents that are broken and mended all the time, what is known of each, and the judge of what is answered meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::log::{Answer, Question};
use crate::place::Place;
use crate::release::{Release, TEAMS};

/// A document as its writer last saw it.
#[derive(Debug, Clone, Copy)]
struct State {
    id: u32,
    /// How often a write began or ended: it is good, is being broken, is bad, is being mended, and so on.
    turns: u32,
    since: Instant,
}

impl State {
    fn is_good(self) -> bool {
        self.turns.is_multiple_of(4)
    }

    fn is_bad(self) -> bool {
        self.turns % 4 == 2
    }
}

/// The documents that are broken and mended, each by one writer.
#[derive(Debug)]
pub(super) struct Toggled {
    base: u32,
    states: Mutex<Vec<State>>,
}

/// What was known at one moment.
#[derive(Debug, Clone)]
pub(super) struct Then(Vec<State>);

impl Toggled {
    /// Of the documents 0 to this, these are good, and these are bad already.
    pub(super) fn new(base: u32, good: &[u32], bad: &[u32]) -> Self {
        let state = |turns| move |id: &u32| State { id: *id, turns, since: Instant::now() };
        let states = good.iter().map(state(0)).chain(bad.iter().map(state(2))).collect();
        Self { base, states: Mutex::new(states) }
    }

    fn with<T>(&self, with: impl FnOnce(&mut Vec<State>) -> T) -> T {
        with(&mut self.states.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known now.
    pub(super) fn now(&self) -> Then {
        Then(self.with(|states| states.clone()))
    }

    /// Those that are bad.
    pub(super) fn bad(&self) -> Vec<u32> {
        self.with(|states| states.iter().filter(|state| state.is_bad()).map(|state| state.id).collect())
    }

    /// Breaks a document, or mends it.
    pub(super) async fn turn(&self, place: &Place, id: u32) {
        let next = || {
            self.with(|states| {
                let state = states.iter_mut().find(|state| state.id == id);
                let state = state.unwrap_or_else(|| panic!("{id} is nobody's"));
                (state.turns, state.since) = (state.turns + 1, Instant::now());
                state.turns
            })
        };
        let mends = next() % 4 == 3;
        place.spoil(id, mends).await;
        next();
    }

    /// What is wrong with an answer, by what was known before the question and behind the answer. What changed this long
    /// before the question need not be known to who was asked.
    pub(super) fn wrong(
        &self,
        (release, question): (Release, Question),
        (before, after): (&Then, &Then),
        lag: Duration,
        answer: &Answer,
    ) -> Option<String> {
        let asked = before.0.iter().zip(&after.0);
        // Of those that did not change meanwhile, it is known how they are.
        let steady: Vec<_> = asked
            .filter(|(before, after)| before.turns == after.turns && before.since.elapsed() >= lag)
            .map(|(before, _)| *before)
            .collect();
        let is_good =
            |id: u32| !before.0.iter().any(|state| state.id == id) || has(&steady, id, State::is_good);
        let bad = steady.iter().filter(|state| state.is_bad() && release.refuses(state.id)).count() as u64;
        let team = |team: u32| (0..self.base).filter(move |id| id % TEAMS == team % TEAMS);
        let (lacking, told) = match (question, answer) {
            (_, Answer::Failed(text)) => return Some(text.clone()),
            (Question::Everybody, Answer::Count(count)) => {
                let unsteady = (before.0.len() - steady.len()) as u64;
                let lacking = u64::from(self.base).abs_diff(*count);
                (lacking.saturating_sub(unsteady).max(bad), 0)
            }
            (Question::Team(number), Answer::Ids(ids)) => {
                let lacking = team(number).filter(|id| !ids.contains(id));
                let is_bad = |id| has(&steady, id, State::is_bad) && release.refuses(id);
                (lacking.filter(|id| is_good(*id) || is_bad(*id)).count() as u64, 0)
            }
            (Question::Held(number), Answer::Ids(ids) | Answer::Held(ids, Some(_))) => {
                let lacking = team(number).filter(|id| !ids.contains(id) && is_good(*id)).count() as u64;
                let told = if let Answer::Held(_, Some(told)) = answer { *told } else { 0 };
                (lacking + bad, told)
            }
            _ => return None,
        };
        let ghosts = match (question, answer) {
            (Question::Team(number) | Question::Held(number), Answer::Ids(ids) | Answer::Held(ids, _)) => {
                ids.iter().filter(|id| **id >= self.base || *id % TEAMS != number % TEAMS).count()
            }
            _ => 0,
        };
        (lacking > told || ghosts > 0)
            .then(|| format!("{question:?}: {lacking} lacking, {told} told, {ghosts} too many, {answer:?}"))
    }
}

fn has(steady: &[State], id: u32, is: fn(State) -> bool) -> bool {
    steady.iter().any(|state| state.id == id && is(*state))
}
