//! A thread that drives what is asynchronous for code that is not.

use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// A runtime and the thread that drives it.
#[derive(Debug)]
pub(super) struct Driver {
    handle: Handle,
    /// Dropped, it lets the thread end.
    _alive: oneshot::Sender<()>,
}

impl Driver {
    pub(super) fn start() -> Result<Arc<Self>> {
        let failed = |error: std::io::Error| Error::Client(Box::new(error));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (handle, (alive, gone)) = (runtime.handle().clone(), oneshot::channel::<()>());
        let drive = move || drop(runtime.block_on(gone));
        thread::Builder::new().name("cache-core".to_owned()).spawn(drive).map_err(failed)?;
        Ok(Arc::new(Self { handle, _alive: alive }))
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
