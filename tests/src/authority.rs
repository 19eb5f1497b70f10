//! Who vouches for the certificates of the tests.

use cache_core::{Pem, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, Error, IsCa, KeyPair};

/// Who vouches for others.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// One that nobody knows yet.
    ///
    /// # Panics
    /// If no key can be made.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let made = || {
            let mut params = CertificateParams::new(Vec::new())?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate()?)
        };
        Self(there(made()))
    }

    /// Its own certificate, as a client has it that trusts it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A client that trusts it and nobody else.
    pub fn trusted(&self) -> Tls {
        Tls::new().cacert(Pem::text(self.pem()))
    }

    /// A certificate for a name, and its key.
    ///
    /// # Panics
    /// If it is no name, or no key can be made.
    pub fn vouch(&self, name: &str) -> (String, String) {
        let made = || {
            let key = KeyPair::generate()?;
            let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &self.0)?;
            Ok((certificate.pem(), key.serialize_pem()))
        };
        there(made())
    }
}

fn there<T>(made: Result<T, Error>) -> T {
    made.unwrap_or_else(|error| panic!("no certificate: {error}"))
}
