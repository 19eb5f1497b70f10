//! Turns: of the replicas that want the same thing done, one does it, and the others wait for what it finds.
//!
//! Nothing depends on it but how often the work is done: whoever waits too long does it too.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use cache_index::{Command, Reply};

use super::scripts::HOLD;
use crate::cache::Cache;
use crate::error::Result;
use crate::script;

/// How long a turn is held without being renewed: what a replica that was killed keeps the others waiting.
const HELD: Duration = Duration::from_secs(10);

/// How often it is renewed: three times before it is over.
const RENEWED: Duration = Duration::from_secs(3);

/// Who has the turn.
pub(super) enum Turn<'a> {
    /// This one.
    Ours(Held<'a>),
    /// Another one.
    Theirs,
    /// Nobody can have it: the server takes no writes.
    Nobodys,
}

pub(super) struct Held<'a> {
    cache: &'a Cache,
    key: Vec<u8>,
    token: String,
}

/// Takes the turn, if it is free.
pub(super) async fn take(cache: &Cache, key: Vec<u8>) -> Result<Turn<'_>> {
    let token = format!("{:032x}", rand::random::<u128>());
    let set = Command::new("SET").key(&key).arg(&token).args_from(["NX", "PX"]).arg_display(HELD.as_millis());
    match cache.command(set).await {
        Ok(Reply::Nil) => Ok(Turn::Theirs),
        Ok(_) => Ok(Turn::Ours(Held { cache, key, token })),
        Err(error) if error.is_write_refused() => Ok(Turn::Nobodys),
        Err(error) => Err(error),
    }
}

impl Held<'_> {
    /// Keeps the turn as long as the work takes, and gives it back. Dropped, it keeps the others waiting until it is over.
    pub(super) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        let (mut work, mut renewing) = (pin!(work), pin!(self.renew()));
        let done = poll_fn(|context| {
            // It never ends; it is asked so that it goes on.
            let _ = renewing.as_mut().poll(context);
            work.as_mut().poll(context)
        })
        .await;
        // It is over by itself otherwise.
        let _ = self.hold(Duration::ZERO).await;
        done
    }

    async fn renew(&self) {
        loop {
            tokio::time::sleep(RENEWED).await;
            // Whoever lost it goes on: what is found is as good.
            let _ = self.hold(HELD).await;
        }
    }

    async fn hold(&self, time: Duration) -> Result<Reply> {
        let call = HOLD.call().arg("1").key(&self.key).arg(&self.token).arg_display(time.as_millis());
        script::run(self.cache, &HOLD, call.repeatable()).await
    }
}
