//! Tests that need processes of their own: the test program runs itself again with a role to play.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::embedded::{self, EmbeddedError, Server};

/// Tells a child process, which is this very program, what to do.
const ROLE: &str = "EMBEDDED_TEST_ROLE";

/// How many servers the role `many` starts at once.
pub const MANY: usize = 50;

/// Whether the process runs; one that has ended and waits for its parent does not.
///
/// # Panics
/// If the test's machine does not let it.
pub fn runs(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        return stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']));
    }
    let kill = ["-c", r#"kill -s 0 "$1" 2>/dev/null"#, "sh"];
    Command::new("/bin/sh").args(kill).arg(pid.to_string()).status().unwrap().success()
}

/// Polls until `condition` holds, at most `seconds`.
///
/// # Panics
/// If the test's machine does not let it.
pub fn wait_until(what: &str, seconds: u64, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !condition() {
        assert!(Instant::now() < until, "waited {seconds} s for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether this program was started with a role to [play](act), for those that have no test of the name `in_a_child`.
pub fn has_role() -> bool {
    env::var_os(ROLE).is_some()
}

/// This program again, doing nothing but `role`.
///
/// # Panics
/// If the test's machine does not let it.
pub fn child(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "in_a_child", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads the lines a child writes until it has said where its server is.
///
/// # Panics
/// If the test's machine does not let it.
pub fn socket_of(child: &mut Child) -> (u32, PathBuf) {
    sockets_of(child, 1).pop().expect("the child starts a server")
}

/// As [`socket_of`], of so many servers.
///
/// # Panics
/// If the test's machine does not let it, or there are fewer.
pub fn sockets_of(child: &mut Child, number: usize) -> Vec<(u32, PathBuf)> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let read = |line: String| {
        let (pid, socket) = line.split_once("SERVER ")?.1.split_once(' ')?;
        Some((pid.parse().unwrap(), PathBuf::from(socket)))
    };
    let servers: Vec<_> = lines.filter_map(read).take(number).collect();
    assert_eq!(servers.len(), number, "the child starts its servers");
    servers
}

/// What a process wrote, its errors last.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The environment of the machine, but with nothing on `PATH` and nothing downloaded.
///
/// # Panics
/// If the test's machine does not let it.
pub fn bare(role: &str, empty: &Path) -> Command {
    let mut command = child(role);
    command.env("PATH", empty).env("CACHE_EMBEDDED_DIR", empty.join("cache"));
    for variable in ["CACHE_REDIS_SERVER", "CACHE_REDIS_MODULES", "CACHE_OFFLINE"] {
        command.env_remove(variable);
    }
    command
}

/// Writes a shell script; another program does it, because a file this one has open for writing cannot be run.
///
/// # Panics
/// If the test's machine does not let it.
pub fn script(path: &Path, body: &str) {
    let write = [r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#, "sh"];
    assert!(Command::new("/bin/sh").arg("-c").args(write).arg(path).arg(body).status().unwrap().success());
}

/// What it is called in code; what is printed of it is for people.
fn kind(error: &EmbeddedError) -> &'static str {
    match error {
        EmbeddedError::UnsupportedPlatform { .. } => "UnsupportedPlatform",
        EmbeddedError::Variable { .. } => "Variable",
        EmbeddedError::Offline { .. } => "Offline",
        EmbeddedError::PythonMissing => "PythonMissing",
        EmbeddedError::PipMissing { .. } => "PipMissing",
        EmbeddedError::Download { .. } => "Download",
        EmbeddedError::Unpack { .. } => "Unpack",
        _ => "otherwise",
    }
}

/// What a child does. In the test program itself, which has no role, nothing.
///
/// # Panics
/// If the role says so, or no server can be had.
pub async fn act() {
    match env::var(ROLE).as_deref() {
        Ok("own") => {
            let server = Server::start().await.unwrap();
            println!("SERVER {} {}", server.pid(), server.socket().display());
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok("own-paused") => {
            let server = Server::start().await.unwrap();
            server.pause().await.unwrap();
            println!("SERVER {} {}", server.pid(), server.socket().display());
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok("panic") => {
            let server = Server::start().await.unwrap();
            println!("SERVER {} {}", server.pid(), server.socket().display());
            panic!("as the test wants");
        }
        Ok("exit") => {
            let server = Server::start().await.unwrap();
            println!("SERVER {} {}", server.pid(), server.socket().display());
            std::process::exit(0);
        }
        Ok("many") => {
            let starts: Vec<_> = (0..MANY).map(|_| tokio::spawn(Server::start())).collect();
            let mut servers = Vec::new();
            for start in starts {
                servers.push(start.await.unwrap().unwrap());
            }
            for server in &servers {
                println!("SERVER {} {}", server.pid(), server.socket().display());
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok("report") => match Server::start().await {
            Ok(server) => println!("STARTED {}", server.socket().display()),
            Err(error) => println!("FAILED {}\nTEXT {error:?}", kind(&error)),
        },
        Ok("binaries") => println!("BINARIES {:?}", embedded::binaries().await.unwrap()),
        _ => {}
    }
}
