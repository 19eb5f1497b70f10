//! Keys: those of a model's documents, those that stand beside them, and the ids in them.

use std::fmt::{self, Display, Write as _};

use super::Schema;
use crate::error::NameError;
use crate::escape::{read_escaped, write_escaped};
use crate::keyspace::{Keyspace, prefixes_overlap};

/// Which of a model's documents share a slot of a cluster, so that one script or transaction can be about several.
///
/// ```
/// use cache_index::{HashTag, Keyspace, Schema};
///
/// static ORDER: Schema = Schema::new("Order", "order", "id", &[]).with_hash_tag(HashTag::Model);
/// let mut key = Vec::new();
/// ORDER.write_key(&Keyspace::default(), &mut key, &[&7])?;
/// assert_eq!(key, b"{cache:order}:7");
/// # Ok::<(), cache_index::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashTag {
    /// None by intention.
    None,
    /// All of them: the keys begin with `{<global>:<prefix>}:`.
    Model,
    /// Those that share the part of the primary key with this number, counted from zero, which stands in braces.
    Part(usize),
}

/// What a key that is no document is to share its slot with.
///
/// ```
/// use cache_index::{Beside, Keyspace, Schema};
///
/// static ORDER: Schema = Schema::new("Order", "order", "id", &[]);
/// let (keyspace, mut loaded, mut state) = (Keyspace::default(), Vec::new(), Vec::new());
/// ORDER.write_sibling(&keyspace, &mut loaded, Beside::Document(&[&7]), &[&"loaded"])?;
/// assert_eq!(loaded, b"cache:~order:{cache:order:7}:loaded");
/// ORDER.write_sibling(&keyspace, &mut state, Beside::Model, &[&"state"])?;
/// assert_eq!(state, b"cache:~order:state");
/// # Ok::<(), cache_index::NameError>(())
/// ```
#[derive(Clone, Copy)]
pub enum Beside<'a> {
    /// With all documents of a model whose hash tag is [`HashTag::Model`]; with nothing otherwise.
    Model,
    /// With the document of this primary key, given part by part.
    Document(&'a [&'a dyn Display]),
    /// With the document of this key.
    Key(&'a [u8]),
}

/// Where text is appended. What `std::io` has for it costs more than most ids do.
struct Appended<'a>(&'a mut Vec<u8>);

impl fmt::Write for Appended<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The part of a key that decides its slot: what is between the first `{` and the next `}`, or everything.
///
/// ```
/// use cache_index::hashed_part;
///
/// assert_eq!(hashed_part(b"cache:order:{acme}:7"), b"acme");
/// assert_eq!(hashed_part(b"cache:order:7"), b"cache:order:7");
/// ```
pub fn hashed_part(key: &[u8]) -> &[u8] {
    let position = |bytes: &[u8], wanted| bytes.iter().position(|byte| *byte == wanted);
    position(key, b'{')
        .and_then(|open| key.get(open + 1..))
        .and_then(|inside| inside.get(..position(inside, b'}')?))
        .filter(|tag| !tag.is_empty())
        .unwrap_or(key)
}

impl Schema {
    /// Refuses a namespace in which the model's hash tag would not be the first one of its keys.
    ///
    /// # Errors
    /// [`NameError::Braces`] if namespace or prefix has braces and the model a hash tag.
    pub fn check_namespace(&self, keyspace: &Keyspace) -> Result<(), NameError> {
        if self.hash_tag() == HashTag::None {
            return Ok(());
        }
        let named = [("namespace", keyspace.global()), ("prefix", self.prefix())];
        match named.into_iter().find(|(_, name)| name.contains(['{', '}'])) {
            Some((what, name)) => Err(NameError::Braces { what, name: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// Writes what the keys of the model's documents begin with, the last separator included.
    pub fn write_key_start(&self, keyspace: &Keyspace, buffer: &mut Vec<u8>) {
        let tagged = self.hash_tag() == HashTag::Model;
        if tagged {
            buffer.push(b'{');
        }
        buffer.extend_from_slice(keyspace.global().as_bytes());
        buffer.push(b':');
        buffer.extend_from_slice(self.prefix().as_bytes());
        if tagged {
            buffer.push(b'}');
        }
        buffer.push(b':');
    }

    /// Writes the key of a document at the end of the buffer. The primary key is given part by part.
    ///
    /// # Errors
    /// [`NameError::Empty`] and [`NameError::EmptyPart`] if the id or a part of it is empty, [`NameError::Nul`] if an
    /// id that is not composite has U+0000, [`NameError::Parts`] if it has another number of parts, and those of [`check_namespace`](Schema::check_namespace); the buffer is as it
    /// was.
    pub fn write_key(
        &self,
        keyspace: &Keyspace,
        buffer: &mut Vec<u8>,
        id: &[&dyn Display],
    ) -> Result<(), NameError> {
        self.check_namespace(keyspace)?;
        let start = buffer.len();
        self.write_key_start(keyspace, buffer);
        self.write_id(buffer, id).inspect_err(|_| buffer.truncate(start))
    }

    fn write_id(&self, buffer: &mut Vec<u8>, id: &[&dyn Display]) -> Result<(), NameError> {
        let parts = self.primary_key().count();
        if id.len() != parts {
            let id = id.iter().map(ToString::to_string).collect::<Vec<_>>().join(":");
            return Err(NameError::Parts { id, parts });
        }
        for (number, (part, member)) in id.iter().zip(self.primary_key()).enumerate() {
            if number > 0 {
                buffer.push(b':');
            }
            let tagged = self.hash_tag() == HashTag::Part(number);
            if tagged {
                buffer.push(b'{');
            }
            let before = buffer.len();
            if parts == 1 {
                // As other programs write it: what is behind the prefix is one id, whatever it holds.
                // Writing into a vector cannot fail.
                let _ = write!(Appended(buffer), "{part}");
            } else {
                write_escaped(buffer, *part);
            }
            if buffer.len() == before {
                return Err(if parts == 1 {
                    NameError::Empty { what: "id" }
                } else {
                    NameError::EmptyPart { part: member }
                });
            }
            if buffer.get(before..).is_some_and(|id| id.contains(&0)) {
                return Err(NameError::Nul { id: part.to_string() });
            }
            if tagged {
                buffer.push(b'}');
            }
        }
        Ok(())
    }

    /// The parts of the primary key whose id is this: what stands in a key behind its beginning.
    ///
    /// # Errors
    /// [`NameError::Parts`] if it is no id of the model's.
    pub fn read_id(&self, id: &str) -> Result<Vec<String>, NameError> {
        let parts = self.primary_key().count();
        if parts == 1 {
            return Ok(vec![id.to_owned()]);
        }
        let read = |(number, part): (usize, &str)| {
            if self.hash_tag() == HashTag::Part(number) {
                read_escaped(part.strip_prefix('{')?.strip_suffix('}')?)
            } else {
                read_escaped(part)
            }
        };
        let read: Option<Vec<_>> = id.split(':').enumerate().map(read).collect();
        let whole = |read: &Vec<String>| read.len() == parts && read.iter().all(|part| !part.is_empty());
        read.filter(whole).ok_or_else(|| NameError::Parts { id: id.to_owned(), parts })
    }

    /// Writes the name of a key that is no document, at the end of the buffer: `<global>:~<prefix>:<name>`, or
    /// `<global>:~<prefix>:{<hash tag>}:<name>` where it shares a slot. The parts of the name are escaped as those of a
    /// composite primary key; they may be empty.
    ///
    /// The hash tag says where the key is and not which document it is about: what is about one has its id in the name.
    ///
    /// ```
    /// # use cache_index::{Beside, HashTag, Keyspace, NameError, Schema};
    /// # fn main() -> Result<(), NameError> {
    /// static ORDER: Schema =
    ///     Schema::new("Order", "order", "tenant", &[]).with_further_keys(&["number"]).with_hash_tag(HashTag::Part(0));
    /// let mut key = Vec::new();
    /// ORDER.write_key(&Keyspace::default(), &mut key, &[&"acme", &7])?;
    /// assert_eq!(key, b"cache:order:{acme}:7");
    ///
    /// let mut claim = Vec::new();
    /// ORDER.write_sibling(&Keyspace::default(), &mut claim, Beside::Document(&[&"acme", &7]), &[&"unique", &"a:b"])?;
    /// assert_eq!(claim, b"cache:~order:{acme}:unique:a%3Ab");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`write_key`](Schema::write_key), and [`NameError::Slot`] for a document without a hash tag whose id or
    /// namespace has braces such that no other key can be on its slot; the buffer is as it was.
    pub fn write_sibling(
        &self,
        keyspace: &Keyspace,
        buffer: &mut Vec<u8>,
        beside: Beside<'_>,
        name: &[&dyn Display],
    ) -> Result<(), NameError> {
        let mut document = Vec::new();
        match beside {
            Beside::Document(id) => self.write_key(keyspace, &mut document, id)?,
            Beside::Key(key) => document.extend_from_slice(key),
            Beside::Model => {
                self.check_namespace(keyspace)?;
                if self.hash_tag() == HashTag::Model {
                    self.write_key_start(keyspace, &mut document);
                }
            }
        }
        let (start, slot) = (buffer.len(), hashed_part(&document));
        buffer.extend_from_slice(keyspace.global().as_bytes());
        buffer.extend_from_slice(b":~");
        buffer.extend_from_slice(self.prefix().as_bytes());
        if !slot.is_empty() {
            buffer.extend_from_slice(b":{");
            buffer.extend_from_slice(slot);
            buffer.push(b'}');
        }
        for part in name {
            buffer.push(b':');
            write_escaped(buffer, *part);
        }
        if slot.is_empty() || hashed_part(buffer.get(start..).unwrap_or_default()) == slot {
            return Ok(());
        }
        buffer.truncate(start);
        Err(NameError::Slot { key: String::from_utf8_lossy(&document).into_owned() })
    }

    /// Whether documents of one model would be taken for documents of the other, in any one namespace, or what stands
    /// beside them would.
    pub fn keys_overlap(&self, other: &Self) -> bool {
        let begins_otherwise = [self, other].iter().any(|schema| schema.hash_tag() == HashTag::Model);
        self.prefix() == other.prefix()
            || !begins_otherwise && prefixes_overlap(self.prefix(), other.prefix())
    }
}

#[cfg(test)]
mod tests;
