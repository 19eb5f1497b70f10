//! What whoever makes an index by hand needs to know: all that it is made with, also what the server does not tell of one that is
//! there, and the commands as `redis-cli` reads them.

use std::fmt::Write;

use cache_index::{Command, Difference, IndexDefinition, Keyspace, Schema, text_of};

use super::{Notice, Plan, Step};

/// The options of a field that `FT.INFO` hides; each has one value.
const HIDDEN: [&str; 5] = ["PHONETIC", "EF_RUNTIME", "EPSILON", "INITIAL_CAP", "BLOCK_SIZE"];

/// What a first index is made with: its fields, and of the rest what is not as it is without a word.
pub(super) fn from_nothing(wanted: &IndexDefinition) -> Vec<Difference> {
    let mut nothing = wanted.clone();
    nothing.fields.clear();
    nothing.filter = None;
    cache_index::Language::default().name().clone_into(&mut nothing.language);
    nothing.score = 1.0;
    nothing.stopwords = None;
    nothing.differences(wanted)
}

/// Adds the hidden options to what is wanted; of what is there they are not known.
pub(super) fn tell_hidden(differences: &mut [Difference], schema: &Schema) {
    for difference in differences {
        if let Difference::Added(field) | Difference::Changed { to: field, .. } = difference {
            field.options.extend(hidden(&field.name, schema));
        }
    }
}

/// The hidden options of all fields that have some.
pub(super) fn all_hidden(schema: &Schema) -> Vec<String> {
    let names = schema.indexed().map(|field| field.name().to_string());
    let told = |name: String| {
        let options = hidden(&name, schema);
        (!options.is_empty()).then(|| format!("{name} {}", options.join(" ")))
    };
    names.filter_map(told).collect()
}

/// The hidden options of a field.
fn hidden(field: &str, schema: &Schema) -> Vec<String> {
    let command = schema.alter_index("", |name| name == field);
    let words: Vec<_> = command.args().map(text_of).collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs
        .filter(|(word, _)| HIDDEN.contains(&word.as_str()))
        .map(|(word, value)| format!("{word} {value}"))
        .collect()
}

/// The commands by which the plan's index is made and gets the alias.
pub(super) fn commands(plan: &Plan, moves: Option<&Step>, keyspace: &Keyspace) -> Vec<String> {
    let schema = plan.schema.0;
    let is_torn = |index: &String| {
        plan.notices.iter().any(|one| matches!(one, Notice::Disagreement { name, .. } if name == index))
    };
    let command = |step: &Step| match step {
        Step::Create { index } if is_torn(index) => schema.create_index(keyspace).map(|create| {
            // Of one that some master has, the other says that it is there.
            Command::new("FT._CREATEIFNX").arg(index).args_from(create.args().skip(2))
        }),
        Step::Create { .. } => schema.create_index(keyspace),
        Step::AlterAdd { index, fields } => {
            Some(schema.alter_index(index, |name| fields.iter().any(|field| field.name == name)))
        }
        Step::Adopt { index, name } if is_torn(name) => {
            Some(Command::new("FT.ALIASUPDATE").args_from([name, index]))
        }
        Step::Adopt { index, name } => Some(Command::new("FT.ALIASADD").args_from([name, index])),
        Step::Cutover { to, .. } => Some(Command::new("FT.ALIASUPDATE").args_from([&plan.alias, to])),
        _ => None,
    };
    let makes = plan.steps.iter().filter(|step| !matches!(step, Step::Cutover { .. }));
    makes.chain(moves).filter_map(command).map(|command| typed(&command)).collect()
}

/// A command as it is typed at the prompt of `redis-cli`.
fn typed(command: &Command) -> String {
    command.args().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word as it is; in quotes, and what is no plain letter as its bytes, where `redis-cli` or a terminal would read another one.
fn quoted(word: &[u8]) -> String {
    let shown = text_of(word);
    let is_text = shown.as_bytes() == word;
    let is_plain = is_text && cache_index::printed(&shown).to_string() == shown;
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'');
    if is_plain && !word.is_empty() && !shown.contains(ends) {
        return shown;
    }
    let mut text = "\"".to_owned();
    for letter in if is_plain { shown.chars() } else { "".chars() } {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    for byte in if is_plain { &[] } else { word } {
        // Writing into a string cannot fail.
        let _ = match byte {
            b'"' | b'\\' => write!(text, "\\{}", char::from(*byte)),
            b' '..=b'~' => write!(text, "{}", char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}"),
        };
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use cache_index::{Entry, FieldDef, Language, Numeric, Text};

    use super::*;
    use crate::migrate::observed::Observed;
    use crate::migrate::options::{Options, Strategy};

    #[test]
    fn a_word_is_quoted_where_redis_cli_would_read_another_one() {
        for (word, typed) in [
            (&b"$.tags[*]"[..], "$.tags[*]"),
            (b"", r#""""#),
            (b"@age > 17", r#""@age > 17""#),
            (br#"$["a\"b"]"#, r#""$[\"a\\\"b\"]""#),
            (b"it's", r#""it's""#),
            ("grö ße".as_bytes(), r#""grö ße""#),
            (b"a\xff\x1b\n", r#""a\xff\x1b\x0a""#),
            ("\u{202e}x".as_bytes(), r#""\xe2\x80\xaex""#),
        ] {
            assert_eq!(quoted(word), typed);
        }
    }

    static ADULT: Schema = Schema::new(
        "User",
        "user",
        "id",
        &[
            Entry::Field(FieldDef::indexed::<String, Text>("bio", "bio").phonetic("en")),
            Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age").sortable::<u8>()),
        ],
    )
    .with_filter("@age > 17")
    .with_language(Language::German)
    .with_score("0.5")
    .with_stopwords(&[]);

    #[test]
    fn a_first_plan_has_all_that_the_index_is_made_with() {
        let plan = |strategy| {
            let options = Options { strategy, ..Options::default() };
            super::super::plan(&ADULT, &Keyspace::default(), &Observed::default(), &options)
        };
        let index = format!("cache:user:idx:{}", ADULT.fingerprint());
        let command = format!(
            "FT.CREATE {index} ON JSON PREFIX 1 cache:user: FILTER \"@age > 17\" LANGUAGE german SCORE 0.5 STOPWORDS 0 \
             SCHEMA $.bio AS bio TEXT PHONETIC dm:en $.age AS age NUMERIC SORTABLE"
        );
        let moves = format!("FT.ALIASUPDATE cache:user:idx {index}");
        let what = "User\n      + FILTER @age > 17\n      + LANGUAGE german\n      + SCORE 0.5\n      \
                    + STOPWORDS []\n      + $.bio AS bio TEXT PHONETIC dm:en\n      \
                    + $.age AS age NUMERIC SORTABLE";
        let manual = plan(Strategy::Manual);
        assert_eq!(
            manual.to_string(),
            format!("{what}\n  + {index}\n  … until it is filled\n  > {command}\n  > {moves}")
        );
        // Who has it made needs not read it.
        let rebuild = plan(Strategy::Rebuild);
        assert!(
            rebuild.to_string().starts_with(what) && !rebuild.to_string().contains("FT.CREATE"),
            "{rebuild}"
        );
        for plan in [manual, rebuild] {
            let data = serde_json::to_value(&plan).unwrap();
            assert_eq!(data["commands"], serde_json::json!([command, moves]));
            assert_eq!(data["differences"][0]["index"]["what"], "FILTER");
        }
    }
}
