//! One running server: starting it, waiting until it is ready, signalling it, ending it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::command;
use super::error::EmbeddedError;
use super::home::Home;
use super::limit::{Limit, naps};
use super::plan::{Binaries, Extras};
use super::probe::{self, State};
use super::watcher::Watcher;

/// How long a server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How long a killed server may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// How long dropping a server may wait, once for the server and once for its watcher.
const DROP_WITHIN: Duration = Duration::from_millis(500);

/// A server, its directory and its watcher; dropping it ends all three.
#[derive(Debug)]
pub(super) struct Process {
    binaries: Binaries,
    extras: Extras,
    server: Option<Child>,
    watcher: Watcher,
    home: Home,
    port: Option<u16>,
}

impl Process {
    pub(super) fn start(binaries: Binaries, extras: Extras, limit: &Limit) -> Result<Process, EmbeddedError> {
        let home = Home::new()?;
        let watcher = Watcher::start(home.path())?;
        let mut process = Process { binaries, extras, server: None, watcher, home, port: None };
        process.launch(limit)?;
        Ok(process)
    }

    pub(super) fn socket(&self) -> &Path {
        self.home.socket()
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// The process id of the server, or nothing while none runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Kills the server and waits until it is gone; its directory stays.
    pub(super) fn kill(&mut self) -> Result<(), EmbeddedError> {
        let Some(server) = &mut self.server else { return Ok(()) };
        // It fails only when the server has ended already.
        let _ = server.kill();
        // A limit of its own, because a server is also killed when the time of its start is up.
        let (limit, _waiting) = Limit::new(GONE_WITHIN);
        command::wait(server, "the end of redis", &limit, || ())?;
        self.server = None;
        self.watcher.tell(None);
        Ok(())
    }

    /// Starts the server again on the same socket and port, after killing it if it still runs.
    pub(super) fn restart(&mut self, limit: &Limit) -> Result<(), EmbeddedError> {
        self.kill()?;
        if !self.watcher.is_alive() {
            self.watcher = Watcher::start(self.home.path())?;
        }
        self.launch(limit)
    }

    pub(super) fn pause(&mut self, limit: &Limit) -> Result<(), EmbeddedError> {
        let pid = self.running()?;
        command::signal("STOP", pid, limit)?;
        // The signal is delivered before it takes effect. Where the system tells, wait until it has.
        let limit = limit.within(Duration::from_secs(1));
        for nap in naps() {
            if !matches!(state_letter(pid), Some(letter) if letter != 'T') {
                break;
            }
            limit.check("pausing redis")?;
            limit.nap(nap);
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, limit: &Limit) -> Result<(), EmbeddedError> {
        let pid = self.running()?;
        command::signal("CONT", pid, limit)
    }

    /// The id of the server, which cannot belong to another process: nobody has waited for it yet.
    fn running(&mut self) -> Result<u32, EmbeddedError> {
        let server = self.server.as_mut().ok_or(EmbeddedError::NotRunning)?;
        match server.try_wait() {
            Ok(None) => Ok(server.id()),
            _ => Err(EmbeddedError::NotRunning),
        }
    }

    fn launch(&mut self, limit: &Limit) -> Result<(), EmbeddedError> {
        let limit = limit.within(READY_WITHIN);
        let keep_port = self.port.is_some();
        loop {
            if self.extras.tcp && !keep_port {
                self.port = Some(free_port()?);
            }
            let log_from = self.spawn()?;
            let result = self.wait_ready(log_from, &limit);
            if result.is_ok() {
                return result;
            }
            // A server that never became ready must not be taken for a running one.
            self.kill()?;
            match &result {
                // Somebody took the port between its choice and its use.
                Err(EmbeddedError::Died { log, .. })
                    if self.port.is_some()
                        && log.contains("Address already in use")
                        && limit.check("finding a free port").is_ok() =>
                {
                    limit.nap(Duration::from_millis(20));
                }
                _ => return result,
            }
        }
    }

    fn spawn(&mut self) -> Result<u64, EmbeddedError> {
        let (log, log_from) = self.home.open_log()?;
        let doing = || format!("start {}", self.binaries.server.display());
        let errors = log.try_clone().map_err(EmbeddedError::io(doing()))?;
        let mut command = Command::new(&self.binaries.server);
        match self.port {
            Some(port) => command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]),
            None => command.args(["--port", "0"]),
        };
        command.arg("--unixsocket").arg(self.home.socket()).args(["--unixsocketperm", "700"]);
        command.arg("--dir").arg(self.home.path());
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        for module in &self.binaries.modules {
            command.arg("--loadmodule").arg(module);
        }
        command.args(&self.extras.args).current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(self.watcher.group());
        let server = command::spawn(&mut command).map_err(EmbeddedError::io(doing()))?;
        self.watcher.tell(Some(server.id()));
        self.server = Some(server);
        Ok(log_from)
    }

    fn wait_ready(&mut self, log_from: u64, limit: &Limit) -> Result<(), EmbeddedError> {
        for nap in naps() {
            let server = self.server.as_mut().ok_or(EmbeddedError::NotRunning)?;
            if let Some(status) = server.try_wait().map_err(EmbeddedError::io("wait for redis"))? {
                return Err(EmbeddedError::Died { status, log: self.home.log_tail(log_from) });
            }
            let said = match probe::ask(self.home.socket(), limit) {
                // Signals go to the child, so the child has to be the server and not something that started it.
                State::Ready { pid: Some(pid) } if pid != server.id() => {
                    let problem = "it starts the server as another process; name the server binary itself, or \
                                   have the script replace itself with `exec`";
                    return Err(EmbeddedError::Unfit { problem: problem.to_owned() });
                }
                State::Ready { .. } => return Ok(()),
                State::Unfit(problem) => return Err(EmbeddedError::Unfit { problem }),
                State::NotYet(reason) => reason,
            };
            match limit.check("the start of redis") {
                Err(EmbeddedError::TimedOut { bound, .. }) => {
                    return Err(EmbeddedError::NotReady { bound, said, log: self.home.log_tail(log_from) });
                }
                other => other?,
            }
            limit.nap(nap);
        }
        Err(EmbeddedError::Interrupted)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Nothing is kept, so there is nothing a gentler signal could save.
            let _ = server.kill();
            let (limit, _waiting) = Limit::new(DROP_WITHIN);
            if command::wait(&mut server, "the end of redis", &limit, || ()).is_ok() {
                self.watcher.tell(None);
            }
            command::bury(server);
        }
        self.watcher.finish(DROP_WITHIN);
    }
}

fn free_port() -> Result<u16, EmbeddedError> {
    let doing = "find a free port on 127.0.0.1";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(EmbeddedError::io(doing))?;
    Ok(listener.local_addr().map_err(EmbeddedError::io(doing))?.port())
}

/// The state of a process as one letter, or nothing where the system has no `/proc`.
fn state_letter(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn script(dir: &Path, text: &str) -> Binaries {
        let server = dir.join("redis-server");
        // Written by another program: a file this process has open for writing cannot be executed, and a child
        // forked meanwhile by another test would hold it open.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1""#, "sh"]).arg(&server).arg(text);
        assert!(command.status().unwrap().success());
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).unwrap();
        Binaries { server, modules: Vec::new() }
    }

    #[test]
    fn a_server_that_ends_brings_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let binaries = script(dir.path(), "echo first; echo cannot load >&2; exit 7");
        let (limit, _waiting) = Limit::new(Duration::from_secs(10));
        let error = Process::start(binaries, Extras::default(), &limit).unwrap_err();
        let EmbeddedError::Died { status, log } = error else { panic!("{error}") };
        assert_eq!((status.code(), log.as_str()), (Some(7), "first\ncannot load"));
    }

    #[test]
    fn a_server_that_never_listens_is_ended_with_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let seen = dir.path().join("seen");
        let binaries = script(dir.path(), &format!("pwd > '{}'; exec sleep 60", seen.display()));
        let (limit, _waiting) = Limit::new(Duration::from_millis(500));
        let error = Process::start(binaries, Extras::default(), &limit).unwrap_err();
        assert!(matches!(error, EmbeddedError::NotReady { .. }), "{error}");
        let home = PathBuf::from(fs::read_to_string(seen).unwrap().trim());
        assert!(home.is_absolute() && !home.exists());
    }

    #[test]
    fn a_missing_binary_is_named() {
        let (limit, _waiting) = Limit::new(Duration::from_secs(1));
        let binaries = Binaries { server: PathBuf::from("/nowhere/redis-server"), modules: Vec::new() };
        let error = Process::start(binaries, Extras::default(), &limit).unwrap_err();
        assert!(error.to_string().starts_with("could not start /nowhere/redis-server: "), "{error}");
    }
}
