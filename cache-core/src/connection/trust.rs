//! Whom a client trusts and who it is, as rustls takes it; and who a server of tests is.

use std::sync::Arc;

#[cfg(feature = "testkit")]
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::settings::{Pem, PemSource, Tls};

/// Reads all files. The error says what is wrong with them.
pub(super) fn config(settings: &Tls) -> Result<ClientConfig, String> {
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

/// Who a server is that asks no client for a certificate. The error says what is wrong with the files.
#[cfg(feature = "testkit")]
pub(crate) fn server(chain: &Pem, key: &Pem) -> Result<ServerConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let chain = certificates(chain, "the server's certificate")?;
    let key = PrivateKeyDer::from_pem_slice(&read(key, "the server's key")?)
        .map_err(|error| format!("the server's key cannot be read: {error}"))?;
    let unfit = |error| format!("the server's certificate and key do not fit: {error}");
    builder.with_no_client_auth().with_single_cert(chain, key).map_err(unfit)
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
