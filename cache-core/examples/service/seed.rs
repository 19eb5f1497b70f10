//! The first sessions: saved by one worker of the fleet, once.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Error, Gate, GateError, Lease};
use chrono::{DateTime, Utc};
use ulid::Ulid;

use crate::sessions::{Device, Session};

/// Another name seeds again.
const GENERATION: &str = "sessions-1";

/// How long a worker waits for the one that seeds.
const BOUND: Duration = Duration::from_secs(30);

const TENANTS: [&str; 3] = ["acme", "globex", "initech"];
const FIRST: [&str; 12] = [
    "Ada", "Grace", "Barbara", "Edsger", "Alan", "Radia", "Ken", "Frances", "Donald", "Tony", "Margaret",
    "Niklaus",
];
const LAST: [&str; 10] =
    ["Moreau", "Hopper", "Okafor", "Nowak", "Tanaka", "O'Brien", "Lindqvist", "Rossi", "Haddad", "Keller"];

/// Who seeds.
pub(crate) fn gate() -> Gate {
    Gate::new("seed").grace(Duration::from_secs(1))
}

/// Seeds now, and whenever Redis comes back: it may have lost everything.
pub(crate) async fn whenever_redis_comes(cache: Cache) {
    let mut states = cache.watch_state();
    while states.enabled().await {
        if let Err(error) = seed(&cache).await {
            tracing::warn!(error = crate::chain(&error), "no sessions were seeded");
        }
        // Until it goes.
        while states.state().is_enabled() {
            if states.changed().await.is_none() {
                return;
            }
        }
    }
}

async fn seed(cache: &Cache) -> Result<(), GateError> {
    let once = gate().once(GENERATION);
    let outcome = once.run_or_wait(cache, BOUND, async |lease| save(cache, &lease).await).await?;
    tracing::info!(?outcome, "sessions are seeded");
    Ok(())
}

/// Saves them with the lease's number, so that a worker that was stopped for a while cannot do it late.
async fn save(cache: &Cache, lease: &Lease) -> Result<usize, GateError> {
    let fenced = lease.fenced(cache)?;
    let sessions: Vec<_> = TENANTS.iter().zip(1..).flat_map(|(tenant, number)| of(tenant, number)).collect();
    let count = sessions.len();
    let saved: Result<Vec<_>, Error> = Session::save_many(&fenced, sessions).await.into_iter().collect();
    saved?;
    Ok(count)
}

/// Some sessions of a tenant. They are the same ones each time, but for when they were seen.
fn of(tenant: &'static str, number: u64) -> impl Iterator<Item = Session> {
    let now = Utc::now().timestamp();
    let people = FIRST.iter().flat_map(|first| LAST.iter().map(move |last| (first, last)));
    let people = people.zip(Device::ALL.into_iter().cycle()).zip(0u32..);
    let here = people.filter(move |(_, at)| u64::from(*at) % 4 != number);
    here.map(move |(((first, last), device), at)| {
        // In no order that shows.
        let ago = i64::from(at * 7919 % 1009);
        let user = format!("{first} {last}");
        let name = format!("{first}.{}", last.replace('\'', "")).to_lowercase();
        Session {
            id: Ulid::from_parts(number, u128::from(at)),
            tenant: tenant.to_owned(),
            email: format!("{name}@{tenant}.example"),
            user,
            device,
            seen: DateTime::from_timestamp(now - ago * 30, 0).unwrap_or_default(),
        }
    })
}
