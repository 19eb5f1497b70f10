//! Taking turns between processes, so that a download happens once when many want it at the same time.
//!
//! This saves work and is not what keeps the result whole: whoever finishes renames a complete directory into place.
//! So a turn may be taken over wrongly without harm.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::error::EmbeddedError;
use super::limit::Limit;

/// How often the holder of a turn shows that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// How long a holder may be silent until its turn is taken over: it has died, and could not end its turn.
const SILENT: Duration = Duration::from_secs(20);

/// The right to do the work now; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    path: PathBuf,
    file: File,
    last: Option<Instant>,
}

impl Turn {
    /// Waits for a turn, or for somebody else to have done the work, which `done` tells and which brings nothing.
    pub(super) fn take(
        path: &Path,
        limit: &Limit,
        done: impl Fn() -> bool,
    ) -> Result<Option<Turn>, EmbeddedError> {
        let doing = || format!("create {} (CACHE_EMBEDDED_DIR names another directory)", path.display());
        let mut seen: Option<(SystemTime, Instant)> = None;
        loop {
            if done() {
                return Ok(None);
            }
            match OpenOptions::new().write(true).create_new(true).open(path) {
                Ok(file) => return Ok(Some(Turn { path: path.to_owned(), file, last: None })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(EmbeddedError::io(doing())(error)),
            }
            // Only changes count, because the clock that stamps files may differ from the one here.
            let beat = fs::metadata(path).and_then(|data| data.modified()).ok();
            match (beat, seen) {
                (Some(beat), Some((before, since))) if beat == before => {
                    if since.elapsed() > SILENT {
                        // It fails when somebody else took it over first, and then there is somebody to wait for.
                        let _ = fs::remove_file(path);
                        seen = None;
                    }
                }
                (Some(beat), _) => seen = Some((beat, Instant::now())),
                (None, _) => seen = None,
            }
            limit.check("waiting for another process that downloads redis")?;
            limit.nap(Duration::from_millis(50));
        }
    }

    /// Shows the others that this turn goes on; call it often.
    pub(super) fn beat(&mut self) {
        if self.last.is_none_or(|last| last.elapsed() >= BEAT) {
            self.last = Some(Instant::now());
            // Without it the others take over, which costs a second download and nothing else.
            let _ = self.file.set_modified(SystemTime::now());
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_until_the_work_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        let (limit, _waiting) = Limit::new(Duration::from_secs(10));
        let mut turn = Turn::take(&path, &limit, || false).unwrap().unwrap();
        turn.beat();
        let soon = limit.within(Duration::from_millis(10));
        assert!(matches!(Turn::take(&path, &soon, || false), Err(EmbeddedError::TimedOut { .. })));
        assert!(Turn::take(&path, &limit, || true).unwrap().is_none());
        drop(turn);
        assert!(Turn::take(&path, &limit, || false).unwrap().is_some());
        assert!(!path.exists());
    }
}
