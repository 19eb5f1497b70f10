//! Gates.

use std::time::Duration;

use cache_core::{Cache, Gate, GateError, Lease};

use crate::silence::{Case, DEADLINE, Silent, case, told};

/// Shorter than a deadline, and longer than what is waited for a machine that is busy.
const BOUND: Duration = Duration::from_millis(200);

/// How long a lease lasts: that a generation is done is asked for as long.
const TTL: Duration = Duration::from_secs(1);

const PERIOD: Duration = Duration::from_millis(100);

/// A lease that is had before the server falls silent: asked for again where a busy machine is late.
pub(crate) async fn held(gate: &Gate, cache: &Cache) -> Option<Lease> {
    let mut tries = 0;
    loop {
        match gate.try_lock(cache).await {
            Ok(lease) => return lease,
            Err(error) => assert!(tries < 20, "{error}"),
        }
        tries += 1;
    }
}

fn gate(silent: &Silent) -> Gate {
    Gate::new(format!("job {}", silent.at)).ttl(TTL)
}

async fn work(_: Lease) -> Result<(), GateError> {
    Ok(())
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        // The lease, and that it is given back. That nobody could be asked is an outcome.
        case!("gate, run", |s| gate(&s).run(&s.cache, work)).within(2 * DEADLINE).does_without(),
        case!("gate, run strictly", |s| gate(&s).strict().run(&s.cache, work))
            .within(2 * DEADLINE)
            .does_without(),
        // What may have been taken is given back.
        case!("gate, try_lock", |s| gate(&s).try_lock(&s.cache)).within(2 * DEADLINE),
        case!("gate, lock", |s| gate(&s).lock(&s.cache).wait(BOUND)).within(BOUND),
        case!("gate, lock with no bound of its own", |s| gate(&s).lock(&s.cache).wait(Duration::ZERO))
            .within(2 * DEADLINE),
        case!("gate, inspect", |s| gate(&s).inspect(&s.cache)),
        case!("gate, run_or_wait", |s| gate(&s).once("one").run_or_wait(&s.cache, BOUND, work))
            .within(BOUND + TTL)
            .does_without(),
        case!("gate, every", |s| gate(&s).every(PERIOD).next(&s.cache, work))
            .within(PERIOD + DEADLINE + TTL)
            .does_without(),
        Case::new("lease, release", |s| {
            Box::pin(async move {
                let lease = held(&gate(&s), &s.cache).await.unwrap();
                s.falls().await;
                let _ = lease.release().await;
                Ok(())
            })
        })
        .does_without(),
    ]
}
