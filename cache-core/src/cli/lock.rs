//! The schema lock: written, and checked. No server is asked.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use std::time::{Duration, Instant};

use cache_index::{Fingerprint, Schema, printed};
use serde::Serialize;

use super::answer::Answer;
use super::args::LockFile;
use super::error::CliError;
use super::exit::Exit;
use crate::migrate::{LockEntry, MigrateError, Migrator, SchemaLock, Unlocked};

/// What stands at the top of a new lock.
const TOP: &str = "\
# The schemas that the indexes of each prefix have had, older ones above newer ones: written by `migrate lock`, to be
# committed, and read by `Migrator::lock`. Lines are appended and never changed.
";

/// How many links are followed: as many as Linux does.
const MOST_LINKS: usize = 40;

/// How long it is waited for another process that writes a lock, and between two tries.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const PATIENCE: Duration = Duration::from_secs(10);
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const PAUSE: Duration = Duration::from_millis(10);

/// `migrate lock`.
pub(super) fn lock(migrator: &Migrator, args: &LockFile) -> Result<Answer, CliError> {
    let path = &args.file;
    let _turn = turn(path)?;
    let mut text = read(path)?.unwrap_or_else(|| TOP.to_owned());
    let appended = not_locked(migrator, &text)?;
    let mut lock = text.parse::<SchemaLock>().map_err(MigrateError::from)?;
    for schema in migrator.schemas() {
        if lock.append_schema(schema) {
            append(&mut text, schema);
        }
    }
    if !appended.is_empty() {
        write(path, &text)?;
    }
    let locked = Locked { file: path.clone(), appended, unknown: unknown(migrator, &lock) };
    Answer::new(&locked, args.format.json, Exit::Done)
}

/// `migrate check`.
pub(super) fn check(migrator: &Migrator, args: &LockFile) -> Result<Answer, CliError> {
    let path = &args.file;
    let text = read(path)?.ok_or_else(|| CliError::NoLock { path: path.clone() })?;
    let unlocked = not_locked(migrator, &text)?;
    let lock = text.parse::<SchemaLock>().map_err(MigrateError::from)?;
    let current = |schema: &&'static Schema| Current {
        model: schema.model(),
        prefix: schema.prefix(),
        fingerprint: *schema.fingerprint(),
    };
    let locked = migrator
        .schemas()
        .iter()
        .filter(|schema| schema.is_indexed())
        .filter(|schema| lock.is_current(schema));
    let checked = Checked {
        file: path.clone(),
        locked: locked.map(current).collect(),
        unlocked,
        unknown: unknown(migrator, &lock),
    };
    // A binary that finds none of its models checks nothing.
    let exit = Exit::pending_if(!checked.unlocked.is_empty() || migrator.schemas().is_empty());
    Answer::new(&checked, args.format.json, exit)
}

/// What `lock` did.
#[derive(Debug, Serialize)]
struct Locked {
    file: PathBuf,
    appended: Vec<Unlocked>,
    unknown: Vec<String>,
}

/// What `check` found.
#[derive(Debug, Serialize)]
struct Checked {
    file: PathBuf,
    locked: Vec<Current>,
    unlocked: Vec<Unlocked>,
    unknown: Vec<String>,
}

/// A schema that the lock ends with.
#[derive(Debug, Serialize)]
struct Current {
    model: &'static str,
    prefix: &'static str,
    fingerprint: Fingerprint,
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        if self.appended.is_empty() {
            writeln!(f, "{file} has all schemas")?;
        } else {
            writeln!(f, "{file}")?;
        }
        for Unlocked { prefix, fingerprint, .. } in &self.appended {
            writeln!(f, "  + {prefix} {fingerprint}")?;
        }
        show_unknown(f, &self.unknown)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.file.display())?;
        for Current { prefix, fingerprint, .. } in &self.locked {
            writeln!(f, "  = {prefix} {fingerprint}")?;
        }
        for unlocked in &self.unlocked {
            writeln!(f, "  ! {unlocked}")?;
        }
        show_unknown(f, &self.unknown)?;
        if self.locked.is_empty() && self.unlocked.is_empty() {
            writeln!(f, "no model of this binary has an index, so that nothing is checked")?;
        }
        if self.unlocked.is_empty() { Ok(()) } else { writeln!(f, "run `migrate lock` and commit the file") }
    }
}

fn show_unknown(f: &mut fmt::Formatter<'_>, prefixes: &[String]) -> fmt::Result {
    prefixes
        .iter()
        .try_for_each(|prefix| writeln!(f, "  ? {}, which no model of this binary has", printed(prefix)))
}

/// Adds a line, and leaves what is there as it is: its ends of lines, blanks and mark too.
fn append(text: &mut String, schema: &Schema) {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(end);
    }
    text.push_str(&format!("{}{end}", LockEntry(schema.prefix(), *schema.fingerprint())));
}

/// The schemas that the lock does not end with.
fn not_locked(migrator: &Migrator, text: &str) -> Result<Vec<Unlocked>, MigrateError> {
    match migrator.check_lock(text) {
        Ok(()) => Ok(Vec::new()),
        Err(MigrateError::NotLocked { schemas }) => Ok(schemas),
        Err(error) => Err(error),
    }
}

/// The prefixes of the lock that are no model's: of one that is gone, or of another binary.
fn unknown(migrator: &Migrator, lock: &SchemaLock) -> Vec<String> {
    let known = |prefix: &str| migrator.schemas().iter().any(|schema| schema.prefix() == prefix);
    lock.prefixes().into_iter().filter(|prefix| !known(prefix)).map(str::to_owned).collect()
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let source = io::Error::new(error.kind(), "it is no text in UTF-8; save it as one");
            Err(CliError::ReadLock { path: path.to_owned(), source })
        }
        Err(source) => Err(CliError::ReadLock { path: path.to_owned(), source }),
    }
}

/// Waits until nobody else writes a lock in this folder: of two who append to what both have read, one would be lost. Where the
/// system or the file system has no locks, nothing is waited for.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn turn(path: &Path) -> Result<Option<fs::File>, CliError> {
    use rustix::fs::{FlockOperation, flock};
    let failed = |source| CliError::WriteLock { path: path.to_owned(), source };
    let file = followed(path).map_err(failed)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // That there is none is told where the file is written.
    let Ok(folder) = fs::File::open(folder) else { return Ok(None) };
    let began = Instant::now();
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(folder)),
            Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let what = "another process has its folder locked; run it again when that has ended";
                return Err(failed(io::Error::new(io::ErrorKind::WouldBlock, what)));
            }
            Err(_) => return Ok(None),
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn turn(_: &Path) -> Result<Option<fs::File>, CliError> {
    Ok(None)
}

/// Writes beside it first, so that no moment has half a lock: beside the file that a link leads to, which stays a link.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |source| CliError::WriteLock { path: path.to_owned(), source };
    let file = followed(path).map_err(failed)?;
    if fs::metadata(&file).is_ok_and(|there| !there.is_file()) {
        return Err(failed(io::Error::other("what is there is no file, and stays; name another one")));
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let allowed = || match fs::metadata(&file) {
        // Who may read and write it stays as it is.
        Ok(there) => fs::set_permissions(&beside, there.permissions()),
        Err(_) => Ok(()),
    };
    let written = fs::write(&beside, text).and_then(|()| allowed()).and_then(|()| fs::rename(&beside, &file));
    written.map_err(|source| {
        let _ = fs::remove_file(&beside);
        failed(source)
    })
}

/// The file that a path leads to over links, also where there is none yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut file = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&file) {
            // A link is read from the folder that it is in.
            Ok(next) => file = file.parent().map_or_else(|| next.clone(), |folder| folder.join(&next)),
            Err(_) => return Ok(file),
        }
    }
    Err(io::Error::other("links lead to links without end"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn of_many_who_write_at_once_nobody_loses_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("schema.lock");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let lock = &lock;
                scope.spawn(move || {
                    for line in 0..20 {
                        let _turn = turn(lock).unwrap();
                        let before = read(lock).unwrap().unwrap_or_default();
                        write(lock, &format!("{before}{writer} {line}\n")).unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&lock).unwrap().unwrap().lines().count(), 8 * 20);
    }

    #[test]
    fn what_is_no_file_stays() {
        let folder = std::env::temp_dir().join(format!("cache-lock-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (socket, lock) = (folder.join("socket"), folder.join("schema.lock"));
        let _listening = UnixListener::bind(&socket).unwrap();
        let refused = write(&socket, "user 0123456789ab\n").unwrap_err();
        assert!(matches!(&refused, CliError::WriteLock { path, source }
            if *path == socket && source.to_string().contains("name another one")));
        assert!(!fs::metadata(&socket).unwrap().is_file());
        write(&lock, "user 0123456789ab\n").unwrap();
        assert_eq!(read(&lock).unwrap().as_deref(), Some("user 0123456789ab\n"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
