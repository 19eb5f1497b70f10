//! How two indexes differ.

use std::fmt;

use serde::Serialize;

use super::definition::{IndexDefinition, IndexedField, LEAVING_OUT};
use crate::printed::printed;

/// One way in which an index differs from another. `Display` reads like a line of a diff.
///
/// ```
/// use cache_index::{Entry, FieldDef, Keyspace, Numeric, Schema, Tag};
///
/// const EMAIL: Entry = Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"));
/// const AGE: Entry = Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age"));
/// static OLD: Schema = Schema::new("User", "user", "id", &[EMAIL]);
/// static NEW: Schema = Schema::new("User", "user", "id", &[EMAIL, AGE]);
///
/// let keyspace = Keyspace::default();
/// let found = OLD.definition(&keyspace).differences(&NEW.definition(&keyspace));
/// assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["+ $.age AS age NUMERIC"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// The second one has a field more.
    Added(IndexedField),
    /// The second one lacks a field.
    Removed(IndexedField),
    /// A field of this name is another one.
    Changed {
        /// In the first index.
        from: IndexedField,
        /// In the second.
        to: IndexedField,
    },
    /// The fields are the same, in another order.
    Reordered,
    /// Something about the index as a whole.
    Index {
        /// What: RediSearch's word for it.
        what: &'static str,
        /// In the first index.
        from: String,
        /// In the second.
        to: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(field) => write!(f, "+ {field}"),
            Self::Removed(field) => write!(f, "- {field}"),
            Self::Changed { from, to } => write!(f, "~ {from} => {to}"),
            Self::Reordered => write!(f, "~ the order of the fields"),
            Self::Index { what, from, to } => write!(f, "~ {what} {} => {}", printed(from), printed(to)),
        }
    }
}

impl IndexDefinition {
    /// How the other index differs from this one, as far as `FT.INFO` tells; nothing: not at all.
    ///
    /// ```
    /// use cache_index::{Entry, FieldDef, Keyspace, Numeric, Schema, Tag};
    ///
    /// static OLD: Schema = Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("name", "name"))]);
    /// static NEW: Schema = Schema::new("User", "user", "id", &[
    ///     Entry::Field(FieldDef::indexed::<String, Tag>("name", "name")),
    ///     Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age")),
    /// ]);
    /// let namespace = Keyspace::default();
    /// let differences = OLD.definition(&namespace).differences(&NEW.definition(&namespace));
    /// assert_eq!(differences.len(), 1);
    /// assert_eq!(differences[0].to_string(), "+ $.age AS age NUMERIC");
    /// ```
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut index = |what, from: String, to: String| {
            if from != to {
                found.push(Difference::Index { what, from, to });
            }
        };
        index("ON", self.key_type.clone(), other.key_type.clone());
        index("PREFIX", self.prefixes.join(" "), other.prefixes.join(" "));
        index("FILTER", shown(self.filter.as_ref()), shown(other.filter.as_ref()));
        index("LANGUAGE", self.language.clone(), other.language.clone());
        if (self.score - other.score).abs() > 1e-6 {
            index("SCORE", self.score.to_string(), other.score.to_string());
        }
        index("STOPWORDS", listed(self), listed(other));
        for what in LEAVING_OUT {
            let has = |definition: &Self| definition.leaves_out.iter().any(|one| one == what);
            let shown = |has| if has { "yes" } else { "no" }.to_owned();
            // Most are the same, and what looks at an index with each query need not say so.
            if has(self) != has(other) {
                index(what, shown(has(self)), shown(has(other)));
            }
        }
        let of =
            |fields: &[IndexedField], name: &str| fields.iter().find(|field| field.name == name).cloned();
        for from in &self.fields {
            match of(&other.fields, &from.name) {
                None => found.push(Difference::Removed(from.clone())),
                Some(to) if to != *from => found.push(Difference::Changed { from: from.clone(), to }),
                Some(_) => {}
            }
        }
        for to in &other.fields {
            if of(&self.fields, &to.name).is_none() {
                found.push(Difference::Added(to.clone()));
            }
        }
        let names =
            |fields: &[IndexedField]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
        let same =
            found.iter().all(|one| matches!(one, Difference::Changed { .. } | Difference::Index { .. }));
        if same && names(&self.fields) != names(&other.fields) {
            found.push(Difference::Reordered);
        }
        found
    }

    /// Whether documents of the other index are, or could be, documents of this one too: one has a prefix that another
    /// prefix begins with.
    pub fn shares_documents(&self, other: &Self) -> bool {
        let overlap = |one: &[u8], two: &[u8]| one.starts_with(two) || two.starts_with(one);
        let others = other.prefix_bytes();
        self.key_type.eq_ignore_ascii_case(&other.key_type)
            && self.prefix_bytes().iter().any(|one| others.iter().any(|two| overlap(one, two)))
    }
}

fn shown(filter: Option<&String>) -> String {
    filter.cloned().unwrap_or_else(|| "none".to_owned())
}

/// A list is a set of words: the server keeps no order of them.
fn listed(definition: &IndexDefinition) -> String {
    match &definition.stopwords {
        None => "of the server".to_owned(),
        Some(words) => {
            let mut words = words.clone();
            words.sort();
            words.dedup();
            format!("[{}]", words.join(" "))
        }
    }
}
