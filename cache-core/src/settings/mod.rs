//! How to reach a server.

mod places;
mod read;
mod tls;

use std::fmt;
use std::time::Duration;

pub(crate) use self::places::Places;
use self::places::address;
#[cfg(all(feature = "tls", any(feature = "fred", feature = "redis")))]
pub(crate) use self::tls::PemSource;
pub use self::tls::{Pem, Tls};
use crate::error::{Error, Result};

/// The protocol that a connection speaks.
///
/// ```
/// use cache_core::{Protocol, RedisSettings};
///
/// // For a proxy that knows no `HELLO`. The URL can say it too: `redis://localhost:6379?protocol=resp2`.
/// let settings = RedisSettings::new("redis://localhost:6379").protocol(Protocol::Resp2);
/// # let _ = settings;
/// assert_eq!(Protocol::default(), Protocol::Resp3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2, for servers and proxies that know no other. Answers that were cut short by a time-out do not say so
    /// in it; queries therefore run without a time-out of the server's, and the client keeps the deadline.
    ///
    /// Where `HELLO` is not known (`rename-command`, proxies; without a version, Redis before 6.2), the server is asked what it can
    /// do by `INFO server` and `MODULE LIST`, for which its user needs `+info` and `+module|list`.
    Resp2,
    /// RESP3: answers carry warnings, and the server can push.
    #[default]
    Resp3,
}

/// The longest time-out: a longer one is no bound, and the server's own counters have their limits.
const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// How many calls wait for the server at once unless a setting says otherwise: more than a service has requests, and
/// few enough that a server that hangs costs megabytes and not all there is.
const MAX_IN_FLIGHT: usize = 16_384;

/// The most that a semaphore of tokio counts on every machine.
const MOST_IN_FLIGHT: usize = u32::MAX as usize >> 3;

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
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) client_name: Option<String>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) tls: Option<Tls>,
    /// The user and the password of the sentinels.
    pub(crate) sentinel_username: Option<String>,
    pub(crate) sentinel_password: Option<Secret>,
}

impl RedisSettings {
    /// Settings for a URL: `redis://[user][:password@]host[:port][/db]`, `rediss://…` for the same through TLS (feature
    /// `tls`), or `redis+unix:///path/to/socket`. With several hosts and ports, a `,` between them, it is
    /// [a cluster's](RedisSettings::nodes); with `redis+sentinel://`, [sentinels](RedisSettings::sentinel) are asked.
    ///
    /// RESP3, two seconds to connect, two seconds for an answer, and at most 16,384 calls that wait for one.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            username: None,
            password: None,
            client_name: None,
            protocol: None,
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
            max_in_flight: MAX_IN_FLIGHT,
            tls: None,
            sentinel_username: None,
            sentinel_password: None,
        }
    }

    /// The user, in place of that of the URL.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.username = Some(name.into());
        self
    }

    /// The password, in place of that of the URL. It is in no message, log or `Debug`.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret(password.into()));
        self
    }

    /// The name that the server shows in `CLIENT LIST`. Without blanks and control characters.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
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

    /// How many calls may wait for an answer at once, of all clones of the cache together; a pipeline is one call, and a
    /// call that is given up counts until then; a `get_many` of more documents than go into one command makes two. One more fails at once with [`Error::Busy`], since what waits costs
    /// memory, and would not be answered in time. So it does where as many that were given up are not answered on the
    /// connection: a server that does not read would have them kept without an end. At least 1.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.max_in_flight = calls.clamp(1, MOST_IN_FLIGHT);
        self
    }

    /// Which servers are trusted, and with which certificate the client says who it is; for a URL with `rediss://`.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The user that asks the [sentinels](RedisSettings::sentinel); without it they are asked as the default user.
    pub fn sentinel_username(mut self, name: impl Into<String>) -> Self {
        self.sentinel_username = Some(name.into());
        self
    }

    /// The password for the [sentinels](RedisSettings::sentinel), which need not be that of the server. It is in no message, log
    /// or `Debug`.
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.sentinel_password = Some(Secret(password.into()));
        self
    }

    /// Fails for what no server can be reached with, by the names under which whoever reads the message set it.
    pub(crate) fn check(&self, url: &'static str, client_name: &'static str) -> Result<()> {
        let refused = |setting, reason: &str| Err(Error::Settings { setting, reason: reason.to_owned() });
        if let Some(name) = &self.client_name
            && !name.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return refused(
                client_name,
                "the server takes no blanks, control characters or others than ASCII",
            );
        }
        const WANTED: &str = "write `redis://[user][:password@]host[:port][/db]`";
        let Some((scheme, _)) = self.url.split_once("://") else {
            return refused(url, "it has no scheme; write `redis://host:port` or `redis+unix:///path`");
        };
        let Some(places) = Places::of(&self.url) else {
            return match scheme {
                "redis+unix" | "valkey+unix" | "unix" if self.tls.is_none() => Ok(()),
                "redis+unix" | "valkey+unix" | "unix" => refused(url, NO_TLS),
                _ => {
                    refused(url, "its scheme is not known; write `redis://host:port` or `redis+unix:///path`")
                }
            };
        };
        if self.tls.is_some() && !places.is_tls() {
            return refused(url, NO_TLS);
        }
        if places.is_sentinel() && places.master().is_none() {
            return refused(
                url,
                "it does not say which master the sentinels are asked for, in letters, digits, `.`, `-` and `_`; write \
                 `redis+sentinel://host:port,host:port/name[/db]`",
            );
        }
        let several = places.hosts().count() > 1;
        for host in places.hosts() {
            match host {
                "" if several => {
                    return refused(
                        url,
                        "a host is missing, or it is of a node that differs from the first one in more than host and port; \
                         write `redis://[user][:password@]host:port,host:port`",
                    );
                }
                "" => return refused(url, &format!("it has no host; {WANTED}")),
                host if address(host, 0).is_none() => {
                    return refused(
                        url,
                        &format!("its port is no number up to 65535, or its host is missing; {WANTED}"),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const NO_TLS: &str = "there are settings for TLS, which it does not ask for; write `rediss://`";

/// What is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

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

/// What was read from the environment is a `String`, and is needed again for the log.
impl From<&String> for RedisSettings {
    fn from(url: &String) -> Self {
        url.as_str().into()
    }
}

impl From<&RedisSettings> for RedisSettings {
    fn from(settings: &RedisSettings) -> Self {
        settings.clone()
    }
}

/// Shows no password, and no user of the URL.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let address = match Places::of(&self.url) {
            // What has no number for a port may be a password.
            Some(places) if places.hosts().all(|host| host.is_empty() || address(host, 0).is_some()) => {
                let hosts = places.hosts().collect::<Vec<_>>().join(",");
                let master = places.master().filter(|_| places.is_sentinel());
                master.map_or_else(|| hosts.clone(), |master| format!("{hosts}/{master}"))
            }
            Some(_) => "…".to_owned(),
            None => rest.split('?').next().unwrap_or_default().to_owned(),
        };
        f.debug_struct("RedisSettings")
            .field("url", &format_args!("{scheme}://{address}"))
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| format_args!("…")))
            .field("client_name", &self.client_name)
            .field("protocol", &self.protocol)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("max_in_flight", &self.max_in_flight)
            .field("tls", &self.tls)
            .field("sentinel_username", &self.sentinel_username)
            .field("sentinel_password", &self.sentinel_password.as_ref().map(|_| format_args!("…")))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        for url in [
            "redis://ann:s3cret@host:1/0",
            "redis+unix:///s?pass=s3cret",
            "redis://:s3cret@h",
            "redis://ann:s3cret",
            "redis+sentinel://ann:s3cret@h,i:s3cret/name",
        ] {
            let settings = RedisSettings::new(url).password("s3cret").sentinel_password("s3cret");
            let shown = format!("{settings:?}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
