//! Parts of the migrator's messages.

use std::fmt::Display;

use cache_index::printed;

use crate::acl::word;

/// How a name becomes free. Dropping an index by an alias would drop what the alias points at.
pub(super) fn freed(index: &str, own: &str) -> String {
    if index == own {
        format!("drop it with `FT.DROPINDEX {}` (documents stay)", word(index))
    } else {
        format!("take the name from the index `{}` with `FT.ALIASDEL {}`", printed(own), word(index))
    }
}

pub(super) fn listed(lines: &[impl Display]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

pub(super) fn held(against: Option<&str>) -> String {
    match against {
        Some(old) => format!("of `{}`", printed(old)),
        None => "that it held before fields were added".to_owned(),
    }
}

pub(super) fn named(keys: &[String]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    format!(" ({})", keys.iter().map(|key| format!("`{}`", printed(key))).collect::<Vec<_>>().join(", "))
}

pub(super) fn quoted(patterns: &[String]) -> String {
    patterns.iter().map(|pattern| format!("`{}`", printed(pattern))).collect::<Vec<_>>().join(", ")
}

pub(super) fn nor_touch(patterns: &[String]) -> String {
    if patterns.is_empty() {
        return String::new();
    }
    format!(", nor both read and write the keys {}", quoted(patterns))
}

pub(super) fn granted(commands: &[String], patterns: &[String]) -> String {
    let commands = commands.iter().map(|command| format!("+{}", command.to_lowercase()));
    let patterns = patterns.iter().map(|pattern| format!("~{pattern}"));
    commands.chain(patterns).collect::<Vec<_>>().join(" ")
}
