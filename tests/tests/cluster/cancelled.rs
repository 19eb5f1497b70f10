//! Calls that are dropped while they are under way to all nodes, late or not: no other call gets their answers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use cache_core::testkit::Odds;
use cache_core::{CacheModel, RedisSettings};
use cache_tests::cluster::Nodes;
use cache_tests::profile::Profile;
use cache_tests::{connect_with, dropped, figures};

use crate::case::Place;
use crate::models::{Plain, plain};

/// One chunk in twenty is late, so that what is dropped is anywhere on its way; few connections are cut.
const ODDS: Odds = Odds { delay: (50, Duration::from_millis(8)), reset: 1, silence: 0, truncate: 0 };

/// How many calls each of the tasks makes.
const CALLS: (u32, u32) = (250, 4_000);

pub(crate) async fn answers_nobody_else(place: Place, profile: Profile) {
    let nodes = Nodes::start(3, 0).await;
    let proxies = nodes.behind_proxies().await;
    let settings = RedisSettings::new(proxies[0].url()).protocol(place.protocol);
    let cache = connect_with(settings.response_timeout(Duration::from_secs(5))).await.unwrap();
    let cache = cache.project(&place.project);
    // All connections are made.
    for saved in Plain::save_many(&cache, (0..100).map(plain)).await {
        let _ = saved.unwrap();
    }
    for late in [false, true] {
        if late {
            for (proxy, lane) in proxies.iter().zip(0..) {
                proxy.dice(profile.seed.wrapping_add(lane), ODDS);
            }
        }
        let found = dropped::one_in_ten(&cache, profile.seed, profile.pick(CALLS.0, CALLS.1)).await;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::SeqCst);
        println!("  {found:?}");
        figures::add("dropped while under way to a cluster", of(&found.dropped));
        figures::add("answers compared beside dropped calls", of(&found.answers));
        figures::add("answers of another call", of(&found.wrong));
        assert!(of(&found.dropped) > 100 && of(&found.answers) > 1_000, "{found:?}");
        assert_eq!(of(&found.wrong), 0, "answers of other calls");
        for proxy in &proxies {
            proxy.calm();
        }
    }
}
