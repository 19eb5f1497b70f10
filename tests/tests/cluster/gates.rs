//! Gates: all that is of one is in one slot, on whichever node.

use std::time::Duration;

use cache_core::{CacheModel, Gate, GateError, OnceOutcome, Outcome};
use futures_util::future::join_all;

use crate::case::Place;
use crate::models::plain;

pub(crate) async fn one_slot(place: Place) {
    let (cache, other) = (place.cache().await, place.cache().await);
    for n in 0..12 {
        let gate = Gate::new(format!("gate {n}")).ttl(Duration::from_secs(30));
        let lease = gate.try_lock(&cache).await.unwrap().unwrap();
        assert!(gate.try_lock(&other).await.unwrap().is_none());
        let waiting = tokio::spawn({
            let (gate, other) = (gate.clone(), other.clone());
            async move { gate.lock(&other).wait(Duration::from_secs(20)).await }
        });
        assert!(lease.check().is_ok());
        let fenced = lease.fenced(&cache).unwrap();
        let _ = plain(n).save(&fenced).await.unwrap();
        let fence = lease.fence();
        lease.release().await;
        let next = waiting.await.unwrap().unwrap().unwrap();
        assert!(next.fence() > fence);
        let _ = plain(n).save(&next.fenced(&other).unwrap()).await.unwrap();
        assert!(plain(n).save(&fenced).await.unwrap_err().is_fenced());
        next.release().await;
        let runs = (0..8).map(|_| gate.run(&cache, async |_| Ok::<_, GateError>(())));
        let ran = join_all(runs)
            .await
            .into_iter()
            .filter(|outcome| matches!(outcome, Ok(Outcome::Ran(()))))
            .count();
        assert!(ran >= 1);
    }
    let seed = Gate::new("seed");
    let once =
        async || seed.once("1").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(once().await, Ok(OnceOutcome::Ran(()))));
    assert!(matches!(once().await, Ok(OnceOutcome::AlreadyDone)));
}
