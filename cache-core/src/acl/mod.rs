//! The least rights that a service's user needs on the server, feature by feature, as an ACL has them.
//!
//! ```
//! use cache_core::Migrator;
//! use cache_core::acl::{Acl, Feature};
//!
//! # fn main() -> cache_core::Result<()> {
//! let acl = Acl::project("shop")?.schemas(Migrator::all().schemas()).features([Feature::Gate]);
//! let line = acl.set_user("app")?;
//! assert!(line.starts_with("ACL SETUSER app on resetkeys resetchannels clearselectors -@all ~shop:*:leader "));
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `cli`, `acl --user app` prints that line. It sets no password: say `ACL SETUSER app >…` before, once.
//!
//! A user with exactly these rights runs the feature, and each of them is missed by something of it: `tests/tests/live_acl` tries
//! both, against RediSearch 2.10, through either client. `HELLO` and `AUTH` need no right. What is sent through [`Cache::command`] is not among
//! it. Each node of a cluster has users of its own: say the line to all of them, replicas too.
//!
//! # What a server does not know
//!
//! `ACL SETUSER` refuses the whole line for one word that the server does not know, and says which. So name the features that the
//! service uses: only those of documents and of what is indexed have commands of modules, which are to be loaded before. What
//! features do without is left out by [`Acl::without`] (`--without`), and by [`Acl::of`] itself, of a server that is too old for it:
//!
//! | | where | what is then not done |
//! |---|---|---|
//! | `clearselectors` | Redis 6.2 | nothing: users have no selectors there |
//! | `client\|setinfo` | Redis 7.0 | `CLIENT LIST` does not name the library |
//! | `ft.config` | a hosted server that does not allow it; RediSearch 2 with its own coordinator, which has it under another name | `MAXSEARCHRESULTS` is taken to be 1,000,000: a server that has less refuses queries without a limit |
//!
//! Each connection asks `FT.CONFIG`, and the server's `ACL LOG` says that it was refused where no feature of a line has it, and the
//! module is there all the same.

mod feature;
mod table;
mod without;

use std::collections::BTreeSet;

use cache_index::{HashTag, Keyspace, Schema};

pub use self::feature::Feature;
use self::table::Keys;
use self::without::{CLEAR_SELECTORS, unknown_to};
use crate::cache::{Cache, keyspace_of_project};
use crate::document;
use crate::error::{Error, Result};

/// The least rights of a user, for some features, some models and a namespace. See the [module](self).
///
/// ```
/// # fn main() -> cache_core::Result<()> {
/// use cache_core::acl::{Acl, Feature};
///
/// let acl = Acl::namespace("shop")?.features([Feature::Suggestions]);
/// assert!(acl.commands().contains("ft.sugget"));
/// assert_eq!(acl.keys()?.into_iter().collect::<Vec<_>>(), ["shop:~:*"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is asked for the commands, the keys, or a line to paste"]
pub struct Acl {
    keyspace: Keyspace,
    project: Option<String>,
    schemas: Vec<&'static Schema>,
    features: BTreeSet<Feature>,
    without: BTreeSet<String>,
}

impl Acl {
    /// For the namespace and the project of this cache; no server is asked. At first for [`Feature::Connection`] alone. If it is
    /// connected with a server that is too old to know something that a feature can do without, that is
    /// [left out](Acl::without).
    ///
    /// # Errors
    /// [`Error::Name`] if it was given a name that cannot be used.
    pub fn of(cache: &Cache) -> Result<Self> {
        let acl = Self::new(cache.keyspace()?.clone(), cache.project_name()?);
        Ok(acl.without(unknown_to(&cache.capabilities().server).iter().copied()))
    }

    /// For the namespace that [`Cache::project`] would give this project, without a cache.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be used.
    pub fn project(name: &str) -> Result<Self> {
        Ok(Self::new(keyspace_of_project(name)?, Some(name)))
    }

    /// For this namespace, as [`Cache::namespace`] has it, without a cache. Gates have no keys there.
    ///
    /// # Errors
    /// [`Error::Name`] if it cannot be used.
    pub fn namespace(name: &str) -> Result<Self> {
        Ok(Self::new(Keyspace::new(name)?, None))
    }

    fn new(keyspace: Keyspace, project: Option<&str>) -> Self {
        let features = BTreeSet::from([Feature::Connection]);
        let project = project.map(str::to_owned);
        Self { keyspace, project, schemas: Vec::new(), features, without: BTreeSet::new() }
    }

    /// Beside those before, these models: [`Migrator::schemas`](crate::Migrator::schemas) has all of a binary.
    pub fn schemas(mut self, schemas: &[&'static Schema]) -> Self {
        self.schemas.extend_from_slice(schemas);
        self
    }

    /// Beside those before, these features.
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.features.extend(features);
        self
    }

    /// The commands, as an ACL names them: `json.get`, `client|setname`; in order.
    pub fn commands(&self) -> BTreeSet<&'static str> {
        let helpful = self.features.iter().flat_map(|feature| feature.helpful()).copied();
        let helpful = helpful.filter(|command| !self.without.contains(*command));
        self.features.iter().flat_map(|feature| self.needed_by(*feature)).chain(helpful).collect()
    }

    fn needed_by(&self, feature: Feature) -> impl Iterator<Item = &'static str> {
        let on_cluster = self.features.contains(&Feature::Cluster);
        let beside = if on_cluster { feature.needed_on_clusters() } else { &[] };
        feature.needed().iter().chain(beside).copied()
    }

    /// The patterns of the keys; in order. What an ACL cannot hold of a name, blanks and quotes, is any as many bytes there.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for gates without a project.
    pub fn keys(&self) -> Result<BTreeSet<String>> {
        let (keyspace, mut keys) = (&self.keyspace, BTreeSet::new());
        let on_cluster = self.features.contains(&Feature::Cluster);
        for kind in self.features.iter().flat_map(|feature| feature.keys()) {
            match kind {
                Keys::Documents => {
                    keys.extend(self.schemas.iter().flat_map(|schema| documents(keyspace, schema)));
                }
                Keys::BesideOnClusters if !on_cluster => {}
                Keys::Beside | Keys::BesideOnClusters => {
                    keys.extend(self.schemas.iter().map(|schema| beside(keyspace, schema.prefix())));
                }
                Keys::OfNoModel => keys.extend([pattern(&format!("{}:~:", keyspace.global()))]),
                Keys::Gates => keys.extend(gates(self.project.as_deref())?),
                Keys::Tenants => {
                    for prefix in ["tenant_settings", "host_mapping", "host_mapping_state"] {
                        keys.insert(pattern(&format!("{}:{prefix}:", keyspace.global())));
                        keys.insert(beside(keyspace, prefix));
                    }
                }
            }
        }
        Ok(keys)
    }

    /// The whole command, for this user, ready to be pasted into `redis-cli`: whatever rights it had before, it has these.
    ///
    /// # Errors
    /// As [`keys`](Acl::keys), and [`Error::Unsupported`] for a name that no user can have: an empty one, or one with blanks
    /// or quotes; and for a command to be [left out](Acl::without) without which one of the features fails, or which is in no line.
    pub fn set_user(&self, user: &str) -> Result<String> {
        if user.is_empty() || user.chars().any(is_impossible) {
            let needs = "a name without blanks, quotes and control characters".to_owned();
            return Err(Error::Unsupported { what: "the user of an ACL", needs });
        }
        self.check_without()?;
        let mut line = format!("ACL SETUSER {user} on resetkeys resetchannels");
        if !self.without.contains(CLEAR_SELECTORS) {
            line.push(' ');
            line.push_str(CLEAR_SELECTORS);
        }
        line.push_str(" -@all");
        for key in self.keys()? {
            line.push_str(" ~");
            line.push_str(&key);
        }
        for command in self.commands() {
            line.push_str(" +");
            line.push_str(command);
        }
        Ok(line)
    }
}

/// The documents of a model, and the names of its indexes, which count as keys.
fn documents(keyspace: &Keyspace, schema: &Schema) -> Vec<String> {
    let index = pattern(&format!("{}:{}:", keyspace.global(), schema.prefix()));
    if schema.hash_tag() != HashTag::Model {
        return vec![index];
    }
    let mut start = Vec::new();
    schema.write_key_start(keyspace, &mut start);
    let start = pattern(&String::from_utf8_lossy(&start));
    if schema.is_indexed() { vec![index, start] } else { vec![start] }
}

/// What is kept beside the documents of a prefix, also with a hash tag behind it.
fn beside(keyspace: &Keyspace, prefix: &str) -> String {
    pattern(&format!("{}:~{prefix}:", keyspace.global()))
}

/// The gates of a project, in both layouts, and what stands beside each.
fn gates(project: Option<&str>) -> Result<[String; 4]> {
    let Some(project) = project else {
        let needs = "a project, after which its keys are named: use `Acl::project`".to_owned();
        return Err(Error::Unsupported { what: "the ACL of a gate", needs });
    };
    let (leader, lock) = (pattern(&format!("{project}:")), pattern(&format!("{project}:lock:")));
    Ok([format!("{leader}:leader"), format!("{{{leader}:leader}}:*"), format!("{{{lock}}}:*"), lock])
}

fn pattern(start: &str) -> String {
    possible(&document::pattern(start.as_bytes()))
}

/// A pattern of keys as an ACL can hold it: in place of a letter that it cannot, any as many bytes.
pub(crate) fn possible(pattern: &[u8]) -> String {
    let (mut possible, mut bytes) = (String::with_capacity(pattern.len()), [0; 4]);
    for chunk in pattern.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let letter: &str = letter.encode_utf8(&mut bytes);
            let is_held = !letter.chars().any(is_impossible);
            // A pattern is about bytes.
            if is_held { possible.push_str(letter) } else { letter.bytes().for_each(|_| possible.push('?')) }
        }
        chunk.invalid().iter().for_each(|_| possible.push('?'));
    }
    possible
}

/// A word as a line of `redis-cli` has it: in quotes where it would be several, or none, without.
pub(crate) fn word(text: &str) -> String {
    if !text.is_empty() && !text.chars().any(is_impossible) {
        return text.to_owned();
    }
    let mut word = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => word.extend(['\\', letter]),
            ' ' | '\'' => word.push(letter),
            _ if is_impossible(letter) => {
                let mut bytes = [0; 4];
                let bytes = letter.encode_utf8(&mut bytes).bytes();
                bytes.for_each(|byte| word.push_str(&format!("\\x{byte:02x}")));
            }
            _ => word.push(letter),
        }
    }
    word.push('"');
    word
}

/// What neither an ACL nor a line of `redis-cli` takes as it is.
fn is_impossible(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_acl_cannot_hold_is_any_byte() {
        assert_eq!(possible(b"shop:*"), "shop:*");
        assert_eq!(possible("s h'o\"p\u{2003}\u{7f}ä*".as_bytes()), "s?h?o?p????ä*");
        assert_eq!(possible(b"a\xff\xfeb"), "a??b");
    }

    #[test]
    fn a_word_is_one_for_redis_cli() {
        for plain in ["app", "…", r"a\b", "ä"] {
            assert_eq!(word(plain), plain);
        }
        assert_eq!(word("a'b"), "\"a'b\"");
        assert_eq!(word("a \"b\\\u{1b}\u{85}"), r#""a \"b\\\x1b\xc2\x85""#);
        assert_eq!(word(""), "\"\"");
    }
}
