//! The server's own limit: the same commands, packed beforehand, 64 at a time on one socket, their answers not looked at.
//! (`redis-benchmark -P 64` does the same; it is not part of what is downloaded.)

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::by_redis::{ByRedis, Sent};
use crate::corpus::Corpus;
use crate::work::{Outcome, Work};

/// Answered last, behind everything else.
const SENTINEL: &[u8] = b"$18\r\nend-of-the-answers\r\n";

pub(crate) struct Limit {
    stream: TcpStream,
    batch: Vec<u8>,
    calls: u64,
}

impl Limit {
    pub(crate) fn new(port: u16, corpus: &Corpus, work: Work) -> Outcome<Self> {
        let calls = if work.is_bulk() { 4 } else { 64 };
        let mut batch = Vec::new();
        for n in 0..calls {
            batch.extend(match ByRedis::sent(corpus, work, n)? {
                Sent::One(command) => command.get_packed_command(),
                Sent::Many(pipeline) => pipeline.get_packed_pipeline(),
            });
        }
        batch.extend(redis::cmd("ECHO").arg(echoed()).get_packed_command());
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, batch, calls })
    }

    /// Seconds a call. Blocks.
    pub(crate) fn timed(&mut self, calls: u64) -> Outcome<f64> {
        let batches = calls.div_ceil(self.calls);
        let began = Instant::now();
        for _ in 0..batches {
            self.ask()?;
        }
        Ok(began.elapsed().as_secs_f64() / (batches * self.calls) as f64)
    }

    fn ask(&mut self) -> Outcome<()> {
        // What is larger than the buffers of the socket is read while it is written.
        let mut writer = self.stream.try_clone()?;
        let (batch, stream) = (&self.batch, &mut self.stream);
        std::thread::scope(|scope| {
            let written = scope.spawn(move || writer.write_all(batch));
            let mut buffer = vec![0; 1 << 18];
            let mut tail = Vec::with_capacity(2 * SENTINEL.len());
            loop {
                let read = stream.read(&mut buffer)?;
                if read == 0 {
                    return Err("the server closed the connection".into());
                }
                let news = &buffer[..read];
                tail.extend_from_slice(&news[read.saturating_sub(SENTINEL.len())..]);
                if tail.ends_with(SENTINEL) {
                    break;
                }
                let spare = tail.len().saturating_sub(SENTINEL.len());
                tail.drain(..spare);
            }
            written.join().map_err(|_| "the writer panicked")??;
            Ok(())
        })
    }
}

fn echoed() -> &'static [u8] {
    &SENTINEL[5..SENTINEL.len() - 2]
}
