//! What may not be sent on a connection that everybody shares.

use cache_index::Command;

use crate::error::{Error, Result};

/// Fails for a command that would change the connection.
pub(super) fn check(command: &Command) -> Result<()> {
    if !changes_connection(command) {
        return Ok(());
    }
    let needs = "a connection of its own, since everybody shares this one; see `Cache::command`".to_owned();
    Err(Error::Unsupported { what: "this command", needs })
}

/// Whether later commands of other callers would mean something else after this one.
fn changes_connection(command: &Command) -> bool {
    static ALWAYS: [&str; 18] = [
        "MULTI",
        "EXEC",
        "DISCARD",
        "WATCH",
        "SELECT",
        "MONITOR",
        "RESET",
        "QUIT",
        "AUTH",
        "SUBSCRIBE",
        "PSUBSCRIBE",
        "SSUBSCRIBE",
        "UNSUBSCRIBE",
        "PUNSUBSCRIBE",
        "SUNSUBSCRIBE",
        "SYNC",
        "PSYNC",
        "REPLCONF",
    ];
    let name = command.name();
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let of_connection =
        |word: &[u8]| [&b"REPLY"[..], b"TRACKING"].iter().any(|known| word.eq_ignore_ascii_case(known));
    let switches = || command.args().nth(1).is_some_and(of_connection);
    ALWAYS.iter().any(|known| is(known))
        || (is("CLIENT") && switches())
        || (is("HELLO") && command.args().len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_would_notice_is_known_however_it_is_written() {
        for others in ["MULTI", "multi", "Select", "SSUBSCRIBE"] {
            assert!(changes_connection(&Command::new(others)), "{others}");
        }
        assert!(changes_connection(&Command::new("client").arg("reply").arg("off")));
        assert!(changes_connection(&Command::new("HELLO").arg("2")));
        for own in ["GET", "JSON.GET", "HELLO", "CLIENT", "SETEX"] {
            assert!(!changes_connection(&Command::new(own)), "{own}");
        }
    }
}
