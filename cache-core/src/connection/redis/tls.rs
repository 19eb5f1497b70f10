//! TLS under a connection, by rustls.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::settings::{Pem, PemSource, Tls};

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

fn config(settings: &Tls) -> Result<ClientConfig, String> {
    // Named, and not the one of the process: a library neither chooses that one nor depends on who did.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(authorities(settings)?);
    match &settings.cert {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let chain = certificates(chain, "the client's certificate")?;
            let key = PrivateKeyDer::from_pem_slice(&read(key, "the client's key")?)
                .map_err(|error| format!("the client's key cannot be read: {error}"))?;
            let unfit = |error| format!("the client's certificate and key do not fit: {error}");
            builder.with_client_auth_cert(chain, key).map_err(unfit)
        }
    }
}

fn authorities(settings: &Tls) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match &settings.cacert {
        Some(given) => {
            for certificate in certificates(given, "the authorities' certificates")? {
                let refused = |error| format!("an authority's certificate cannot be used: {error}");
                roots.add(certificate).map_err(refused)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(
                    "the machine trusts no authorities; install `ca-certificates`, or name some".to_owned()
                );
            }
        }
    }
    Ok(roots)
}

fn certificates(pem: &Pem, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_slice_iter(&read(pem, what)?).collect::<Result<Vec<_>, _>>();
    let certificates = read.map_err(|error| format!("{what} cannot be read: {error}"))?;
    if certificates.is_empty() {
        Err(format!("{what} are none: no `-----BEGIN CERTIFICATE-----`"))
    } else {
        Ok(certificates)
    }
}

fn read(pem: &Pem, what: &str) -> Result<Vec<u8>, String> {
    match &pem.0 {
        PemSource::Text(text) => Ok(text.as_bytes().to_vec()),
        PemSource::File(path) => std::fs::read(path)
            .map_err(|error| format!("{what} cannot be read from `{}`: {error}", path.display())),
    }
}
