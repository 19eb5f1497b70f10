//! However the owner of servers ends, no process, no socket and no directory is left.

use std::time::Duration;

use cache_core::embedded::{self, Server};
use cache_tests::child::{MANY, child, runs, sockets_of, wait_until};
use cache_tests::figures;

pub(crate) const ENDS: &[(&str, fn())] = &[
    ("leaks::the_owner_is_killed", || owner("own", true)),
    ("leaks::the_owner_of_a_paused_server_is_killed", || owner("own-paused", true)),
    ("leaks::the_owner_panics", || owner("panic", false)),
    ("leaks::the_owner_exits", || owner("exit", false)),
    ("leaks::the_owner_of_fifty_is_killed", || owner("many", true)),
    ("leaks::the_runtime_is_dropped", runtime),
];

fn ready() {
    tokio::runtime::Runtime::new().unwrap().block_on(embedded::binaries()).unwrap();
}

fn owner(role: &str, kill: bool) {
    ready();
    let number = if role == "many" { MANY } else { 1 };
    let mut owner = child(role).spawn().unwrap();
    let servers = sockets_of(&mut owner, number);
    if kill {
        assert!(servers.iter().all(|(pid, socket)| runs(*pid) && socket.exists()));
        owner.kill().unwrap();
    }
    owner.wait().unwrap();
    let is_left =
        |(pid, socket): &&(u32, std::path::PathBuf)| runs(*pid) || socket.parent().unwrap().exists();
    wait_until(&format!("{number} servers to be gone after {role}"), 20, || {
        !servers.iter().any(|it| is_left(&it))
    });
    figures::add("leaked processes", servers.iter().filter(is_left).count() as u64);
    figures::add("servers that lost their owner", servers.len() as u64);
}

/// The server belongs to a task, which goes with its runtime, while the process lives on.
fn runtime() {
    ready();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        let server = Server::start().await.unwrap();
        tell.send((server.pid(), server.socket().to_owned())).unwrap();
        std::future::pending::<()>().await;
        drop(server);
    });
    let (pid, socket) = told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(runs(pid) && socket.exists());
    drop(runtime);
    wait_until("the server to be gone with its runtime", 10, || {
        !runs(pid) && !socket.parent().unwrap().exists()
    });
    // One that is still starting when its runtime goes.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let private = tempfile::Builder::new().prefix("e").tempdir_in("/tmp").unwrap();
    let start = runtime.spawn(Server::options().arg("--logfile").arg(private.path().join("log")).start());
    let log = || std::fs::read_to_string(private.path().join("log")).unwrap_or_default();
    wait_until("the start to be under way", 20, || log().contains(':'));
    drop(start);
    runtime.shutdown_background();
    let log = log();
    // `12345:C 01 Jan 2025 …`: the id of the process.
    let pid = log.split_once(':').unwrap().0.trim().parse().unwrap();
    wait_until("the server that was starting to be gone", 20, || !runs(pid));
    figures::add("servers that lost their owner", 2);
}
