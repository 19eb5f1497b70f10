//! A client of `fred` from our settings.

use std::time::Duration;

use ::fred::clients::Client;
use ::fred::interfaces::ClientLike;
use ::fred::types::RespVersion;
#[cfg(target_os = "linux")]
use ::fred::types::config::TcpConfig;
use ::fred::types::config::{Config, ConnectionConfig, ReconnectPolicy};

use super::tls;
use crate::error::{Error, Result};
use crate::settings::{Places, Protocol, RedisSettings, Secret, Tls};

/// How long it waits before it connects again, in milliseconds: at first, and at most; and by how much more at random. Whoever
/// calls meanwhile hears with the next attempt why there is no connection, which is to be within short deadlines.
const RECONNECT_DELAYS: (u32, u32) = (20, 250);
const RECONNECT_JITTER: u32 = 50;

/// A client that is not connected yet. One that fails fast gives up if the first attempt to connect fails.
pub(super) fn client(settings: &RedisSettings, fail_fast: bool) -> Result<Client> {
    settings.check("url", "client_name")?;
    let (_, rest) = settings.url.split_once("://").unwrap_or_default();
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let refused = |reason: &str| Error::Settings { setting: "url", reason: reason.to_owned() };
    let places = Places::of(&settings.url);
    let url = match &places {
        Some(places) if places.is_sentinel() || places.is_several() => {
            return Err(refused(
                "through fred it is that of one server; sentinels and several nodes are for `Cache::connect`",
            ));
        }
        Some(_) => format!("redis://{address}"),
        None => format!("redis+unix://{address}"),
    };
    let mut protocol = settings.protocol;
    // The names are those of the other client: a path has no place for a user and a database.
    let (mut username, mut password, mut database) = (None, None, None);
    let socket = url.starts_with("redis+unix");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("protocol", "resp2" | "2")) => protocol = protocol.or(Some(Protocol::Resp2)),
            Some(("protocol", "resp3" | "3")) => protocol = protocol.or(Some(Protocol::Resp3)),
            Some(("user", name)) if socket => username = Some(name),
            Some(("pass", secret)) if socket => password = Some(secret),
            Some(("db", number)) if socket => {
                database =
                    Some(number.parse::<u8>().map_err(|_| refused("its `db` is no number up to 255"))?);
            }
            _ => {
                return Err(refused(
                    "fred takes nothing behind `?` but `protocol=resp2`, and of a socket `user`, `pass` and `db`",
                ));
            }
        }
    }
    if rest.contains('%') {
        return Err(refused("fred reads no `%` in it; set user and password by the settings' methods"));
    }
    let mut config = Config::from_url(&url).map_err(|error| refused(error.details()))?;
    if places.is_some_and(|places| places.is_tls()) {
        tls::encrypt(&mut config, settings.tls.as_ref().unwrap_or(&Tls::new()))?;
    }
    config.fail_fast = fail_fast;
    config.version = match protocol.unwrap_or_default() {
        Protocol::Resp2 => RespVersion::RESP2,
        Protocol::Resp3 => RespVersion::RESP3,
    };
    config.database = database.or(config.database);
    if let Some(name) = settings.username.as_deref().or(username) {
        config.username = Some(name.to_owned());
    }
    let secret = settings.password.as_ref().map(|Secret(password)| password.as_str());
    if let Some(password) = secret.or(password) {
        config.password = Some(password.to_owned());
    }
    let connection = ConnectionConfig {
        connection_timeout: settings.connect_timeout,
        internal_command_timeout: settings.connect_timeout,
        max_command_attempts: 1,
        // fred waits without a bound for a socket that takes nothing, and does nothing else meanwhile: this ends it.
        #[cfg(target_os = "linux")]
        tcp: TcpConfig { user_timeout: Some(settings.response_timeout), ..TcpConfig::default() },
        ..ConnectionConfig::default()
    };
    let mut again = ReconnectPolicy::new_exponential(0, RECONNECT_DELAYS.0, RECONNECT_DELAYS.1, 2);
    again.set_jitter(RECONNECT_JITTER);
    Ok(Client::new(config, None, Some(connection), Some(again)))
}

/// A client to the same server that ends with its connection. What is sent in one piece goes to one connection then, or
/// fails: a client that connects again may do so in between.
pub(super) fn once(client: &Client) -> Client {
    let config = Config { fail_fast: true, ..client.client_config() };
    // With a bound on what waits, fred would refuse some of the piece and send the rest.
    let connection = ConnectionConfig { max_command_buffer_len: 0, ..client.connection_config().clone() };
    Client::new(config, None, Some(connection), None)
}

/// The longest that what fred keeps itself may last beyond a deadline of ours, so that fred's comes first: it forgets a
/// command then that was not sent yet.
pub(super) const GRACE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_in_one_piece_is_not_refused_in_part() {
        let bounded = ConnectionConfig { max_command_buffer_len: 3, ..ConnectionConfig::default() };
        let client = Client::new(Config::default(), None, Some(bounded), None);
        assert_eq!(once(&client).connection_config().max_command_buffer_len, 0);
    }
}
