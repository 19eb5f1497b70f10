//! `FT.CREATE` and `FT.ALTER` from a schema, their words in the order in which the server reads them.

use super::{FieldDef, Language, Schema, Stopwords};
use crate::command::Command;
use crate::keyspace::Keyspace;

impl Schema {
    /// The command that creates this schema's index in a namespace; `None` for a model without an index.
    pub fn create_index(&self, keyspace: &Keyspace) -> Option<Command> {
        if !self.is_indexed() {
            return None;
        }
        let mut command = Command::new("FT.CREATE")
            .arg(self.index_name(keyspace))
            .args_from(["ON", "JSON", "PREFIX", "1"])
            .arg_with(|buffer| self.write_key_start(keyspace, buffer));
        if let Some(filter) = self.filter() {
            command = command.arg("FILTER").arg(filter);
        }
        if self.language() != Language::default() {
            command = command.arg("LANGUAGE").arg(self.language().name());
        }
        if let Some(score) = self.score() {
            command = command.arg("SCORE").arg(score);
        }
        if let Stopwords::Words(words) = self.stopwords() {
            command = command.arg("STOPWORDS").arg_display(words.len()).args_from(words);
        }
        Some(append_fields(command.arg("SCHEMA"), self.indexed()))
    }

    /// The command that adds those of this schema's fields to an index whose search names are wanted.
    pub fn alter_index(&self, index: &str, wanted: impl Fn(&str) -> bool) -> Command {
        let command = Command::new("FT.ALTER").args_from([index, "SCHEMA", "ADD"]);
        append_fields(command, self.indexed().filter(|field| wanted(&field.name().to_string())))
    }
}

fn append_fields(mut command: Command, fields: impl Iterator<Item = &'static FieldDef>) -> Command {
    for field in fields {
        let Some(kind) = field.kind().keyword() else { continue };
        command = command
            .arg(field.path())
            .arg("AS")
            .arg_display(field.name())
            .arg(kind)
            .args_from(field.options());
    }
    command
}

#[cfg(test)]
mod tests {
    use crate::Keyspace;
    use crate::kind::{Numeric, Tag, Text};
    use crate::schema::{Entry, FieldDef, Schema};

    #[test]
    fn words_stand_in_wire_order() {
        static SCHEMA: Schema = Schema::new(
            "User",
            "user",
            "id",
            &[
                Entry::Field(FieldDef::stored("id")),
                Entry::Field(FieldDef::indexed::<String, Tag>("email", "email").sortable::<String>()),
                Entry::Field(
                    FieldDef::indexed::<Vec<String>, Tag>("tags", "tags").fold_case::<Vec<String>>(),
                ),
                Entry::Field(FieldDef::indexed::<i64, Numeric>("expires-at", "expires_at").sortable::<i64>()),
                Entry::Field(FieldDef::indexed::<String, Text>("bio", "bio")),
                Entry::Field(FieldDef::indexed::<bool, Tag>("on", "on")),
            ],
        );
        let command = SCHEMA.create_index(&Keyspace::default()).unwrap();
        let words: Vec<_> = command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let name = format!("cache:user:idx:{}", SCHEMA.fingerprint());
        assert_eq!(
            words.join(" "),
            format!(
                "FT.CREATE {name} ON JSON PREFIX 1 cache:user: SCHEMA \
                 $.email AS email TAG CASESENSITIVE INDEXEMPTY SORTABLE \
                 $.tags[*] AS tags TAG INDEXEMPTY \
                 $[\"expires-at\"] AS expires_at NUMERIC SORTABLE \
                 $.bio AS bio TEXT $.on AS on TAG INDEXEMPTY"
            )
        );
        let command = SCHEMA.alter_index("i", |name| name == "on" || name == "expires_at");
        let words: Vec<_> = command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        assert_eq!(
            words.join(" "),
            "FT.ALTER i SCHEMA ADD $[\"expires-at\"] AS expires_at NUMERIC SORTABLE $.on AS on TAG INDEXEMPTY"
        );
    }

    #[test]
    fn a_model_without_an_index_creates_none() {
        static SCHEMA: Schema = Schema::new("Plain", "plain", "id", &[Entry::Field(FieldDef::stored("id"))]);
        assert!(SCHEMA.create_index(&Keyspace::default()).is_none());
    }
}
