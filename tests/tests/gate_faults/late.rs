//! F5: answers that come late. A lease's time runs from before the question, so that it is over here before another one has it.

use std::time::Duration;

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::event::{Log, What, micros, now};
use crate::judge;
use crate::lanes;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::{Door, Rules};

const LANES: u32 = 10;

pub(crate) async fn ours(profile: Profile) -> Found {
    lanes::run(LANES, profile.pick(60, 600), move |lane, rounds| {
        late_answers(Rules::Ours, profile.seed, lane, rounds)
    })
    .await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(4, profile.pick(8, 60), move |lane, rounds| {
        late_answers(Rules::Original, profile.seed, lane, rounds)
    })
    .await
}

async fn late_answers(rules: Rules, seed: u64, lane: u32, rounds: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let mut found = left_alone(rules, &place, Dice::lane(seed ^ 55, u64::from(lane)), rounds).await;
    found.violations.extend(stage.i3(&place).await);
    found
}

/// A holder whose first answer is late and whose renewals do not arrive, and a rival that asks all the time. Neither is to
/// find that it holds while the other does.
pub(crate) async fn left_alone(rules: Rules, place: &Place, mut dice: Dice, rounds: u32) -> Found {
    let proxy = Proxy::start(&place.url).await.unwrap();
    let (slow, direct) = (place.connect(&proxy.url()).await, place.connect(&place.url).await);
    let (first, second) = (Door::new(rules, &slow, TTL), Door::new(rules, &direct, TTL));
    let log = Log::new();
    for _ in 0..rounds {
        let delay = Duration::from_millis(20 + dice.below(150));
        proxy.next(Direction::ToClient, Fault::Delay(delay));
        let asked = now();
        let Ok(Some(hold)) = first.lock(TTL * 2).await else { continue };
        let (owner, fence) = (hold.owner().to_owned(), hold.fence());
        log.say(0, What::Won { owner: owner.clone(), fence, asked });
        hold.listen(&log, 0);
        proxy.silence(Direction::ToServer);
        let rival = async {
            loop {
                let asked = now();
                if let Ok(Some(next)) = second.try_lock().await {
                    let (owner, fence) = (next.owner().to_owned(), next.fence());
                    log.say(1, What::Won { owner: owner.clone(), fence, asked });
                    log.say(1, What::Held { owner: owner.clone(), checked: now() });
                    // At this very moment, and not only when its turn comes.
                    let checked = now();
                    if hold.check() {
                        log.say(0, What::Held { owner: hold.owner().to_owned(), checked });
                    }
                    effect(place, &log, 1, &owner, fence, now()).await;
                    return next;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let holder = async {
            let until = now() + micros(TTL * 3 / 2);
            while now() < until {
                let checked = now();
                if !hold.check() {
                    log.say(0, What::Over { owner: owner.clone() });
                    break;
                }
                effect(place, &log, 0, &owner, fence, checked).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let (next, ()) = tokio::join!(rival, holder);
        let _ = next.release().await;
        proxy.calm();
        proxy.reset_all();
        drop(hold);
        let _ = slow.ping().await;
        place.gone_within(TTL * 2).await;
    }
    slow.shutdown(Duration::from_secs(5)).await;
    let events = log.events();
    let mut found = Found { terms: judge::wins(&events), faults: u64::from(rounds), ..Found::default() };
    found.violations.extend(judge::i1(&place.resource.taken().await));
    found.violations.extend(judge::i2(&events));
    found.violations.extend(judge::i6(&events, TTL, true));
    found.violations.extend(judge::failures(&events));
    found
}

async fn effect(place: &Place, log: &Log, who: u32, owner: &str, fence: u64, checked: u64) {
    let what = match place.resource.effect(owner, fence).await {
        Ok(taken) => What::Effect { owner: owner.to_owned(), fence, checked, taken },
        Err(error) => What::Failed(cache_tests::chain(&error)),
    };
    log.say(who, what);
}
