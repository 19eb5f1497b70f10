//! What the gate protects: a resource that refuses fences smaller than the largest it has seen, and writes down what it took.

use cache_core::{Cache, Command};

/// Kept on another server than the gate, which may lose its data.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    cache: Cache,
    name: String,
}

/// What it took, from which win, and with which fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) owner: String,
    pub(crate) fence: u64,
}

/// A fence of zero is none: the original has none, and everything is taken.
const EFFECT: &str = "local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local fence = tonumber(ARGV[2])
if fence > 0 then
  if fence < last then return 0 end
  redis.call('SET', KEYS[1], ARGV[2])
end
redis.call('RPUSH', KEYS[2], ARGV[2] .. ' ' .. ARGV[1])
return 1";

impl Resource {
    pub(crate) fn new(cache: &Cache, name: &str) -> Self {
        Self { cache: cache.clone(), name: name.to_owned() }
    }

    /// Does something to it. `false`: it was refused.
    pub(crate) async fn effect(&self, owner: &str, fence: u64) -> Result<bool, cache_core::Error> {
        let command = Command::new("EVAL").arg(EFFECT).arg("2");
        let command = command.key(format!("{{{}}}:fence", self.name)).key(format!("{{{}}}:taken", self.name));
        Ok(self.cache.command(command.arg(owner).arg_display(fence)).await?.as_int() == Some(1))
    }

    /// Adds one to a counter by reading it, waiting, and writing it: what is lost when two do it at once.
    pub(crate) async fn count(&self, pause: std::time::Duration) -> Result<(), cache_core::Error> {
        let key = format!("{{{}}}:count", self.name);
        let count = self.cache.command(Command::new("GET").key(&key)).await?;
        let count: u64 = count.as_str().and_then(|count| count.parse().ok()).unwrap_or_default();
        tokio::time::sleep(pause).await;
        self.cache.command(Command::new("SET").key(&key).arg_display(count + 1)).await.map(drop)
    }

    /// Where the counter stands.
    pub(crate) async fn counted(&self) -> u64 {
        let count = self.cache.command(Command::new("GET").key(format!("{{{}}}:count", self.name))).await;
        let count = count.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
        count.as_str().and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// All that it took, in its order.
    pub(crate) async fn taken(&self) -> Vec<Taken> {
        let range = Command::new("LRANGE").key(format!("{{{}}}:taken", self.name)).args_from(["0", "-1"]);
        let taken = self.cache.command(range).await;
        let taken = taken.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
        let taken = taken.into_items().unwrap_or_else(|error| panic!("{error}"));
        let read = |text: &str| {
            let (fence, owner) = text.split_once(' ')?;
            Some(Taken { owner: owner.to_owned(), fence: fence.parse().ok()? })
        };
        taken.iter().filter_map(|reply| reply.as_str().and_then(read)).collect()
    }
}
