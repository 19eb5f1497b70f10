//! The watcher: a shell that outlives the owner of a server, or of a download, just long enough to clean up after it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use super::command;
use super::error::EmbeddedError;
use super::limit::Limit;

/// What the watcher runs; `$1` is the directory to remove, `$2` a file to remove with it while it is held.
///
/// It leads a process group that holds nothing but itself and what it watches, so it can signal that group without knowing
/// who is in it, and no process id can have been reused. Each line on its input is the id of the server that runs
/// now, or empty when none does, or `held` or `free`. The input ends when the owner closes the pipe or dies, however it dies.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
PATH="$PATH:/usr/bin:/bin"
server=
held=
while read -r line; do
    case $line in
        held) held=$2 ;;
        free) held= ;;
        *) server=$line ;;
    esac
done
kill -s TERM 0
kill -s CONT 0
tries=0
while [ -n "$server" ] && [ "$tries" -lt 20 ] && kill -s 0 "$server"; do
    sleep 0.05 || break
    tries=$((tries + 1))
done
if [ -n "$server" ]; then kill -s KILL "$server"; fi
rm -rf -- "$1" || { sleep 0.1; rm -rf -- "$1"; }
if [ -n "$held" ]; then rm -f -- "$held"; fi
kill -s KILL 0
"#;

/// A running watcher, which starts to clean up when this is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    child: Option<Child>,
    input: Option<ChildStdin>,
    group: i32,
}

impl Watcher {
    /// One that removes this directory.
    pub(super) fn start(directory: &Path) -> Result<Watcher, EmbeddedError> {
        Self::with(directory, None)
    }

    /// One that removes this directory, and this file as long as it is held: it is, from now on.
    pub(super) fn holding(directory: &Path, file: &Path) -> Result<Watcher, EmbeddedError> {
        let mut watcher = Self::with(directory, Some(file))?;
        watcher.write("held\n");
        Ok(watcher)
    }

    /// The file is not held any more.
    pub(super) fn free(&mut self) {
        self.write("free\n");
    }

    fn with(directory: &Path, file: Option<&Path>) -> Result<Watcher, EmbeddedError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "cache-redis-watcher"]).arg(directory).args(file).current_dir("/");
        // Whoever reads the owner's output to its end must not have to wait for the watcher.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own keeps a Ctrl-C that is meant for the owner from ending the watcher first.
        command.process_group(0);
        let mut child =
            command::spawn(&mut command).map_err(EmbeddedError::io("start /bin/sh as a watcher"))?;
        let input = child.stdin.take();
        // Zero would make the server a leader itself; no process has an id that does not fit.
        let group = i32::try_from(child.id()).unwrap_or(0);
        Ok(Watcher { child: Some(child), input, group })
    }

    /// The process group that the server has to join.
    pub(super) fn group(&self) -> i32 {
        self.group
    }

    /// Whether the watcher still watches; somebody may have ended it.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Tells the watcher which process the server is now, or that there is none.
    pub(super) fn tell(&mut self, server: Option<u32>) {
        self.write(&server.map_or_else(|| "\n".to_owned(), |pid| format!("{pid}\n")));
    }

    fn write(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            // It fails only when the watcher is gone, which the next start of a server notices and mends.
            let _ = input.write_all(line.as_bytes());
        }
    }

    /// Lets the watcher clean up, and waits for its end at most `bound`.
    pub(super) fn finish(&mut self, bound: Duration) {
        drop(self.input.take());
        let Some(mut child) = self.child.take() else { return };
        let (limit, _waiting) = Limit::new(bound);
        // Past the bound it goes on by itself; it needs nobody.
        let _ = command::wait(&mut child, "the watcher", &limit, || ());
        command::bury(child);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.finish(Duration::ZERO);
    }
}
