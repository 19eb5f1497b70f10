//! TLS under a connection, by rustls.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::connection::trust::config;
use crate::error::{Error, Result};
use crate::settings::Tls;

/// Makes streams that have TLS.
#[derive(Clone)]
pub(super) struct Connector {
    settings: Arc<Tls>,
}

impl Connector {
    /// For servers of which these hosts are known.
    ///
    /// # Errors
    /// [`Error::Tls`] if certificates or keys cannot be read, or a host is no name that a certificate can have.
    pub(super) fn new(settings: Tls, hosts: &[(String, u16)]) -> Result<Self> {
        let refused = |reason| Error::Tls { reason };
        hosts.iter().try_for_each(|(host, _)| name(&settings, host).map(drop)).map_err(refused)?;
        config(&settings).map_err(refused)?;
        Ok(Self { settings: Arc::new(settings) })
    }

    pub(super) async fn connect<S>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let unusable = |reason| io::Error::other(Unusable(reason));
        let name = name(&self.settings, host).map_err(unusable)?;
        // Certificates are renewed while services run.
        let settings = Arc::clone(&self.settings);
        let config = tokio::task::spawn_blocking(move || config(&settings)).await?;
        TlsConnector::from(Arc::new(config.map_err(unusable)?)).connect(name, stream).await
    }
}

/// The name that the server's certificate is to have.
fn name(settings: &Tls, host: &str) -> Result<ServerName<'static>, String> {
    let host = settings.sni.as_deref().unwrap_or(host).trim_matches(['[', ']']);
    ServerName::try_from(host.to_owned()).map_err(|_| format!("`{host}` is no name of a server"))
}

/// What is wrong with the files, once a connection is made anew.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

/// Why there is no TLS, if that is what went wrong, and not the line below.
pub(super) fn reason(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?;
    (inner.is::<rustls::Error>() || inner.is::<Unusable>()).then(|| inner.to_string())
}
