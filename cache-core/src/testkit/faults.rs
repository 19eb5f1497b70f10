//! What networks do to connections, as data.
//!
//! TCP loses no bytes in the middle of a stream. A lost answer is therefore one whose connection is reset
//! ([`Fault::Reset`]) or falls silent ([`Fault::Silence`]) before it arrives, or in the middle of it
//! ([`Fault::Truncate`]). Plans that throw dice take a seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// Which way bytes go.
///
/// ```no_run
/// # use cache_core::testkit::Proxy;
/// # fn example(proxy: Proxy) {
/// use cache_core::testkit::Direction;
///
/// // Commands arrive and are done, and nobody hears of it.
/// proxy.silence(Direction::ToClient);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Answers.
    ToClient,
}

/// What is done to a chunk, and with it to its connection.
///
/// ```no_run
/// # use cache_core::{Cache, testkit::Proxy};
/// # async fn example(proxy: Proxy, cache: Cache) -> cache_core::Result<()> {
/// use std::time::Duration;
/// use cache_core::testkit::{Direction, Fault};
///
/// // A read whose answer is cut in the middle is asked again.
/// proxy.next(Direction::ToClient, Fault::Truncate(3));
/// cache.ping().await?;
/// // Slow, and no error.
/// proxy.next(Direction::ToServer, Fault::Delay(Duration::from_millis(200)));
/// cache.ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It comes that much later, and what follows comes behind it.
    Delay(Duration),
    /// It is lost. The client is told by an RST, the server by the end of its connection.
    Reset,
    /// It is lost, and all that follows it in this direction, and nobody is told: a connection that is half open.
    Silence,
    /// So many bytes of it arrive, then both ends are told as with [`Reset`](Fault::Reset).
    Truncate(usize),
}

/// Bytes on their way.
///
/// ```no_run
/// # use cache_core::testkit::Proxy;
/// # fn example(proxy: Proxy) {
/// use cache_core::testkit::{Chunk, Direction, Fault};
///
/// // Only the answers of the first connection are lost, from the tenth on.
/// proxy.plan(|chunk: &Chunk<'_>| {
///     let lost = chunk.connection == 0 && chunk.direction == Direction::ToClient && chunk.number >= 9;
///     lost.then_some(Fault::Reset)
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct Chunk<'a> {
    /// Which connection, counted from 0.
    pub connection: u64,
    /// Which way.
    pub direction: Direction,
    /// Which chunk of this connection and direction, counted from 0.
    pub number: u64,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// Decides about chunks; `None`: it passes.
///
/// ```no_run
/// # use cache_core::testkit::Proxy;
/// # fn example(proxy: Proxy) {
/// use cache_core::testkit::{Fault, Plan};
///
/// let plans: Vec<Plan> = vec![
///     Box::new(|chunk| (chunk.number % 100 == 99).then_some(Fault::Reset)),
///     Box::new(|chunk| (chunk.bytes.len() > 1024).then_some(Fault::Truncate(1024))),
/// ];
/// for plan in plans {
///     proxy.plan(plan);
///     // … the same test under each
/// }
/// # }
/// ```
pub type Plan = Box<dyn FnMut(&Chunk<'_>) -> Option<Fault> + Send>;

/// How often in a thousand chunks a fault comes; see [`Proxy::dice`](super::Proxy::dice).
///
/// ```no_run
/// # use cache_core::testkit::Proxy;
/// # fn example(proxy: Proxy) {
/// use std::time::Duration;
/// use cache_core::testkit::Odds;
///
/// // Of a thousand chunks fifty are late, by at most 20 milliseconds, and five end their connection.
/// proxy.dice(7, Odds { delay: (50, Duration::from_millis(20)), reset: 5, ..Odds::default() });
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Odds {
    /// A delay, of at most the time beside it.
    pub delay: (u64, Duration),
    /// A reset.
    pub reset: u64,
    /// A silence.
    pub silence: u64,
    /// A chunk cut short.
    pub truncate: u64,
}

impl Odds {
    pub(super) fn throw(&self, dice: &mut StdRng, length: usize) -> Option<Fault> {
        let (delays, longest) = self.delay;
        let mut left = dice.random_range(0..1000_u64);
        let mut falls = |odds: u64| {
            let hit = left < odds;
            left = left.wrapping_sub(odds);
            hit
        };
        if falls(delays) {
            let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
            Some(Fault::Delay(Duration::from_micros(dice.random_range(0..=micros))))
        } else if falls(self.reset) {
            Some(Fault::Reset)
        } else if falls(self.silence) {
            Some(Fault::Silence)
        } else if falls(self.truncate) {
            Some(Fault::Truncate(dice.random_range(0..length.max(1))))
        } else {
            None
        }
    }
}
