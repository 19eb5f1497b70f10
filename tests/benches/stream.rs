//! A stream over many documents keeps the process' memory flat; and how fast it is, beside `all`.
//!
//! `cargo bench -p cache-tests --bench stream`, with `-- --documents 20000` a short one. It fails if the second half of the
//! documents needed noticeably more memory than the first. Linux only: memory is read from `/proc`.

use std::env;
use std::error::Error;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Migrator, RedisSettings};
use serde::{Deserialize, Serialize};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How much more memory the second half may need than the first, in bytes for each document of the run: a ninth of what
/// one has. A piece of the answer is about one megabyte, and the allocator keeps some of those from the beginning.
const FLAT: u64 = 40;

/// What is noise however few documents there are, in bytes.
const NOISE: u64 = 1 << 20;

/// How many documents a pipeline saves.
const SAVED: u32 = 2_000;

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "reading")]
struct Reading {
    #[primary_key]
    id: u32,
    #[index]
    station: String,
    #[index]
    value: f64,
    note: String,
}

impl Reading {
    fn new(id: u32) -> Self {
        let note =
            format!("reading {id} of a station that writes some three hundred bytes about each, ").repeat(4);
        Self { id, station: format!("station-{}", id % 500), value: f64::from(id) / 4.0, note }
    }
}

/// What a reader of all documents measured. Bytes are those of the whole process at its highest since the mark before.
#[derive(Debug, Default)]
struct Measured {
    seconds: f64,
    start: u64,
    tenth: u64,
    half: u64,
    end: u64,
}

impl Measured {
    /// As one line, from a process to the one that started it.
    fn line(&self) -> String {
        format!("{} {} {} {} {}", self.seconds, self.start, self.tenth, self.half, self.end)
    }

    fn of_line(line: &str) -> Outcome<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next().ok_or("a number is missing");
        Ok(Self {
            seconds: next()?.parse()?,
            start: next()?.parse()?,
            tenth: next()?.parse()?,
            half: next()?.parse()?,
            end: next()?.parse()?,
        })
    }

    fn peak(&self) -> u64 {
        self.tenth.max(self.half).max(self.end)
    }

    /// How much more the second half needed than the first.
    fn growth(&self) -> u64 {
        self.end.saturating_sub(self.tenth.max(self.half))
    }
}

/// The process' memory at its highest since this was last asked, in bytes.
fn peak() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    // 5: the highest so far is forgotten (`proc(5)`).
    fs::write("/proc/self/clear_refs", "5")?;
    Ok(kilobytes << 10)
}

async fn save(cache: &Cache, documents: u32) -> Outcome<()> {
    Migrator::new().register::<Reading>().run(cache).await?;
    for start in (0..documents).step_by(SAVED as usize) {
        let some = (start..documents.min(start + SAVED)).map(Reading::new).collect::<Vec<_>>();
        for saved in Reading::save_many(cache, &some).await {
            assert!(saved?.stored());
        }
    }
    Ok(())
}

async fn stream(cache: &Cache, documents: u32) -> Outcome<Measured> {
    let mut measured = Measured { start: started(cache, documents).await?, ..Measured::default() };
    let (mut readings, mut count, start) = (Reading::find().stream(cache), 0, Instant::now());
    while let Some(reading) = readings.next().await {
        assert!(reading?.id < documents);
        count += 1;
        if count == documents / 10 {
            measured.tenth = peak()?;
        } else if count == documents / 2 {
            measured.half = peak()?;
        }
    }
    assert_eq!(count, documents, "documents of the stream");
    Ok(Measured { seconds: start.elapsed().as_secs_f64(), end: peak()?, ..measured })
}

async fn all(cache: &Cache, documents: u32) -> Outcome<Measured> {
    let before = started(cache, documents).await?;
    let start = Instant::now();
    let readings = Reading::find().all(cache).await?;
    assert_eq!(readings.len(), documents as usize, "documents of `all`");
    let seconds = start.elapsed().as_secs_f64();
    Ok(Measured { seconds, start: before, end: peak()?, ..Measured::default() })
}

/// The memory before anything is read, but with everything in place that a query needs.
async fn started(cache: &Cache, documents: u32) -> Outcome<u64> {
    assert_eq!(Reading::find().count(cache).await?, u64::from(documents), "documents in the index");
    peak()?;
    peak()
}

async fn play(role: &str, url: &str, documents: u32) -> Outcome<()> {
    let settings = RedisSettings::new(url).response_timeout(Duration::from_secs(120));
    let cache = Cache::connect(settings).await?;
    match role {
        "save" => save(&cache, documents).await?,
        "stream" => println!("{}", stream(&cache, documents).await?.line()),
        role => {
            assert_eq!(role, "all");
            println!("{}", all(&cache, documents).await?.line());
        }
    }
    Ok(())
}

/// This program again, in one of its roles: each has its memory for itself.
fn run(role: &str, url: &str, documents: u32) -> Outcome<String> {
    let documents = documents.to_string();
    let output = Command::new(env::current_exe()?)
        .args(["--documents", documents.as_str(), "--role", role, "--url", url])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("the part `{role}` failed: {}", output.status).into())
    }
}

fn flat(documents: u32) -> u64 {
    NOISE.max(FLAT * u64::from(documents))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

async fn measure(documents: u32) -> Outcome<bool> {
    let server = Server::start().await?;
    let url = server.url();
    run("save", &url, documents)?;
    let stream = Measured::of_line(&run("stream", &url, documents)?)?;
    let all = Measured::of_line(&run("all", &url, documents)?)?;
    let rate = |measured: &Measured| f64::from(documents) / measured.seconds;
    let more = |bytes: u64, of: &Measured| megabytes(bytes.saturating_sub(of.start));
    println!(
        "{documents} documents of about {} bytes",
        serde_json::to_string(&Reading::new(documents))?.len()
    );
    println!(
        "stream: {:.0} documents/s; {:.1} MB at the start, at most {:.1} MB more in the first tenth, {:.1} up to the half, \
         {:.1} in the second half",
        rate(&stream),
        megabytes(stream.start),
        more(stream.tenth, &stream),
        more(stream.half, &stream),
        more(stream.end, &stream),
    );
    println!(
        "all:    {:.0} documents/s; {:.1} MB at the start, at most {:.1} MB more",
        rate(&all),
        megabytes(all.start),
        more(all.end, &all),
    );
    println!(
        "figures: documents {documents}, stream to all in speed {:.2}, all to stream in memory {:.1}, growth in the second \
         half {:.1} MB",
        rate(&stream) / rate(&all),
        more(all.end, &all) / more(stream.peak(), &stream).max(0.1),
        megabytes(stream.growth()),
    );
    Ok(stream.growth() <= flat(documents))
}

/// What stands behind an option.
fn option(name: &str) -> Option<String> {
    env::args().skip_while(|argument| argument != name).nth(1)
}

fn main() -> Outcome<ExitCode> {
    let documents = option("--documents").map_or(Ok(200_000), |count| count.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let (Some(role), Some(url)) = (option("--role"), option("--url")) {
        runtime.block_on(play(&role, &url, documents))?;
        return Ok(ExitCode::SUCCESS);
    }
    if runtime.block_on(measure(documents))? {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "not flat: the second half needed over {:.1} MB more than the first",
        megabytes(flat(documents))
    );
    Ok(ExitCode::FAILURE)
}
