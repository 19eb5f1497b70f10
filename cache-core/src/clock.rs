//! The clock of leases: one that goes on while the machine sleeps.
//!
//! `std::time::Instant` stands still in suspend on Linux and macOS; a lease judged by it would look held after the
//! server gave it to another.

use std::time::Duration;

/// A moment on the clock of leases, in microseconds; only differences mean something. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// This moment.
    pub(crate) fn now() -> Self {
        Self(since_boot().max(1))
    }

    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long until the later moment; zero if it has passed.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_micros(later.0.saturating_sub(self.0))
    }

    pub(crate) fn micros(self) -> u64 {
        self.0
    }

    /// `None`: zero, which is no moment.
    pub(crate) fn from_micros(micros: u64) -> Option<Self> {
        (micros != 0).then_some(Self(micros))
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn since_boot() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    // On Apple's systems CLOCK_MONOTONIC is the one that counts sleep.
    #[cfg(target_vendor = "apple")]
    let clock = ClockId::Monotonic;
    #[cfg(not(target_vendor = "apple"))]
    let clock = ClockId::Boottime;
    let time = clock_gettime(clock);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or_default().saturating_mul(1_000_000).saturating_add(nanos.unwrap_or_default() / 1_000)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn since_boot() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on() {
        let before = Moment::now();
        std::thread::sleep(Duration::from_millis(2));
        let passed = before.until(Moment::now());
        assert!(passed >= Duration::from_millis(1) && passed < Duration::from_secs(60), "{passed:?}");
        assert_eq!(before.after(Duration::from_secs(1)).until(before), Duration::ZERO);
        assert_eq!(before.until(before.after(Duration::from_secs(1))), Duration::from_secs(1));
    }
}
