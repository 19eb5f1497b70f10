//! In place of TLS in builds without it.

use ::fred::error::Error as FredError;
use ::fred::types::config::Config;

use crate::error::{Error, Result};
use crate::settings::Tls;

pub(super) fn encrypt(_: &mut Config, _: &Tls) -> Result<()> {
    Err(Error::Settings {
        setting: "url",
        reason: "`rediss://` needs the feature `tls` of cache-core; enable it in Cargo.toml".to_owned(),
    })
}

pub(super) fn opening(error: FredError) -> FredError {
    error
}

pub(super) fn reason(_: &FredError) -> Option<String> {
    None
}
