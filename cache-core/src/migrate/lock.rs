//! The schema lock: a text file in the user's repository that lists the fingerprints each prefix has had, in order.

use std::fmt;
use std::str::FromStr;

use cache_index::{Fingerprint, FingerprintError, NameError, Schema, check_name, printed};

/// What editors of Windows write in front of a text, and what is none of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The fingerprints that each model's index has had, in order: what `schema.lock` in a repository holds.
///
/// It tells a release which schemas are older than its own. The alias of a model's indexes, for people and tools, is
/// moved forward by it and never back: see [`Migrator::lock`](crate::Migrator::lock).
///
/// One line an index, `<prefix> <fingerprint>`, newer ones below older ones; `#` begins a line that is a comment. Blanks at the
/// ends of lines, their ends of Windows and a byte order mark are read past; they are not written. A prefix that would be read as
/// something else, as `#tags`, is written as `~"#tags"`: no prefix begins with `~`.
///
/// ```
/// use cache_core::SchemaLock;
///
/// let mut lock: SchemaLock = "# made by `migrate lock`\nuser 0123456789ab\n".parse()?;
/// assert!(lock.append("user", "ba9876543210".parse()?));
/// assert!(!lock.append("user", "ba9876543210".parse()?), "it is the last one already");
/// assert_eq!(lock.to_string(), "# made by `migrate lock`\nuser 0123456789ab\nuser ba9876543210\n");
/// assert_eq!(lock.ancestors("user", "ba9876543210".parse()?), ["0123456789ab".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaLock {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A comment, or nothing.
    Other(String),
    Entry {
        prefix: String,
        fingerprint: Fingerprint,
    },
}

/// A line of a schema lock that cannot be read.
///
/// ```
/// use cache_core::{SchemaLock, SchemaLockError};
///
/// let error = "user 0123456789ab\n<<<<<<<".parse::<SchemaLock>().unwrap_err();
/// assert!(matches!(error, SchemaLockError::Form { line: 2, .. }), "a merge was not finished: {error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaLockError {
    /// The line is no prefix and fingerprint.
    #[error(
        "line {line} of the schema lock is `{}`; {}",
        printed(text),
        if is_conflict_mark(text) {
            "a merge left it there: keep the lines of both sides, those of the release that comes later below, and delete \
             the marks"
        } else {
            "write `<prefix> <fingerprint>`, or `#` in front of a comment"
        }
    )]
    Form {
        /// Which line, counted from 1.
        line: usize,
        /// What is there.
        text: String,
    },
    /// The line has no fingerprint at its end.
    #[error("line {line} of the schema lock has no fingerprint at its end; a comment has a line of its own")]
    Fingerprint {
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: FingerprintError,
    },
    /// The line has a prefix that no model can have.
    #[error("line {line} of the schema lock begins with a prefix that no model has")]
    Prefix {
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: NameError,
    },
    /// The line says the same as the one before it about its prefix: two branches appended one schema, or a line was
    /// copied.
    #[error("line {line} of the schema lock repeats what is the last fingerprint of `{prefix}`; delete it")]
    Repeated {
        /// Which line, counted from 1.
        line: usize,
        /// The prefix.
        prefix: String,
    },
}

impl SchemaLock {
    /// The fingerprints of a prefix, older ones first.
    pub fn fingerprints(&self, prefix: &str) -> impl DoubleEndedIterator<Item = Fingerprint> {
        self.lines.iter().filter_map(move |line| match line {
            Line::Entry { prefix: of, fingerprint } if of == prefix => Some(*fingerprint),
            _ => None,
        })
    }

    /// The prefixes that are listed, each once, in the order in which they first appear.
    pub fn prefixes(&self) -> Vec<&str> {
        let mut prefixes: Vec<&str> = Vec::new();
        for line in &self.lines {
            if let Line::Entry { prefix, .. } = line
                && !prefixes.contains(&prefix.as_str())
            {
                prefixes.push(prefix);
            }
        }
        prefixes
    }

    /// The newest fingerprint of a prefix.
    pub fn last(&self, prefix: &str) -> Option<Fingerprint> {
        self.fingerprints(prefix).next_back()
    }

    /// Whether the newest fingerprint of a schema's prefix is the schema's own. A schema without an index needs no
    /// line.
    pub fn is_current(&self, schema: &Schema) -> bool {
        !schema.is_indexed() || self.last(schema.prefix()) == Some(*schema.fingerprint())
    }

    /// The fingerprints of a prefix that are older than this one, without repetition: of a schema that went back to what it was,
    /// those up to its last line. Whose lock ends before that line takes it for older all the same. A fingerprint that is not listed
    /// is newer than all that are: it is the one of whoever has the lock and did not write it down yet.
    pub fn ancestors(&self, prefix: &str, fingerprint: Fingerprint) -> Vec<Fingerprint> {
        let all: Vec<_> = self.fingerprints(prefix).collect();
        // A schema that went back to what it was is listed again: what lies between is older than its last line.
        let own = all.iter().rposition(|one| *one == fingerprint).unwrap_or(all.len());
        let mut older = Vec::new();
        for one in all.into_iter().take(own) {
            if one != fingerprint && !older.contains(&one) {
                older.push(one);
            }
        }
        older
    }

    /// Adds a fingerprint as the newest of its prefix; `false` if it is that already.
    pub fn append(&mut self, prefix: &str, fingerprint: Fingerprint) -> bool {
        let new = self.last(prefix) != Some(fingerprint);
        if new {
            self.lines.push(Line::Entry { prefix: prefix.to_owned(), fingerprint });
        }
        new
    }

    /// Adds a schema's fingerprint as the newest of its prefix; `false` if it is that already, or has no index.
    pub fn append_schema(&mut self, schema: &Schema) -> bool {
        schema.is_indexed() && self.append(schema.prefix(), *schema.fingerprint())
    }
}

impl FromStr for SchemaLock {
    type Err = SchemaLockError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lock = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            // Where files are joined, one stands between lines.
            let text = text.trim_start_matches(BYTE_ORDER_MARK);
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                lock.lines.push(Line::Other(text.trim_end().to_owned()));
                continue;
            }
            // A prefix may have blanks in it.
            let words = trimmed.rsplit_once(char::is_whitespace);
            let Some((prefix, fingerprint)) = words.filter(|_| !is_conflict_mark(trimmed)) else {
                return Err(SchemaLockError::Form { line, text: trimmed.to_owned() });
            };
            let prefix = unquoted(prefix.trim_end());
            check_name("prefix", prefix).map_err(|source| SchemaLockError::Prefix { line, source })?;
            let fingerprint =
                fingerprint.parse().map_err(|source| SchemaLockError::Fingerprint { line, source })?;
            if !lock.append(prefix, fingerprint) {
                return Err(SchemaLockError::Repeated { line, prefix: prefix.to_owned() });
            }
        }
        Ok(lock)
    }
}

/// Whether a merge that was not finished left this line. What stands behind the mark may look like a fingerprint.
fn is_conflict_mark(line: &str) -> bool {
    line.split_whitespace()
        .next()
        .is_some_and(|word| ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].contains(&word))
}

/// What stands around a prefix that would be read as something else without it.
const QUOTES: (&str, &str) = ("~\"", "\"");

/// A line as it is written.
pub(crate) struct Entry<'a>(pub(crate) &'a str, pub(crate) Fingerprint);

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(prefix, fingerprint) = self;
        let misread = prefix.starts_with(['#', BYTE_ORDER_MARK])
            || prefix.trim() != *prefix
            || is_conflict_mark(prefix);
        let (open, close) = if misread { QUOTES } else { ("", "") };
        write!(f, "{open}{prefix}{close} {fingerprint}")
    }
}

/// The prefix of a line, without what stands around it.
fn unquoted(prefix: &str) -> &str {
    prefix.strip_prefix(QUOTES.0).and_then(|rest| rest.strip_suffix(QUOTES.1)).unwrap_or(prefix)
}

/// As the file is written, comments included.
impl fmt::Display for SchemaLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| match line {
            Line::Other(text) => writeln!(f, "{text}"),
            Line::Entry { prefix, fingerprint } => writeln!(f, "{}", Entry(prefix, *fingerprint)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbb";
    const C: &str = "cccccccccccc";

    fn fp(text: &str) -> Fingerprint {
        text.parse().unwrap()
    }

    #[test]
    fn a_lock_is_read_as_it_is_written() {
        let text = format!("# a comment\n\nuser {A}\nuser:session {A}\nwith blanks {B}\nuser {B}\n");
        let lock: SchemaLock = text.parse().unwrap();
        assert_eq!(lock.to_string(), text);
        assert_eq!(lock.prefixes(), ["user", "user:session", "with blanks"]);
        assert_eq!(lock.fingerprints("user").collect::<Vec<_>>(), [fp(A), fp(B)]);
        assert_eq!(lock.last("with blanks"), Some(fp(B)));
        assert_eq!(lock.last("order"), None);
        let loose: SchemaLock = format!("  user \t {A}  \r\n").parse().unwrap();
        assert_eq!(loose.to_string(), format!("user {A}\n"));
        let windows = format!("\u{feff}# a comment \r\n\r\nuser {A}\t\r\n\u{feff}user {B}\r\n  \r\n");
        let windows: SchemaLock = windows.parse().unwrap();
        assert_eq!(windows.to_string(), format!("# a comment\n\nuser {A}\nuser {B}\n\n"));
        assert_eq!(windows.last("user"), Some(fp(B)));
        let marked: SchemaLock = format!("\u{feff}user {A}").parse().unwrap();
        assert_eq!(marked.prefixes(), ["user"]);
    }

    #[test]
    fn a_prefix_that_would_be_read_as_something_else_is_quoted() {
        let written = |prefix: &str| {
            let mut lock = SchemaLock::default();
            assert!(lock.append(prefix, fp(A)));
            lock.to_string()
        };
        assert_eq!(written("#tags"), format!("~\"#tags\" {A}\n"));
        assert_eq!(written("a#b \"c\""), format!("a#b \"c\" {A}\n"), "what was readable stays as it was");
        for prefix in [
            "=======",
            "<<<<<<< a  b",
            "\u{feff}user",
            " user",
            "user\u{2028}",
            "#\"",
            "\"a\"",
            "\"",
            "# \" \"#",
        ] {
            let text = written(prefix);
            let lock: SchemaLock = text.parse().unwrap();
            assert_eq!(
                (lock.prefixes(), lock.last(prefix), lock.to_string()),
                (vec![prefix], Some(fp(A)), text)
            );
        }
        let refused = |text: String| text.parse::<SchemaLock>().unwrap_err();
        for text in [format!("~\"\" {A}"), format!("~\" {A}"), format!("~\"~a\" {A}"), format!("~\"a {A}")] {
            assert!(matches!(refused(text), SchemaLockError::Prefix { line: 1, .. }));
        }
    }

    proptest::proptest! {
        /// Between others, and behind a comment.
        #[test]
        fn any_prefix_that_a_model_can_have_is_read_as_it_was_written(
            prefixes in proptest::collection::vec(prefix(), 1..4),
        ) {
            let mut lock = SchemaLock { lines: vec![Line::Other("# a comment".to_owned())] };
            for prefix in prefixes.iter().filter(|prefix| check_name("prefix", prefix).is_ok()) {
                lock.append(prefix, fp(A));
                lock.append(prefix, fp(B));
            }
            proptest::prop_assert_eq!(lock.to_string().parse::<SchemaLock>().unwrap(), lock);
        }
    }

    /// Mostly of what a lock has a meaning for.
    fn prefix() -> impl proptest::strategy::Strategy<Value = String> {
        let pieces =
            "(#|~|\"|:|\\\\|=======|<<<<<<<|[|]{7}|>>>>>>>|\u{feff}| |\u{2028}|a|aaaaaaaaaaaa|\\PC){1,6}";
        proptest::string::string_regex(pieces).unwrap()
    }

    #[test]
    fn ancestors_stand_before_ones_own_last_line() {
        let lock: SchemaLock = format!("user {A}\nuser {B}\nuser {C}\n").parse().unwrap();
        assert_eq!(lock.ancestors("user", fp(A)), []);
        assert_eq!(lock.ancestors("user", fp(B)), [fp(A)]);
        assert_eq!(lock.ancestors("user", fp(C)), [fp(A), fp(B)]);
        assert_eq!(lock.ancestors("user", fp("dddddddddddd")), [fp(A), fp(B), fp(C)]);
        assert_eq!(lock.ancestors("order", fp(A)), []);
        // Back to what it was: a release of its own, newer than the one between.
        let back: SchemaLock = format!("user {A}\nuser {B}\nuser {A}\n").parse().unwrap();
        assert_eq!(back.ancestors("user", fp(A)), [fp(B)]);
        assert_eq!(back.ancestors("user", fp(B)), [fp(A)]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let error = |text: String| text.parse::<SchemaLock>().unwrap_err();
        assert_eq!(
            error(format!("user {A}\nuser\n")).to_string(),
            "line 2 of the schema lock is `user`; write `<prefix> <fingerprint>`, or `#` in front of a comment"
        );
        assert!(matches!(
            error("# x\nuser AAAAAAAAAAAA".to_owned()),
            SchemaLockError::Fingerprint { line: 2, .. }
        ));
        assert!(matches!(error(format!("~user {A}")), SchemaLockError::Prefix { line: 1, .. }));
        assert_eq!(
            error(format!("user {A}\norder {B}\nuser {A}\n")),
            SchemaLockError::Repeated { line: 3, prefix: "user".to_owned() }
        );
        // What a merge leaves behind is no comment, and no prefix either.
        for mark in ["<<<<<<< HEAD", &format!("||||||| {A}"), "=======", ">>>>>>> a branch"] {
            let said = error(format!("user {A}\n{mark}\n")).to_string();
            let start = format!(
                "line 2 of the schema lock is `{mark}`; a merge left it there: keep the lines of both"
            );
            assert!(said.starts_with(&start), "{said}");
        }
        // Lines that end as on a Mac of before 2001 are one line.
        assert!(matches!(error(format!("user {A}\ruser {B}")), SchemaLockError::Prefix { line: 1, .. }));
        assert_eq!(
            error(format!("user {A}\nuser\u{1b}[2J")).to_string(),
            "line 2 of the schema lock is `user\\u{1b}[2J`; write `<prefix> <fingerprint>`, or `#` in front of a comment"
        );
    }
}
