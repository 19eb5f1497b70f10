//! A process that answers.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::Args;
use crate::boot::App;
use crate::{Failure, chain, listen, routes};

/// The exit code of a worker whose boot fails for what will not mend itself, `EX_CONFIG` of `sysexits.h`.
pub(crate) const CANNOT_BOOT: i32 = 78;

/// How long what was left in the background may take at the end.
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
    tracing::info!(number, process = std::process::id(), "the worker answers");
    axum::serve(listener, routes::of(app.clone())).with_graceful_shutdown(end).await?;
    app.cache.shutdown(SHUTDOWN).await;
    Ok(())
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
