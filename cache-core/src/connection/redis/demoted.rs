//! What a master says that is none any more, and what is made of it: where sentinels say who is the master, the connection is
//! given up, and the next call asks them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cache_index::{Command, ServerErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::node::{Node, Shared};
use crate::connection::cluster::Member;
use crate::connection::{Capabilities, server_error};
use crate::error::Error;
use crate::settings::{Protocol, RedisSettings};

/// A server, and the sentinel that watches it, on one port.
struct Played {
    port: u16,
    /// What it answers next to what is not about the connection; then `OK`.
    script: Arc<Mutex<VecDeque<String>>>,
}

impl Played {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, script) = (listener.local_addr().unwrap().port(), Arc::default());
        let says = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, port, Arc::clone(&says)));
            }
        });
        Self { port, script }
    }

    fn node(&self, url: &str) -> Node {
        let settings = RedisSettings::new(url.replace("PORT", &self.port.to_string()));
        let settings = settings.protocol(Protocol::Resp2);
        Node::known(&settings, &Shared::default(), &Capabilities::default()).unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    port: u16,
    script: Arc<Mutex<VecDeque<String>>>,
) -> std::io::Result<()> {
    let (mut read, mut buffer) = (Vec::new(), [0; 1_024]);
    loop {
        while let Some((name, length)) = command(&read) {
            read.drain(..length);
            let port = port.to_string();
            let answer = match name.as_str() {
                "HELLO" => "*2\r\n$4\r\nrole\r\n$6\r\nmaster\r\n".to_owned(),
                "SENTINEL" => format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len()),
                "CLIENT" => "+OK\r\n".to_owned(),
                _ => script.lock().unwrap().pop_front().unwrap_or_else(|| "+OK".to_owned()) + "\r\n",
            };
            stream.write_all(answer.as_bytes()).await?;
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => read.extend_from_slice(&buffer[..length]),
        }
    }
}

/// The name of the first command, and how long it is; `None`: it is not there yet.
fn command(bytes: &[u8]) -> Option<(String, usize)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut lines = text.split_inclusive("\r\n").filter(|line| line.ends_with("\r\n"));
    let head = lines.next()?;
    let count: usize = head.trim_end().strip_prefix('*').unwrap().parse().unwrap();
    let words: Vec<_> = lines.take(2 * count).collect();
    let length = head.len() + words.iter().map(|line| line.len()).sum::<usize>();
    (words.len() == 2 * count).then(|| (words[1].trim_end().to_owned(), length))
}

/// How commands are sent.
#[derive(Debug, Clone, Copy)]
enum As {
    One,
    Pipeline,
    Transaction,
}

/// Whether the connection was given up behind these answers; and the error, if it was one.
async fn is_given_up(url: &str, sent: As, answers: &[&str]) -> (bool, Option<Error>) {
    let played = Played::start().await;
    let node = played.node(url);
    let set = Command::new("SET").key("k").arg("v");
    node.call(&set, None).await.unwrap();
    let before = node.generation();
    *played.script.lock().unwrap() = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let failed = match sent {
        As::One => node.call(&set, None).await.err(),
        As::Pipeline | As::Transaction => {
            let atomic = matches!(sent, As::Transaction);
            match node.call_all(&[&set, &set], atomic, None).await {
                Ok(answers) => answers.into_iter().find_map(Result::err),
                Err(error) => Some(error),
            }
        }
    };
    assert!(played.script.lock().unwrap().is_empty(), "{answers:?}");
    node.call(&set, None).await.unwrap();
    (node.generation() != before, failed)
}

const WATCHED: &str = "redis+sentinel://127.0.0.1:PORT/m";
const READONLY: &str = "-READONLY You can't write against a read only replica.";
const DOWN: &str = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
const LOADING: &str = "-LOADING Redis is loading the dataset in memory";
const DISCARDED: &str = "-EXECABORT Transaction discarded because of previous errors.";

#[tokio::test]
async fn who_is_no_master_any_more_is_given_up() {
    let script = "-READONLY You can't write against a read only replica. script: f, on @user_script:1.";
    let old_script = "-ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't write \
                      against a read only replica.";
    let at_exec =
        "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.";
    let down_at_exec = "-EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is down.";
    let in_exec = "*2\r\n+OK\r\n-READONLY You can't write against a read only replica.";
    let (ok, queued) = ("+OK", "+QUEUED");
    for (sent, answers) in [
        (As::One, &[READONLY][..]),
        (As::One, &[DOWN]),
        (As::One, &[script]),
        (As::One, &[old_script]),
        (As::Pipeline, &[ok, READONLY]),
        (As::Pipeline, &[DOWN, DOWN]),
        (As::Transaction, &[ok, READONLY, queued, DISCARDED]),
        (As::Transaction, &[ok, queued, DOWN, DISCARDED]),
        (As::Transaction, &[ok, queued, queued, READONLY]),
        (As::Transaction, &[ok, queued, queued, at_exec]),
        (As::Transaction, &[ok, queued, queued, down_at_exec]),
        (As::Transaction, &[ok, queued, queued, in_exec]),
    ] {
        let (given_up, failed) = is_given_up(WATCHED, sent, answers).await;
        assert!(given_up && failed.unwrap().is_write_refused(), "{sent:?} {answers:?}");
    }
}

#[tokio::test]
async fn who_has_another_reason_is_kept() {
    let at_exec =
        "-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory";
    let (ok, queued) = ("+OK", "+QUEUED");
    for (sent, answers) in [
        (As::One, &[LOADING][..]),
        (As::One, &["-BUSY Redis is busy running a script."]),
        (As::One, &["-OOM command not allowed when used memory > 'maxmemory'."]),
        (As::One, &["-NOREPLICAS Not enough good replicas to write."]),
        (As::One, &["-MISCONF Redis is configured to save RDB snapshots, but"]),
        (As::One, &["-ERR this is not READONLY"]),
        (As::Pipeline, &[ok, LOADING]),
        (As::Transaction, &[ok, LOADING, queued, DISCARDED]),
        (As::Transaction, &[ok, queued, queued, at_exec]),
        (As::Transaction, &[ok, queued, queued, DISCARDED]),
    ] {
        let (given_up, failed) = is_given_up(WATCHED, sent, answers).await;
        assert!(!given_up && failed.is_some(), "{sent:?} {answers:?}");
    }
    assert_eq!(server_error(&at_exec[1..]).kind(), ServerErrorKind::Loading);
    // Nobody says that it would be elsewhere.
    let (given_up, failed) = is_given_up("redis://127.0.0.1:PORT", As::One, &[READONLY]).await;
    assert!(!given_up && failed.unwrap().is_write_refused());
}
