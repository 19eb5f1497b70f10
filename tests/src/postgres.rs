//! A private PostgreSQL for tests: from the machine, or downloaded once, on a socket in a directory of its own.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::python::{kept, output, unpack};

/// What is downloaded where no PostgreSQL is installed: 11 MB, PostgreSQL 16.2, under Apache-2.0 and the PostgreSQL licence.
const WHEEL: &str =
    "pgserver==0.1.4 --hash=sha256:1a5d07c61d51f2abfef4ef61e2ef5cd014b994f7e09de8d3c140d2cf370e84a8\n";
const TAGS: [&str; 8] = [
    "--platform",
    "manylinux2014_x86_64",
    "--implementation",
    "cp",
    "--python-version",
    "3.12",
    "--abi",
    "cp312",
];
const FOLDER: &str = "pgserver-0.1.4-manylinux2014_x86_64";

/// Who PostgreSQL runs as where the tests are run by root, which it refuses: `nobody`.
const NOBODY: u32 = 65_534;

/// How long starting it may take, on a busy machine.
const WITHIN: Duration = Duration::from_secs(60);

/// Starts the server, and stops it when its own standard input ends: when the test's process does, however that happens.
const KEEPER: &str = r#""$@" </dev/null & server=$!
cat >/dev/null
kill -QUIT $server; wait $server"#;

/// A server of one's own. Stopped when it is dropped, and with the process.
#[derive(Debug)]
pub struct Postgres {
    keeper: Child,
    home: TempDir,
}

impl Postgres {
    /// Starts one, with an empty database `postgres` of the user `postgres`.
    ///
    /// # Panics
    /// If there is none and none can be had; the message says what to install.
    pub fn start() -> Self {
        let home = tempfile::Builder::new().prefix("cache-pg-").tempdir_in("/tmp");
        let home = home.unwrap_or_else(|error| panic!("no directory for PostgreSQL: {error}"));
        let owner = fs::metadata(home.path()).unwrap_or_else(|error| panic!("{error}")).uid();
        let is_root = owner == 0;
        let bin = match installed() {
            Some(bin) => bin,
            None => provisioned(is_root.then(|| home.path().join("binaries")).as_deref()),
        };
        if is_root {
            chown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap_or_else(|error| panic!("{error}"));
        }
        let command = |program: &str| {
            let mut command = Command::new(program);
            command.current_dir(home.path()).env("LC_ALL", "C");
            for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
                command.env_remove(name);
            }
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = home.path().join("data");
        let mut init = command(&bin.join("initdb").to_string_lossy());
        init.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale", "-D"])
            .arg(&data);
        output(&mut init)
            .unwrap_or_else(|error| panic!("PostgreSQL in {} cannot be set up: {error}", bin.display()));
        let mut keeper = command("/bin/sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(bin.join("postgres")).arg("-D").arg(&data);
        keeper.arg("-k").arg(home.path());
        for setting in ["listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=60"] {
            keeper.args(["-c", setting]);
        }
        let log = fs::File::create(home.path().join("log")).unwrap_or_else(|error| panic!("{error}"));
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let keeper = keeper.spawn().unwrap_or_else(|error| panic!("PostgreSQL cannot be started: {error}"));
        let server = Self { keeper, home };
        server.wait();
        server
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.home.path().display())
    }

    /// Waits until it takes connections.
    fn wait(&self) {
        let until = Instant::now() + WITHIN;
        // The last line of the file says so, in every version since 10.
        let ready = || {
            let lines = fs::read_to_string(self.home.path().join("data/postmaster.pid")).unwrap_or_default();
            lines.lines().nth(7).is_some_and(|line| line.trim() == "ready")
        };
        while !ready() {
            let log = || fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL did not start within {WITHIN:?}: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The programs that are installed: on PATH, or where Debian keeps them, the newest first.
fn installed() -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().parse().unwrap_or(0), entry.path().join("bin")))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let places = on_path.into_iter().chain(versions.into_iter().map(|(_, bin)| bin));
    places
        .filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        // Links on PATH lead to where its libraries are.
        .find_map(|bin| Some(bin.join("postgres").canonicalize().ok()?.parent()?.to_owned()))
}

/// The programs that were downloaded, now or before; copied to `copy`, where others than root can run them.
fn provisioned(copy: Option<&Path>) -> PathBuf {
    let advice = "install PostgreSQL (Debian, Ubuntu: `apt-get install postgresql`), so that `initdb` and `postgres` are on \
                  PATH or in /usr/lib/postgresql/<version>/bin";
    let machine = (env::consts::OS, env::consts::ARCH);
    assert!(
        machine == ("linux", "x86_64"),
        "no PostgreSQL was found, and none can be downloaded for {machine:?}; {advice}"
    );
    let folder = kept().join(FOLDER);
    unpack(&folder, WHEEL, &TAGS).unwrap_or_else(|error| {
        panic!("no PostgreSQL was found, and none can be downloaded; {advice}: {error}")
    });
    let root = match copy {
        Some(copy) => {
            let mut copying = Command::new("cp");
            copying.arg("-R").arg(&folder).arg(copy);
            output(&mut copying).unwrap_or_else(|error| panic!("{error}"));
            fs::set_permissions(copy, fs::Permissions::from_mode(0o755))
                .unwrap_or_else(|error| panic!("{error}"));
            copy.to_owned()
        }
        None => folder,
    };
    let bin = root.join("pgserver/pginstall/bin");
    for entry in fs::read_dir(&bin).unwrap_or_else(|error| panic!("{}: {error}", bin.display())).flatten() {
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    bin
}
