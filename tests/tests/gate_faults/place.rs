//! Servers, and a project on them that no other scenario has.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Cache, Command, Protocol, RedisSettings};

use crate::resource::Resource;
use crate::system::lock_key;

/// A time to live that only tests use.
pub(crate) const TTL: Duration = Duration::from_millis(300);

/// How long a command may take that is not the gate's.
const DEADLINE: Duration = Duration::from_secs(15);

/// Where a scenario takes place: a project on the gate's server, and a resource on another one.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) project: String,
    /// The gate's server, as the workers reach it.
    pub(crate) url: String,
    /// The gate's server, as the harness reaches it.
    pub(crate) cache: Cache,
    pub(crate) resource_url: String,
    pub(crate) resource: Resource,
    pub(crate) protocol: Protocol,
}

impl Place {
    /// A place on the server at this URL. The resource is on the server that all cases share.
    pub(crate) async fn new(url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let project = format!("gate-{}-{number}", std::process::id());
        let protocol = if number.is_multiple_of(2) { Protocol::Resp3 } else { Protocol::Resp2 };
        let cache = patient(url).await.project(&project);
        let resource_url = cache_tests::shared_url().await;
        let resource = Resource::new(&patient(&resource_url).await, &project);
        Self { url: url.to_owned(), cache, resource_url, resource, project, protocol }
    }

    /// The gate's key.
    pub(crate) fn key(&self) -> String {
        lock_key(&self.project)
    }

    /// A connection to the gate's server as a service has it, through this URL.
    pub(crate) async fn connect(&self, url: &str) -> Cache {
        connect(url, self.protocol, TTL).await.project(&self.project)
    }

    pub(crate) async fn say(&self, words: &[&str]) -> cache_core::Reply {
        say(&self.cache, words).await
    }

    /// Who holds the key; `None`: nobody.
    pub(crate) async fn holder(&self) -> Option<String> {
        self.say(&["GET", &self.key()]).await.as_str().map(str::to_owned)
    }

    /// How many milliseconds the key has; negative: there is none.
    pub(crate) async fn left(&self) -> i64 {
        self.say(&["PTTL", &self.key()]).await.as_int().unwrap_or_default()
    }

    /// Waits until the key is gone, at most that long; `false`: it stays.
    pub(crate) async fn gone_within(&self, bound: Duration) -> bool {
        let until = Instant::now() + bound;
        while self.left().await != -2 {
            if Instant::now() > until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        true
    }

    /// I8: what is left of the project when nobody works any more and a ttl is over: keys other than fences and finished
    /// generations.
    pub(crate) async fn i8(&self, bound: Duration) -> Vec<String> {
        self.gone_within(bound).await;
        let keys =
            self.say(&["KEYS", &format!("*{}:*", self.project)]).await.into_items().unwrap_or_default();
        let keys = keys.iter().filter_map(cache_core::Reply::as_str);
        let left = keys.filter(|key| {
            !key.ends_with("}:f") && !key.ends_with("}:done") && !key.ends_with("}:done:every")
        });
        left.map(|key| format!("I8: {key} is left")).collect()
    }
}

pub(crate) async fn say(cache: &Cache, words: &[&str]) -> cache_core::Reply {
    let (name, arguments) = words.split_first().unwrap_or_else(|| panic!("no command"));
    let reply = cache.command(Command::new(name).args_from(arguments.iter().copied())).await;
    reply.unwrap_or_else(|error| panic!("{words:?}: {}", cache_tests::chain(&error)))
}

/// A connection whose commands wait as long as the machine needs.
pub(crate) async fn patient(url: &str) -> Cache {
    connect(url, Protocol::Resp3, DEADLINE).await
}

/// A connection whose answers may take that long.
pub(crate) async fn connect(url: &str, protocol: Protocol, deadline: Duration) -> Cache {
    let settings = RedisSettings::new(url).protocol(protocol);
    let cache =
        cache_tests::connect_with(settings.connect_timeout(DEADLINE).response_timeout(deadline)).await;
    cache.unwrap_or_else(|error| panic!("no connection to {url}: {}", cache_tests::chain(&error)))
}
