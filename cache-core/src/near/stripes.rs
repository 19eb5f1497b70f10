//! A number that many threads add to without waiting for each other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// On how many lines of the processor it is counted: where more threads count, some share one.
const STRIPES: usize = 16;

/// A part of it, on a line of the processor's own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicU64);

/// A number that many threads add to.
#[derive(Debug, Default)]
pub(super) struct Stripes([Stripe; STRIPES]);

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which thread this is, in the order in which they first counted.
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

impl Stripes {
    /// One more.
    pub(super) fn add(&self) {
        // A thread that ends has no number any more.
        let thread = THREAD.try_with(|thread| *thread).unwrap_or_default();
        if let Some(Stripe(count)) = self.0.get(thread % STRIPES) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub(super) fn sum(&self) -> u64 {
        self.0.iter().map(|Stripe(count)| count.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_threads_count_is_counted() {
        let stripes = Stripes::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| (0..1_000).for_each(|_| stripes.add()));
            }
        });
        assert_eq!(stripes.sum(), 2 * STRIPES as u64 * 1_000);
    }
}
