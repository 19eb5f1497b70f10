//! The judges themselves: logs with one thing wrong, which the judge of that thing sees, and the log without it.

use std::time::Duration;

use crate::case::{Found, Profile};
use crate::event::{Event, Stalls, What};
use crate::judge;
use crate::resource::Taken;

const TTL: Duration = Duration::from_millis(300);

fn event(who: u32, at_ms: u64, what: What) -> Event {
    Event { who, at: at_ms * 1_000, what }
}

fn won(who: u32, at: u64, owner: &str, fence: u64) -> Event {
    event(who, at, What::Won { owner: owner.to_owned(), fence, asked: at * 1_000 - 500 })
}

fn effect(who: u32, at: u64, owner: &str, taken: bool) -> Event {
    event(who, at, What::Effect { owner: owner.to_owned(), fence: 1, checked: at * 1_000 - 400, taken })
}

fn released(who: u32, at: u64, owner: &str) -> Event {
    event(who, at, What::Released { owner: owner.to_owned(), asked: at * 1_000 - 300, owned: true })
}

fn told(who: u32, at: u64, owner: &str) -> Event {
    event(who, at, What::Told { owner: owner.to_owned() })
}

/// Two terms in which nothing is wrong.
fn good() -> Vec<Event> {
    vec![
        won(0, 10, "a", 1),
        effect(0, 20, "a", true),
        effect(0, 60, "a", true),
        released(0, 70, "a"),
        told(0, 70, "a"),
        won(1, 90, "b", 2),
        effect(1, 100, "b", true),
        event(1, 105, What::Killed),
        won(0, 400, "c", 3),
    ]
}

fn with(event: Event) -> Vec<Event> {
    let mut events = good();
    events.push(event);
    events.sort_by_key(|event| event.at);
    events
}

pub(crate) async fn judged(_: Profile) -> Found {
    let (stalls, mut found) = (Stalls::none(), Found::default());
    let grace = |grace, poll| {
        let (grace, poll) = (Duration::from_millis(grace), Duration::from_millis(poll));
        judge::i5(&good(), grace, poll, &Stalls::none())
    };
    let taken = |taken: &[(&str, u64)]| {
        let taken = taken.iter().map(|(owner, fence)| Taken { owner: (*owner).to_owned(), fence: *fence });
        judge::i1(&taken.collect::<Vec<_>>())
    };
    let paused = |ms: u64| {
        let mut events = with(event(0, 21, What::Stopped));
        events.retain(|event| event.at < 30_000);
        events.push(event(0, 21 + ms, What::Continued));
        events.push(effect(0, 21 + ms + 5, "a", true));
        judge::i6(&events, TTL, true)
    };
    let right = [
        ("I1", taken(&[("a", 1), ("a", 1), ("b", 2)])),
        ("I1 without fences", taken(&[("a", 0), ("b", 0), ("c", 0)])),
        ("I2", judge::i2(&good())),
        ("I4", judge::i4(&good(), TTL, &stalls)),
        ("I5", grace(15, 10)),
        ("I6", judge::i6(&good(), TTL, true)),
        ("I6 short pause", paused(250)),
        ("I6 lost data", judge::i6(&with(effect(0, 65, "a", false)), TTL, false)),
        ("I9", judge::i9(&good())),
    ];
    let wrong = [
        ("I1 back and forth", taken(&[("a", 0), ("b", 0), ("a", 0)])),
        ("I1 a smaller fence", taken(&[("a", 2), ("b", 1)])),
        ("I1 the same fence twice", taken(&[("a", 2), ("b", 2)])),
        ("I2 both hold", judge::i2(&with(effect(0, 110, "a", true)))),
        ("I4 too late", judge::i4(&with(won(0, 1, "z", 0))[..9], TTL, &stalls)),
        ("I4 not at all", judge::i4(&good()[..8], TTL, &stalls)),
        ("I4 after longer", judge::i4(&[&good()[..8], &[won(0, 900, "c", 3)]].concat(), TTL, &stalls)),
        ("I5 too soon", grace(25, 10)),
        ("I5 too late", grace(5, 10)),
        ("I6 told", judge::i6(&with(effect(0, 80, "a", true)), TTL, true)),
        ("I6 stopped", paused(320)),
        ("I6 not told", judge::i6(&with(event(0, 410, What::Over { owner: "c".to_owned() })), TTL, true)),
        ("I6 refused without a delay", judge::i6(&with(effect(0, 65, "a", false)), TTL, true)),
        ("I9 a smaller fence", judge::i9(&with(won(2, 500, "d", 2)))),
        ("I9 the same fence", judge::i9(&with(won(2, 500, "d", 3)))),
    ];
    for (name, said) in &right {
        found.check(said.is_empty(), || format!("{name}: {said:?}, and all is well"));
    }
    for (name, said) in &wrong {
        found.check(!said.is_empty(), || format!("{name}: the judge says nothing"));
    }
    found.note("judgements of forged logs", (right.len() + wrong.len()) as u64);
    found.terms = 1;
    found
}
