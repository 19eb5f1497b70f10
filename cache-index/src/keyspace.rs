//! Names: from namespace and prefix to the keys of documents, the names of indexes and their aliases.

use std::sync::Arc;

use crate::error::NameError;

/// The namespace that is used where none is set.
///
/// ```
/// use cache_index::{DEFAULT_GLOBAL, Keyspace};
///
/// assert_eq!(Keyspace::default().global(), DEFAULT_GLOBAL);
/// ```
pub const DEFAULT_GLOBAL: &str = "cache";

/// A namespace on a server: everything before a model's prefix. Cheap to clone.
///
/// | what | name |
/// |---|---|
/// | document | `<global>:<prefix>:<id>` |
/// | document of a model with `#[cache(hash_tag)]` | `{<global>:<prefix>}:<id>` |
/// | index | `<global>:<prefix>:idx:<fingerprint, 12 hex digits>` |
/// | alias of the active index, for people and tools | `<global>:<prefix>:idx` |
/// | any key that is no document | `<global>:~<prefix>:<name>`, on a document's slot `<global>:~<prefix>:{<hash tag>}:<name>` |
/// | what belongs to no model: suggestions, dictionaries | `<global>:~:<kind>:<name>` |
///
/// A primary key of one field is the id as its `Display` writes it (U+0000 is refused). One of several is its parts in the order of the
/// struct, joined with `:`, with `%`, `:`, `{`, `}` and control characters in them written as `%25`, `%3A`, `%7B`, `%7D`
/// and so on; a part that is marked `#[cache(hash_tag)]` stands in braces: `<global>:<prefix>:{<part>}:<part>`. So no
/// two primary keys share an id, and none of them has a hash tag that it was not given.
///
/// ```
/// use cache_index::Keyspace;
///
/// let keyspace = Keyspace::new("shop:cache")?;
/// assert_eq!(keyspace.global(), "shop:cache");
/// assert!(Keyspace::new("shop::cache").is_err());
/// # Ok::<(), cache_index::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[doc(alias = "global_key_prefix")]
pub struct Keyspace {
    global: Arc<str>,
}

impl Keyspace {
    /// The namespace of this name.
    ///
    /// # Errors
    /// [`NameError`] if the name is empty, begins or ends with `:`, has an empty part, or begins with `~`.
    pub fn new(global: &str) -> Result<Self, NameError> {
        check_name("namespace", global)?;
        Ok(Self { global: global.into() })
    }

    /// The namespace's name.
    pub fn global(&self) -> &str {
        &self.global
    }

    /// The name of what belongs to no model: `<global>:~:<kind>:<name>`. No model has it, since no prefix is empty.
    ///
    /// ```
    /// # use cache_index::Keyspace;
    /// let key = Keyspace::default().of_no_model("suggestions", "cities")?;
    /// assert_eq!(key, "cache:~:suggestions:cities");
    /// # Ok::<(), cache_index::NameError>(())
    /// ```
    ///
    /// # Errors
    /// [`NameError`] if the name is empty, begins or ends with `:`, has an empty part, or begins with `~`.
    pub fn of_no_model(&self, kind: &'static str, name: &str) -> Result<String, NameError> {
        check_name(kind, name)?;
        Ok(format!("{}:~:{kind}:{name}", self.global))
    }
}

impl Default for Keyspace {
    fn default() -> Self {
        Self { global: DEFAULT_GLOBAL.into() }
    }
}

/// Refuses names that would make keys ambiguous: empty, with an empty part between separators, or reserved.
///
/// ```
/// use cache_index::check_name;
///
/// assert!(check_name("prefix", "shop:user").is_ok());
/// let refused = check_name("prefix", "~user").unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "the prefix `~user` begins with `~`, which marks keys that are no documents; choose another",
/// );
/// ```
///
/// # Errors
/// [`NameError`] says what is wrong with the name.
pub fn check_name(what: &'static str, name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.split(':').any(str::is_empty) {
        return Err(NameError::Separator { what, name: name.to_owned() });
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::Control { what, name: name.to_owned() });
    }
    if name.starts_with('~') {
        return Err(NameError::Reserved { what, name: name.to_owned() });
    }
    Ok(())
}

/// Whether documents of one prefix would be taken for documents of the other.
///
/// `user` and `user:session` overlap: `cache:user:session:1` belongs to both. `user` and `users` do not.
pub(crate) fn prefixes_overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_names_are_refused() {
        for bad in ["", ":a", "a:", "a::b", "~a", "a\0b", "a\n"] {
            assert!(Keyspace::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a:b", "with space", "a~", "ä"] {
            assert!(Keyspace::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn overlap_is_by_whole_parts() {
        assert!(prefixes_overlap("user", "user"));
        assert!(prefixes_overlap("user:session", "user"));
        assert!(!prefixes_overlap("user", "users"));
        assert!(!prefixes_overlap("a:user", "user"));
    }
}
