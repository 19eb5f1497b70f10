//! The stand-in for systems without Unix sockets and process groups: everything names the container instead.

use std::convert::Infallible;
use std::env::consts;
use std::path::Path;

use super::error::EmbeddedError;
use super::plan::{Binaries, Extras};

/// A running server, of which there are none here.
#[derive(Debug)]
pub(super) struct Running(Infallible);

/// What can be done to a running server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Kill,
    Restart,
    Pause,
    Resume,
}

pub(super) async fn binaries() -> Result<Binaries, EmbeddedError> {
    Err(unsupported())
}

pub(super) async fn start(_extras: Extras) -> Result<Running, EmbeddedError> {
    Err(unsupported())
}

fn unsupported() -> EmbeddedError {
    EmbeddedError::UnsupportedPlatform { platform: format!("{} {}", consts::OS, consts::ARCH) }
}

impl Running {
    pub(super) fn socket(&self) -> &Path {
        match self.0 {}
    }

    pub(super) fn port(&self) -> Option<u16> {
        match self.0 {}
    }

    pub(super) fn pid(&self) -> u32 {
        match self.0 {}
    }

    pub(super) async fn change(&self, _change: Change) -> Result<(), EmbeddedError> {
        match self.0 {}
    }
}
