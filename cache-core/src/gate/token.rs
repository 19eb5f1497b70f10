//! Who holds a key: a token that no other run has, readable for whoever looks at it.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::keys::host;

/// `v1|host|process|start of the process in Unix seconds|128 random bits`.
pub(super) fn token() -> String {
    static PROCESS: LazyLock<String> = LazyLock::new(|| {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        format!("v1|{}|{}|{start}", host(), std::process::id())
    });
    format!("{}|{:032x}", *PROCESS, rand::random::<u128>())
}

/// Host and process of a token; `None`: it is none of ours.
pub(super) fn read(token: &str) -> Option<(&str, u32)> {
    match token.split('|').collect::<Vec<_>>()[..] {
        ["v1", host, process, _, _] => Some((host, process.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_name_the_process() {
        let (one, other) = (token(), token());
        assert_ne!(one, other);
        assert_eq!(read(&one).unwrap().1, std::process::id());
        assert_eq!(read("4711"), None, "a bare process number is another library's");
    }
}
