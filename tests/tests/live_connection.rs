//! The connection between restarts: replaced when it is dead without a word, made while callers come and go, and
//! not tied to the runtime that made it first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault};
use cache_core::{Cache, CacheModel, Protocol};
use cache_tests::{chain, connect_with, private_server, shared_url, speaking};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    #[index]
    id: u32,
}

const TIMEOUT: Duration = Duration::from_millis(300);

/// A way to a server that can go deaf on the connections it has, and be slow on those it gets.
#[derive(Default)]
struct Proxy {
    passes: Mutex<Vec<Arc<AtomicBool>>>,
    slow: AtomicBool,
}

impl Proxy {
    async fn before(server: &Server) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (proxy, port) = (Arc::new(Self::default()), server.port().unwrap());
        let serving = Arc::clone(&proxy);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let delay = if serving.slow.load(Ordering::SeqCst) { TIMEOUT * 2 } else { Duration::ZERO };
                let passes = Arc::new(AtomicBool::new(true));
                serving.passes.lock().unwrap().push(Arc::clone(&passes));
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::spawn(pump(from_client, to_server, Arc::new(AtomicBool::new(true))));
                    pump(from_server, to_client, passes).await;
                });
            }
        });
        (proxy, url)
    }

    /// From now on nothing comes back on the connections that there are; nobody is told.
    fn go_deaf(&self) {
        self.passes.lock().unwrap().iter().for_each(|passes| passes.store(false, Ordering::SeqCst));
    }
}

/// The first query of a cache that connects lazily: to connect, to ask who the server is and to ask what is asked, each takes a part of the
/// time, all together no more than there is.
async fn a_slow_server_gets_no_more_time_for_the_first_query(protocol: Protocol) {
    const TIME: Duration = Duration::from_secs(2);
    let server = private_server().await;
    let first = async |part: u32| {
        let proxy = cache_core::testkit::Proxy::start(&server.url()).await.unwrap();
        proxy.plan(move |chunk| {
            (chunk.direction == Direction::ToClient).then_some(Fault::Delay(TIME * part / 100))
        });
        let settings = speaking(proxy.url(), protocol).response_timeout(TIME);
        let cache = cache_tests::connect_lazy(settings).unwrap();
        let began = Instant::now();
        let counted = Note::find().count(&cache).await;
        let took = began.elapsed();
        assert!(took < TIME * 115 / 100, "{part} %: {took:?}, {counted:?}");
    };
    futures_util::future::join_all([16, 20, 24, 27, 30, 33, 40, 48].map(first)).await;
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, passes: Arc<AtomicBool>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if passes.load(Ordering::SeqCst) && to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
}

async fn connect(url: &str, protocol: Protocol) -> Cache {
    let settings = speaking(url, protocol).response_timeout(TIMEOUT);
    connect_with(settings).await.unwrap()
}

async fn with_port() -> Server {
    Server::options().tcp(true).start().await.unwrap()
}

async fn a_connection_that_went_deaf_is_replaced(protocol: Protocol) {
    let server = with_port().await;
    let (proxy, url) = Proxy::before(&server).await;
    let cache = connect(&url, protocol).await;
    cache.ping().await.unwrap();
    proxy.go_deaf();
    let error = cache.ping().await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
    cache.ping().await.unwrap();
}

async fn connecting_outlives_the_callers_who_gave_up(protocol: Protocol) {
    let server = with_port().await;
    let (proxy, url) = Proxy::before(&server).await;
    let cache = connect(&url, protocol).await;
    proxy.slow.store(true, Ordering::SeqCst);
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    // Connecting takes twice as long as a call may: the first callers give up, and those after them find it done.
    let mut answered = 0;
    for _ in 0..6 {
        answered += u32::from(cache.ping().await.is_ok());
    }
    assert!(answered >= 2, "{answered} of 6");
}

/// A write is never repeated, so it must not be sent on a connection that is known to be gone.
async fn the_first_write_after_a_restart_succeeds(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    for id in 0..5 {
        let _ = Note { id }.save(&cache).await.unwrap();
        server.kill().await.unwrap();
        server.restart().await.unwrap();
    }
    let _ = Note { id: 9 }.save(&cache).await.unwrap();
}

fn a_cache_outlives_the_runtime_that_connected_it(protocol: Protocol) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    // The server's own tasks need a runtime that stays.
    let url = first.block_on(shared_url());
    // The client fred ends with its runtime.
    let settings = speaking(url, protocol).response_timeout(TIMEOUT);
    let cache = first.block_on(Cache::connect(settings)).unwrap().namespace("runtimes");
    first.block_on(cache.ping()).unwrap();
    drop(first);
    for id in 0..3 {
        let _ = runtime().block_on(Note { id }.save(&cache)).unwrap();
    }
}

/// Calls the server when it is dropped: as the tasks of a runtime that ends do.
struct AtTheEnd(Cache);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let mut ping = std::pin::pin!(self.0.ping());
        let _ = ping.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    }
}

/// A runtime that ends drops what is spawned at once: nothing may be locked while a task is spawned.
fn a_call_while_the_runtime_ends_does_not_hang(protocol: Protocol) {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let server = private_server().await;
            let cache = connect(&server.url(), protocol).await;
            server.kill().await.unwrap();
            while cache.ping().await.is_ok() {}
            let at_the_end = AtTheEnd(cache);
            tokio::spawn(async move {
                let _at_the_end = at_the_end;
                std::future::pending::<()>().await;
            });
        });
        drop(runtime);
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(Duration::from_secs(20)).expect("the runtime ends");
}

#[test]
fn outside_a_runtime_there_is_an_error_and_no_panic() {
    let connecting = Cache::connect("redis://localhost:6379");
    let mut connecting = std::pin::pin!(connecting);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match connecting.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => assert!(error.to_string().contains("tokio runtime"), "{error}"),
        other => panic!("{other:?}"),
    }
}

cache_tests::both! {
    cache_tests::alone =>
        a_connection_that_went_deaf_is_replaced,
        connecting_outlives_the_callers_who_gave_up,
        the_first_write_after_a_restart_succeeds,
        a_slow_server_gets_no_more_time_for_the_first_query;
    cache_tests::without_runtime =>
        a_cache_outlives_the_runtime_that_connected_it,
        a_call_while_the_runtime_ends_does_not_hang;
}
