//! The server's own limit: the same commands, packed beforehand, as `redis-benchmark -P 64` sends them (which is not part of what is
//! downloaded): by several sockets, each of which has two batches of 64 under way, so that the server never waits for who asks. One
//! thread has all of them, so that the server has a processor. Answers are counted, not decoded.

use std::thread;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::by_redis::{ByRedis, Sent};
use crate::connect::LATE;
use crate::corpus::Corpus;
use crate::replies::Replies;
use crate::work::{Bulk, Outcome, Work};

const SOCKETS: u64 = 8;

/// How many calls are sent at once.
const BATCH: u64 = 64;

/// How many batches a socket has under way: the next one is written while the answers to the one before are read.
const UNDER_WAY: usize = 2;

/// How many batches of each socket make a measurement, at least.
const BATCHES: u64 = 4;

/// How much is read at once.
const BUFFER: usize = 1 << 17;

/// What is asked again and again.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) port: u16,
    pub(crate) corpus: Corpus,
    pub(crate) work: Work,
    pub(crate) bulk: Bulk,
    pub(crate) callers: u64,
    /// How many calls are measured, about.
    pub(crate) calls: u64,
}

impl Asking {
    fn sockets(&self) -> u64 {
        if self.work.is_bulk() { self.callers } else { SOCKETS }
    }

    /// Where calls take the server long, few of them already keep it busy.
    fn batch(&self) -> u64 {
        if self.work.is_bulk() { 1 } else { (self.calls / (SOCKETS * BATCHES)).clamp(1, BATCH) }
    }

    /// How many batches each socket sends in a measurement.
    fn batches(&self) -> u64 {
        let least = if self.work.is_bulk() { UNDER_WAY as u64 } else { BATCHES };
        self.calls.div_ceil(self.sockets() * self.batch()).max(least)
    }
}

/// Its connections live until it is dropped.
pub(crate) struct Limit {
    asks: mpsc::UnboundedSender<oneshot::Sender<Outcome<f64>>>,
}

impl Limit {
    /// Connects, and asks once without a clock.
    pub(crate) async fn start(asking: Asking) -> Outcome<Self> {
        let (asks, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<Outcome<f64>>>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let mut lines = connect(&asking).await;
                while let Some(answer) = asked.recv().await {
                    let (back, took) = match lines {
                        Ok(lines) => all(lines, &asking).await,
                        Err(error) => (Err("it failed before".into()), Err(error)),
                    };
                    lines = back;
                    // Nobody waits for it any more where the program ends.
                    let _ = answer.send(took);
                }
            });
        });
        let limit = Self { asks };
        let _ = limit.timed().await?;
        Ok(limit)
    }

    /// Seconds a call.
    pub(crate) async fn timed(&self) -> Outcome<f64> {
        let (answer, took) = oneshot::channel();
        self.asks.send(answer).map_err(|_| "the thread ended")?;
        tokio::time::timeout(LATE, took).await.map_err(|_| "the server answered less than it was asked")??
    }
}

/// A socket with what it sends.
struct Line {
    stream: TcpStream,
    /// In turns.
    batches: Vec<Vec<u8>>,
    /// How many answers each of them has.
    answers: u64,
    replies: Replies,
    buffer: Vec<u8>,
}

async fn connect(asking: &Asking) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for socket in 0..asking.sockets() {
        let stream = TcpStream::connect(("127.0.0.1", asking.port)).await?;
        stream.set_nodelay(true)?;
        let (mut batches, mut answers) = (Vec::new(), 0);
        for batch in 0..UNDER_WAY as u64 {
            let first = (socket * UNDER_WAY as u64 + batch) * asking.batch();
            let (packed, commands) = packed(asking, first)?;
            batches.push(packed);
            answers = commands;
        }
        lines.push(Line { stream, batches, answers, replies: Replies::default(), buffer: vec![0; BUFFER] });
    }
    Ok(lines)
}

/// The commands of a batch, and how many they are.
fn packed(asking: &Asking, first: u64) -> Outcome<(Vec<u8>, u64)> {
    let (mut packed, mut commands) = (Vec::new(), 0);
    for n in first..first + asking.batch() {
        match ByRedis::sent(&asking.corpus, asking.work, asking.bulk, n)? {
            Sent::One(command) => {
                packed.extend(command.get_packed_command());
                commands += 1;
            }
            Sent::Many(pipeline) => {
                packed.extend(pipeline.get_packed_pipeline());
                commands += pipeline.cmd_iter().count() as u64;
            }
        }
    }
    Ok((packed, commands))
}

/// Seconds a call, by all sockets together.
async fn all(lines: Vec<Line>, asking: &Asking) -> (Outcome<Vec<Line>>, Outcome<f64>) {
    let (began, batches) = (Instant::now(), asking.batches());
    let calls = batches * asking.batch() * asking.sockets();
    let mut working: JoinSet<_> = lines.into_iter().map(|line| line.work(batches)).collect();
    let mut back = Vec::new();
    while let Some(ended) = working.join_next().await {
        match ended {
            Ok(Ok(line)) => back.push(line),
            Ok(Err(error)) => return (Err("it failed before".into()), Err(error)),
            Err(error) => return (Err("it failed before".into()), Err(error.into())),
        }
    }
    (Ok(back), Ok(began.elapsed().as_secs_f64() / calls as f64))
}

impl Line {
    /// Sends so many batches and reads what is answered.
    async fn work(mut self, batches: u64) -> Outcome<Self> {
        let places = Semaphore::new(UNDER_WAY);
        let (mut reader, mut writer) = self.stream.split();
        let writing = async {
            for (_, batch) in (0..batches).zip(self.batches.iter().cycle()) {
                places.acquire().await?.forget();
                writer.write_all(batch).await?;
            }
            Outcome::Ok(())
        };
        let reading = async {
            let (mut answered, mut full) = (0, 0);
            while full < batches {
                let read = reader.read(&mut self.buffer).await?;
                if read == 0 {
                    return Err("the server closed the connection".into());
                }
                answered += self.replies.ended_in(&self.buffer[..read])?;
                let now = answered / self.answers;
                places.add_permits((now - full) as usize);
                full = now;
            }
            if answered != batches * self.answers || !self.replies.is_between() {
                return Err("the server answered more than it was asked".into());
            }
            Outcome::Ok(())
        };
        tokio::try_join!(writing, reading)?;
        Ok(self)
    }
}
