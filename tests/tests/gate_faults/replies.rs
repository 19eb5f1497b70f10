//! F5: the server did it, and its answer is lost: of an acquisition, a renewal, a release. And answers that come late.

use std::time::Duration;

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Cache, GateError, Outcome};
use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::event::{Stalls, micros, now};
use crate::lanes;
use crate::place::{self, Place, TTL};
use crate::stage::Stage;
use crate::system::{Door, Rules, gate};

const LANES: u32 = 10;

/// How long an answer may take in these rounds.
const DEADLINE: Duration = Duration::from_millis(250);

/// Longer than anything here takes, so that what is gone was given back.
const LONG: Duration = Duration::from_secs(5);

/// Where an answer is lost.
#[derive(Debug)]
struct Line {
    rules: Rules,
    place: Place,
    proxy: Proxy,
    /// Through the proxy.
    cache: Cache,
    dice: Dice,
    found: Found,
}

pub(crate) async fn acquire(profile: Profile) -> Found {
    lanes::run(LANES, profile.pick(200, 2_000), move |lane, rounds| async move {
        let mut line = Line::new(Rules::Ours, profile.seed, lane).await;
        for _ in 0..rounds {
            line.lose_acquisition().await;
        }
        line.end().await
    })
    .await
}

pub(crate) async fn renew(profile: Profile) -> Found {
    lanes::run(LANES, profile.pick(200, 2_000), move |lane, rounds| async move {
        let mut line = Line::new(Rules::Ours, profile.seed, lane).await;
        for _ in 0..rounds {
            line.lose_renewal().await;
        }
        line.end().await
    })
    .await
}

pub(crate) async fn release(profile: Profile) -> Found {
    lanes::run(LANES, profile.pick(200, 2_000), move |lane, rounds| async move {
        let mut line = Line::new(Rules::Ours, profile.seed, lane).await;
        for _ in 0..rounds {
            line.lose_release().await;
        }
        line.end().await
    })
    .await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(4, profile.pick(16, 100), move |lane, rounds| async move {
        let mut line = Line::new(Rules::Original, profile.seed, lane).await;
        for _ in 0..rounds {
            line.lose_acquisition().await;
            line.lose_release().await;
        }
        line.end().await
    })
    .await
}

pub(crate) async fn renewals_control(profile: Profile) -> Found {
    lanes::run(4, profile.pick(8, 60), move |lane, rounds| async move {
        let mut line = Line::new(Rules::Original, profile.seed, lane).await;
        for _ in 0..rounds {
            line.lose_renewal().await;
        }
        line.end().await
    })
    .await
}

impl Line {
    async fn new(rules: Rules, seed: u64, lane: u32) -> Self {
        let stage = Stage::new().await;
        let place = Place::new(&stage.url()).await;
        let proxy = Proxy::start(&place.url).await.unwrap();
        let cache = place::connect(&proxy.url(), place.protocol, DEADLINE).await.project(&place.project);
        let (dice, found) = (Dice::lane(seed ^ 5, u64::from(lane)), Found::default());
        let line = Self { rules, place, proxy, cache, dice, found };
        line.warm().await;
        line
    }

    /// A connection on which all was asked that is asked once, and a server that knows the scripts.
    async fn warm(&self) {
        let until = now() + micros(LONG * 4);
        while now() < until {
            if let Ok(Some(hold)) = Door::new(self.rules, &self.cache, LONG).try_lock().await {
                let _ = hold.release().await;
                self.place.say(&["DEL", &self.place.key()]).await;
                return;
            }
            tokio::time::sleep(DEADLINE / 10).await;
        }
        panic!("there is no connection through the proxy");
    }

    /// Loses the next answer, in one way or another. Answers whether the connection tells it.
    fn lose(&mut self) -> bool {
        let fault = match self.dice.below(3) {
            0 => Fault::Reset,
            1 => Fault::Truncate(2),
            _ => Fault::Silence,
        };
        self.proxy.next(Direction::ToClient, fault);
        self.found.faults += 1;
        self.found.terms += 1;
        fault != Fault::Silence
    }

    /// P7: whoever asks again has it; and nothing is left that nobody holds.
    async fn lose_acquisition(&mut self) {
        let told = self.lose();
        let door = Door::new(self.rules, &self.cache, LONG);
        let won = door.try_lock().await;
        match won {
            Ok(Some(hold)) => {
                let (holder, owner) = (self.place.holder().await, hold.owner().to_owned());
                self.found
                    .check(holder.as_ref() == Some(&owner), || format!("P7: won, and {holder:?} holds"));
                let fence = self.place.say(&["GET", &format!("{{{}}}:f", self.place.key())]).await;
                let same = fence.as_str() == Some(hold.fence().to_string().as_str());
                self.found.check(same, || format!("P7: the fence is {}, not {fence:?}", hold.fence()));
                let owned = hold.release().await;
                self.found.check(matches!(owned, Ok(true)), || format!("P7: the release says {owned:?}"));
                self.found.note("acquisitions asked again", 1);
            }
            Ok(None) => self.found.check(false, || "P7: its own key keeps it out".to_owned()),
            // Nothing came back in time; where the connection said so, there was time to ask again.
            Err(error) => self.found.check(!told, || format!("P7: {}", cache_tests::chain(&error))),
        }
        // Far sooner than the ttl is over.
        let gone = self.place.gone_within(LONG / 5).await;
        self.found.check(gone, || "P7: a key is left that nobody holds".to_owned());
        self.again().await;
    }

    /// A renewal whose answer is lost is asked again, before the lease is over.
    async fn lose_renewal(&mut self) {
        let door = Door::new(self.rules, &self.cache, TTL);
        let hold = door.lock(LONG).await.ok().flatten().unwrap_or_else(|| panic!("not won"));
        self.lose();
        let (began, stalls) = (now(), Stalls::of_process());
        while now() < began + micros(TTL * 3 / 2) {
            // A machine that sleeps renews nothing.
            if !hold.check() && stalls.between(began, now()) > micros(TTL / 30) {
                self.found.note("renewals that the machine slept through", 1);
                let _ = hold.release().await;
                return self.again().await;
            }
            self.found.check(hold.check(), || "F5: lost, though the server was there".to_owned());
            if !hold.check() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let holder = self.place.holder().await;
        self.found.check(holder.as_deref() == Some(hold.owner()), || format!("F5: {holder:?} holds"));
        let owned = hold.release().await;
        self.found.check(matches!(owned, Ok(true)), || format!("F5: the release says {owned:?}"));
        self.again().await;
    }

    /// P8: the work's result is the answer, whatever becomes of the release; and the key goes.
    async fn lose_release(&mut self) {
        let (rules, cache) = (self.rules, self.cache.clone());
        let result = if rules == Rules::Ours {
            let told = gate(LONG)
                .run(&cache, async |_| {
                    self.lose();
                    Ok::<_, GateError>(7)
                })
                .await;
            told.map(Outcome::ran)
        } else {
            let hold = Door::new(rules, &cache, LONG).lock(LONG).await.ok().flatten();
            let hold = hold.unwrap_or_else(|| panic!("not won"));
            self.lose();
            hold.release().await.map(|_| Some(7))
        };
        self.found
            .check(matches!(result, Ok(Some(7))), || format!("P8: the work's result became {result:?}"));
        let gone = self.place.gone_within(LONG / 5).await;
        self.found.check(gone, || "F5: the key stays after a release".to_owned());
        self.again().await;
    }

    /// Ready for the next round.
    async fn again(&self) {
        self.proxy.calm();
        self.place.say(&["DEL", &self.place.key()]).await;
        self.warm().await;
    }

    async fn end(mut self) -> Found {
        self.cache.shutdown(Duration::from_secs(5)).await;
        self.found.violations.extend(Stage::new().await.i3(&self.place).await);
        self.found.violations.extend(self.place.i8(TTL).await);
        self.found
    }
}
