//! The private directory of one server: its socket, its log and whatever it writes.

use std::env;
use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{self, Path, PathBuf};

use tempfile::TempDir;

use super::command;
use super::error::EmbeddedError;

/// The longest socket path that every system takes, with the byte that ends it.
const LONGEST_SOCKET: usize = 104;

const PREFIX: &str = "cache-redis-";
const RANDOM: usize = 8;

/// A directory only its owner can enter, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Home {
    directory: TempDir,
    socket: PathBuf,
}

impl Home {
    pub(super) fn new() -> Result<Home, EmbeddedError> {
        let wanted = path::absolute(env::temp_dir()).ok().filter(|base| fits(base));
        let made = wanted.and_then(|base| make(&base).ok());
        let directory = match made {
            Some(directory) => directory,
            None => make(Path::new("/tmp")).map_err(EmbeddedError::io(
                "create a directory for the redis socket in /tmp or in the directory TMPDIR names",
            ))?,
        };
        let socket = directory.path().join("redis.sock");
        Ok(Home { directory, socket })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Opens the log to append to it; the number is how long it is already.
    pub(super) fn open_log(&self) -> Result<(File, u64), EmbeddedError> {
        let open = || {
            let log = OpenOptions::new().create(true).append(true).open(self.log())?;
            let length = log.metadata()?.len();
            Ok((log, length))
        };
        open().map_err(EmbeddedError::io("open the log of redis"))
    }

    /// The end of the log, not looking before byte `from`.
    pub(super) fn log_tail(&self, from: u64) -> String {
        command::tail(&self.log(), from)
    }

    fn log(&self) -> PathBuf {
        self.path().join("redis.log")
    }
}

fn make(base: &Path) -> std::io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(PREFIX)
        .rand_bytes(RANDOM)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(base)
}

/// Whether a socket below `base` has a path that is short enough, and means the same inside a URL.
fn fits(base: &Path) -> bool {
    let base = base.as_os_str().as_bytes();
    let length = base.len() + 1 + PREFIX.len() + RANDOM + "/redis.sock".len();
    length < LONGEST_SOCKET && base.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_short_and_plain_places_fit() {
        assert!(fits(Path::new("/tmp")));
        assert!(fits(Path::new("/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/")));
        assert!(!fits(Path::new(&format!("/tmp/{}", "x".repeat(80)))));
        assert!(!fits(Path::new("/tmp/with space")));
        assert!(!fits(Path::new("/tmp/100%")));
    }

    #[test]
    fn nobody_else_may_enter_and_nothing_is_left() {
        let home = Home::new().unwrap();
        let path = home.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(home.socket().as_os_str().len() < LONGEST_SOCKET);
        drop(home);
        assert!(!path.exists());
    }
}
