//! In place of TLS in builds without it.

use std::io;

use crate::error::{Error, Result};
use crate::settings::Tls;

/// There is none.
#[derive(Clone)]
pub(super) enum Connector {}

impl Connector {
    pub(super) fn new(_: Tls, _: &[(String, u16)]) -> Result<Self> {
        Err(Error::Settings {
            setting: "url",
            reason: "`rediss://` needs the feature `tls` of cache-core; enable it in Cargo.toml".to_owned(),
        })
    }

    pub(super) async fn connect<S>(&self, _: &str, _: S) -> io::Result<S> {
        match *self {}
    }
}

pub(super) fn reason(_: &io::Error) -> Option<String> {
    None
}
