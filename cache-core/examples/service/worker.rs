//! A process that answers.

use std::io::{Read, Write, stdout};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::serve::ListenerExt;
use cache_core::Cache;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::Args;
use crate::boot::App;
use crate::{Failure, chain, listen, routes};

/// The exit code of a worker whose boot fails for what waiting does not mend, `EX_CONFIG` of `sysexits.h`.
pub(crate) const CANNOT_BOOT: i32 = 78;

/// How long what Redis is owed, and what else was left in the background, may take at the end.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Boots, and answers until whoever started it has gone or says that it is enough.
pub(crate) async fn run(number: u32, args: &Args) -> Result<(), Failure> {
    let end = end()?;
    let booted = async {
        // Nobody is sent here before it can answer: the boot comes first.
        let app = App::boot(args).await?;
        Ok::<_, Failure>((app, listen::listen(SocketAddr::new(args.host, args.port))?))
    };
    let (app, listener) = match booted.await {
        Ok(booted) => booted,
        Err(error) => {
            tracing::error!(number, error = chain(&*error), "the worker cannot boot");
            std::process::exit(CANNOT_BOOT);
        }
    };
    let listener = listener.tap_io(|stream| {
        // Answers are written at once.
        let _ = stream.set_nodelay(true);
    });
    // The parent waits for it.
    let _ = writeln!(stdout(), "answers");
    tracing::info!(number, process = std::process::id(), "the worker answers");
    axum::serve(listener, routes::of(app.clone())).with_graceful_shutdown(end).await?;
    settle(number, &app.cache).await;
    Ok(())
}

/// Waits a while for what Redis is to be told still, and says what it was not told: that is kept by this process alone.
async fn settle(number: u32, cache: &Cache) {
    let began = Instant::now();
    while cache.owed_invalidations() > 0 && began.elapsed() < SHUTDOWN {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = cache.shutdown(SHUTDOWN.saturating_sub(began.elapsed())).await;
    let owed = cache.owed_invalidations();
    if owed > 0 {
        tracing::warn!(
            number,
            owed,
            "copies that Redis has may be old until their time to live ends: it was not told"
        );
    }
    if !told {
        tracing::warn!(
            number,
            "gates that were left stay held until their time to live ends: Redis was not told"
        );
    }
}

/// Comes when the worker is to end.
fn end() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    // Of a terminal, the whole fleet hears Ctrl-C; its parent decides.
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move { while interrupted.recv().await.is_some() {} });
    let (gone, parent) = oneshot::channel();
    // Reading standard input cannot be cancelled, so no task of the runtime does it.
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = gone.send(());
    });
    Ok(async move {
        tokio::select! {
            _ = parent => {}
            _ = terminated.recv() => {}
        }
    })
}
