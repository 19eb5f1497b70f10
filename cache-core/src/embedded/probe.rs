//! Asking a server over its socket whether it is ready and has the modules, in the Redis protocol.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::limit::Limit;

/// The modules a server must have, by the names that `MODULE LIST` gives them.
const NEEDED: [&str; 2] = ["search", "ReJSON"];

/// The longest text and the most elements taken from a server: far more than the answers asked for here.
const LONGEST: usize = 1 << 20;

/// What a server says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It serves, and has both modules; `pid` is the process it says it is.
    Ready { pid: Option<u32> },
    /// It does not serve yet, for the reason given.
    NotYet(String),
    /// It will not become ready by waiting, for the reason given.
    Unfit(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Text(String),
    Error(String),
    Many(Vec<Reply>),
    Nothing,
}

/// Asks the server that listens on `socket`.
pub(super) fn ask(socket: &Path, limit: &Limit) -> State {
    converse(socket, limit).unwrap_or_else(|error| State::NotYet(error.to_string()))
}

fn converse(socket: &Path, limit: &Limit) -> io::Result<State> {
    let mut stream = BufReader::new(UnixStream::connect(socket)?);
    match call(&mut stream, limit, b"*1\r\n$4\r\nPING\r\n")? {
        Reply::Text(text) if text == "PONG" => {}
        Reply::Error(error) if error.starts_with("NOAUTH") => {
            return Ok(State::Unfit(format!(
                "it demands a password ({error}); start it without one and set one with CONFIG SET afterwards"
            )));
        }
        other => return Ok(State::NotYet(format!("PING was answered with {other:?}"))),
    }
    let modules = match call(&mut stream, limit, b"*2\r\n$6\r\nMODULE\r\n$4\r\nLIST\r\n")? {
        Reply::Error(error) if error.starts_with("LOADING") => return Ok(State::NotYet(error)),
        reply => module_names(&reply),
    };
    let missing: Vec<&str> =
        NEEDED.into_iter().filter(|name| !modules.iter().any(|module| module == name)).collect();
    if !missing.is_empty() {
        return Ok(State::Unfit(format!(
            "it lacks {} (its modules: {}); use redis 8, or name module files in CACHE_REDIS_MODULES",
            missing.join(" and "),
            if modules.is_empty() { "none".to_owned() } else { modules.join(", ") }
        )));
    }
    let pid = match call(&mut stream, limit, b"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n")? {
        Reply::Text(info) => {
            info.lines().find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok())
        }
        _ => None,
    };
    Ok(State::Ready { pid })
}

/// The names in an answer to `MODULE LIST`: one list of names and values for each module.
fn module_names(reply: &Reply) -> Vec<String> {
    let Reply::Many(modules) = reply else { return Vec::new() };
    let name = |module: &Reply| {
        let Reply::Many(fields) = module else { return None };
        fields.chunks_exact(2).find_map(|pair| match pair {
            [Reply::Text(key), Reply::Text(value)] if key == "name" => Some(value.clone()),
            _ => None,
        })
    };
    modules.iter().filter_map(name).collect()
}

fn call(stream: &mut BufReader<UnixStream>, limit: &Limit, request: &[u8]) -> io::Result<Reply> {
    // A server that is only starting answers late; asking again is better than waiting for one answer.
    let timeout = Some(limit.left(Duration::from_secs(1)));
    stream.get_ref().set_read_timeout(timeout)?;
    stream.get_ref().set_write_timeout(timeout)?;
    stream.get_mut().write_all(request)?;
    read_reply(stream, 4)
}

fn read_reply(stream: &mut impl BufRead, depth: u8) -> io::Result<Reply> {
    let strange = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not in the redis protocol");
    let mut line = String::new();
    if stream.by_ref().take(LONGEST as u64).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.strip_suffix("\r\n").ok_or_else(strange)?;
    let (kind, rest) = line.split_at_checked(1).ok_or_else(strange)?;
    let length = || match rest.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(length) => usize::try_from(length).ok().filter(|n| *n <= LONGEST).map(Some).ok_or_else(strange),
        Err(_) => Err(strange()),
    };
    match kind {
        "+" | ":" => Ok(Reply::Text(rest.to_owned())),
        "-" => Ok(Reply::Error(rest.to_owned())),
        "$" => {
            let Some(length) = length()? else { return Ok(Reply::Nothing) };
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
        }
        "*" => {
            let Some(length) = length()? else { return Ok(Reply::Nothing) };
            let depth = depth.checked_sub(1).ok_or_else(strange)?;
            (0..length).map(|_| read_reply(stream, depth)).collect::<io::Result<_>>().map(Reply::Many)
        }
        _ => Err(strange()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<Reply> {
        read_reply(&mut text.as_bytes(), 4)
    }

    #[test]
    fn reads_every_kind_of_reply() {
        assert_eq!(read("+PONG\r\n").unwrap(), Reply::Text("PONG".to_owned()));
        assert_eq!(read("-LOADING wait\r\n").unwrap(), Reply::Error("LOADING wait".to_owned()));
        assert_eq!(read("$-1\r\n").unwrap(), Reply::Nothing);
        assert_eq!(
            read("*2\r\n$4\r\na\r\nb\r\n:7\r\n").unwrap(),
            Reply::Many(vec![Reply::Text("a\r\nb".to_owned()), Reply::Text("7".to_owned())])
        );
    }

    #[test]
    fn refuses_what_is_not_the_protocol() {
        let deep = "*1\r\n".repeat(9) + ":1\r\n";
        for text in
            ["", "+PONG", "\r\n", "HTTP/1.1 200\r\n", "$x\r\n", "$-2\r\n", "$9\r\nshort\r\n", "é\r\n", &deep]
        {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert!(read("$99999999999\r\n").is_err());
    }

    #[test]
    fn finds_module_names_among_other_fields() {
        let list = "*2\r\n*4\r\n+ver\r\n:21020\r\n+name\r\n$6\r\nsearch\r\n*4\r\n+name\r\n$6\r\nReJSON\r\n+args\r\n*0\r\n";
        assert_eq!(module_names(&read(list).unwrap()), ["search", "ReJSON"]);
        assert!(module_names(&Reply::Nothing).is_empty());
    }

    #[test]
    fn a_missing_socket_is_not_ready() {
        let (limit, _waiting) = Limit::new(Duration::from_secs(1));
        assert!(matches!(ask(Path::new("/nowhere/redis.sock"), &limit), State::NotYet(_)));
    }
}
