//! Makes connections: the stream, TLS on it, and what is said first.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cache_index::{Command, Reply};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::failure::Failure;
use super::heard::Heard;
use super::tls::Connector;
use super::wire::{Packed, Told, Wire};
use crate::connection::hello;
use crate::settings::Protocol;

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    Tcp(&'a str, u16),
    Unix(&'a Path),
}

/// Who connects.
#[derive(Clone, Default)]
pub(super) struct User {
    pub(super) name: Option<String>,
    pub(super) password: Option<String>,
}

/// Makes connections for one user.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) user: User,
    pub(super) database: i64,
    /// What connections speak.
    pub(super) protocol: Protocol,
    pub(super) tls: Option<Connector>,
    pub(super) client_name: Option<String>,
    /// Whether the server is to say when a key changes that was read, which is for one purpose alone.
    pub(super) tracks_reads: bool,
    /// How long calls have, and connecting.
    pub(super) patience: Duration,
    pub(super) connect_timeout: Duration,
}

/// A connection on which all that has to be was said.
pub(super) struct Opened {
    pub(super) wire: Wire,
    pub(super) heard: Arc<Heard>,
    /// Whether the server tells of flushes on it, among what it tells.
    pub(super) tracks: bool,
}

/// What the server has to do for there to be a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Must,
    /// What it refuses is done without.
    May,
    /// Whether it does is to be known.
    Tracks,
}

impl Opener {
    /// Makes a connection to there. What is kept is dropped when it ends.
    pub(super) async fn open(
        &self,
        at: At<'_>,
        told: Option<Told>,
        kept: impl Send + 'static,
    ) -> Result<Opened, Failure> {
        // In TLS 1.3 a server refuses a client after the handshake.
        let opened = async {
            match at {
                At::Tcp(host, port) => {
                    let stream = TcpStream::connect((host, port)).await?;
                    stream.set_nodelay(true)?;
                    match &self.tls {
                        None => self.talk(stream, told, kept).await,
                        Some(tls) => self.talk(tls.connect(host, stream).await?, told, kept).await,
                    }
                }
                At::Unix(path) => self.talk(UnixStream::connect(path).await?, told, kept).await,
            }
        };
        opened.await.map_err(Failure::at_first)
    }

    async fn talk<S>(
        &self,
        stream: S,
        told: Option<Told>,
        kept: impl Send + 'static,
    ) -> Result<Opened, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let heard = Arc::new(Heard::new());
        let wire = Wire::start(stream, Arc::clone(&heard), self.patience, told, kept);
        let said = self.said();
        let packed = Packed::of(said.iter().map(|(command, _)| command), false);
        let mut tracks = false;
        let answers = wire.begin(packed, self.connect_timeout).await?;
        for ((command, need), answer) in said.iter().zip(answers) {
            match (need, answer) {
                (Need::Must, Reply::Error(error)) => {
                    return Err(Failure::Refused(first_word(command), error));
                }
                (Need::Tracks, answer) => tracks = !matches!(answer, Reply::Error(_)),
                (Need::Must | Need::May, _) => {}
            }
        }
        Ok(Opened { wire, heard, tracks: tracks || self.tracks_reads })
    }

    /// What is said first, in one piece, and what of it the server has to do.
    fn said(&self) -> Vec<(Command, Need)> {
        let mut said = Vec::new();
        let user = self.user.name.as_deref();
        match (self.protocol, &self.user.password) {
            (Protocol::Resp3, password) => {
                let hello = Command::new("HELLO").arg("3");
                said.push(match password {
                    Some(password) => hello.args_from(["AUTH", user.unwrap_or("default"), password]),
                    None => hello,
                });
            }
            (Protocol::Resp2, Some(password)) => {
                said.push(Command::new("AUTH").args_from(user).arg(password));
            }
            (Protocol::Resp2, None) => {}
        }
        if self.database != 0 {
            said.push(Command::new("SELECT").arg_display(self.database));
        }
        let mut said: Vec<_> = said.into_iter().map(|command| (command, Need::Must)).collect();
        let client = |words: &[&str]| Command::new("CLIENT").args_from(words);
        said.push((client(&["SETINFO", "LIB-NAME", "cache-core"]), Need::May));
        said.push((client(&["SETINFO", "LIB-VER", env!("CARGO_PKG_VERSION")]), Need::May));
        if let Some(name) = &self.client_name {
            said.push((client(&["SETNAME", name]), Need::May));
        }
        match self.protocol {
            // Has the server say when a key changes that was read here, with whatever command. A user who may not have that gets
            // an error.
            _ if self.tracks_reads => said.push((client(&["TRACKING", "ON"]), Need::Must)),
            // Has the server say when a database is flushed: it tells clients that track keys, of any database, before it answers
            // them anything that comes later. OPTIN tracks no key until it is told to, so nothing else is sent and nothing
            // remembered. It, or the user's permissions, may not allow it.
            Protocol::Resp3 => said.push((client(&["TRACKING", "ON", "OPTIN"]), Need::Tracks)),
            Protocol::Resp2 => {}
        }
        said
    }
}

impl Opened {
    /// Fails unless the server is a master. Whoever may connect may ask it so; `ROLE` needs a permission of its own.
    pub(super) async fn is_master(&self, within: Duration) -> Result<(), Failure> {
        let mut answer = self.wire.send(Packed::of([&Command::new("HELLO")], false), within).await?;
        if hello::is_unknown(&answer) {
            answer = self.wire.send(Packed::of([&hello::of_replication()], false), within).await?;
        }
        match hello::role(answer).as_deref() {
            Some("master") => Ok(()),
            role => {
                let found = format!("it says that it is a {}", role.unwrap_or("server without a role"));
                Err(io::Error::other(found).into())
            }
        }
    }
}

/// What a message calls it.
fn first_word(command: &Command) -> &'static str {
    match command.name() {
        "HELLO" => "HELLO",
        "AUTH" => "AUTH",
        "SELECT" => "SELECT",
        _ => "CLIENT",
    }
}
