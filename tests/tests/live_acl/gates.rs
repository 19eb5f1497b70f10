//! What gates do.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Durability, Gate, GateError, Layout};

use crate::models::Note;
use crate::scenarios::{Done, note};

pub(crate) async fn gate(cache: &Cache) -> Done {
    let renewed = cache.gate_counts().renewed;
    // Renewed after a second: a busy machine may keep it waiting for two.
    let gate = Gate::new("job").ttl(Duration::from_secs(3));
    let lease = gate.try_lock(cache).await?.ok_or("the gate is not free")?;
    ensure!(gate.try_lock(cache).await?.is_none());
    ensure!(gate.inspect(cache).await?.is_some());
    // It is renewed meanwhile, and waited for.
    let waiting =
        tokio::time::timeout(Duration::from_millis(1_400), gate.lock(cache).wait(Duration::from_secs(5)));
    ensure!(waiting.await.is_err());
    lease.check()?;
    let _ = lease.release().await;
    ensure!(gate.inspect(cache).await?.is_none());
    let ran =
        gate.clone().grace(Duration::from_millis(1)).run(cache, async |_| Ok::<_, GateError>(())).await?;
    ensure!(ran.ran().is_some());
    let once = gate.once("one");
    for _ in 0..2 {
        let done = once.run_or_wait(cache, Duration::from_secs(5), async |_| Ok::<_, GateError>(()));
        ensure!(done.await?.is_done());
    }
    let every = gate.every(Duration::from_millis(100));
    let _ = every.next(cache, async |_| Ok::<_, GateError>(())).await?;
    let other = Gate::new("job").layout(Layout::Lock);
    let lease = other.try_lock(cache).await?.ok_or("the gate is not free")?;
    let _ = lease.release().await;
    ensure!(cache.gate_counts().renewed > renewed);
    Ok(())
}

pub(crate) async fn durability(cache: &Cache) -> Done {
    let timeout = Duration::from_millis(10);
    let gate = Gate::new("job").durability(Durability::Wait { replicas: 1, timeout });
    // There is no replica.
    ensure!(gate.try_lock(cache).await?.is_none());
    Ok(())
}

pub(crate) async fn fences(cache: &Cache) -> Done {
    let lease = Gate::new("job").try_lock(cache).await?.ok_or("the gate is not free")?;
    let fenced = lease.fenced(cache)?;
    let _ = note(1).save(&fenced).await?;
    let _ = note(2).insert(&fenced).await?;
    let _ = Note::patch(1).set(Note::TEXT, "late".to_owned()).send(&fenced).await?;
    ensure!(Note::delete_by_id(&fenced, 1).await?);
    let other = Gate::new("job").layout(Layout::Lock).try_lock(cache).await?.ok_or("the gate is not free")?;
    let _ = note(3).save(&other.fenced(cache)?).await?;
    for lease in [lease, other] {
        let _ = lease.release().await;
    }
    Ok(())
}
