//! TLS of a client of `fred`, by rustls.

use std::sync::Arc;

use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::types::config::{Config, ServerConfig, TlsConfig, TlsConnector};

use crate::connection::trust;
use crate::error::{Error, Result};
use crate::settings::Tls;

/// Has a client make its connections with TLS. The files are read once.
pub(super) fn encrypt(config: &mut Config, settings: &Tls) -> Result<()> {
    let trusts = trust::config(settings).map_err(|reason| Error::Tls { reason })?;
    config.tls =
        Some(TlsConfig::from(TlsConnector::from(tokio_rustls::TlsConnector::from(Arc::new(trusts)))));
    if let ServerConfig::Centralized { server } = &mut config.server {
        // fred asks for the host as it stands in the URL, where an address of IPv6 has brackets.
        let address = server.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(Into::into);
        server.tls_server_name = settings.sni.as_deref().map(Into::into).or(address);
    }
    Ok(())
}

/// An error of making a connection, which is one of TLS if that is what went wrong, and not the line below.
pub(super) fn opening(error: FredError) -> FredError {
    match (error.kind(), of_rustls(error.details())) {
        (ErrorKind::IO, Some(reason)) => FredError::new(ErrorKind::Tls, reason),
        _ => error,
    }
}

/// Why there is no TLS, if that is what went wrong.
pub(super) fn reason(error: &FredError) -> Option<String> {
    (*error.kind() == ErrorKind::Tls).then(|| error.details().to_owned())
}

/// An error of rustls, of which fred keeps the text for programmers alone.
fn of_rustls(text: &str) -> Option<String> {
    let error = text.strip_prefix("Custom { kind: InvalidData, error: ")?;
    let error = error.strip_suffix(" }").unwrap_or(error);
    let said = |name: &str, means: &str| {
        let what = error.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
        Some(format!("{means}: {what}"))
    };
    said("InvalidCertificate", "invalid peer certificate")
        .or_else(|| said("AlertReceived", "received fatal alert"))
        .or_else(|| Some(error.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_asked_for_without_the_brackets_of_an_address() {
        for (url, sni, expected) in [
            ("redis://[::1]:6379", None, Some("::1")),
            ("redis://[::1]:6379", Some("cache.internal"), Some("cache.internal")),
            ("redis://cache:6379", None, None),
        ] {
            let mut config = Config::from_url(url).unwrap();
            encrypt(&mut config, &sni.into_iter().fold(Tls::new(), Tls::sni)).unwrap();
            let ServerConfig::Centralized { server } = &config.server else { panic!("{config:?}") };
            assert_eq!(server.tls_server_name.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn an_error_of_tls_is_told_from_one_of_the_line() {
        for (text, expected) in [
            (
                "Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) }",
                Some("invalid peer certificate: UnknownIssuer"),
            ),
            (
                "Custom { kind: InvalidData, error: AlertReceived(CertificateRequired) }",
                Some("received fatal alert: CertificateRequired"),
            ),
            ("Custom { kind: InvalidData, error: DecryptError }", Some("DecryptError")),
            ("Custom { kind: UnexpectedEof, error: \"tls handshake eof\" }", None),
            ("Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }", None),
        ] {
            assert_eq!(of_rustls(text).as_deref(), expected, "{text}");
        }
    }
}
