//! Names that others chose, on a terminal.

use cache_core::{Cache, Command};

use super::service::{Ended, Service};

/// Clears the screen, writes a line of its own, and turns what follows around.
const HOSTILE: &str = "\u{1b}[2J\r\nUser: ready\u{9b}1A\u{202e}\u{7}";

const SHOWN: &str = r"\u{1b}[2J\r\nUser: ready\u{9b}1A\u{202e}\u{7}";

/// The server tells line ends in names of indexes as backslashes and letters, by which it does not know them.
fn without_line_ends(text: &str) -> String {
    text.replace("\r\n", "").replace(r"\r\n", "")
}

fn is_harmless(text: &str) -> bool {
    text.chars().all(|letter| letter == '\n' || !letter.is_control() && letter != '\u{202e}')
}

pub(super) async fn nothing_of_others_reaches_the_terminal(cache: Cache) {
    let service = Service::of(&cache).await;
    assert_eq!(service.run("save 1 Bern 30").code, 0);
    let prefix = format!("{}:cache:user:", service.project);
    let write = Command::new("JSON.SET").key(format!("{prefix}{HOSTILE}")).arg("$");
    cache.command(write.arg(r#"{"id":2,"city":"Bern","age":"old"}"#)).await.unwrap();
    let named = without_line_ends(HOSTILE);
    let index = format!("{}-{named}", service.project);
    let words = ["ON", "JSON", "PREFIX", "1", &*prefix, "SCHEMA", "$.city", "AS", &*named, "TAG"];
    cache.command(Command::new("FT.CREATE").arg(&index).args_from(words)).await.unwrap();
    for (command, names) in [
        ("migrate plan", 2),
        ("migrate apply --strict", 2),
        ("migrate status", 2),
        ("index health", 1),
        ("migrate plan --strict", 2),
    ] {
        let Ended { out, err, .. } = service.run(command);
        assert!(is_harmless(&out) && is_harmless(&err), "{command}: {out:?} {err:?}");
        assert_eq!(out.matches(SHOWN).count(), 1, "{command}: {out}");
        let shown = without_line_ends(&out);
        assert_eq!(shown.matches(&without_line_ends(SHOWN)).count(), names, "{command}: {out}");
        assert!(!out.lines().any(|line| line.starts_with("User: ready")), "{command}: {out}");
        // Machines are told what it is.
        let (_, said) = service.json(command);
        assert!(said.to_string().contains(r"\u001b[2J"), "{command}: {said}");
    }
    // An error that the server says with it in it.
    let own = service.json("migrate plan").1["plans"][0]["index"].as_str().unwrap().to_owned();
    for words in [vec!["FT.DROPINDEX", &own], vec!["FT.ALIASADD", &own, &index]] {
        cache.command(Command::new(words[0]).args_from(&words[1..])).await.unwrap();
    }
    let Ended { code, out, err } = service.run("migrate apply");
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(is_harmless(&err) && err.contains(&without_line_ends(SHOWN)), "{err:?}");
    cache.command(Command::new("FT.DROPINDEX").arg(&index)).await.unwrap();
}
