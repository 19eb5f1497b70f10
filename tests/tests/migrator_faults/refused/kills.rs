//! Replicas that are killed behind every step and between them, while documents are there that their index refuses.

use std::collections::BTreeSet;
use std::sync::Arc;

use cache_core::Cache;
use cache_core::embedded::Server;

use super::{SPOILT, agrees, left_behind, misnamed, setup};
use crate::believer;
use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::Place;
use crate::reading::{self, Traffic};
use crate::release::Release;
use crate::replica::{Replica, Role, Said, Stop};
use crate::steps::{Disturbance, lasting_server};
use crate::system::{Booted, System};

/// How many documents there are.
const DOCUMENTS: u32 = 64;

/// Beyond this, a boot has no end.
const MOST: usize = 200;

/// What is there when the replica boots that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Situation {
    /// No index.
    First,
    /// The index of the release before, which refuses fewer of the documents.
    Rebuild,
    /// Its own index, which somebody made without the documents that were there.
    ByHand,
}

pub(super) const SITUATIONS: [Situation; 3] = [Situation::ByHand, Situation::First, Situation::Rebuild];

impl Situation {
    async fn prepare(self, system: System, place: &Place, rewrites: bool) {
        match self {
            Self::First => {}
            Self::Rebuild => place.settle(system).await,
            Self::ByHand => {
                let unfilled = Some("SKIPINITIALSCAN");
                if system == System::Ours {
                    place.create(&place.index(Release::Two), Release::Two, unfilled).await;
                } else {
                    let made = believer::create(Release::Two, &place.cache, unfilled).await;
                    made.unwrap_or_else(|error| panic!("{error}"));
                }
                // The server counts each, as if all that is missing had been refused; or nothing.
                let times = if rewrites { DOCUMENTS as usize + SPOILT.len() } else { 0 };
                for id in SPOILT.iter().cycle().take(times) {
                    place.spoil(*id, false).await;
                }
            }
        }
    }

    fn releases(self) -> &'static [Release] {
        if self == Self::Rebuild { &[Release::One, Release::Two] } else { &[Release::Two] }
    }
}

pub(super) async fn sweep(
    system: System,
    situations: &[Situation],
    disturbance: Disturbance,
    profile: Profile,
) -> Found {
    let (mut found, mut boundaries, mut unfilled) = (Found::default(), BTreeSet::new(), 0);
    for (turn, situation) in
        (0..profile.pick(1, 5)).flat_map(|turn| situations.iter().map(move |one| (turn, *one)))
    {
        // Another one each time: what it reads when it starts grows with each trial.
        let server = lasting_server().await;
        // The steps always; between them some commands.
        let stride = match disturbance {
            Disturbance::Nothing => profile.pick(7, 1),
            _ => profile.pick(16, 2),
        };
        let commands = (1..MOST).skip(turn as usize).step_by(stride as usize).map(Stop::Command);
        for stops in [(1..MOST).map(Stop::Step).collect::<Vec<_>>(), commands.collect()] {
            for (turn, stop) in (turn..).zip(stops) {
                let place = Place::new(&server).await;
                let killed = Killed { system, situation, disturbance, server: &server, place: &place, turn };
                let Outcome { stopped, step, wrong, judged, was_unfilled } = killed.at(stop).await;
                found.judged += judged;
                found.violations += wrong.len() as u64;
                unfilled += u64::from(was_unfilled);
                for wrong in wrong {
                    println!("  {system:?}, {situation:?}, {disturbance:?}, killed at {stop:?}: {wrong}");
                }
                // It was ready before that, so there is nothing more to kill it at.
                if !stopped {
                    break;
                }
                boundaries.extend(step);
                found.runs += 1;
                found.faults += 1 + u64::from(disturbance != Disturbance::Nothing);
            }
        }
    }
    println!(
        "  {system:?}, {disturbance:?}: killed behind {boundaries:?}, and between them; {unfilled} indexes were refused"
    );
    // Else it was not tried whether one is told that was never filled.
    if system == System::Ours && disturbance == Disturbance::Nothing {
        assert!(unfilled > 0 && boundaries.contains("verified"), "{unfilled} refused, {boundaries:?}");
    }
    found
}

/// A replica that is killed, and what comes then.
struct Killed<'a> {
    system: System,
    situation: Situation,
    disturbance: Disturbance,
    server: &'a Server,
    place: &'a Place,
    turn: u32,
}

/// What came of it.
struct Outcome {
    /// Whether it was killed there; else it was done before that.
    stopped: bool,
    /// The step behind which it was.
    step: Option<String>,
    /// What is wrong afterwards.
    wrong: Vec<String>,
    /// How many answers were judged.
    judged: u64,
    /// Whether the index was refused since it was never filled.
    was_unfilled: bool,
}

impl Killed<'_> {
    /// Kills a replica there, and looks what comes of it.
    async fn at(&self, stop: Stop) -> Outcome {
        let (place, system) = (self.place, self.system);
        place.fill(DOCUMENTS).await;
        for id in SPOILT {
            place.spoil(id, false).await;
        }
        let known = Known::with(DOCUMENTS, SPOILT.to_vec());
        let before = place.stored(&known.ids()).await;
        let rewrites = self.turn % 2 == 1;
        self.situation.prepare(system, place, rewrites).await;
        let mut traffic = Traffic::new(system, place, &known).await.calmly();
        self.situation.releases().iter().for_each(|release| traffic.read(*release));
        if self.situation != Situation::ByHand {
            traffic.write(false);
        }
        // The server's counter grows by documents that it counted.
        if rewrites {
            traffic.rewrite();
        }

        let role = Role::new(system, Release::Two, place);
        let resp2 = role.resp2 || self.turn % 4 >= 2;
        let mut replica = Replica::start(&Role { setup: setup(), stop, resp2, ..role });
        let mut step = None;
        let stopped = loop {
            match replica.says().await {
                Some(Said::Stopped) => break true,
                Some(Said::Step(name)) => step = Some(name),
                Some(Said::Connected) => {}
                Some(Said::Ready(_)) => break false,
                Some(Said::Failed(_)) if self.situation == Situation::ByHand => break false,
                said => panic!("{:?}, stop at {stop:?}: a replica said {said:?}", self.situation),
            }
        };
        replica.kill();
        if stopped {
            self.disturbance.strike(self.server, place).await;
            // Sometimes those who come wait until whoever was killed has lost its turn; else that was long ago.
            if !self.turn.is_multiple_of(8) {
                place.forget_turns().await;
            }
        }
        let mut wrong = Vec::new();
        let was_unfilled = self.recover(&mut wrong).await;
        let mut tally = traffic.end().await;
        if tally.lies() > 0 {
            wrong.push(format!("{tally:?}"));
        }
        let settled = self.settled(&mut wrong).await;
        tally.answers += settled;
        let damaged = place.damaged(&known, &before, &[]).await;
        if damaged > 0 {
            wrong.push(format!("{damaged} documents are not what was written"));
        }
        place.say(&["FLUSHALL"]).await;
        let step = step.filter(|_| matches!(stop, Stop::Step(_)));
        Outcome { stopped, step, wrong, judged: tally.answers, was_unfilled }
    }

    async fn boot(&self, release: Release, cache: &Cache) -> Result<Booted, String> {
        self.system.boot_with(release, cache, setup(), Arc::new(|_| {})).await
    }

    async fn process(&self) -> Cache {
        if self.system == System::Ours { self.place.again().await } else { self.place.plain().await }
    }

    /// The next replicas boot while everybody works, the older release first every second time. Whether one was told that its
    /// index was never filled, and made it anew.
    async fn recover(&self, wrong: &mut Vec<String>) -> bool {
        let mut was_unfilled = false;
        let has_old = self.situation == Situation::Rebuild && self.turn % 2 == 1;
        for release in has_old.then_some(Release::One).into_iter().chain([Release::Two]) {
            let cache = self.process().await;
            let mut booted = self.boot(release, &cache).await;
            if self.situation == Situation::ByHand {
                let name = match self.system {
                    System::Ours => self.place.index(release),
                    _ => believer::index_name(release, &cache),
                };
                let held = self.place.info(&name).await.map_or(0, |info| info.documents);
                let is_short = held < u64::from(DOCUMENTS) - SPOILT.len() as u64;
                if booted.is_ok() == is_short {
                    wrong.push(format!("of {DOCUMENTS} documents the index holds {held}, and {booted:?}"));
                }
                if let Err(error) = booted.as_ref() {
                    was_unfilled = true;
                    let named =
                        SPOILT.iter().find(|id| error.contains(&format!("`{}`", self.place.key(**id))));
                    if named.is_some() || !error.contains(&format!("`FT.DROPINDEX {name}`")) {
                        wrong.push(format!("what is refused is told as lost: {error}"));
                    }
                    self.place.say(&["FT.DROPINDEX", &name]).await;
                    booted = self.boot(release, &cache).await;
                }
            }
            let spoilt: Vec<_> = SPOILT.into_iter().filter(|id| release.refuses(*id)).collect();
            match booted {
                Ok(booted) => wrong.extend(misnamed(self.place, &spoilt, &booted)),
                Err(error) => wrong.push(format!("release {release:?} does not boot: {error}")),
            }
        }
        was_unfilled
    }

    /// Nobody writes any more: what everybody is answered then, and what is left; how many answers were judged.
    async fn settled(&self, wrong: &mut Vec<String>) -> u64 {
        let (place, system) = (self.place, self.system);
        let cache = self.process().await;
        match self.boot(Release::Two, &cache).await {
            Ok(booted) => wrong.extend(misnamed(place, &SPOILT, &booted)),
            Err(error) => wrong.push(format!("does not boot again: {error}")),
        }
        let known = Known { base: DOCUMENTS, lanes: None, spoilt: SPOILT.to_vec() };
        let tally = reading::some((system, Release::Two), 4, &cache, &known).await;
        // Two ask for all, and two for what there is.
        let is_told = (tally.incomplete, tally.held, tally.exaggerated) == (2, 2, 0);
        if tally.lies() > 0 || !is_told {
            wrong.push(format!("behind the boot: {tally:?}"));
        }
        // One that never ran a migrator, and one that was there the whole time.
        let (fresh, old) = (self.process().await, &place.cache);
        let lasting = (system == System::Ours).then_some(old);
        for cache in [Some(&fresh), lasting].into_iter().flatten() {
            for release in self.situation.releases() {
                wrong.extend(agrees(system, *release, cache, known.refused(*release)).await);
            }
        }
        if system == System::Ours {
            let left = left_behind(place, self.situation.releases()).await;
            let planned = place.planned(Release::Two, setup()).await;
            let index = place.index(Release::Two);
            if !left.is_empty() || planned > 0 || place.alias().await.as_ref() != Some(&index) {
                wrong.push(format!(
                    "{left:?} and {planned} steps are left, the alias is at {:?}",
                    place.alias().await
                ));
            }
        }
        tally.answers
    }
}
