//! What conditions on words are to the server, and what scores are.

use serde_json::json;

use super::{Filter, Node, Test};
use crate::error::QueryError;
use crate::field::{Field, No, Options, Yes};
use crate::kind::{Tag, Text};
use crate::phrase::Phrase;
use crate::reading::Reading;
use crate::schema::{Entry, FieldDef, IndexSchema, Language, Schema};

#[derive(Debug)]
struct Doc;

/// Its words are counted alone.
#[derive(Debug)]
struct One;

type Suffixed = Options<No, No, No, No, Yes>;

const TEXT: Field<Doc, String, Text, Suffixed> = Field::indexed("text", "text").with_suffix_trie();
const TAG: Field<Doc, String, Tag, Options<No>> = Field::indexed("tag", "tag");
const LOUD: Field<Doc, String, Text, Options<No>> = Field::indexed("loud", "loud").phonetic("en").no_stem();
const LINES: Field<Doc, Vec<String>, Text, Options<No>> = Field::indexed("lines", "lines").no_stem();
const PLAIN: Field<One, String, Text, Options<No>> = Field::indexed("plain", "plain").no_stem();

impl IndexSchema for Doc {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new(
            "Doc",
            "doc",
            "id",
            &[
                Entry::Field(FieldDef::stored("id")),
                Entry::Field(TEXT.def()),
                Entry::Field(TAG.def()),
                Entry::Field(LOUD.def()),
                Entry::Field(LINES.def()),
            ],
        );
        &SCHEMA
    }
}

impl IndexSchema for One {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new(
            "One",
            "one",
            "id",
            &[Entry::Field(FieldDef::stored("id")), Entry::Field(PLAIN.def())],
        );
        &SCHEMA
    }
}

#[allow(clippy::needless_pass_by_value, reason = "filters are made in place")]
fn text<M: IndexSchema>(filter: Filter<M>) -> String {
    filter.render().unwrap().text().to_owned()
}

/// Refused alike when it is rendered and when it is decided here.
#[allow(clippy::needless_pass_by_value, reason = "filters are made in place")]
fn refusal<M: IndexSchema>(filter: Filter<M>) -> String {
    let refused = filter.render().unwrap_err();
    assert_eq!(filter.accepts_json(&json!({})), Err(refused.clone()));
    refused.to_string()
}

#[test]
fn any_word_is_a_union() {
    assert_eq!(text(TEXT.matches_any("rust redis the rust")), "@text:($p0|$p1)");
    assert_eq!(text(TEXT.matches_any("rust")), "@text:$p0");
    assert_eq!(text(LOUD.matches_any("a jon jim")), "@loud:($p0=>{$phonetic:false}|$p1=>{$phonetic:false})");
    assert!(refusal(TEXT.matches_any("the, to")).contains("no word"));
    assert!(refusal(TEXT.matches_any("")).contains("no word"));
    assert!(refusal(TEXT.matches_any("a\0b")).contains("U+0000"));
    assert!(refusal(TEXT.matches_any(r"rust a\\\!")).contains("backslash"));
}

#[test]
fn a_phrase_keeps_its_words_in_order_and_twice() {
    assert_eq!(text(PLAIN.phrase("quick brown")), "@plain:($p0 $p1)=>{$slop:0;$inorder:true}");
    assert_eq!(
        text(PLAIN.phrase("the quick of brown".to_owned())),
        "@plain:($p0 $p1)=>{$slop:0;$inorder:true}"
    );
    let near = Phrase::new("a quick brown").slop(2);
    assert_eq!(text(PLAIN.phrase(near.clone().any_order())), "@plain:($p0 $p1)=>{$slop:2}");
    assert_eq!(text(PLAIN.phrase(near.slop(u32::MAX))), "@plain:($p0 $p1)=>{$slop:2147483647;$inorder:true}");
    assert_eq!(text(PLAIN.phrase("quick brown fox")), "@plain:(($p0 $p1) $p2)=>{$slop:0;$inorder:true}");
    assert_eq!(text(PLAIN.phrase("run run")), "@plain:($p0 $p0)=>{$slop:0;$inorder:true}");
    assert_eq!(text(PLAIN.phrase("quick")), "@plain:$p0");
    assert_eq!(
        text(LOUD.phrase("jon jim")),
        "@loud:($p0=>{$phonetic:false} $p1=>{$phonetic:false})=>{$slop:0;$inorder:true}"
    );
    assert!(refusal(PLAIN.phrase("to be")).contains("no word"));
    assert!(refusal(PLAIN.phrase("")).contains("no word"));
    assert!(refusal(PLAIN.phrase("a\0b")).contains("U+0000"));
    let long = |words: usize| (0..words).map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ");
    assert!(PLAIN.phrase(long(100)).render().is_ok());
    assert!(refusal(PLAIN.phrase(long(101))).contains("100 words"));
}

#[test]
fn where_the_server_loses_places_it_is_asked_for_the_words() {
    assert_eq!(text(TEXT.phrase("quick brown")), "@text:($p0 $p1)");
    assert_eq!(text(PLAIN.phrase("running fox")), "@plain:($p0 $p1)");
    assert_eq!(text(PLAIN.phrase(Phrase::new("run run").any_order())), "@plain:$p0");
    let words = |count: usize| (0..count).map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ");
    assert!(text(PLAIN.phrase(words(16))).contains("$slop"));
    assert!(!text(PLAIN.phrase(words(17))).contains("$slop"));
    assert_eq!(text(LINES.phrase("quick brown")), "@lines:($p0 $p1)");
}

#[test]
fn a_phrase_is_exact_where_its_words_are_counted_alone() {
    #[allow(clippy::needless_pass_by_value, reason = "filters are made in place")]
    fn inexact<M: IndexSchema>(filter: Filter<M>) -> bool {
        filter.render().unwrap().inexact().is_some()
    }
    assert!(!inexact(PLAIN.phrase("quick brown")));
    assert!(inexact(PLAIN.phrase("quick brown quick")));
    assert!(inexact(PLAIN.phrase("running fox")));
    assert!(inexact(TEXT.phrase("quick brown")));
    assert!(inexact(LOUD.phrase("quick brown")));
    assert!(inexact(LINES.phrase("quick brown")));
    assert!(!inexact(LOUD.phrase("quick")));
    // Negated, what the server would leave out too much of is left to be decided here.
    assert_eq!(text(!TEXT.phrase("quick brown")), "*");
    let negated = "@plain:(($p0|$p1) ($p2|$p3))=>{$slop:0;$inorder:true}";
    assert_eq!(text(!PLAIN.phrase("quick brown")), format!("-({negated}|{negated})"));
}

fn read<M: IndexSchema>(filter: &Filter<M>, reading: Reading) -> (String, Vec<String>, bool) {
    let rendered = filter.render_as(reading).unwrap();
    let values = rendered.params().values().iter();
    let values = values.map(|value| String::from_utf8(value.clone()).unwrap()).collect();
    (rendered.text().to_owned(), values, rendered.is_inexact())
}

#[test]
fn negated_words_have_the_stems_of_the_reading() {
    let (plain, filter) = (Reading::new(), !TEXT.matches("running"));
    let values = |reading| read(&filter, reading).1;
    assert_eq!(values(plain), ["running", "+run", "run"]);
    assert_eq!(values(plain.in_language(Language::German)), ["running", "+running"]);
    assert_eq!(values(plain.verbatim()), ["running"]);
    assert_eq!(values(plain.in_language(Language::German).verbatim()), ["running"]);
    assert_eq!(read(&filter, plain.verbatim()).0, "-(@text:$p0|@text:$p0)");
    let runs = json!({"text": "runs"});
    assert_eq!(filter.accepts_json_as(&runs, plain), Ok(false));
    assert_eq!(filter.accepts_json_as(&runs, plain.in_language(Language::German)), Ok(true));
    assert_eq!(filter.accepts_json_as(&runs, plain.verbatim()), Ok(true));
    assert_eq!(filter.accepts_json(&runs), Ok(false));
}

#[test]
fn a_reading_makes_phrases_of_words() {
    let (plain, words) = (Reading::new(), PLAIN.matches("quick brown"));
    let text = |reading| read(&words, reading).0;
    assert_eq!(text(plain), "@plain:($p0 $p1)");
    assert_eq!(text(plain.slop(2)), "@plain:($p0 $p1)=>{$slop:2}");
    assert_eq!(text(plain.slop(2).in_order()), "@plain:($p0 $p1)=>{$slop:2;$inorder:true}");
    assert_eq!(text(plain.in_order()), "@plain:($p0 $p1)=>{$slop:2147483647;$inorder:true}");
    // Two are one element of a list if they are near each other, and no longer any two.
    let line = LINES.any(|line| line.matches("quick brown"));
    assert!(read(&line, plain).2 && read(&line, plain.slop(0)).2);
    let lines = json!({"lines": ["quick", "brown"]});
    assert_eq!(LINES.matches("quick brown").accepts_json_as(&lines, plain), Ok(true));
    assert_eq!(LINES.matches("quick brown").accepts_json_as(&lines, plain.slop(9)), Ok(false));
    // One word has no place.
    assert_eq!(
        read(&TEXT.matches("quick"), plain.slop(0)),
        ("@text:$p0".into(), vec!["quick".into()], false)
    );
    // The rest says for itself.
    let any = PLAIN.matches_any("quick brown") | PLAIN.phrase("quick fox");
    assert_eq!(read(&any, plain.slop(5)), read(&any, plain));
}

#[test]
fn words_as_they_are_written_have_one_form() {
    let (plain, phrase) = (Reading::new(), PLAIN.phrase("running fox"));
    assert!(read(&phrase, plain).2 && !read(&phrase, plain.verbatim()).2);
    assert_eq!(read(&phrase, plain.verbatim()).0, "@plain:($p0 $p1)=>{$slop:0;$inorder:true}");
    // In another language they have another stem, or none.
    assert!(!read(&phrase, plain.in_language(Language::German)).2);
    assert!(read(&PLAIN.phrase("katzen fox"), plain.in_language(Language::German)).2);
    let runs = PLAIN.phrase("running runs");
    assert!(!read(&runs, plain.verbatim()).2, "no word is both");
    assert!(read(&PLAIN.phrase("runs runs"), plain.verbatim()).2);
    let loud = Filter::<Doc>::new(Node::Leaf(LOUD.def(), Test::Sounds("jon".to_owned())));
    let refused = Err(QueryError::NotVerbatim { field: LOUD.def().name() });
    assert_eq!(loud.render_as(plain.verbatim()).map(|_| ()), refused);
    assert_eq!(loud.accepts_json_as(&json!({}), plain.verbatim()).map(|_| ()), refused);
    assert!(loud.render().is_ok());
}

#[test]
fn words_that_are_nearly_so_stand_between_percent_signs() {
    assert_eq!(text(TEXT.fuzzy("Redis", 1)), "@text:%$p0%");
    assert_eq!(text(TEXT.fuzzy("redis", 3)), "@text:%%%$p0%%%");
    let rendered = TEXT.fuzzy("Redis", 2).render().unwrap();
    assert_eq!(rendered.params().values(), [b"redis"]);
    assert_eq!(rendered.expansions().map(|(text, _)| text), Some("@text:%%$p0%%"));
    for distance in [0, 4, u8::MAX] {
        let refused = TEXT.fuzzy("redis", distance).render();
        assert!(matches!(refused, Err(QueryError::EditDistance { distance: is, .. }) if is == distance));
    }
    assert!(refusal(TEXT.fuzzy("two words", 1)).contains("more than one word"));
    assert!(refusal(TEXT.fuzzy("!", 1)).contains("no word"));
    assert!(refusal(TEXT.fuzzy("", 1)).contains("no word"));
    assert!(refusal(TEXT.fuzzy("a\0", 1)).contains("U+0000"));
    assert!(refusal(TEXT.fuzzy("Ärger", 1)).contains("reads differently"));
    assert!(refusal(TEXT.fuzzy("w".repeat(101), 1)).contains("100 characters"));
    assert!(TEXT.fuzzy("the", 1).render().is_ok(), "a stopword has neighbours");
    assert!(TEXT.fuzzy("x", 1).render().is_ok(), "and so has one letter");
    assert!(LOUD.fuzzy("jon", 1).accepts_json(&json!({})).is_err(), "codes of sounds are near too");
}

#[test]
fn parts_of_words_stand_beside_stars() {
    assert_eq!(text(TEXT.starts_with("Ru")), "@text:$p0*");
    assert_eq!(text(TEXT.ends_with("ST")), "@text:*$p0");
    assert_eq!(text(TEXT.contains("us")), "@text:*$p0*");
    assert_eq!(TEXT.ends_with("ST").render().unwrap().params().values(), [b"st"]);
    assert_eq!(TEXT.contains("us").render().unwrap().expansions().map(|(text, _)| text), Some("@text:*$p0*"));
    assert!(refusal(TEXT.ends_with("s")).contains("too short"));
    assert!(refusal(TEXT.contains("")).contains("too short"));
    assert!(refusal(TEXT.contains("a b")).contains("more than one word"));
    assert!(refusal(TEXT.contains("!!")).contains("no word"));
    assert!(refusal(TEXT.ends_with("a\0")).contains("U+0000"));
    assert!(refusal(TEXT.contains("ßx")).contains("reads differently"));
    assert!(text(TEXT.ends_with("the")) == "@text:*$p0", "it is the end of other words");
}

#[test]
fn patterns_are_asked_for_by_their_longest_part() {
    assert_eq!(text(TEXT.wildcard("Ru*")), "@text:$p0*");
    assert_eq!(text(TEXT.wildcard("*st")), "@text:*$p0");
    assert_eq!(text(TEXT.wildcard("*us*")), "@text:*$p0*");
    assert_eq!(text(TEXT.wildcard("ru?tacean*s")), "@text:*$p0*");
    assert!(TEXT.wildcard("*us*").render().unwrap().inexact().is_none());
    assert!(TEXT.wildcard("r*st").render().unwrap().inexact().is_some());
    // The word itself, and not what has its stem.
    assert_eq!(text(TEXT.wildcard("runs")), "@text:$p0");
    let runs = json!({"text": "running"});
    assert_eq!(TEXT.wildcard("runs").accepts_json(&runs), Ok(false));
    assert_eq!(TEXT.wildcard("RUN?ing").accepts_json(&runs), Ok(true));
    assert_eq!(text(!TEXT.wildcard("r*st")), "*");
    assert!(refusal(TEXT.wildcard("r*s")).contains("give at least"));
    assert!(refusal(TEXT.wildcard("")).contains("word"));
    assert!(refusal(TEXT.wildcard("*")).contains("give at least"));
    assert!(refusal(TEXT.wildcard("some wor*")).contains("more than one word"));
    assert!(refusal(TEXT.wildcard(r"some\*x*y")).contains("backslash"));
    assert!(refusal(TEXT.wildcard("a\0*")).contains("U+0000"));
    assert!(refusal(TEXT.wildcard("the")).contains("no word"));
    assert!(refusal(TEXT.wildcard("Äx*b")).contains("reads differently"));
}

#[test]
fn weights_stand_behind_each_condition() {
    assert_eq!(
        text(TEXT.matches("rust").weight(2.0) | TEXT.matches("redis")),
        "@text:$p0=>{$weight:2}|@text:$p1"
    );
    assert_eq!(
        text((TAG.eq("a") & TEXT.matches("rust redis")).weight(0.5)),
        "@tag:{$p0}=>{$weight:0.5} @text:($p1 $p2)=>{$weight:0.5}"
    );
    assert_eq!(text(TAG.eq("a").weight(2.0).weight(1.5)), "@tag:{$p0}=>{$weight:3}");
    assert_eq!(text(!TAG.eq("a").weight(2.0)), "-@tag:{$p0}");
    assert_eq!(text((!TAG.eq("a")).weight(2.0)), "-@tag:{$p0}");
    assert_eq!(text(Filter::<Doc>::all().weight(2.0)), "*");
    assert_eq!(text(TAG.eq("a").weight(1e-7)), "@tag:{$p0}=>{$weight:0.0000001}");
    for weight in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refusal(TAG.eq("a").weight(weight)).contains("no weight"), "{weight}");
    }
    assert!(refusal(TAG.eq("a").weight(1e200).weight(1e200)).contains("no weight"));
}

#[test]
fn optional_conditions_leave_nothing_out() {
    let optional = |filter: Filter<Doc>| filter.optional();
    assert_eq!(text(TAG.eq("a") & optional(TEXT.matches("rust"))), "@tag:{$p0} ~@text:$p1");
    assert_eq!(text(optional(TAG.eq("a") & TAG.eq("b"))), "~(@tag:{$p0} @tag:{$p1})");
    assert_eq!(text(optional(TAG.eq("a").weight(3.0))), "~(@tag:{$p0}=>{$weight:3})");
    assert_eq!(text(optional(TAG.eq("a")).weight(3.0)), "~(@tag:{$p0}=>{$weight:3})");
    assert_eq!(text(optional(Filter::none())), "*");
    assert_eq!(optional(TAG.eq("a")).accepts_json(&json!({})), Ok(true));
    assert_eq!((!optional(TAG.eq("a"))).accepts_json(&json!({"tag": "a"})), Ok(false));
    assert_eq!(text(optional(TEXT.phrase("run run"))), "~@text:$p0");
    assert!(optional(TEXT.phrase("run run")).render().unwrap().inexact().is_none());
    assert!(refusal(optional(TEXT.matches("the"))).contains("no word"));
}
