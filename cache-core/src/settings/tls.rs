//! What TLS needs to know: whom to trust, and who the client is.

use std::fmt;
use std::path::{Path, PathBuf};

/// Which servers are trusted, and with which certificate the client says who it is. The names are those of `redis-cli`.
///
/// Without it, a URL with `rediss://` trusts the authorities that the machine trusts, and shows no certificate. The server
/// has to have a certificate for the host of the URL; there is no way to leave that unchecked.
///
/// Files are read again whenever a connection is made, so that renewed certificates are used without a restart.
///
/// ```
/// use cache_core::{RedisSettings, Tls};
///
/// let tls = Tls::new().cacert("/etc/redis/ca.crt").cert("/etc/redis/client.crt", "/etc/redis/client.key");
/// let settings = RedisSettings::new("rediss://cache.example:6380").tls(tls);
/// # let _ = settings;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    pub(crate) cacert: Option<Pem>,
    pub(crate) cert: Option<(Pem, Pem)>,
    pub(crate) sni: Option<String>,
}

impl Tls {
    /// The authorities of the machine, and no certificate of the client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities in place of those of the machine: one or more certificates in PEM.
    pub fn cacert(mut self, authorities: impl Into<Pem>) -> Self {
        self.cacert = Some(authorities.into());
        self
    }

    /// Shows the server this certificate, with those between it and its authority, and its private key.
    #[doc(alias = "client_certificate")]
    pub fn cert(mut self, chain: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.cert = Some((chain.into(), key.into()));
        self
    }

    /// The name for which the server has its certificate, where that is not the host of the URL.
    #[doc(alias = "server_name")]
    pub fn sni(mut self, name: impl Into<String>) -> Self {
        self.sni = Some(name.into());
        self
    }
}

/// Certificates or a key in PEM: a file, or its text.
///
/// ```
/// use cache_core::{Pem, Tls};
///
/// // From a file, read again with each connection; and from what a secret store gave.
/// let key = Pem::text("-----BEGIN PRIVATE KEY-----\n…");
/// assert_eq!(format!("{key:?}"), "…");
/// let tls = Tls::new().cacert(Pem::file("/etc/redis/ca.crt")).cert("/etc/redis/client.crt", key);
/// # let _ = tls;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pem(pub(crate) PemSource);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PemSource {
    File(PathBuf),
    Text(String),
}

impl Pem {
    /// A file, read whenever a connection is made.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(PemSource::File(path.into()))
    }

    /// The text itself, `-----BEGIN …`. It is in no message, log or `Debug`.
    pub fn text(text: impl Into<String>) -> Self {
        Self(PemSource::Text(text.into()))
    }
}

/// Shows no text: it may be a key.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            PemSource::File(path) => path.fmt(f),
            PemSource::Text(_) => f.write_str("…"),
        }
    }
}

/// A [file](Pem::file).
impl From<&str> for Pem {
    fn from(path: &str) -> Self {
        Self::file(path)
    }
}

/// A [file](Pem::file).
impl From<String> for Pem {
    fn from(path: String) -> Self {
        Self::file(path)
    }
}

/// A [file](Pem::file).
impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

/// A [file](Pem::file).
impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}
