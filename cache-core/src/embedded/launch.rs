//! The asynchronous face of a server process: blocking work moved to where it may block.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::error::EmbeddedError;
use super::limit::Limit;
use super::locate;
use super::plan::{Binaries, Extras};
use super::process::Process;
use super::settings::Settings;

/// How long finding, downloading and starting may take together: their own bounds and some time to spare.
const START_WITHIN: Duration = Duration::from_secs(660);
/// How long ending, restarting or signalling a server may take, with a queue of such wishes before it.
const CHANGE_WITHIN: Duration = Duration::from_secs(30);

/// A running server that can be asked and changed from several tasks.
#[derive(Debug)]
pub(super) struct Running {
    process: Arc<Mutex<Process>>,
    pid: Arc<AtomicU32>,
    socket: PathBuf,
    port: Option<u16>,
}

/// What can be done to a running server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Kill,
    Restart,
    Pause,
    Resume,
}

pub(super) async fn binaries() -> Result<Binaries, EmbeddedError> {
    blocking(START_WITHIN, |limit| locate::locate(&Settings::read(), limit)).await
}

pub(super) async fn start(extras: Extras) -> Result<Running, EmbeddedError> {
    blocking(START_WITHIN, |limit| {
        let settings = Settings::read();
        let binaries = locate::locate(&settings, limit)?;
        let process = match Process::start(binaries.clone(), extras.clone(), limit) {
            Err(error @ (EmbeddedError::Died { .. } | EmbeddedError::Io { .. })) => {
                // A copy may be damaged in a way that only shows when it is started.
                match locate::instead(&settings, &binaries, limit) {
                    Ok(Some(good)) => Process::start(good, extras, limit)?,
                    Ok(None)
                    | Err(EmbeddedError::NoCacheDirectory | EmbeddedError::UnsupportedPlatform { .. }) => {
                        return Err(error);
                    }
                    Err(other) => return Err(other),
                }
            }
            other => other?,
        };
        Ok(Running {
            pid: Arc::new(AtomicU32::new(process.pid().unwrap_or_default())),
            socket: process.socket().to_owned(),
            port: process.port(),
            process: Arc::new(Mutex::new(process)),
        })
    })
    .await
}

impl Running {
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    pub(super) async fn change(&self, change: Change) -> Result<(), EmbeddedError> {
        let (process, pid) = (Arc::clone(&self.process), Arc::clone(&self.pid));
        blocking(CHANGE_WITHIN, move |limit| {
            let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever wished it may have gone away while others were served.
            limit.check("waiting for another change of the same server")?;
            match change {
                Change::Kill => process.kill()?,
                Change::Restart => process.restart(limit)?,
                Change::Pause => process.pause(limit)?,
                Change::Resume => process.resume(limit)?,
            }
            if let Some(now) = process.pid() {
                pid.store(now, Ordering::Relaxed);
            }
            Ok(())
        })
        .await
    }
}

/// Runs `work` where it may block; dropping the future makes the work end early and clean up after itself.
async fn blocking<T: Send + 'static>(
    bound: Duration,
    work: impl FnOnce(&Limit) -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    let runtime = Handle::try_current().map_err(|_| EmbeddedError::NoRuntime)?;
    let (limit, _waiting) = Limit::new(bound);
    runtime.spawn_blocking(move || work(&limit)).await.unwrap_or(Err(EmbeddedError::Interrupted))
}
