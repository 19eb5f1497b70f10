//! A TCP proxy in front of a server that does to connections what networks do. What is done is decided chunk by chunk (what one
//! `read` gave), for each direction: by faults that were ordered for the next chunk, else by a plan.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::faults::{Chunk, Direction, Fault, Odds, Plan};
#[cfg(feature = "tls")]
use crate::connection::trust;
#[cfg(feature = "tls")]
use crate::settings::Pem;

#[cfg(feature = "tls")]
type Acceptor = tokio_rustls::TlsAcceptor;
/// Nothing accepts TLS without the feature.
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
enum Acceptor {}

/// Listens on a port of its own until it is dropped.
///
/// ```no_run
/// # use cache_core::{Cache, embedded::Server};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use cache_core::testkit::{Direction, Proxy};
///
/// let server = Server::start().await?;
/// let proxy = Proxy::start(&server.url()).await?;
/// let cache = Cache::connect(proxy.url()).await?;
///
/// proxy.silence(Direction::ToClient);
/// assert!(cache.ping().await.unwrap_err().is_unavailable(), "it ends with its deadline");
/// proxy.calm();
/// proxy.reset_all();
/// cache.ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    scheme: &'static str,
    port: u16,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.reset_all();
    }
}

struct Shared {
    upstream: Mutex<Upstream>,
    plan: Mutex<Option<Plan>>,
    ordered: Mutex<Vec<(Direction, Fault)>>,
    /// Changes when all connections are to be reset.
    cut: watch::Sender<u64>,
    injected: AtomicU64,
    connections: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("injected", &self.injected).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
enum Upstream {
    Tcp(String),
    Unix(PathBuf),
    /// Whoever comes is reset.
    Nobody,
}

impl Upstream {
    fn of(url: &str) -> io::Result<Self> {
        match (url.strip_prefix("redis+unix://"), url.strip_prefix("redis://")) {
            (Some(path), _) => Ok(Self::Unix(PathBuf::from(path.split('?').next().unwrap_or_default()))),
            (None, Some(address)) => {
                let address = address.split(['/', '?']).next().unwrap_or_default();
                let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
                let has_port = address.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
                Ok(Self::Tcp(if has_port { address.to_owned() } else { format!("{address}:6379") }))
            }
            (None, None) => {
                let message = "a proxy stands in front of `redis://HOST:PORT` or `redis+unix://SOCKET`";
                Err(io::Error::new(io::ErrorKind::InvalidInput, message))
            }
        }
    }
}

/// How a connection ended.
enum End {
    Closed,
    Reset,
}

impl Proxy {
    /// A proxy in front of the server at this URL, `redis://HOST:PORT` or `redis+unix://SOCKET`. What the URL says of users
    /// and databases is left to the client's own.
    ///
    /// # Errors
    /// If it is no such URL, or there is no port to spare on `127.0.0.1`.
    pub async fn start(url: &str) -> io::Result<Self> {
        Self::listen(Upstream::of(url)?, None).await
    }

    /// As [`start`](Self::start), for clients that speak TLS: the server has this certificate, behind it those between it and
    /// an authority, and its key. Faults are done to what it says in plain; [`url`](Self::url) is `rediss://localhost:PORT`.
    ///
    /// ```no_run
    /// # use cache_core::embedded::Server;
    /// # async fn example(ca: String, cert: String, key: String) -> Result<(), Box<dyn std::error::Error>> {
    /// use cache_core::testkit::Proxy;
    /// use cache_core::{Cache, Pem, RedisSettings, Tls};
    ///
    /// let server = Server::start().await?;
    /// let proxy = Proxy::start_tls(&server.url(), Pem::text(cert), Pem::text(key)).await?;
    /// let settings = RedisSettings::new(proxy.url()).tls(Tls::new().cacert(Pem::text(ca)));
    /// Cache::connect(settings).await?.ping().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`start`](Self::start), or if certificate or key cannot be used.
    #[cfg(feature = "tls")]
    pub async fn start_tls(url: &str, cert: impl Into<Pem>, key: impl Into<Pem>) -> io::Result<Self> {
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidInput, reason);
        let config = trust::server(&cert.into(), &key.into()).map_err(invalid)?;
        Self::listen(Upstream::of(url)?, Some(Acceptor::from(Arc::new(config)))).await
    }

    async fn listen(upstream: Upstream, tls: Option<Acceptor>) -> io::Result<Self> {
        let scheme = if tls.is_some() { "rediss://localhost" } else { "redis://127.0.0.1" };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            plan: Mutex::new(None),
            ordered: Mutex::default(),
            cut: watch::channel(0).0,
            injected: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listen(listener, tls, Arc::clone(&shared)));
        Ok(Self { scheme, port, shared, listening })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("{}:{}", self.scheme, self.port)
    }

    /// Its port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Does this to the next chunk in this direction, of whichever connection; once. What was ordered first comes first.
    pub fn next(&self, direction: Direction, fault: Fault) {
        lock(&self.shared.ordered).push((direction, fault));
    }

    /// Decides about all chunks that nothing was ordered for.
    pub fn plan(&self, plan: impl FnMut(&Chunk<'_>) -> Option<Fault> + Send + 'static) {
        *lock(&self.shared.plan) = Some(Box::new(plan));
    }

    /// Faults by chance, the same for the same seed and chunks.
    pub fn dice(&self, seed: u64, odds: Odds) {
        let mut dice = StdRng::seed_from_u64(seed);
        self.plan(move |chunk| odds.throw(&mut dice, chunk.bytes.len()));
    }

    /// Nothing passes any more in this direction, and nobody is told.
    pub fn silence(&self, silent: Direction) {
        self.plan(move |chunk| (chunk.direction == silent).then_some(Fault::Silence));
    }

    /// Everything passes again; but connections that fell silent stay so until they are [reset](Proxy::reset_all).
    pub fn calm(&self) {
        *lock(&self.shared.plan) = None;
        lock(&self.shared.ordered).clear();
    }

    /// Resets all connections.
    pub fn reset_all(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Has another server behind it from now on: connections are reset, and made anew with that one.
    ///
    /// # Errors
    /// If it is no URL of a server; then nothing changes.
    pub fn redirect(&self, url: &str) -> io::Result<()> {
        *lock(&self.shared.upstream) = Upstream::of(url)?;
        self.reset_all();
        Ok(())
    }

    /// Resets all connections, and whoever comes until there is a [server](Proxy::redirect) again.
    pub fn refuse(&self) {
        *lock(&self.shared.upstream) = Upstream::Nobody;
        self.reset_all();
    }

    /// How many faults were injected, chunk by chunk; of a silence the first chunk counts.
    pub fn injected(&self) -> u64 {
        self.shared.injected.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn decide(&self, chunk: &Chunk<'_>) -> Option<Fault> {
        let mut ordered = lock(&self.ordered);
        let fault = match ordered.iter().position(|(direction, _)| *direction == chunk.direction) {
            Some(at) => Some(ordered.remove(at).1),
            None => {
                drop(ordered);
                lock(&self.plan).as_mut().and_then(|plan| plan(chunk))
            }
        };
        self.injected.fetch_add(u64::from(fault.is_some()), Ordering::Relaxed);
        fault
    }
}

async fn listen(listener: TcpListener, tls: Option<Acceptor>, shared: Arc<Shared>) {
    // A proxy that is dropped takes its connections with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        connections.spawn(serve(client, tls.clone(), number, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(client: TcpStream, tls: Option<Acceptor>, number: u64, shared: Arc<Shared>) {
    let cut = shared.cut.subscribe();
    match tls {
        None => pass(client, cut, number, &shared).await,
        #[cfg(feature = "tls")]
        Some(tls) => {
            // Who trusts nobody says so itself.
            if let Ok(client) = tls.accept(client).await {
                pass(client, cut, number, &shared).await;
            }
        }
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    }
}

/// What a client is connected by.
trait Client: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Client for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

#[cfg(feature = "tls")]
impl Client for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn pass(mut client: impl Client, mut cut: watch::Receiver<u64>, number: u64, shared: &Shared) {
    let upstream = lock(&shared.upstream).clone();
    let carried = async {
        client.tcp().set_nodelay(true)?;
        match upstream {
            Upstream::Tcp(address) => {
                let server = TcpStream::connect(address).await?;
                server.set_nodelay(true)?;
                carry(&mut client, server, number, shared).await
            }
            Upstream::Unix(path) => {
                carry(&mut client, UnixStream::connect(path).await?, number, shared).await
            }
            Upstream::Nobody => Ok(End::Reset),
        }
    };
    let end = tokio::select! {
        end = carried => end,
        _ = cut.changed() => Ok(End::Reset),
    };
    if !matches!(end, Ok(End::Closed)) {
        // What closes without lingering is reset.
        let _ = client.tcp().set_zero_linger();
    }
}

async fn carry<S>(client: &mut impl Client, server: S, number: u64, shared: &Shared) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    tokio::select! {
        end = pump(Direction::ToServer, from_client, to_server, number, shared) => end,
        end = pump(Direction::ToClient, from_server, to_client, number, shared) => end,
    }
}

async fn pump(
    direction: Direction,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    connection: u64,
    shared: &Shared,
) -> io::Result<End> {
    let (mut buffer, mut silent) = (vec![0; 64 * 1024], false);
    for number in 0.. {
        let length = from.read(&mut buffer).await?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if silent {
            continue;
        }
        match shared.decide(&Chunk { connection, direction, number, bytes }) {
            None => write(&mut to, bytes).await?,
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                write(&mut to, bytes).await?;
            }
            Some(Fault::Reset) => return Ok(End::Reset),
            Some(Fault::Silence) => silent = true,
            Some(Fault::Truncate(length)) => {
                write(&mut to, bytes.get(..length).unwrap_or(bytes)).await?;
                return Ok(End::Reset);
            }
        }
    }
    Ok(End::Closed)
}

/// TLS keeps some for itself until it is flushed.
async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
