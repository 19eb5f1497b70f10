//! How to reach a server.

use std::fmt;
use std::time::Duration;

/// The protocol that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2, for servers and proxies that know no other. Answers that were cut short by a time-out do not say so
    /// in it; queries therefore run without a time-out of the server's, and the client keeps the deadline.
    Resp2,
    /// RESP3: answers carry warnings, and the server can push.
    #[default]
    Resp3,
}

/// The longest time-out: a longer one is no bound, and the server's own counters have their limits.
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Where the server is and how long to wait for it.
///
/// ```
/// use std::time::Duration;
/// use cache_core::{Protocol, RedisSettings};
///
/// let settings = RedisSettings::new("redis://localhost:6379")
///     .protocol(Protocol::Resp2)
///     .response_timeout(Duration::from_millis(500));
/// # let _ = settings;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    pub(crate) url: String,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
}

impl RedisSettings {
    /// Settings for a URL: `redis://[user][:password@]host[:port][/db]`, or `redis+unix:///path/to/socket`.
    ///
    /// RESP3, two seconds to connect, two seconds for an answer.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            protocol: None,
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
        }
    }

    /// The protocol; without it RESP3, unless the URL says `?protocol=resp2`.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// How long one attempt to connect may take; at most an hour.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long a call may take, connecting again included, unless the call has a deadline of its own; at most
    /// an hour.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout.min(MAX_TIMEOUT);
        self
    }
}

impl From<&str> for RedisSettings {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for RedisSettings {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl From<&RedisSettings> for RedisSettings {
    fn from(settings: &RedisSettings) -> Self {
        settings.clone()
    }
}

/// Shows no user and no password.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
        let address = address.split('?').next().unwrap_or_default();
        f.debug_struct("RedisSettings")
            .field("url", &format_args!("{scheme}://{address}"))
            .field("protocol", &self.protocol)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        for url in ["redis://ann:s3cret@host:1/0", "redis+unix:///s?pass=s3cret", "redis://:s3cret@h"] {
            let shown = format!("{:?}", RedisSettings::new(url));
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
