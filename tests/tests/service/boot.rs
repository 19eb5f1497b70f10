//! C5 and H1: boots with whatever can be wrong with a Redis, and what probes say of it.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault as Chunk, Proxy};
use cache_tests::stalls;
use libtest_mimic::Trial;
use tokio::task::JoinSet;

use crate::case::{Found, Must, Profile, case};
use crate::fleet::{Fleet, HOST, PATIENCE, Refused, Start};
use crate::original::ping_without_bound;
use crate::probes::{probe, probe_for};
use crate::redis::{Raw, connections, free_port, patient, say, with_port};

/// How much longer a boot may take than one with a Redis that is well: the second that it gives a Redis, and one that a busy machine
/// may keep its processes waiting.
const LONGER: Duration = Duration::from_secs(2);

/// The password that nobody must read anywhere.
const SECRET: &str = "s3cret-of-nobody";

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Refused,
    BlackHole,
    Loading,
    ReadOnly,
    Slow,
    Password,
    Permission,
    Module,
    Database,
}

impl Wrong {
    const ALL: [Self; 9] = [
        Self::Refused,
        Self::BlackHole,
        Self::Loading,
        Self::ReadOnly,
        Self::Slow,
        Self::Password,
        Self::Permission,
        Self::Module,
        Self::Database,
    ];

    fn name(self) -> String {
        format!("c5_{self:?}").to_lowercase()
    }

    /// What a probe is told: where in the answer, and what; for what will not pass, what the boot says.
    fn told(self) -> Result<(u16, &'static str, &'static str), &'static str> {
        match self {
            Self::Refused => Ok((200, "/degraded", "unavailable")),
            Self::BlackHole | Self::Slow => Ok((200, "/degraded", "timeout")),
            Self::Loading => Ok((200, "/degraded", "loading")),
            // It can be asked; but there is no index, and none can be made until there is a master.
            Self::ReadOnly => Ok((200, "/indexes/0/state", "deferred")),
            Self::Password => Err("WRONGPASS"),
            Self::Permission => Err("may not run FT.CREATE"),
            Self::Module => Err("module"),
            Self::Database => Err("database 0"),
        }
    }
}

/// What stands where a Redis should.
struct Place {
    url: String,
    _server: Option<Server>,
    _raw: Option<Raw>,
    _proxy: Option<Proxy>,
}

impl Place {
    async fn of(wrong: Wrong) -> Self {
        let nothing = Self { url: String::new(), _server: None, _raw: None, _proxy: None };
        match wrong {
            Wrong::Refused => Self { url: format!("redis://127.0.0.1:{}", free_port()), ..nothing },
            Wrong::Loading => {
                let raw = Raw::loading().await;
                Self { url: raw.url(), _raw: Some(raw), ..nothing }
            }
            Wrong::Module => {
                let raw = Raw::bare().await;
                Self { url: raw.url(), _raw: Some(raw), ..nothing }
            }
            Wrong::BlackHole | Wrong::Slow => {
                let server = cache_tests::private_server().await;
                let proxy = Proxy::start(&server.url()).await.unwrap();
                if wrong == Wrong::BlackHole {
                    proxy.silence(Direction::ToClient);
                } else {
                    proxy.plan(|_| Some(Chunk::Delay(Duration::from_secs(5))));
                }
                Self { url: proxy.url(), _server: Some(server), _proxy: Some(proxy), ..nothing }
            }
            Wrong::ReadOnly | Wrong::Password | Wrong::Permission | Wrong::Database => {
                let server = with_port().await;
                let (admin, url) = (patient(&server.url()).await, server.url());
                let address = url.trim_start_matches("redis://").to_owned();
                let url = match wrong {
                    Wrong::ReadOnly => {
                        say(&admin, &["REPLICAOF", "127.0.0.1", "1"]).await;
                        url
                    }
                    Wrong::Password => format!("redis://default:{SECRET}@{address}"),
                    Wrong::Permission => {
                        let rights = ["on", &format!(">{SECRET}"), "~*", "&*", "+@all", "-ft.create"];
                        say(&admin, &[&["ACL", "SETUSER", "service"], &rights[..]].concat()).await;
                        format!("redis://service:{SECRET}@{address}")
                    }
                    _ => format!("{url}/7"),
                };
                if wrong == Wrong::Password {
                    say(&admin, &["CONFIG", "SET", "requirepass", "another"]).await;
                }
                Self { url, _server: Some(server), ..nothing }
            }
        }
    }
}

pub(crate) fn cases(profile: Profile) -> Vec<Trial> {
    let mut cases: Vec<_> = Wrong::ALL
        .into_iter()
        .map(|wrong| {
            case(wrong.name(), Must::Hold, profile, move |profile| ours(wrong, profile.pick(20, 200)))
        })
        .collect();
    cases.push(case("h1_probes", Must::Hold, profile, probes));
    cases.push(case("c5_control", Must::BeCaught, profile, control));
    cases
}

/// How long boots took, without what the machine is to blame for.
#[derive(Debug, Default)]
struct Boots {
    /// Those whose Redis is well.
    well: Vec<Duration>,
    /// The others.
    wrong: Vec<Duration>,
}

impl Boots {
    /// All of one run had the machine that the others had.
    fn judge(self, found: &mut Found) {
        let well = self.well.into_iter().max().unwrap_or_default();
        found.took("boot with a Redis that is well", well);
        for wrong in self.wrong {
            found.took("boot", wrong);
            found.check(wrong <= well + LONGER, || {
                format!("C5: a boot took {wrong:?}, and at most {well:?} where its Redis is well")
            });
        }
    }
}

/// What took that long until now, without what the machine is to blame for.
fn own(took: Duration) -> Duration {
    let now = Instant::now();
    took.saturating_sub(stalls::between(now.checked_sub(took).unwrap_or(now), now))
}

async fn ours(wrong: Wrong, boots: u32) -> Found {
    /// How many boots at a time.
    const LANES: u32 = 4;
    let place = Place::of(wrong).await;
    let well = cache_tests::private_server().await;
    let (mut lanes, mut found, mut all) = (JoinSet::new(), Found::default(), Boots::default());
    for lane in 0..LANES {
        let (url, well) = (place.url.clone(), well.url());
        lanes.spawn(async move {
            let (mut found, mut all) = (Found::default(), Boots::default());
            for number in (lane..boots).step_by(LANES as usize) {
                if number % (2 * LANES) < LANES {
                    let fleet = Fleet::start(Start::with(&well)).await;
                    all.well.push(own(fleet.boot));
                }
                all.wrong.push(boot(wrong, &url, &mut found).await);
            }
            (found, all)
        });
    }
    while let Some(lane) = lanes.join_next().await {
        let (more, boots) = lane.unwrap_or_else(|error| panic!("{error}"));
        found.add(more);
        all.well.extend(boots.well);
        all.wrong.extend(boots.wrong);
    }
    all.judge(&mut found);
    found
}

/// Boots, asks, and says how long the boot took.
async fn boot(wrong: Wrong, url: &str, found: &mut Found) -> Duration {
    found.runs += 1;
    found.faults += 1;
    match (Start::with(url).go().await, wrong.told()) {
        (Ok(fleet), Ok((status, pointer, expected))) => {
            let took = own(fleet.boot);
            probe_for(&fleet.client, found, status, pointer, expected).await;
            for path in ["/tenant_settings", "/", "/?q=ada", "/tenant_schema"] {
                let answer = fleet.client.get(path, HOST).await;
                found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || {
                    format!("C5: {path} with {wrong:?}: {answer:?}")
                });
            }
            probe(&fleet.client, found).await;
            took
        }
        (Err(Refused { code, said, after }), Err(expected)) => {
            let took = own(after);
            found.check(code.is_some_and(|code| code != 0) && said.contains(expected), || {
                format!("C5: with {wrong:?}, the boot ended with {code:?}: {said}")
            });
            found.check(!said.contains(SECRET), || format!("C5: a secret is told: {said}"));
            took
        }
        (Ok(fleet), Err(_)) => {
            found.violations.push(format!("C5: it booted with {wrong:?}"));
            fleet.boot
        }
        (Err(refused), Ok(_)) => {
            found.violations.push(format!("C5: it did not boot with {wrong:?}: {refused:?}"));
            refused.after
        }
    }
}

/// H1: a storm of probes is no storm of questions, and leaves no connection behind.
async fn probes(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let admin = patient(&server.url()).await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    let before = connections(&admin).await;
    for _ in 0..profile.pick(500, 5_000) {
        found.runs += 1;
        probe(&fleet.anywhere, &mut found).await;
    }
    let after = connections(&admin).await;
    found.check(after <= before, || format!("H1: {after} connections after the probes, {before} before"));
    found.check(fleet.end().await, || "it did not end well when it was told to".to_owned());
    let left = async { while connections(&admin).await > 0 {} };
    let left = tokio::time::timeout(PATIENCE, left).await;
    found.check(left.is_ok(), || "H1: connections are left behind its end".to_owned());
    found
}

/// A ping without a bound.
async fn control(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 1, ..Found::default() };
    let place = Place::of(Wrong::BlackHole).await;
    let port = place.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
    let began = Instant::now();
    let _ = tokio::time::timeout(Duration::from_secs(3), ping_without_bound(port)).await;
    Boots { well: Vec::new(), wrong: vec![own(began.elapsed())] }.judge(&mut found);
    found
}
