//! The identity of an index: a digest over everything that `FT.CREATE` is told, the namespace left out.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::{HashTag, Language, Schema};

/// The versions of the canonical form below. A change of the form is another version, and the older ones stay: so an
/// index that was made by an older version of this crate is known to be one of the same schema, whatever the server does
/// not tell of it, and is not mistaken for one of a changed schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canon {
    /// The fields in the order of the structs.
    One,
    /// The fields in the order of their search names: to move a field within its struct changes no index.
    Two,
}

impl Canon {
    /// The version in use.
    pub(super) const NOW: Self = Self::Two;

    /// The versions before it, the newest first.
    pub(super) const EARLIER: [Self; 1] = [Self::One];

    fn number(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }
}

/// The first six bytes of a SHA-256 over the canonical form of a schema; shown as 12 hexadecimal digits.
///
/// The canonical form is a list of words, each written as its length in bytes, `:`, the word, `,` (a netstring,
/// so that no two lists are written alike): `canon`, the version of the form, `on`, `json`, `prefix`, the
/// prefix without the namespace, `hash_tag` if it is around the prefix (one around a part of the id is no matter of
/// the index, which is told prefixes only), `stopwords`, their number, each of them, `language` and its name unless it is English,
/// `filter` and the expression if there is one, `score` and the number if it is not 1,
/// then for every indexed field in the order of their names (version 1: of the structs)
/// `field`, its path, its name, its kind, the number of its options, each of them.
///
/// ```
/// use cache_index::{Entry, FieldDef, Fingerprint, Keyspace, Schema, Tag};
///
/// static USER: Schema =
///     Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))]);
/// let name = USER.index_name(&Keyspace::default());
/// let (_, digits) = name.rsplit_once(':').unwrap_or_default();
/// assert_eq!(&digits.parse::<Fingerprint>()?, USER.fingerprint());
/// # Ok::<(), cache_index::FingerprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 6]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 12];
        for (two, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            let digit = |four: u8| DIGITS.get(usize::from(four)).copied().unwrap_or_default();
            two.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

/// A text that is no fingerprint.
///
/// ```
/// use cache_index::Fingerprint;
///
/// let refused = "F1D97A613EBD".parse::<Fingerprint>().unwrap_err();
/// assert!(refused.to_string().starts_with("`F1D97A613EBD` is no fingerprint: write the 12 hexadecimal digits, in lower case"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fingerprint: write the 12 hexadecimal digits, in lower case, behind the last `:` of the index's name"
)]
pub struct FingerprintError(String);

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = Some(text).filter(|_| digits).and_then(|text| u64::from_str_radix(text, 16).ok());
        let number = number.ok_or_else(|| FingerprintError(text.to_owned()))?;
        let [_, _, bytes @ ..] = number.to_be_bytes();
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The fingerprint of a schema, in one version of the form, if it had only those fields whose search names are wanted.
pub(super) fn of(schema: &Schema, canon: Canon, wanted: &dyn Fn(&str) -> bool) -> Fingerprint {
    let mut first = [0; 6];
    let digest = Sha256::digest(canonical(schema, canon, wanted).as_bytes());
    first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Fingerprint(first)
}

fn canonical(schema: &Schema, canon: Canon, wanted: &dyn Fn(&str) -> bool) -> String {
    let mut form = Words(String::new());
    form.words(["canon", canon.number(), "on", "json", "prefix", schema.prefix()]);
    if schema.hash_tag() == HashTag::Model {
        form.word("hash_tag");
    }
    form.word("stopwords");
    form.list(schema.stopwords().words());
    if schema.language() != Language::default() {
        form.words(["language", schema.language().name()]);
    }
    for (what, value) in [("filter", schema.filter()), ("score", schema.score())] {
        if let Some(value) = value {
            form.words([what, value]);
        }
    }
    let mut fields: Vec<_> = schema.indexed().map(|field| (field.name().to_string(), field)).collect();
    fields.retain(|(name, _)| wanted(name));
    if canon != Canon::One {
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    for (name, field) in fields {
        form.words(["field", &field.path(), &name, field.kind().keyword().unwrap_or_default()]);
        form.list(&field.options());
    }
    form.0
}

struct Words(String);

impl Words {
    fn word(&mut self, word: &str) {
        self.0.push_str(&format!("{}:{word},", word.len()));
    }

    fn words<const N: usize>(&mut self, words: [&str; N]) {
        words.iter().for_each(|word| self.word(word));
    }

    fn list(&mut self, words: &[impl AsRef<str>]) {
        self.word(&words.len().to_string());
        words.iter().for_each(|word| self.word(word.as_ref()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Numeric, Tag, Text};
    use crate::schema::{Entry, FieldDef};

    static USER: Schema = Schema::new(
        "User",
        "user",
        "id",
        &[
            Entry::Field(FieldDef::stored("id")),
            Entry::Field(FieldDef::indexed::<String, Tag>("email", "email")),
            Entry::Field(FieldDef::indexed::<i64, Numeric>("age", "age").sortable::<i64>()),
        ],
    );

    #[test]
    fn the_canonical_form_is_written_down() {
        let form = canonical(&USER, Canon::One, &|_| true);
        assert!(form.starts_with("5:canon,1:1,2:on,4:json,6:prefix,4:user,9:stopwords,2:33,1:a,2:is,"));
        assert!(form.ends_with(
            "5:field,7:$.email,5:email,3:TAG,1:2,13:CASESENSITIVE,10:INDEXEMPTY,\
             5:field,5:$.age,3:age,7:NUMERIC,1:1,8:SORTABLE,"
        ));
        let form = canonical(&USER, Canon::Two, &|_| true);
        assert!(form.starts_with("5:canon,1:2,2:on,4:json,6:prefix,4:user,9:stopwords,2:33,1:a,2:is,"));
        assert!(form.ends_with(
            "5:field,5:$.age,3:age,7:NUMERIC,1:1,8:SORTABLE,\
             5:field,7:$.email,5:email,3:TAG,1:2,13:CASESENSITIVE,10:INDEXEMPTY,"
        ));
    }

    /// Golden: a change here orphans every index that users have. See `Canon`.
    #[test]
    fn the_digest_is_golden() {
        assert_eq!(USER.fingerprint().to_string(), "f1d97a613ebd");
        let earlier: Vec<_> = USER.earlier_fingerprints().iter().map(ToString::to_string).collect();
        assert_eq!(earlier, ["ed14cbec1fa0"]);
    }

    #[test]
    fn the_order_of_the_fields_is_none_of_the_index_and_fields_can_be_thought_away() {
        static MOVED: Schema = Schema::new(
            "User",
            "user",
            "id",
            &[
                Entry::Field(FieldDef::indexed::<i64, Numeric>("age", "age").sortable::<i64>()),
                Entry::Field(FieldDef::indexed::<String, Tag>("email", "email")),
            ],
        );
        static LESS: Schema = Schema::new(
            "User",
            "user",
            "id",
            &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))],
        );
        assert_eq!(USER.fingerprint(), MOVED.fingerprint());
        assert_ne!(USER.earlier_fingerprints(), MOVED.earlier_fingerprints());
        let without_age = USER.fingerprints_of(|name| name == "email");
        assert_eq!(without_age.first(), Some(LESS.fingerprint()));
        assert_eq!(without_age.get(1..), Some(&LESS.earlier_fingerprints()[..]));
    }

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let fingerprint = *USER.fingerprint();
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        for bad in ["", "ed14cbec1fa", "ed14cbec1fa0a", "ED14CBEC1FA0", "+d14cbec1fa0", "gd14cbec1fa0"] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_index_is_told_changes_it_and_nothing_else_does() {
        static RENAMED: Schema = Schema::new(
            "Person",
            "user",
            "key",
            &[
                Entry::Field(FieldDef::indexed::<String, Tag>("email", "email")),
                Entry::Field(FieldDef::stored("something")),
                Entry::Field(FieldDef::indexed::<i64, Numeric>("age", "age").sortable::<i64>()),
            ],
        );
        assert_eq!(USER.fingerprint(), RENAMED.fingerprint());

        static SCHEMAS: [Schema; 4] = [
            Schema::new(
                "User",
                "users",
                "id",
                &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))],
            ),
            Schema::new(
                "User",
                "user",
                "id",
                &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))],
            ),
            Schema::new(
                "User",
                "user",
                "id",
                &[Entry::Field(FieldDef::indexed::<String, Text>("email", "email"))],
            ),
            Schema::new(
                "User",
                "user",
                "id",
                &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "e"))],
            ),
        ];
        static TAGGED: Schema = Schema::new(
            "User",
            "user",
            "id",
            &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))],
        )
        .with_hash_tag(HashTag::Model);
        static PART: Schema = Schema::new(
            "User",
            "user",
            "id",
            &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))],
        )
        .with_further_keys(&["number"])
        .with_hash_tag(HashTag::Part(0));
        assert_ne!(SCHEMAS[1].fingerprint(), TAGGED.fingerprint());
        assert_eq!(SCHEMAS[1].fingerprint(), PART.fingerprint());

        let distinct: std::collections::BTreeSet<_> = SCHEMAS.iter().map(Schema::fingerprint).collect();
        assert_eq!(distinct.len(), SCHEMAS.len());
    }
}
