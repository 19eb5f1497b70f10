//! Child processes: starting them without leaking pipes, waiting for them under a bound, leaving no zombies.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::error::EmbeddedError;
use super::limit::{Limit, naps};

// Not every system can create a pipe that is closed on exec in one step. A child forked between the two steps would
// hold the write end of another server's pipe and keep that server alive, so children are started one at a time.
static STARTING: Mutex<()> = Mutex::new(());

/// How much of a log goes into an error.
const TAIL_LINES: usize = 20;

/// Starts `command`.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Waits until `child` has ended, and calls `tick` between two looks.
pub(super) fn wait(
    child: &mut Child,
    what: &str,
    limit: &Limit,
    mut tick: impl FnMut(),
) -> Result<ExitStatus, EmbeddedError> {
    for nap in naps() {
        if let Some(status) = child.try_wait().map_err(EmbeddedError::io(format!("wait for {what}")))? {
            return Ok(status);
        }
        limit.check(what)?;
        tick();
        limit.nap(nap);
    }
    Err(EmbeddedError::Interrupted)
}

/// Ends `child` at once and forgets it, without blocking and without leaving a zombie.
pub(super) fn discard(mut child: Child) {
    // It fails only when the child has ended already.
    let _ = child.kill();
    bury(child);
}

/// Forgets a child that is about to end, without blocking and without leaving a zombie.
pub(super) fn bury(mut child: Child) {
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    // Without a thread to spare the zombie stays until its owner ends, which is all that is lost.
    let _ = thread::Builder::new().name("cache-reaper".to_owned()).spawn(move || child.wait());
}

/// Runs `command` to its end; the answer is how it ended and the end of its standard error, kept in `log`.
pub(super) fn run(
    command: &mut Command,
    what: &str,
    log: &Path,
    limit: &Limit,
    tick: impl FnMut(),
) -> Result<(ExitStatus, String), EmbeddedError> {
    let doing = || format!("run {what}");
    // A file takes whatever is written; a pipe would need a thread that empties it.
    let stderr = File::create(log).map_err(EmbeddedError::io(doing()))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let mut child = spawn(command).map_err(EmbeddedError::io(doing()))?;
    match wait(&mut child, what, limit, tick) {
        Ok(status) => Ok((status, tail(log, 0))),
        Err(error) => {
            discard(child);
            Err(error)
        }
    }
}

/// Sends the signal `name` to the process `pid`, a child that has not been waited for yet.
pub(super) fn signal(name: &str, pid: u32, limit: &Limit) -> Result<(), EmbeddedError> {
    let what = format!("send {name} to redis");
    let mut command = Command::new("/bin/sh");
    // The shell's own `kill` is there even where no program of that name is installed.
    command.args(["-c", r#"kill -s "$1" "$2""#, "sh", name]).arg(pid.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = spawn(&mut command).map_err(EmbeddedError::io(what.clone()))?;
    match wait(&mut child, &what, &limit.within(Duration::from_secs(5)), || ()) {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(EmbeddedError::NotRunning),
        Err(error) => {
            discard(child);
            Err(error)
        }
    }
}

/// The last lines of the file at `path`, not looking before byte `from`.
pub(super) fn tail(path: &Path, from: u64) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default());
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    if last.is_empty() { "(nothing)".to_owned() } else { last.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn tail_keeps_the_end_and_skips_what_came_before() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        fs::write(&log, (0..100).map(|n| format!("line {n}\n\n")).collect::<String>()).unwrap();
        let text = tail(&log, 0);
        assert_eq!(text.lines().count(), TAIL_LINES);
        assert!(text.starts_with("line 80\n") && text.ends_with("line 99"));
        assert_eq!(tail(&log, 1_000_000), "(nothing)");
        assert_eq!(tail(&dir.path().join("missing"), 0), "(nothing)");
    }

    #[test]
    fn run_brings_the_status_and_standard_error() {
        let dir = tempfile::tempdir().unwrap();
        let (limit, _waiting) = Limit::new(Duration::from_secs(10));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo unseen; echo oh no >&2; exit 3"]);
        let (status, text) = run(&mut command, "sh", &dir.path().join("log"), &limit, || ()).unwrap();
        assert_eq!((status.code(), text.as_str()), (Some(3), "oh no"));
    }

    #[test]
    fn run_ends_what_takes_too_long() {
        let dir = tempfile::tempdir().unwrap();
        let (limit, _waiting) = Limit::new(Duration::from_millis(50));
        let began = Instant::now();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "while :; do :; done"]);
        let error = run(&mut command, "a loop", &dir.path().join("log"), &limit, || ()).unwrap_err();
        assert!(matches!(error, EmbeddedError::TimedOut { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
