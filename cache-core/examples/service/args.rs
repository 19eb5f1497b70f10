//! What the service is told on its command line. Where its Redis is, the environment says.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

/// A web service whose cache may be away
#[derive(Debug, Clone, clap::Parser)]
pub(crate) struct Args {
    /// Where it listens
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub(crate) host: IpAddr,
    /// On which port; 0: on a free one, which is printed
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// How many processes answer
    #[arg(long, default_value = "3")]
    pub(crate) workers: NonZeroU32,
    /// Where settings of tenants are kept; a directory that goes with the service, without it
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Keeps settings of tenants in the PostgreSQL of DATABASE_URL
    #[arg(long)]
    pub(crate) postgres: bool,
    /// The file with what tenants have before they set anything; a built-in one, without it
    #[arg(long)]
    pub(crate) tenants: Option<PathBuf>,
    /// How long the cache may take for an entry before a request goes on without it
    #[arg(long, default_value = "250ms", value_parser = humantime::parse_duration)]
    pub(crate) entry_timeout: Duration,
    /// How long the store of settings takes for an answer: what the cache is good for
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) store_delay: Duration,
    /// What is written to standard error: off, error, warn, info, debug or trace
    #[arg(long, default_value_t = LevelFilter::WARN)]
    pub(crate) log: LevelFilter,
    /// Which worker this process is, of the service that started it
    #[arg(long, hide = true, requires = "data")]
    pub(crate) worker: Option<u32>,
}
