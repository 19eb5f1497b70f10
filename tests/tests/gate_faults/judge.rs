//! The judges: what must hold of the log of holders and of what the resource took. They know nothing of whose rules it was.
//!
//! Each answers what was wrong, in words. The numbers are those of the gate's invariants.

use std::collections::HashMap;
use std::time::Duration;

use crate::event::{Event, Stalls, What, micros};
use crate::resource::Taken;

/// I1: what the resource took comes from one win after the other, with fences that grow from win to win.
pub(crate) fn i1(taken: &[Taken]) -> Vec<String> {
    let (mut wrong, mut last_of) = (Vec::new(), HashMap::new());
    for (n, now) in taken.iter().enumerate() {
        if let Some(before) = n.checked_sub(1).and_then(|n| taken.get(n)) {
            let another = before.owner != now.owner;
            if another && last_of.contains_key(&now.owner) {
                wrong.push(format!("I1: taken from {} after {} had come", now.owner, before.owner));
            }
            if now.fence < before.fence || (another && now.fence != 0 && now.fence == before.fence) {
                wrong.push(format!("I1: fence {} after {}", now.fence, before.fence));
            }
        }
        last_of.insert(&now.owner, n);
    }
    wrong
}

/// Two wins that held at once, by the word of their holders: from the first to the last moment at which one found that it
/// holds.
struct Both {
    from: u64,
    to: u64,
    owners: String,
}

fn both(events: &[Event]) -> Vec<Both> {
    let mut held: HashMap<&str, (u64, u64)> = HashMap::new();
    for event in events {
        if let What::Effect { owner, checked, .. } | What::Held { owner, checked } = &event.what {
            let (from, to) = held.entry(owner).or_insert((*checked, *checked));
            (*from, *to) = ((*from).min(*checked), (*to).max(*checked));
        }
    }
    let mut held: Vec<_> = held.into_iter().map(|(owner, (from, to))| (from, to, owner)).collect();
    held.sort_unstable();
    let (mut found, mut longest) = (Vec::new(), None::<(u64, &str)>);
    for (from, to, owner) in held {
        match longest {
            Some((until, other)) if from < until => {
                found.push(Both { from, to: until.min(to), owners: format!("{other} and {owner}") });
            }
            _ => {}
        }
        longest = longest.max(Some((to, owner)));
    }
    found
}

/// I2: no two wins hold at once.
pub(crate) fn i2(events: &[Event]) -> Vec<String> {
    let text = |both: &Both| format!("I2: {} both held, for {} us", both.owners, both.to - both.from);
    both(events).iter().map(text).collect()
}

/// I2 where the server lost its data: two hold at once until the first one asks again, or its time is over, and no longer.
pub(crate) fn i2_within(events: &[Event], bound: Duration, stalls: &Stalls) -> Vec<String> {
    let too_long = |both: &&Both| both.to - both.from > micros(bound) + stalls.between(both.from, both.to);
    let text = |both: &Both| format!("I2: {} both held, for {} us", both.owners, both.to - both.from);
    both(events).iter().filter(too_long).map(text).collect()
}

/// I4: after a holder died, another one holds within the ttl, a poll and three calls; what the machine slept is added.
pub(crate) fn i4(events: &[Event], ttl: Duration, stalls: &Stalls) -> Vec<String> {
    let bound = micros(ttl + ttl + ttl / 10 * 3);
    let mut wrong = Vec::new();
    for (n, death) in events.iter().enumerate().filter(|(_, event)| event.what == What::Killed) {
        let (before, after) = (events.get(..n).unwrap_or_default(), events.get(n..).unwrap_or_default());
        if holding(before, death.who).is_none() {
            continue;
        }
        let next = after.iter().find(|event| matches!(event.what, What::Won { .. }));
        let Some(next) = next else {
            wrong.push(format!("I4: nobody came after {} died", death.who));
            continue;
        };
        let (took, slept) = (next.at - death.at, stalls.between(death.at, next.at));
        if took > bound + slept {
            wrong
                .push(format!("I4: {took} us from a death to the next win, {slept} of it the machine slept"));
        }
    }
    wrong
}

/// Which win the worker held after these events; `None`: none.
pub(crate) fn holding(events: &[Event], who: u32) -> Option<&str> {
    let mut held = None;
    for event in events.iter().filter(|event| event.who == who) {
        match &event.what {
            What::Won { owner, .. } => held = Some(owner.as_str()),
            What::Released { .. } | What::Killed => held = None,
            _ => {}
        }
    }
    held
}

/// I5: after a clean end the next one holds when the grace is over, not sooner, and not more than a poll later.
pub(crate) fn i5(events: &[Event], grace: Duration, poll: Duration, stalls: &Stalls) -> Vec<String> {
    let (mut wrong, mut ended) = (Vec::new(), None);
    for event in events {
        match (&event.what, ended) {
            (What::Released { asked, owned: true, .. }, _) => ended = Some((*asked, event.at)),
            (What::Won { .. }, Some((asked, answered))) => {
                let (sooner, later) = (event.at.saturating_sub(asked), event.at.saturating_sub(answered));
                let slept = stalls.between(asked, event.at);
                // Servers count milliseconds.
                if sooner + 1_000 < micros(grace) {
                    wrong.push(format!("I5: the next win came {sooner} us after the end"));
                }
                if later > micros(grace + poll) + slept {
                    wrong.push(format!("I5: the next win came {later} us after the end, {slept} slept"));
                }
                ended = None;
            }
            _ => {}
        }
    }
    wrong
}

/// I6: whoever finds a loss was told of it too; and whoever was told, or was stopped for longer than a ttl, does not find
/// that it holds. Where the gate's server kept its data and its time, what was refused was late by more than the guard, and
/// not by a wrong belief.
pub(crate) fn i6(events: &[Event], ttl: Duration, kept: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut told, mut over, mut stopped) = (HashMap::new(), HashMap::new(), HashMap::new());
    // The hundredth and the two milliseconds by which a lease ends sooner than its key.
    let guard = micros(ttl) / 100 + 2_000;
    for (n, event) in events.iter().enumerate() {
        match &event.what {
            What::Told { owner } | What::Over { owner } => {
                told.entry(owner.as_str()).or_insert(event.at);
            }
            What::Stopped => {
                stopped.insert(event.who, event.at);
            }
            What::Continued => {
                let since = stopped.remove(&event.who).unwrap_or(event.at);
                let before = events.get(..n).unwrap_or_default();
                if let Some(owner) = holding(before, event.who).filter(|_| event.at - since > micros(ttl)) {
                    over.insert(owner, event.at);
                }
            }
            What::Effect { owner, checked, taken, .. } => {
                if told.get(owner.as_str()).is_some_and(|told| checked > told) {
                    wrong.push(format!("I6: {owner} found that it holds after it was told of the loss"));
                }
                if over.get(owner.as_str()).is_some_and(|over| checked > over) {
                    wrong.push(format!("I6: {owner} was stopped for a ttl and found that it holds"));
                }
                if kept && !taken && event.at - checked < guard {
                    wrong.push(format!("I6: {owner} was refused {} us after its check", event.at - checked));
                }
            }
            _ => {}
        }
    }
    wrong.extend(untold(events));
    wrong
}

/// Losses that were found and not told, of workers that lived to be told.
fn untold(events: &[Event]) -> Vec<String> {
    let told = |owner: &str| {
        events.iter().any(|event| matches!(&event.what, What::Told { owner: it } if it == owner))
    };
    let died = |who: u32| events.iter().any(|event| event.who == who && event.what == What::Killed);
    let untold = |event: &Event| match &event.what {
        What::Over { owner } if !told(owner) && !died(event.who) => {
            Some(format!("I6: {owner} was not told of the loss"))
        }
        _ => None,
    };
    events.iter().filter_map(untold).collect()
}

/// I9: a win that was asked for after another was had has a larger fence.
pub(crate) fn i9(events: &[Event]) -> Vec<String> {
    let mut wins = Vec::new();
    for event in events {
        if let What::Won { fence, asked, owner } = &event.what {
            wins.push((*asked, event.at, *fence, owner));
        }
    }
    let mut by_end = wins.clone();
    by_end.sort_unstable_by_key(|(_, won, ..)| *won);
    wins.sort_unstable();
    let (mut wrong, mut largest, mut ended) = (Vec::new(), None::<u64>, by_end.into_iter().peekable());
    for (asked, _, fence, owner) in wins {
        while let Some((.., earlier, _)) = ended.next_if(|(_, won, ..)| *won <= asked) {
            largest = largest.max(Some(earlier));
        }
        if largest.is_some_and(|largest| fence <= largest) {
            wrong.push(format!("I9: {owner} has fence {fence}, and there was {largest:?} before"));
        }
    }
    wrong
}

/// What went wrong in other ways.
pub(crate) fn failures(events: &[Event]) -> Vec<String> {
    let failed = |event: &Event| match &event.what {
        What::Failed(text) => Some(format!("worker {}: {text}", event.who)),
        _ => None,
    };
    events.iter().filter_map(failed).collect()
}

/// How many wins there were.
pub(crate) fn wins(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event.what, What::Won { .. })).count() as u64
}

/// How many effects the resource refused.
pub(crate) fn refused(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event.what, What::Effect { taken: false, .. })).count() as u64
}

/// How many effects there were.
pub(crate) fn effects(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event.what, What::Effect { .. })).count() as u64
}
