//! TLS: whom the client trusts, whom the server does, and what is said when they do not.
//!
//! The embedded server is built without TLS; a terminator of the test's own stands before it, as those of providers do.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use cache_core::connection::FredConnection;
use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{
    Batch, Cache, CacheState, Command, Degrade, Error, ErrorClass, Pem, Protocol, RedisSettings, Reply, Tls,
};
use cache_tests::authority::Authority;
use cache_tests::{chain, connect_with, degrade, private_server, speaking};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

fn server_config((chain, key): &(String, String), clients: Option<&Authority>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()];
    builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
}

/// A server behind TLS.
struct Behind {
    server: Server,
    address: SocketAddr,
    config: Arc<RwLock<Arc<ServerConfig>>>,
    protocol: Protocol,
}

impl Behind {
    async fn start(config: ServerConfig, protocol: Protocol) -> Self {
        let server = private_server().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(RwLock::new(Arc::new(config)));
        let (shown, socket) = (Arc::clone(&config), server.socket().to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, socket) = (Arc::clone(&shown.read().unwrap()), socket.clone());
                tokio::spawn(async move {
                    let mut tls = TlsAcceptor::from(config).accept(stream).await?;
                    let mut plain = UnixStream::connect(socket).await?;
                    tokio::io::copy_bidirectional(&mut tls, &mut plain).await
                });
            }
        });
        Self { server, address, config, protocol }
    }

    fn settings(&self, tls: Tls) -> RedisSettings {
        let timeout = Duration::from_secs(5);
        speaking(format!("rediss://localhost:{}", self.address.port()), self.protocol)
            .tls(tls)
            .connect_timeout(timeout)
            .response_timeout(timeout)
    }
}

async fn reason(settings: RedisSettings) -> String {
    match connect_with(settings).await {
        Err(Error::Tls { reason }) => reason,
        Err(error) => panic!("{}", chain(&error)),
        Ok(_) => panic!("it connected"),
    }
}

async fn a_server_with_a_certificate_of_a_trusted_authority_is_talked_to(protocol: Protocol) {
    let authority = Authority::new();
    let behind = Behind::start(server_config(&authority.vouch("localhost"), None), protocol).await;
    let settings = behind.settings(authority.trusted());
    let cache = connect_with(settings).await.unwrap();
    cache.ping().await.unwrap();
    assert_eq!(cache.capabilities().protocol, protocol);
}

/// As a user of the test kit has it.
async fn a_proxy_has_tls_and_faults(protocol: Protocol) {
    let (authority, server) = (Authority::new(), private_server().await);
    let (cert, key) = authority.vouch("localhost");
    let proxy = Proxy::start_tls(&server.url(), Pem::text(cert), Pem::text(key)).await.unwrap();
    assert!(proxy.url().starts_with("rediss://localhost:"), "{}", proxy.url());
    let settings = |tls| {
        let timeout = Duration::from_secs(5);
        speaking(proxy.url(), protocol).tls(tls).connect_timeout(timeout).response_timeout(timeout)
    };
    let cache = connect_with(settings(authority.trusted())).await.unwrap();
    let increment = || Command::new("INCR").key("n");
    assert_eq!(cache.command(increment()).await.unwrap(), Reply::Int(1));
    proxy.next(Direction::ToClient, Fault::Reset);
    assert!(cache.command(increment()).await.unwrap_err().is_unavailable());
    assert_eq!(cache.command(increment()).await.unwrap(), Reply::Int(3));
    let reason = reason(settings(Authority::new().trusted())).await;
    assert!(reason.contains("certificate"), "{reason}");
    let error = Proxy::start_tls(&server.url(), Pem::text("no certificate"), Pem::text("no key")).await;
    assert!(error.unwrap_err().to_string().contains("the server's certificate"));
}

async fn what_is_not_trusted_is_told_by_type(protocol: Protocol) {
    let (authority, other) = (Authority::new(), Authority::new());
    let behind = Behind::start(server_config(&authority.vouch("cache.example"), None), protocol).await;
    let cache = connect_with(behind.settings(authority.trusted().sni("cache.example"))).await.unwrap();
    cache.ping().await.unwrap();
    let unknown = reason(behind.settings(other.trusted())).await;
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");
    let name = reason(behind.settings(authority.trusted())).await;
    // Of rustls' errors, fred keeps the text for programmers.
    assert!(name.contains("certificate") && name.contains("localhost"), "{name}");
    // The authorities of the machine know nothing of ours, if it has any.
    reason(behind.settings(Tls::new())).await;
    let (_, key) = authority.vouch("client");
    let (cert, _) = authority.vouch("client");
    let unfit =
        reason(behind.settings(authority.trusted().cert(Pem::text(cert), Pem::text(key.clone())))).await;
    assert!(unfit.contains("do not fit"), "{unfit}");
    let missing = reason(behind.settings(Tls::new().cacert("/nowhere/ca.crt"))).await;
    assert!(missing.contains("/nowhere/ca.crt"), "{missing}");
    let wrong = reason(behind.settings(Tls::new().cacert(Pem::text(key.clone())))).await;
    assert!(wrong.contains("-----BEGIN CERTIFICATE-----"), "{wrong}");
    let shown = format!("{:?}", behind.settings(authority.trusted().cert("c", Pem::text(key))));
    assert!(!shown.contains("BEGIN"), "{shown}");
}

async fn the_client_says_who_it_is(protocol: Protocol) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let config = server_config(&authority.vouch("localhost"), Some(&authority));
    let behind = Behind::start(config, protocol).await;
    let shown = |by: &Authority| {
        let (cert, key) = by.vouch("client");
        authority.trusted().cert(Pem::text(cert), Pem::text(key))
    };
    connect_with(behind.settings(shown(&authority))).await.unwrap().ping().await.unwrap();
    for refused in [authority.trusted(), shown(&stranger)] {
        // In TLS 1.3 the server says so after the client's part of the handshake is over.
        let said = reason(behind.settings(refused)).await;
        assert!(said.contains("fatal alert"), "{said}");
    }
}

/// The same through fred, whose client is made of the same settings.
async fn through_fred(protocol: Protocol) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let config = server_config(&authority.vouch("cache.example"), Some(&authority));
    let behind = Behind::start(config, protocol).await;
    let trusting = || authority.trusted().sni("cache.example");
    let shown = |by: &Authority| {
        let (cert, key) = by.vouch("client");
        trusting().cert(Pem::text(cert), Pem::text(key))
    };
    let connection = FredConnection::connect(behind.settings(shown(&authority))).await;
    let cache =
        Cache::from_connection(Arc::new(connection.unwrap_or_else(|error| panic!("{}", chain(&error)))));
    cache.ping().await.unwrap();
    // A transaction has a connection of its own, which has TLS too.
    let batch = Batch::atomic(vec![Command::new("SET").key("a").arg("1"), Command::new("GET").key("a")]);
    let answers = cache.connection().send_all(batch).await.unwrap();
    assert_eq!(answers.into_iter().map(Result::unwrap).next_back(), Some(Reply::Bulk("1".into())));
    let reason = async |tls: Tls| match FredConnection::connect(behind.settings(tls)).await {
        Err(Error::Tls { reason }) => reason,
        Err(error) => panic!("{}", chain(&error)),
        Ok(_) => panic!("it connected"),
    };
    for refused in [trusting(), shown(&stranger)] {
        let said = reason(refused).await;
        assert!(said.contains("fatal alert"), "{said}");
    }
    let unknown = reason(shown(&authority).cacert(Pem::text(stranger.pem()))).await;
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");
    let name = reason(shown(&authority).sni("localhost")).await;
    assert!(name.contains("invalid peer certificate"), "{name}");
    let missing = reason(Tls::new().cacert("/nowhere/ca.crt")).await;
    assert!(missing.contains("/nowhere/ca.crt"), "{missing}");
}

async fn a_service_does_not_boot_without_trust_unless_lenient(protocol: Protocol) {
    let (authority, other) = (Authority::new(), Authority::new());
    let behind = Behind::start(server_config(&authority.vouch("localhost"), None), protocol).await;
    let settings = behind.settings(other.trusted());
    let refused = degrade(Degrade::new(), settings.clone()).await.unwrap_err();
    assert!(matches!(refused, Error::Tls { .. }), "{}", chain(&refused));
    let cache = degrade(Degrade::new().lenient(), settings).await.unwrap();
    assert!(
        matches!(cache.state(), CacheState::Degraded { class: ErrorClass::Tls, .. }),
        "{:?}",
        cache.state()
    );
}

async fn one_of_both_does_not_speak_tls(protocol: Protocol) {
    let authority = Authority::new();
    let behind = Behind::start(server_config(&authority.vouch("localhost"), None), protocol).await;
    let plain = cache_core::testkit::Proxy::start(&behind.server.url()).await.unwrap();
    let settings = speaking(format!("rediss://localhost:{}", plain.port()), protocol);
    let tls = authority.trusted();
    // It waits for the end of what it takes for a command.
    let short = Duration::from_millis(200);
    let error =
        connect_with(settings.tls(tls).connect_timeout(short).response_timeout(short)).await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
    let settings = speaking(format!("redis://localhost:{}", behind.address.port()), protocol);
    let error = connect_with(settings).await.unwrap_err();
    assert!(
        matches!(error, Error::Settings { .. }) && chain(&error).contains("rediss://"),
        "{}",
        chain(&error)
    );
}

async fn renewed_files_are_read_when_a_connection_is_made_anew(protocol: Protocol) {
    let (old, new) = (Authority::new(), Authority::new());
    let behind = Behind::start(server_config(&old.vouch("localhost"), None), protocol).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.crt");
    std::fs::write(&file, old.pem()).unwrap();
    // The client fred reads them once.
    let cache = Cache::connect(behind.settings(Tls::new().cacert(file.as_path()))).await.unwrap();
    cache.ping().await.unwrap();
    std::fs::write(&file, new.pem()).unwrap();
    *behind.config.write().unwrap() = Arc::new(server_config(&new.vouch("localhost"), None));
    let kill = Command::new("CLIENT").arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("no");
    let _ = cache.connection().send(kill).await;
    cache.ping().await.unwrap();
}

cache_tests::both! {
    cache_tests::alone =>
        a_server_with_a_certificate_of_a_trusted_authority_is_talked_to,
        a_proxy_has_tls_and_faults,
        what_is_not_trusted_is_told_by_type,
        the_client_says_who_it_is,
        a_service_does_not_boot_without_trust_unless_lenient,
        one_of_both_does_not_speak_tls,
        renewed_files_are_read_when_a_connection_is_made_anew;
    cache_tests::on_threads =>
        through_fred;
}
