//! The first sessions: saved by one worker of the fleet, once in each quarter of a day, before those of the last one end.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Error, Gate, GateError, Lease};
use chrono::{DateTime, Utc};
use ulid::Ulid;

use crate::sessions::{Device, Session};

/// How long those that are seeded are the newest, in seconds: half as long as they live.
const PERIOD: i64 = 6 * 60 * 60;

/// How often it is looked whether they are there: whoever flushes Redis takes the note with it that they are.
const LOOK: Duration = Duration::from_secs(10);

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

/// Seeds now, in each period, and when Redis has lost everything, for as long as it is there.
pub(crate) async fn whenever_redis_comes(cache: Cache) {
    let mut states = cache.watch_state();
    while states.enabled().await {
        if let Err(error) = seed(&cache).await {
            tracing::warn!(error = crate::chain(&error), "no sessions were seeded");
        }
        // When it goes, it is waited for until it comes.
        if let Ok(None) = tokio::time::timeout(LOOK, states.changed()).await {
            return;
        }
    }
}

async fn seed(cache: &Cache) -> Result<(), GateError> {
    let once = gate().once(generation(Utc::now()));
    let outcome = once.run_or_wait(cache, BOUND, async |lease| save(cache, &lease).await).await?;
    tracing::debug!(?outcome, "sessions are seeded");
    Ok(())
}

/// What is done once: the sessions of a period.
fn generation(now: DateTime<Utc>) -> String {
    format!("sessions of period {}", now.timestamp() / PERIOD)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_seeded_again_before_they_end() {
        let life = <Session as cache_core::Model>::TTL.unwrap();
        let (now, seeded) = (Utc::now(), generation(Utc::now()));
        assert_eq!(generation(DateTime::from_timestamp(PERIOD, 0).unwrap()), "sessions of period 1");
        assert_ne!(generation(now + (life - LOOK)), seeded);
    }
}
