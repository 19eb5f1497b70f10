//! Documents that an index refuses for a value: whatever fails meanwhile, no answer lacks one without saying so, who is done
//! names those and no others, and nothing is left of what asked the server.

// A file imports from those before it: this one, kills, herd, toggled, mended.

use std::time::{Duration, Instant};

use cache_core::Cache;

use crate::case::{Found, Profile};
use crate::log::{Answer, Question};
use crate::place::Place;
use crate::release::{Release, with_model};
use crate::steps::Disturbance;
use crate::system::{Booted, Setup, System};

mod herd;
mod kills;
mod mended;
mod toggled;

/// The documents that are refused: some by the index of each release, some by that of the second one.
const SPOILT: [u32; 7] = [3, 10, 17, 24, 31, 38, 45];

/// How long whoever is compared with ours may take: it knows at once, or never.
const IMPATIENCE: Duration = Duration::from_secs(1);

/// How long everybody may take to know what is known: a process looks at its indexes every half a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// The migrator of the second release, which may lack what the first one's index holds.
fn setup() -> Setup {
    let more = SPOILT.iter().filter(|id| !Release::One.refuses(**id)).count();
    Setup { allows: more as u64, ..Setup::default() }
}

/// What is wrong with what somebody who is done says that the index lacks.
fn misnamed(place: &Place, spoilt: &[u32], booted: &Booted) -> Option<String> {
    let mut truth: Vec<_> = spoilt.iter().map(|id| place.key(*id)).collect();
    let mut keys = booted.keys.clone();
    (truth.sort(), keys.sort());
    let right = booted.missing == spoilt.len() as u64 && keys == truth;
    (!right).then(|| format!("{truth:?} are refused, and {booted:?}"))
}

/// Waits until a process of this release says how many documents its index lacks; what it says in the end.
async fn agrees(system: System, release: Release, cache: &Cache, lacks: u64) -> Option<String> {
    let began = Instant::now();
    loop {
        if system == System::Ours {
            // It looks, as the watch over the index would.
            let readiness =
                with_model!(release, M => Setup::default().migrator::<M>().readiness(cache).await);
            if let Err(error) = readiness {
                return Some(cache_tests::chain(&error));
            }
        }
        let answer = system.ask(release, cache, Question::Held(0)).await;
        let told = match &answer {
            Answer::Ids(_) => Some(0),
            Answer::Held(_, told) => *told,
            _ => None,
        };
        if told == Some(lacks) {
            return None;
        }
        let patience = if system == System::Ours { PATIENCE } else { IMPATIENCE };
        if began.elapsed() > patience {
            return Some(format!("release {release:?} lacks {lacks} documents, and is answered {answer:?}"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is on the server that should not be: other indexes than those of these releases, and other keys than the documents
/// and what the migrator keeps.
async fn left_behind(place: &Place, releases: &[Release]) -> Vec<String> {
    let expected: Vec<_> = releases.iter().map(|release| place.index(*release)).collect();
    let mut left = place.indexes().await;
    left.retain(|name| !expected.contains(name));
    let start = format!("{}:~user:", place.namespace);
    let keys = place.say(&["KEYS", &format!("{start}*")]).await.into_items().unwrap_or_default();
    for key in keys.iter().filter_map(|key| key.as_str()) {
        let name = key.strip_prefix(&start).unwrap_or_default();
        // Whose turn it is to compare goes by itself when its holder was killed.
        let goes = name.starts_with("comparing:") && place.say(&["PTTL", key]).await.as_int() != Some(-1);
        if !(goes || ["leases", "compared"].contains(&name) || name.starts_with("made:")) {
            left.push(key.to_owned());
        }
    }
    left
}

pub(crate) async fn alone(profile: Profile) -> Found {
    kills::sweep(System::Ours, &kills::SITUATIONS, Disturbance::Nothing, profile).await
}

/// Whoever does not ask the server takes an index that was never filled for one that lacks what is refused.
pub(crate) async fn alone_control(profile: Profile) -> Found {
    kills::sweep(System::Unjudged, &[kills::Situation::ByHand], Disturbance::Nothing, profile).await
}

pub(crate) async fn restart(profile: Profile) -> Found {
    kills::sweep(System::Ours, &kills::SITUATIONS, Disturbance::Restart, profile).await
}

pub(crate) async fn restart_control(profile: Profile) -> Found {
    kills::sweep(System::Counter, &[kills::Situation::First], Disturbance::Restart, profile).await
}

pub(crate) async fn flush(profile: Profile) -> Found {
    kills::sweep(System::Ours, &kills::SITUATIONS, Disturbance::Flush, profile).await
}

pub(crate) async fn flush_control(profile: Profile) -> Found {
    kills::sweep(System::Counter, &[kills::Situation::First], Disturbance::Flush, profile).await
}

pub(crate) async fn herd(profile: Profile) -> Found {
    herd::at_once(System::Ours, profile.pick(12, 200), profile.seed).await
}

pub(crate) async fn herd_control(profile: Profile) -> Found {
    herd::at_once(System::Counter, profile.pick(2, 10), profile.seed).await
}

pub(crate) async fn mended(profile: Profile) -> Found {
    mended::trials(System::Ours, profile.pick(4, 60), profile.seed).await
}

pub(crate) async fn mended_control(profile: Profile) -> Found {
    mended::trials(System::Counter, profile.pick(1, 5), profile.seed).await
}
