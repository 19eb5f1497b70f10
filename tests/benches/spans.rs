//! What a span costs each call, where nobody looks and where somebody does, over a connection that answers at once.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cache_core::connection::PushStream;
use cache_core::{Batch, Cache, Capabilities, Command, Connection, Reply, Result};
use futures_core::future::BoxFuture;

const CALLS: u32 = 200_000;
const ROUNDS: usize = 9;

struct AtOnce(Capabilities);

impl Connection for AtOnce {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        black_box(command);
        Box::pin(async { Ok(Reply::Nil) })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        black_box(batch);
        Box::pin(async { Ok(Vec::new()) })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(1)
    }
}

fn done<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it answers at once"),
    }
}

/// The best of some rounds, in nanoseconds a call.
fn best(call: impl Fn()) -> f64 {
    let round = || {
        let began = Instant::now();
        (0..CALLS).for_each(|_| call());
        began.elapsed().as_nanos() as f64 / f64::from(CALLS)
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn get() -> Command {
    Command::new("JSON.GET").key("cache:user:1").repeatable()
}

fn main() {
    let connection: Arc<dyn Connection> = Arc::new(AtOnce(Capabilities::default()));
    let cache = Cache::from_connection(Arc::clone(&connection));
    let bare = best(|| drop(black_box(done(connection.send(get())))));
    let through = || drop(black_box(done(cache.command(get()))));
    let silent = best(through);
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(std::io::sink).finish();
    let seen = tracing::subscriber::with_default(subscriber, || best(through));
    println!(
        "nanoseconds a call: connection {bare:.0}, cache without subscriber {silent:.0}, with one {seen:.0}"
    );
}
