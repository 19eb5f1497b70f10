//! Real servers: how they start, what they serve, and that they always go away.

#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cache_core::embedded::{self, EmbeddedError, Server};
use cache_tests::child::{child, runs, socket_of, text, wait_until};

/// What the children of the other tests do. On its own it does nothing.
#[tokio::test]
async fn in_a_child() {
    cache_tests::child::act().await;
}

/// Sends one command and reads what comes back within its bound, without interpreting it.
fn say(mut stream: impl Read + Write, words: &[&str]) -> std::io::Result<String> {
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

fn ask(server: &Server, words: &[&str]) -> std::io::Result<String> {
    let stream = UnixStream::connect(server.socket())?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    say(stream, words)
}

fn directory(server: &Server) -> PathBuf {
    server.socket().parent().unwrap().to_owned()
}

#[tokio::test]
async fn serves_json_and_search() {
    let server = Server::start().await.unwrap();
    assert_eq!(server.url(), format!("redis+unix://{}", server.socket().display()));
    assert_eq!(server.port(), None);
    assert_eq!(ask(&server, &["JSON.SET", "a:1", "$", r#"{"t":"hello"}"#]).unwrap(), "+OK\r\n");
    let create = ["FT.CREATE", "i", "ON", "JSON", "PREFIX", "1", "a:", "SCHEMA", "$.t", "AS", "t", "TEXT"];
    assert_eq!(ask(&server, &create).unwrap(), "+OK\r\n");
    wait_until("the index to find the document", 10, || {
        ask(&server, &["FT.SEARCH", "i", "hello", "NOCONTENT"]).unwrap() == "*2\r\n:1\r\n$3\r\na:1\r\n"
    });
    let mode = fs::metadata(directory(&server)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_second_start_is_quick() {
    embedded::binaries().await.unwrap();
    let began = Instant::now();
    let _server = Server::start().await.unwrap();
    // Far above what it takes, because other tests run at the same time.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test]
async fn listens_on_a_free_port_when_asked() {
    let one = Server::options().tcp(true).start().await.unwrap();
    let two = Server::options().tcp(true).start().await.unwrap();
    assert_ne!(one.port(), two.port());
    for server in [&one, &two] {
        let port = server.port().unwrap();
        assert_eq!(server.url(), format!("redis://127.0.0.1:{port}"));
        assert_eq!(say(TcpStream::connect(("127.0.0.1", port)).unwrap(), &["PING"]).unwrap(), "+PONG\r\n");
        assert_eq!(ask(server, &["PING"]).unwrap(), "+PONG\r\n");
    }
}

#[tokio::test]
async fn takes_arguments() {
    let server = Server::options().arg("--maxmemory").arg("10mb").start().await.unwrap();
    assert!(ask(&server, &["CONFIG", "GET", "maxmemory"]).unwrap().contains("10485760"));
    let error = Server::options().arg("--no-such-option").arg("1").start().await.unwrap_err();
    assert!(
        matches!(error, EmbeddedError::Died { .. }) && error.to_string().contains("no-such-option"),
        "{error}"
    );
    let error = Server::options().arg("--requirepass").arg("secret").start().await.unwrap_err();
    assert!(
        matches!(error, EmbeddedError::Unfit { .. }) && error.to_string().contains("password"),
        "{error}"
    );
}

#[tokio::test]
async fn keeps_what_was_written_and_knows_users_when_asked() {
    let rules = "app on >secret resetkeys ~shop:* -@all +get +set";
    let server = Server::options().append_only(true).user(rules).start().await.unwrap();
    assert_eq!(ask(&server, &["SET", "shop:a", "1"]).unwrap(), "+OK\r\n");
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(ask(&server, &["GET", "shop:a"]).unwrap(), "$1\r\n1\r\n");
    let stream = UnixStream::connect(server.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(say(&stream, &["AUTH", "app", "wrong"]).unwrap().starts_with("-WRONGPASS"));
    assert_eq!(say(&stream, &["AUTH", "app", "secret"]).unwrap(), "+OK\r\n");
    assert_eq!(say(&stream, &["GET", "shop:a"]).unwrap(), "$1\r\n1\r\n");
    assert!(say(&stream, &["GET", "a"]).unwrap().starts_with("-NOPERM"));
    assert!(say(&stream, &["DEL", "shop:a"]).unwrap().starts_with("-NOPERM"));
}

#[tokio::test]
async fn drop_leaves_nothing_and_is_quick() {
    let server = Server::start().await.unwrap();
    let (pid, home) = (server.pid(), directory(&server));
    assert!(runs(pid));
    let began = Instant::now();
    drop(server);
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    wait_until("the process to be gone", 2, || !runs(pid));
    wait_until("the directory to be gone", 2, || !home.exists());
}

#[tokio::test]
async fn a_dropped_start_leaves_nothing() {
    embedded::binaries().await.unwrap();
    let private = tempfile::Builder::new().prefix("e").tempdir_in("/tmp").unwrap();
    // In a child, whose temporary files are its own: here other tests come and go.
    let mut own = child("own").env("TMPDIR", private.path()).spawn().unwrap();
    let entries = || fs::read_dir(private.path()).unwrap().count();
    wait_until("the start to be under way", 20, || entries() > 0);
    own.kill().unwrap();
    own.wait().unwrap();
    wait_until("everything to be gone", 5, || entries() == 0);

    let start = tokio::time::timeout(Duration::from_millis(20), Server::start());
    drop(start.await);
    let server = Server::start().await.unwrap();
    assert_eq!(ask(&server, &["PING"]).unwrap(), "+PONG\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_at_once() {
    let tasks: Vec<_> = (0..20).map(|n| tokio::spawn(Server::options().tcp(n % 2 == 0).start())).collect();
    let mut servers = Vec::new();
    for task in tasks {
        servers.push(task.await.unwrap().unwrap());
    }
    for (n, server) in servers.iter().enumerate() {
        assert_eq!(ask(server, &["SET", "n", &n.to_string()]).unwrap(), "+OK\r\n");
    }
    for (n, server) in servers.iter().enumerate() {
        assert!(ask(server, &["GET", "n"]).unwrap().ends_with(&format!("\r\n{n}\r\n")));
    }
    let traces: Vec<_> = servers.iter().map(|server| (server.pid(), directory(server))).collect();
    // Dropping one must not touch another, nor wait for it.
    let last = servers.pop().unwrap();
    drop(servers);
    assert_eq!(ask(&last, &["PING"]).unwrap(), "+PONG\r\n");
    drop(last);
    for (pid, home) in traces {
        wait_until("the servers to be gone", 5, || !runs(pid) && !home.exists());
    }
}

#[tokio::test]
async fn survives_kill_and_restart() {
    for tcp in [false, true] {
        let server = Server::options().tcp(tcp).start().await.unwrap();
        let (pid, port, socket) = (server.pid(), server.port(), server.socket().to_owned());
        ask(&server, &["SET", "a", "1"]).unwrap();
        server.kill().await.unwrap();
        server.kill().await.unwrap();
        assert!(!runs(pid) && socket.exists());
        assert!(ask(&server, &["PING"]).is_err());
        assert!(matches!(server.pause().await, Err(EmbeddedError::NotRunning)));
        server.restart().await.unwrap();
        assert_ne!(server.pid(), pid);
        assert_eq!((server.port(), server.socket()), (port, socket.as_path()));
        assert_eq!(ask(&server, &["GET", "a"]).unwrap(), "$-1\r\n");
        if let Some(port) = port {
            assert_eq!(
                say(TcpStream::connect(("127.0.0.1", port)).unwrap(), &["PING"]).unwrap(),
                "+PONG\r\n"
            );
        }
        let pid = server.pid();
        server.restart().await.unwrap();
        assert!(!runs(pid));
        let (pid, home) = (server.pid(), directory(&server));
        drop(server);
        wait_until("the restarted server to be gone", 2, || !runs(pid) && !home.exists());
    }
}

#[tokio::test]
async fn a_killed_server_leaves_nothing_when_dropped() {
    let server = Server::start().await.unwrap();
    let home = directory(&server);
    server.kill().await.unwrap();
    assert!(home.exists());
    drop(server);
    wait_until("the directory to be gone", 2, || !home.exists());
}

#[tokio::test]
async fn pauses_and_resumes() {
    let server = Server::start().await.unwrap();
    server.pause().await.unwrap();
    let stream = UnixStream::connect(server.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(say(&stream, &["PING"]).is_err());
    server.resume().await.unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(say(&stream, &["PING"]).unwrap().starts_with("+PONG\r\n"));
    server.pause().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(ask(&server, &["PING"]).unwrap(), "+PONG\r\n");
    server.pause().await.unwrap();
    let (pid, home) = (server.pid(), directory(&server));
    drop(server);
    wait_until("the paused server to be gone", 2, || !runs(pid) && !home.exists());
}

#[tokio::test]
async fn dies_with_an_owner_that_ends_any_way() {
    embedded::binaries().await.unwrap();
    for role in ["own", "own-paused", "panic", "exit"] {
        let mut owner = child(role).spawn().unwrap();
        let (pid, socket) = socket_of(&mut owner);
        if role.starts_with("own") {
            assert!(runs(pid) && socket.exists());
            owner.kill().unwrap();
        }
        owner.wait().unwrap();
        wait_until(&format!("the process to be gone after {role}"), 5, || !runs(pid));
        wait_until(&format!("the directory to be gone after {role}"), 5, || {
            !socket.parent().unwrap().exists()
        });
    }
}

#[tokio::test]
async fn a_long_temporary_directory_is_not_used() {
    embedded::binaries().await.unwrap();
    let long = tempfile::tempdir().unwrap();
    let deep = long.path().join("x".repeat(120));
    fs::create_dir(&deep).unwrap();
    let output = child("report").env("TMPDIR", &deep).output().unwrap();
    assert!(text(&output).contains("STARTED /tmp/"), "{}", text(&output));
}
