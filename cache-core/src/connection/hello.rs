//! What stands in for `HELLO` where it is not known: Redis before 6.2 wants a version with it, `rename-command` takes it away, and
//! proxies have lists of their own.

use cache_index::{Command, DecodeError, Reply, ServerErrorKind, printed};

use super::answers::answer;
use crate::error::{Error, Result};
use crate::settings::Protocol;

/// Whether a server answered `HELLO` so that others are to be asked in its place.
pub(super) fn is_unknown(hello: &Reply) -> bool {
    matches!(hello, Reply::Error(error) if is_of_the_command(error.kind()))
}

/// Whether it is about the command, and not about the user, or the state that the server is in. Proxies have words of their own.
fn is_of_the_command(kind: ServerErrorKind) -> bool {
    matches!(kind, ServerErrorKind::UnknownCommand | ServerErrorKind::Other)
}

/// What is asked in its place.
pub(super) fn questions() -> [Command; 2] {
    [Command::new("INFO").arg("server").repeatable(), Command::new("MODULE").arg("LIST").repeatable()]
}

/// The answer that `HELLO` would have had, from the answers to these, on a connection that speaks this.
///
/// # Errors
/// The server's, if the user may not ask. [`Error::Unsupported`] if it knows nothing of it all.
pub(super) fn instead(answers: Vec<Reply>, protocol: Protocol) -> Result<Reply> {
    let mut answers = answers.into_iter();
    let mut next = |command| answer(command, answers.next().unwrap_or(Reply::Nil));
    let (info, modules) = (next("INFO").map_err(without_both)?, next("MODULE"));
    let info = info.as_bytes().map(String::from_utf8_lossy).ok_or_else(|| {
        let source = DecodeError::unexpected("text", info.describe());
        Error::Decode { command: "INFO".to_owned(), source }
    })?;
    let modules = match modules {
        // It has none then, whatever it is.
        Err(error) if error.server_kind().is_some_and(is_of_the_command) => Reply::Array(Vec::new()),
        modules => modules?,
    };
    // Redis does not say its name, Valkey says the version of the Redis that it is like too.
    let product = field(&info, "server_name").unwrap_or("redis");
    let version = field(&info, &format!("{product}_version")).or_else(|| field(&info, "redis_version"));
    let mode = field(&info, "redis_mode").or_else(|| field(&info, "server_mode"));
    let text = |text: &str| Reply::Bulk(text.to_owned().into());
    let pair = |name, value| (text(name), value);
    Ok(Reply::Map(vec![
        pair("server", text(product)),
        pair("version", text(version.unwrap_or_default())),
        pair("proto", Reply::Int(if protocol == Protocol::Resp2 { 2 } else { 3 })),
        pair("mode", text(mode.unwrap_or_default())),
        pair("modules", modules),
    ]))
}

/// What is asked for the role of a server in place of `HELLO`.
#[cfg(feature = "redis")]
pub(super) fn of_replication() -> Command {
    Command::new("INFO").arg("replication").repeatable()
}

/// The role of a server, from what it answered to one of the two.
#[cfg(feature = "redis")]
pub(super) fn role(answer: Reply) -> Option<String> {
    if let Some(info) = answer.as_str() {
        return field(info, "role").map(str::to_owned);
    }
    let pairs = answer.into_pairs().unwrap_or_default();
    let (_, role) = pairs.iter().find(|(name, _)| name.as_str() == Some("role"))?;
    role.as_str().map(str::to_owned)
}

/// A field of what `INFO` answers, a line each.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// Where `INFO` is not known either, nothing is known.
fn without_both(error: Error) -> Error {
    match &error {
        Error::Server { source, .. } if is_of_the_command(source.kind()) => Error::Unsupported {
            what: "a connection",
            needs: format!(
                "a server that says what it can do: Redis 6.2 and newer answer `HELLO`, others `INFO server` and \
                 `MODULE LIST`; this one says `{}` to that, so let these through, or connect past what stands before it",
                printed(source.text())
            ),
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Capabilities, server_error};
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Bulk(text.to_owned().into())
    }

    fn refused(text: &str) -> Reply {
        Reply::Error(server_error(text))
    }

    fn read(info: Reply, modules: Reply) -> Result<Capabilities> {
        Capabilities::read(instead(vec![info, modules], Protocol::Resp2)?, Ok(Reply::Nil), Ok(Reply::Nil))
    }

    #[test]
    fn it_is_asked_for_in_another_way_where_it_is_not_known() {
        for unknown in [
            "unknown command 'HELLO'",
            // Redis 6.0.
            "wrong number of arguments for 'hello' command",
            // Envoy.
            "unsupported command",
        ] {
            assert!(is_unknown(&refused(unknown)), "{unknown}");
        }
        for other in ["NOAUTH Authentication required.", "LOADING Redis is loading", "NOPERM no"] {
            assert!(!is_unknown(&refused(other)), "{other}");
        }
        assert!(!is_unknown(&Reply::Map(Vec::new())));
    }

    #[test]
    fn the_same_is_read_as_of_the_answer_itself() {
        let modules = |search: Reply| {
            let json = Reply::Array(vec![text("name"), text("ReJSON"), text("ver"), Reply::Int(20803)]);
            Reply::Array(vec![json, search])
        };
        let (search, path) = ([text("name"), text("search"), text("ver"), Reply::Int(21005)], text("/s.so"));
        let [name, is, ver, number] = search;
        let of_resp3 = Reply::Map(vec![(name.clone(), is.clone()), (ver.clone(), number.clone())]);
        let of_resp2 = Reply::Array(vec![name, is, ver, number, text("path"), path]);
        let info =
            "# Server\r\nredis_version:7.4.1\r\nredis_git_sha1:0\r\nredis_mode:cluster\r\nos:Linux\r\n";
        for search in [of_resp2, of_resp3] {
            let found = read(text(info), modules(search)).unwrap();
            assert_eq!((found.product.as_str(), found.server.as_str()), ("redis", "7.4.1"));
            assert_eq!((found.search, found.json, found.cluster), (Some(21005), Some(20803), true));
            assert_eq!(found.protocol, Protocol::Resp2);
        }
        let info = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\nserver_mode:standalone\r\n";
        let found = read(text(info), refused("unknown command 'MODULE'")).unwrap();
        assert_eq!((found.product.as_str(), found.server.as_str()), ("valkey", "8.1.1"));
        assert_eq!((found.search, found.json, found.cluster), (None, None, false));
    }

    #[test]
    fn who_may_not_ask_is_told_so_and_who_is_nothing_is_told_what_it_takes() {
        let denied = || refused("NOPERM User app has no permissions to run the 'info' command");
        for (info, modules, command) in [(denied(), text(""), "INFO"), (text(""), denied(), "MODULE")] {
            let error = read(info, modules).unwrap_err();
            assert!(error.is_access_denied(), "{error}");
            assert!(matches!(&error, Error::Server { command: told, .. } if told == command), "{error}");
        }
        let error = read(refused("unsupported command"), refused("unsupported command")).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { .. }), "{error}");
        assert!(
            error.to_string().contains("Redis 6.2") && error.to_string().contains("INFO server"),
            "{error}"
        );
    }

    #[cfg(feature = "redis")]
    #[test]
    fn the_role_is_read_of_either() {
        assert_eq!(role(Reply::Array(vec![text("role"), text("master")])).as_deref(), Some("master"));
        assert_eq!(role(text("# Replication\r\nrole:slave\r\nmaster_host:h\r\n")).as_deref(), Some("slave"));
        assert_eq!(role(refused("unknown command 'INFO'")), None);
    }
}
