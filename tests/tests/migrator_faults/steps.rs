//! Replicas that are killed behind every step and every command of a boot, alone and with a server that fails too.

use std::collections::BTreeSet;

use cache_core::IndexSchema;
use cache_core::embedded::Server;

use crate::case::{Found, Profile};
use crate::log::{Known, Tally};
use crate::place::{self, Place};
use crate::reading::{self, Traffic};
use crate::release::{Release, with_model};
use crate::replica::{Replica, Role, Said, Stop};
use crate::system::{Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 300;

/// Beyond this, a boot has no end.
const MOST: usize = 200;

/// What is there when the replica boots that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    /// Documents, and no index.
    First,
    /// The index of the release before, to which fields are added.
    Additive,
    /// The index of the release before, beside which a new one is made.
    Rebuild,
    /// The index that this very schema had under an older name.
    Adopt,
    /// The index of redis-om, which is to go.
    RedisOm,
    /// An index that nobody has used for long, which is to go.
    Collect,
}

const SITUATIONS: [Situation; 6] = [
    Situation::First,
    Situation::Additive,
    Situation::Rebuild,
    Situation::Adopt,
    Situation::RedisOm,
    Situation::Collect,
];

impl Situation {
    /// The release that boots.
    fn release(self) -> Release {
        match self {
            Self::Additive => Release::Two,
            _ => Release::Three,
        }
    }

    /// The steps that a boot takes, each of which somebody has to be killed behind.
    fn steps(self) -> &'static [&'static str] {
        match self {
            Self::First | Self::Rebuild => &["leased", "created", "filled", "verified", "cutover"],
            Self::Additive => &["leased", "altered", "filled", "verified", "aliased"],
            Self::Adopt => &["leased", "verified", "aliased", "cutover"],
            Self::RedisOm => &["leased", "created", "filled", "verified", "cutover", "retired"],
            Self::Collect => &["leased", "created", "filled", "verified", "cutover", "collected"],
        }
    }

    /// The others that it may take: an index that is adopted may be being filled.
    fn may_take(self, step: &str) -> bool {
        self.steps().contains(&step) || self == Self::Adopt && step == "filled"
    }

    /// Whether its steps are the same each time.
    fn is_settled(self, turn: u32) -> bool {
        self != Self::Adopt || turn.is_multiple_of(2)
    }

    fn setup(self) -> Setup {
        Setup {
            additive: self == Self::Additive,
            retires: self == Self::RedisOm,
            collects: self == Self::Collect,
            ..Setup::default()
        }
    }

    /// Whether replicas of the first release run.
    fn has_old(self) -> bool {
        matches!(self, Self::Additive | Self::Rebuild)
    }

    async fn prepare(self, system: System, place: &Place, turn: u32) {
        match self {
            Self::First => {}
            Self::Additive | Self::Rebuild => place.settle(system).await,
            Self::Adopt => {
                let schema = with_model!(self.release(), M => M::schema());
                let keyspace = place.cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
                let earlier = schema.earlier_fingerprints();
                let earlier = earlier.first().unwrap_or_else(|| panic!("no earlier fingerprint"));
                let name = format!("{}:{earlier}", schema.alias(keyspace));
                place.create(&name, self.release(), None).await;
                while self.is_settled(turn) && !place.info(&name).await.is_some_and(|info| info.is_filled()) {
                    tokio::task::yield_now().await;
                }
            }
            Self::RedisOm => place.settle(System::DropAndCreate).await,
            Self::Collect => place.settle_and_go().await,
        }
    }
}

/// What goes wrong beside the kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    Nothing,
    /// The server is killed and started again; what it had is in its append-only file.
    Restart,
    /// FLUSHDB of another database, which drops every index.
    Flush,
}

impl Disturbance {
    pub(crate) async fn strike(self, server: &Server, place: &Place) {
        match self {
            Self::Nothing => {}
            Self::Restart => server.restart().await.unwrap_or_else(|error| panic!("{error}")),
            Self::Flush => {
                let url = format!("{}?db=1", place.url);
                let other = place::connect(&url, cache_core::Protocol::Resp3).await;
                let flushed = other.command(cache_core::Command::new("FLUSHDB")).await;
                flushed.unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

/// A server that keeps what it has.
pub(crate) async fn lasting_server() -> Server {
    let server = Server::options().append_only(true).arg("--appendfsync").arg("always");
    server.start().await.unwrap_or_else(|error| panic!("no server: {error}"))
}

async fn sweep(
    system: System,
    situations: &[Situation],
    disturbance: Disturbance,
    profile: Profile,
) -> Found {
    let mut found = Found::default();
    let mut all = BTreeSet::new();
    for (turn, situation) in
        (0..profile.pick(1, 5)).flat_map(|turn| situations.iter().map(move |one| (turn, *one)))
    {
        // Another one each time: what it reads when it starts grows with each trial.
        let server = lasting_server().await;
        let mut boundaries = BTreeSet::new();
        // The steps always; between them, each command or, where a restart takes its time, some of them.
        let stride = if disturbance == Disturbance::Nothing { 1 } else { profile.pick(4, 1) as usize };
        let commands = (1..MOST).step_by(stride).map(Stop::Command);
        for stops in [(1..MOST).map(Stop::Step).collect::<Vec<_>>(), commands.collect()] {
            for (number, stop) in (turn..).zip(stops) {
                let place = Place::new(&server).await;
                let server = &server;
                let killed = Killed { system, situation, disturbance, server, place: &place, turn, number };
                let Outcome { stopped, step, wrong, tally } = killed.at(stop).await;
                found.judged += tally.answers;
                found.violations += wrong.len() as u64;
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
        // Else a boundary is gone, or another way was gone: what was tried is not what was to be tried.
        let steps = situation.steps();
        let is_whole = (!situation.is_settled(turn) || steps.iter().all(|step| boundaries.contains(*step)))
            && boundaries.iter().all(|step| situation.may_take(step));
        if system == System::Ours && !is_whole {
            found.violations += 1;
            println!(
                "  {situation:?}, {disturbance:?}: killed behind {boundaries:?}, and not behind {steps:?}"
            );
        }
        all.extend(boundaries);
    }
    println!("  {system:?}, {disturbance:?}: killed behind {all:?}, and behind commands between them");
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
    /// It is counted on with each kill, so that every second one has another protocol and another release first.
    number: u32,
}

/// What came of it.
struct Outcome {
    /// Whether it was killed there; else it was ready before that.
    stopped: bool,
    /// The step behind which it was.
    step: Option<String>,
    /// What is wrong afterwards.
    wrong: Vec<String>,
    /// What readers were answered meanwhile.
    tally: Tally,
}

impl Killed<'_> {
    /// Kills a replica there, and looks what comes of it.
    async fn at(&self, stop: Stop) -> Outcome {
        let (place, situation) = (self.place, self.situation);
        place.fill(DOCUMENTS).await;
        let known = Known::new(DOCUMENTS);
        let before = place.stored(&known.ids()).await;
        situation.prepare(self.system, place, self.turn).await;
        let mut traffic = Traffic::new(self.system, place, &known).await.calmly();
        let mut old = Traffic::new(self.system, place, &known).await.calmly();
        if situation.has_old() {
            old.read(Release::One);
        }
        // A reader that does not wait until it is ready must be told.
        traffic.read(situation.release());
        traffic.write(false);

        let role = Role::new(self.system, situation.release(), place);
        let resp2 = role.resp2 || self.number % 2 == 1;
        let role = Role { setup: situation.setup(), stop, resp2, ..role };
        let mut replica = Replica::start(&role);
        let mut step = None;
        let stopped = loop {
            match replica.says().await {
                Some(Said::Stopped) => break true,
                Some(Said::Step(name)) => step = Some(name),
                Some(Said::Connected) => {}
                Some(Said::Ready(_)) => break false,
                said => panic!("{situation:?}, stop at {stop:?}: a replica said {said:?}"),
            }
        };
        replica.kill();
        if stopped {
            self.disturbance.strike(self.server, place).await;
        }
        let mut wrong = self.recover().await;
        let (mut tally, old) = (traffic.end().await, old.end().await);
        if tally.lies() > 0 {
            wrong.push(format!("{tally:?}"));
        }
        // Where nothing but the boot is disturbed, the index of the release before is there and filled the whole time.
        let ill = match self.disturbance {
            Disturbance::Nothing => old.violations(),
            Disturbance::Restart | Disturbance::Flush => old.lies(),
        };
        if ill > 0 {
            wrong.push(format!("the release before: {old:?}"));
        }
        tally.add(old);
        let damaged = place.damaged(&known, &before, &[]).await;
        if damaged > 0 {
            wrong.push(format!("{damaged} documents are not what was written"));
        }
        place.say(&["FLUSHALL"]).await;
        Outcome { stopped, step: step.filter(|_| matches!(stop, Stop::Step(_))), wrong, tally }
    }

    /// The next replicas boot, the older release first every second time; what is wrong then.
    async fn recover(&self) -> Vec<String> {
        let (place, situation) = (self.place, self.situation);
        let (setup, release) = (situation.setup(), situation.release());
        let mut wrong = Vec::new();
        let old = (situation.has_old() && self.number % 2 == 1).then_some((Release::One, Setup::default()));
        for (release, setup) in old.into_iter().chain([(release, setup)]) {
            let cache = if self.system == System::Ours { place.again().await } else { place.plain().await };
            let nothing = std::sync::Arc::new(|_: &str| {});
            if let Err(error) = self.system.boot_with(release, &cache, setup, nothing).await {
                wrong.push(format!("release {release:?} does not boot: {error}"));
                continue;
            }
            let known = Known { base: DOCUMENTS, ..Known::default() };
            let tally = reading::some((self.system, release), 4, &cache, &known).await;
            if tally.violations() > 0 {
                wrong.push(format!("behind the boot: {tally:?}"));
            }
        }
        if self.system != System::Ours {
            return wrong;
        }
        let index = place.reaches(&place.index(release)).await;
        if index.is_none() || place.alias().await != index {
            wrong.push(format!("the alias is at {:?}, not at {index:?}", place.alias().await));
        }
        let planned = place.planned(release, setup).await;
        if planned > 0 {
            wrong.push(format!("{planned} steps are left"));
        }
        let indexes = place.indexes().await;
        let theirs = crate::system::fixed_name(&place.cache);
        if situation == Situation::RedisOm {
            let keys = [format!("{theirs}:hash"), format!("{theirs}:schema")];
            for key in keys {
                if place.say(&["EXISTS", &key]).await.as_int() != Some(0) {
                    wrong.push(format!("{key} is left"));
                }
            }
        }
        let gone = match situation {
            Situation::RedisOm => indexes.contains(&theirs),
            Situation::Collect => indexes.contains(&place.index(Release::One)),
            _ => false,
        };
        // Extended in place, one index is that of both; unless a flush dropped it, and each release made its own.
        let is_shared = situation == Situation::Additive && self.disturbance != Disturbance::Flush;
        if gone || (indexes.len() > 1 + usize::from(situation.has_old() && !is_shared)) {
            wrong.push(format!("indexes that should be gone: {indexes:?}"));
        }
        wrong
    }
}

pub(crate) async fn alone(profile: Profile) -> Found {
    sweep(System::Ours, &SITUATIONS, Disturbance::Nothing, profile).await
}

pub(crate) async fn restart(profile: Profile) -> Found {
    sweep(System::Ours, &SITUATIONS, Disturbance::Restart, profile).await
}

pub(crate) async fn flush(profile: Profile) -> Found {
    sweep(System::Ours, &SITUATIONS, Disturbance::Flush, profile).await
}

/// The rebuild is what all of them have in common that drop and create.
async fn control(disturbance: Disturbance, profile: Profile) -> Found {
    sweep(System::DropAndCreate, &[Situation::Rebuild], disturbance, profile).await
}

pub(crate) async fn alone_control(profile: Profile) -> Found {
    control(Disturbance::Nothing, profile).await
}

pub(crate) async fn restart_control(profile: Profile) -> Found {
    control(Disturbance::Restart, profile).await
}

pub(crate) async fn flush_control(profile: Profile) -> Found {
    control(Disturbance::Flush, profile).await
}
