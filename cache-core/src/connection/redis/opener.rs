//! Makes connections: the stream, TLS on it, and what is said first.

use std::path::Path;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisResult, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::convert;
use super::tls::Connector;
use crate::settings::Protocol;

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    Tcp(&'a str, u16),
    Unix(&'a Path),
}

/// Makes connections for one user.
pub(super) struct Opener {
    pub(super) redis: RedisConnectionInfo,
    pub(super) tls: Option<Connector>,
    pub(super) client_name: Option<String>,
    /// Whether the server is to say when a key changes that was read, which is for one purpose alone.
    pub(super) tracks_reads: bool,
}

/// A connection on which all that has to be was said.
pub(super) struct Opened {
    pub(super) connection: MultiplexedConnection,
    /// Whether the server tells of flushes on it, among what it tells.
    pub(super) tracks: bool,
}

impl Opener {
    /// Makes a connection to there. What is kept is dropped when it ends.
    pub(super) async fn open(
        &self,
        at: At<'_>,
        config: AsyncConnectionConfig,
        kept: impl Send + 'static,
    ) -> RedisResult<Opened> {
        match at {
            At::Tcp(host, port) => {
                let stream = TcpStream::connect((host, port)).await?;
                stream.set_nodelay(true)?;
                // In TLS 1.3 a server refuses a client after the handshake.
                let opened = async {
                    match &self.tls {
                        None => self.talk(stream, config, kept).await,
                        Some(tls) => self.talk(tls.connect(host, stream).await?, config, kept).await,
                    }
                };
                opened.await.map_err(convert::opening)
            }
            At::Unix(path) => self.talk(UnixStream::connect(path).await?, config, kept).await,
        }
    }

    /// The protocol that connections speak.
    pub(super) fn protocol(&self) -> Protocol {
        if self.redis.protocol().supports_resp3() { Protocol::Resp3 } else { Protocol::Resp2 }
    }

    async fn talk<S>(
        &self,
        stream: S,
        config: AsyncConnectionConfig,
        kept: impl Send + 'static,
    ) -> RedisResult<Opened>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut connection, driver) =
            MultiplexedConnection::new_with_config(&self.redis, stream, config).await?;
        // With the driver ends the connection: when the server closes it, and when the runtime ends.
        tokio::spawn(async move {
            driver.await;
            drop(kept);
        });
        if let Some(name) = &self.client_name {
            is_allowed(&mut connection, ::redis::cmd("CLIENT").arg("SETNAME").arg(name)).await?;
        }
        let tracks = match self.protocol() {
            _ if self.tracks_reads => tracks_what_is_read(&mut connection).await.map(|()| true)?,
            Protocol::Resp3 => is_told_of_flushes(&mut connection).await?,
            Protocol::Resp2 => false,
        };
        Ok(Opened { connection, tracks })
    }
}

impl Opened {
    /// Fails unless the server is a master. Whoever may connect may ask it so; `ROLE` needs a permission of its own.
    pub(super) async fn is_master(&mut self) -> RedisResult<()> {
        let hello = self.connection.send_packed_command(&::redis::cmd("HELLO")).await?;
        let pairs = convert::reply(hello).into_pairs().unwrap_or_default();
        let role = pairs.iter().find(|(name, _)| name.as_str() == Some("role"));
        match role.and_then(|(_, role)| role.as_str()) {
            Some("master") => Ok(()),
            role => {
                let found = format!("it says that it is a {}", role.unwrap_or("server without a role"));
                Err((ErrorKind::Client, "no master", found).into())
            }
        }
    }
}

/// Has the server say when a database is flushed: it tells clients that track keys, of any database, before it answers
/// them anything that comes later. OPTIN tracks no key until it is told to, so nothing else is sent and nothing
/// remembered. `false`: the server or the user's permissions do not allow it.
async fn is_told_of_flushes(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    is_allowed(connection, ::redis::cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTIN")).await
}

/// Has the server say when a key changes that was read on this connection, with whatever command. A user who may not have that
/// gets an error.
async fn tracks_what_is_read(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let answer = connection.send_packed_command(::redis::cmd("CLIENT").arg("TRACKING").arg("ON")).await?;
    // What the server refuses is an answer here.
    answer.extract_error().map(drop)
}

/// Whether the server does as it is told. What it refuses is done without.
async fn is_allowed(connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<bool> {
    match connection.send_packed_command(command).await {
        Ok(answer) => Ok(answer == Value::Okay),
        Err(error) if convert::is_broken(&error) => Err(error),
        Err(_) => Ok(false),
    }
}
