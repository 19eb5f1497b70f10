//! F12: a server that is short of memory, under each kind of eviction policy. The gate says when its locks can be evicted,
//! and a strict one refuses.

use std::time::Duration;

use cache_core::GateError;

use crate::case::{Found, Profile};
use crate::place::{Place, patient, say};
use crate::system::{Door, Hold, Rules};

/// How many locks are held at once.
const HELD: u32 = 20;

/// Longer than a round.
const TTL: Duration = Duration::from_secs(60);

/// How much memory is left for more.
const SPARE: i64 = 2 << 20;

const POLICIES: [&str; 3] = ["noeviction", "allkeys-lru", "volatile-ttl"];

pub(crate) async fn ours(profile: Profile) -> Found {
    under_pressure(Rules::Ours, profile.pick(1, 10)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    under_pressure(Rules::Original, profile.pick(1, 3)).await
}

async fn under_pressure(rules: Rules, rounds: u32) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for _ in 0..rounds {
        for policy in POLICIES {
            press(rules, &server.url(), policy, &mut found).await;
        }
    }
    found
}

async fn press(rules: Rules, url: &str, policy: &str, found: &mut Found) {
    let admin = patient(url).await;
    say(&admin, &["FLUSHALL"]).await;
    say(&admin, &["CONFIG", "SET", "maxmemory-policy", policy]).await;
    let mut held = Vec::new();
    for _ in 0..HELD {
        let place = Place::new(url).await;
        let door = Door::new(rules, &place.cache, TTL);
        if rules == Rules::Ours {
            let strict = door.gate.clone().strict().try_lock(&place.cache).await;
            let refused = matches!(&strict, Err(GateError::Evictable { policy: said }) if said == policy);
            found.check(refused == (policy != "noeviction"), || {
                format!("F12: strict under {policy}: {strict:?}")
            });
            if let Ok(Some(lease)) = strict {
                let _ = lease.release().await;
            }
        }
        let hold = door.try_lock().await.ok().flatten().unwrap_or_else(|| panic!("a free gate is not won"));
        held.push((place, door, hold));
    }
    fill(&admin, policy).await;
    let mut evicted = 0;
    for (place, door, hold) in &held {
        found.terms += 1;
        found.faults += 1;
        if place.holder().await.is_some() {
            continue;
        }
        evicted += 1;
        say(&admin, &["CONFIG", "SET", "maxmemory", "0"]).await;
        let next =
            door.try_lock().await.ok().flatten().unwrap_or_else(|| panic!("an evicted gate is not won"));
        found.terms += 1;
        found.check(next.fence() > hold.fence() || rules == Rules::Original, || {
            format!("I9: fence {} after {}", next.fence(), hold.fence())
        });
        for holder in [&next, hold] {
            let _ = place.resource.effect(holder.owner(), holder.fence()).await;
        }
        let taken = place.resource.taken().await;
        found.check(taken.len() == 1, || format!("I1: under {policy}, taken from {} holders", taken.len()));
        drop_quietly(next).await;
    }
    say(&admin, &["CONFIG", "SET", "maxmemory", "0"]).await;
    found.check(evicted == 0 || policy != "noeviction", || {
        format!("F12: {evicted} locks gone under {policy}")
    });
    if policy != "noeviction" {
        // Or the round says nothing of what it is about.
        assert!(evicted > 0, "no lock was evicted under {policy}");
        found.note("locks evicted", evicted);
    }
    for (.., hold) in held {
        drop_quietly(hold).await;
    }
    say(&admin, &["FLUSHALL"]).await;
}

async fn drop_quietly(hold: Hold) {
    // Whether it still was its own is known.
    let _ = hold.release().await;
}

/// Writes until the memory is used up, and as much again.
async fn fill(admin: &cache_core::Cache, policy: &str) {
    let info = say(admin, &["INFO", "memory"]).await;
    let used = info.as_str().unwrap_or_default().lines().find_map(|line| line.strip_prefix("used_memory:"));
    let used: i64 =
        used.and_then(|used| used.trim().parse().ok()).unwrap_or_else(|| panic!("no used memory"));
    let value = "x".repeat(16 << 10);
    say(admin, &["CONFIG", "SET", "maxmemory", &(used + SPARE).to_string()]).await;
    for n in 0..((4 * SPARE) >> 14) {
        let write = cache_core::Command::new("SET").key(format!("filler-{policy}-{n}")).arg(&value);
        if admin.command(write).await.is_err() {
            // Without eviction, or with nothing left to evict, it is refused.
            assert!(n > 0, "nothing could be written");
            break;
        }
    }
}
