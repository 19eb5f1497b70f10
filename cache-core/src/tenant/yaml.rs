//! The YAML file: read when it changes, and the last good one kept.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex;

use super::error::YamlError;
use super::sections::{Flaw, Sections};

/// The largest file that is read.
const LARGEST: u64 = 64 << 20;

/// How long a file may change without its time of change telling: file systems count in up to two seconds.
const GRAIN: Duration = Duration::from_secs(2);

/// Refuses what a text says, for what the reader of the text cannot know.
pub(super) type Check = dyn Fn(&Sections) -> Result<(), Flaw> + Send + Sync;

/// A file, or a text, with what was read of it.
pub(super) struct Yaml {
    path: Option<PathBuf>,
    every: Duration,
    check: Box<Check>,
    state: RwLock<State>,
    /// Who looks at the file. One at a time.
    turn: Mutex<Instant>,
}

struct State {
    sections: Arc<Sections>,
    stamp: Option<Stamp>,
    error: Option<YamlError>,
}

/// What of a file changes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    length: u64,
    file: (u64, u64),
    /// Whether a later change would have another time.
    settled: bool,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().ok();
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        Self {
            changed,
            length: metadata.len(),
            file: identity(metadata),
            settled: age.is_some_and(|age| age > GRAIN),
        }
    }
}

/// Another file under the same name, of the same length and time, is another one still.
#[cfg(unix)]
use unix::identity;

#[cfg(not(unix))]
use elsewhere::identity;

#[cfg(unix)]
mod unix {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;

    pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
        (metadata.dev(), metadata.ino())
    }
}

#[cfg(not(unix))]
mod elsewhere {
    pub(super) fn identity(_: &std::fs::Metadata) -> (u64, u64) {
        (0, 0)
    }
}

/// What a file was and is.
pub(super) struct Changed {
    pub(super) before: Arc<Sections>,
    pub(super) now: Arc<Sections>,
}

impl Yaml {
    /// Reads a file.
    pub(super) async fn open(
        path: PathBuf,
        every: Duration,
        check: Box<Check>,
    ) -> Result<Self, Box<YamlError>> {
        let (text, stamp) = {
            let asked = path.clone();
            let read = tokio::task::spawn_blocking(move || read(&asked)).await;
            read.map_err(|error| failed(Some(&path), &error.to_string()))??
        };
        Self::of(Some(path), &text, Some(stamp), every, check)
    }

    /// Reads a text.
    pub(super) fn text(text: &str, check: Box<Check>) -> Result<Self, Box<YamlError>> {
        Self::of(None, text, None, Duration::MAX, check)
    }

    fn of(
        path: Option<PathBuf>,
        text: &str,
        stamp: Option<Stamp>,
        every: Duration,
        check: Box<Check>,
    ) -> Result<Self, Box<YamlError>> {
        let sections = parse(path.as_deref(), text, &check)?;
        let state = State { sections: Arc::new(sections), stamp, error: None };
        Ok(Self { path, every, check, state: RwLock::new(state), turn: Mutex::new(Instant::now()) })
    }

    /// What was read last.
    pub(super) fn sections(&self) -> Arc<Sections> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).sections)
    }

    /// Why the file as it is now is not in use.
    pub(super) fn last_error(&self) -> Option<YamlError> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).error.clone()
    }

    /// Looks whether the file has changed, if nobody has for a while, or `now` in any case. What others are just looking at is
    /// left to them.
    pub(super) async fn look(&self, now: bool) -> Option<Changed> {
        let path = self.path.as_ref()?;
        let mut looked = match self.turn.try_lock() {
            Ok(looked) if now || looked.elapsed() >= self.every => looked,
            Err(_) if now => self.turn.lock().await,
            _ => return None,
        };
        let known = self.state.read().unwrap_or_else(PoisonError::into_inner).stamp.clone();
        let read = {
            let (path, known) = (path.clone(), known.clone());
            tokio::task::spawn_blocking(move || read_if_changed(&path, known.as_ref())).await
        };
        *looked = Instant::now();
        match read {
            Ok(Ok(None)) => None,
            Ok(Ok(Some((text, stamp)))) => self.take(&text, stamp),
            Ok(Err(error)) => {
                self.refuse(error, None);
                None
            }
            // The runtime ends.
            Err(_) => None,
        }
    }

    fn take(&self, text: &str, stamp: Stamp) -> Option<Changed> {
        match parse(self.path.as_deref(), text, &self.check) {
            Ok(sections) => {
                let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                state.stamp = Some(stamp);
                state.error = None;
                if *state.sections == sections {
                    return None;
                }
                let now = Arc::new(sections);
                let before = std::mem::replace(&mut state.sections, Arc::clone(&now));
                tracing::info!(path = ?self.path, tenants = now.tenants.len(), "the settings of tenants were read anew");
                Some(Changed { before, now })
            }
            Err(error) => {
                self.refuse(error, Some(stamp));
                None
            }
        }
    }

    fn refuse(&self, error: Box<YamlError>, stamp: Option<Stamp>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let told = state.error.as_ref().is_some_and(|known| known.to_string() == error.to_string());
        if !told {
            tracing::error!(%error, "the file of tenants was not taken; what was read before stays in use");
        }
        state.error = Some(*error);
        // What could not even be read is read again.
        state.stamp = stamp;
    }
}

fn failed(path: Option<&Path>, reason: &str) -> Box<YamlError> {
    Box::new(YamlError {
        path: path.map(Path::to_owned),
        line: None,
        column: None,
        tenant: None,
        field: None,
        reason: reason.to_owned(),
    })
}

fn read_if_changed(path: &Path, known: Option<&Stamp>) -> Result<Option<(String, Stamp)>, Box<YamlError>> {
    let metadata = fs::metadata(path).map_err(|error| failed(Some(path), &error.to_string()))?;
    match known {
        Some(known) if known.settled && *known == Stamp::of(&metadata) => Ok(None),
        _ => read(path).map(Some),
    }
}

fn read(path: &Path) -> Result<(String, Stamp), Box<YamlError>> {
    let fails = |error: std::io::Error| failed(Some(path), &error.to_string());
    let file = fs::File::open(path).map_err(fails)?;
    // Before the text: what is written meanwhile is another time.
    let metadata = file.metadata().map_err(fails)?;
    if !metadata.is_file() {
        return Err(failed(Some(path), "it is no file"));
    }
    if metadata.len() > LARGEST {
        return Err(failed(Some(path), "it is larger than 64 MiB"));
    }
    let (mut text, stamp) = (String::new(), Stamp::of(&metadata));
    file.take(LARGEST).read_to_string(&mut text).map_err(fails)?;
    Ok((text, stamp))
}

fn parse(path: Option<&Path>, text: &str, check: &Check) -> Result<Sections, Box<YamlError>> {
    let read = Sections::read(text).and_then(|sections| check(&sections).map(|()| sections));
    read.map_err(|flaw| {
        Box::new(YamlError {
            path: path.map(Path::to_owned),
            line: flaw.line,
            column: flaw.column,
            tenant: flaw.section,
            field: flaw.field,
            reason: flaw.reason,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "default: {a: 1}\n";

    async fn open(path: &Path, every: Duration) -> Yaml {
        let check = |sections: &Sections| match sections.tenants.contains_key("bad") {
            true => Err(Flaw {
                reason: "it is bad".to_owned(),
                line: sections.line("bad", None),
                ..Flaw::default()
            }),
            false => Ok(()),
        };
        Yaml::open(path.to_owned(), every, Box::new(check)).await.unwrap()
    }

    fn tenants(yaml: &Yaml) -> Vec<String> {
        yaml.sections().tenants.keys().cloned().collect()
    }

    #[tokio::test]
    async fn a_file_that_changes_is_read_again_and_one_that_breaks_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenants.yaml");
        fs::write(&path, GOOD).unwrap();
        let yaml = open(&path, Duration::ZERO).await;
        assert!(yaml.look(false).await.is_none() && tenants(&yaml).is_empty());
        fs::write(&path, format!("{GOOD}one: {{}}\n")).unwrap();
        let changed = yaml.look(false).await.unwrap();
        assert!(changed.before.tenants.is_empty() && changed.now.tenants.contains_key("one"));
        // Broken in each way there is: what was read stays.
        let broken = ["one: {", "default: {}\nbad:\n  x: 1\n", "\0", "one: {}\n"];
        for text in broken {
            fs::write(&path, text).unwrap();
            assert!(yaml.look(false).await.is_none());
            let error = yaml.last_error().unwrap();
            assert!(error.path.as_ref() == Some(&path), "{error}");
            assert_eq!(tenants(&yaml), ["one"]);
        }
        fs::remove_file(&path).unwrap();
        assert!(yaml.look(false).await.is_none() && yaml.last_error().is_some());
        // Another file in its place, as an editor puts it there.
        fs::write(folder.path().join("new"), format!("{GOOD}two: {{}}\n")).unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert!(yaml.look(false).await.is_some() && yaml.last_error().is_none());
        assert_eq!(tenants(&yaml), ["two"]);
        // As long, and of the same second.
        fs::write(&path, format!("{GOOD}owt: {{}}\n")).unwrap();
        assert!(yaml.look(false).await.is_some());
        assert_eq!(tenants(&yaml), ["owt"]);
    }

    #[tokio::test]
    async fn it_is_not_looked_at_before_its_time_unless_somebody_wants_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenants.yaml");
        fs::write(&path, GOOD).unwrap();
        let yaml = open(&path, Duration::from_secs(3600)).await;
        fs::write(&path, format!("{GOOD}one: {{}}\n")).unwrap();
        assert!(yaml.look(false).await.is_none() && tenants(&yaml).is_empty());
        assert!(yaml.look(true).await.is_some());
    }

    #[tokio::test]
    async fn a_file_that_has_settled_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tenants.yaml");
        fs::write(&path, GOOD).unwrap();
        fs::File::open(&path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        let yaml = open(&path, Duration::ZERO).await;
        let stamp = yaml.state.read().unwrap().stamp.clone().unwrap();
        assert!(stamp.settled);
        assert!(read_if_changed(&path, Some(&stamp)).unwrap().is_none());
        fs::write(&path, GOOD).unwrap();
        assert!(read_if_changed(&path, Some(&stamp)).unwrap().is_some());
        let error =
            Yaml::open(folder.path().to_owned(), Duration::ZERO, Box::new(|_| Ok(()))).await.err().unwrap();
        assert!(error.to_string().contains("no file"), "{error}");
    }
}
