//! What filters are to the server: short, canonical, and with every value bound.

use serde_json::json;

use super::{Filter, RawQuery};
use crate::error::QueryError;
use crate::field::{Field, No, Options, any_embedded};
use crate::kind::{Numeric, Tag, Text, VectorKind};
use crate::path::{FieldPath, Nested, Step};
use crate::raw_error::RawQueryError;
use crate::schema::{Entry, FieldDef, IndexSchema, Schema};
use crate::vector::Vector;

#[derive(Debug)]
struct Doc;

type Handle<V, K> = Field<Doc, V, K, Options<No>>;

const TAG: Handle<String, Tag> = Field::indexed("tag", "tag");
const TAGS: Handle<Vec<String>, Tag> = Field::indexed("tags", "tags");
const TEXTS: Handle<Vec<String>, Text> = Field::indexed("tags", "texts");
const NUMBER: Handle<i64, Numeric> = Field::indexed("number", "number");
const NUMBERS: Handle<Vec<i64>, Numeric> = Field::indexed("numbers", "numbers");
const TEXT: Handle<String, Text> = Field::indexed("text", "text");
const VECTOR: Handle<Vector<f32, 2>, VectorKind> = Field::indexed("vector", "vector");
const GRAPH: Handle<Vector<f32, 2>, VectorKind> = Field::indexed("graph", "graph").hnsw();
const NAME: Handle<String, Tag> = Field::indexed("name", "name").within_embedded::<Parts>();
const SIZE: Handle<i64, Numeric> = Field::indexed("size", "size").within_embedded::<Parts>();
const MARKS: Handle<Vec<i64>, Numeric> = Field::indexed("marks", "marks").within_embedded::<Parts>();
const NOTE: Field<Doc, Option<String>, Tag, Options<No, crate::field::Yes>> =
    Field::indexed("note", "note").index_missing().within_embedded::<Parts>();

enum Parts {}

impl Nested for Parts {
    const AT: FieldPath = FieldPath::new(None, "parts", "parts", Step::Each);
    type Sort<S: 'static> = No;
    type Value = ();
}

impl IndexSchema for Doc {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new(
            "Doc",
            "doc",
            "id",
            &[
                Entry::Field(FieldDef::stored("id")),
                Entry::Field(TAG.def()),
                Entry::Field(TAGS.def()),
                Entry::Field(TEXTS.def()),
                Entry::Field(NUMBER.def()),
                Entry::Field(NUMBERS.def()),
                Entry::Field(TEXT.def()),
                Entry::Field(VECTOR.def()),
                Entry::Field(GRAPH.def()),
                Entry::Field(NAME.def()),
                Entry::Field(SIZE.def()),
                Entry::Field(MARKS.def()),
                Entry::Field(NOTE.def()),
            ],
        );
        &SCHEMA
    }
}

fn part(condition: Filter<Doc>) -> Filter<Doc> {
    any_embedded::<Doc, Parts>(condition)
}

#[track_caller]
fn renders(filter: &Filter<Doc>, text: &str, values: &[&str]) {
    let rendered = filter.render().unwrap();
    let bound: Vec<_> =
        rendered.params().values().iter().map(|value| String::from_utf8_lossy(value)).collect();
    assert_eq!((rendered.text(), rendered.is_inexact()), (text, false));
    assert_eq!(bound, values);
}

/// Renders like this, and is narrowed afterwards.
#[track_caller]
fn asks(filter: &Filter<Doc>, text: &str) {
    let rendered = filter.render().unwrap();
    assert_eq!((rendered.text(), rendered.is_inexact()), (text, true));
}

#[test]
fn equal_values_are_bound_once() {
    renders(&NUMBER.eq(1), "@number:[$p0 $p0]", &["1"]);
    renders(
        &(NUMBER.ge(1) & NUMBERS.lt(1) & TAG.eq("1")),
        "@number:[$p0 +inf] @numbers:[-inf ($p0] @tag:{$p0}",
        &["1"],
    );
    renders(&TAG.is_in(["a", "b", "a"]), "@tag:{$p0|$p1}", &["a", "b"]);
}

#[test]
fn no_parenthesis_is_there_without_need() {
    renders(&TEXT.matches("dune"), "@text:$p0", &["dune"]);
    renders(&TEXT.matches("dune arrakis"), "@text:($p0 $p1)", &["dune", "arrakis"]);
    renders(&TEXT.starts_with("du"), "@text:$p0*", &["du"]);
    renders(&!TEXT.matches("foxes"), "-(@text:($p0|$p1|$p2)|@text:($p0|$p1|$p2))", &["foxes", "+fox", "fox"]);
    renders(
        &(TAG.eq("a") & NUMBER.eq(1) | NUMBERS.eq(2)),
        "@tag:{$p0} @number:[$p1 $p1]|@numbers:[$p2 $p2]",
        &["a", "1", "2"],
    );
    renders(
        &(TAG.eq("a") & (NUMBER.eq(1) | NUMBERS.eq(2))),
        "@tag:{$p0} (@number:[$p1 $p1]|@numbers:[$p2 $p2])",
        &["a", "1", "2"],
    );
    renders(&!(TAG.eq("a") & NUMBER.eq(1)), "-(@tag:{$p0} @number:[$p1 $p1])", &["a", "1"]);
    renders(&!TAG.eq("a"), "-@tag:{$p0}", &["a"]);
    let filter = !(TAG.eq("a") | TEXT.starts_with("ab"));
    renders(&filter, "-(@tag:{$p0}|@text:$p1*|@text:$p1*)", &["a", "ab"]);
}

#[test]
fn what_the_server_mistakes_where_it_skips_is_there_twice() {
    let (a, b, c) = (|| TAG.eq("a"), || NUMBER.gt(1), || NUMBERS.lt(9));
    let group = "(~@tag:{$p0} (-@number:[($p1 +inf]|-@number:[($p1 +inf])|@tags:{$p2}) @numbers:[-inf ($p3]";
    renders(&((a().optional() & !b() | TAGS.eq("b")) & c()), group, &["a", "1", "b", "9"]);
    // Read document by document, it is right.
    renders(&(a() & !b() | c()), "@tag:{$p0} -@number:[($p1 +inf]|@numbers:[-inf ($p2]", &["a", "1", "9"]);
    renders(&(a() & !b()), "@tag:{$p0} -@number:[($p1 +inf]", &["a", "1"]);
    let optional = (a() & !b() & c().optional()).optional();
    let text = "~(@tag:{$p0} (-@number:[($p1 +inf]|-@number:[($p1 +inf]) (~@numbers:[-inf ($p2]|~@numbers:[-inf ($p2]))";
    renders(&optional, text, &["a", "1", "9"]);
    let deep = |levels| (0..levels).fold(a(), |node, _| !((a() & node | c()) & b()));
    assert!(deep(5).render().is_ok());
    assert!(matches!(deep(20).render(), Err(QueryError::TooManyRepeated { .. })));
}

#[test]
fn the_same_twice_is_asked_once() {
    renders(&NUMBER.is_in([3, 1, 3]), "@number:[$p0 $p0]|@number:[$p1 $p1]", &["3", "1"]);
    renders(&(TAG.eq("a") & TAG.eq("a")), "@tag:{$p0}", &["a"]);
}

#[test]
fn tags_that_the_server_cuts_are_compared_without_blanks() {
    const CUT: Handle<String, Tag> = Field::indexed("cut", "cut").separator(';');
    renders(&CUT.eq(" x "), "@cut:{$p0}", &["x"]);
    assert_eq!(CUT.eq(" x ").accepts_json(&json!({"cut": " x ; y "})), Ok(true));
    renders(&TAG.eq(" x "), "@tag:{$p0}", &[" x "]);
}

#[test]
fn nothing_is_near_a_vector_without_direction() {
    let refused = VECTOR.within_range(&Vector::default(), 1.0).render();
    assert!(matches!(refused, Err(QueryError::NoDirection { .. })));
}

#[test]
fn alternatives_of_a_tag_are_one_condition() {
    let filter = TAG.eq("a") | NUMBER.eq(1) | TAG.eq("b") | TAG.is_in(["a", "c"]);
    renders(&filter, "@tag:{$p0|$p1|$p2}|@number:[$p3 $p3]", &["a", "b", "c", "1"]);
    renders(
        &(NUMBER.eq(1) & (TAG.eq("a") | TAG.eq("b"))),
        "@number:[$p0 $p0] @tag:{$p1|$p2}",
        &["1", "a", "b"],
    );
    renders(&(TAG.eq("a") | TAGS.eq("b")), "@tag:{$p0}|@tags:{$p1}", &["a", "b"]);
}

#[test]
fn a_filter_is_shown_without_its_values() {
    assert_eq!((TAG.eq("secret") & NUMBER.gt(7)).to_string(), "@tag:{$p0} @number:[($p1 +inf]");
    assert_eq!(Filter::<Doc>::none().to_string(), "nothing");
    assert_eq!(Filter::<Doc>::all().to_string(), "*");
    let shown = [
        TAG.starts_with("s").to_string(),
        TEXT.matches(" ,!").to_string(),
        TEXT.starts_with("se cret").to_string(),
        TEXT.starts_with("SECRÄT").to_string(),
        TAG.wildcard("*s?").to_string(),
        NUMBER.gt(9_007_199_254_740_993).to_string(),
        TAG.eq("sec\0ret").to_string(),
    ];
    for text in shown {
        assert!(text.starts_with("refused: `"), "{text}");
        for value in ["`s`", ",!", "cret", "CRÄT", "s?", "9007", "sec"] {
            assert!(!text.contains(value), "{text}");
        }
    }
}

#[test]
fn a_single_condition_on_an_element_is_the_same_as_on_the_list() {
    renders(&NUMBERS.any(|number| number.between(3..5)), "@numbers:[$p0 ($p1]", &["3", "5"]);
    renders(&part(NAME.eq("a") | SIZE.gt(3)), "@parts_name:{$p0}|@parts_size:[($p1 +inf]", &["a", "3"]);
    renders(&!part(NAME.eq("a")), "-@parts_name:{$p0}", &["a"]);
    renders(&part(MARKS.any(|mark| mark.eq(1))), "@parts_marks:[$p0 $p0]", &["1"]);
    renders(&TEXTS.any(|text| text.matches("dune")), "@texts:$p0", &["dune"]);
}

#[test]
fn several_conditions_on_one_element_are_asked_for_as_more() {
    asks(&part(NAME.eq("a") & SIZE.gt(3)), "@parts_name:{$p0} @parts_size:[($p1 +inf]");
    asks(&part(NAME.eq("a") & !SIZE.gt(3)), "@parts_name:{$p0}");
    asks(&part(!SIZE.gt(3)), "*");
    asks(&part(NAME.eq("a") & NOTE.is_missing()), "@parts_name:{$p0}");
    asks(&part(NAME.eq("a") & TAG.eq("b")), "@parts_name:{$p0} @tag:{$p1}");
    asks(&part(TAG.eq("b")), "@tag:{$p0}");
    asks(&part(Filter::all()), "*");
    // Each of the words may be in another element's text.
    asks(&TEXTS.any(|text| text.matches("dune arrakis")), "@texts:($p0 $p1)");
    asks(&NUMBERS.any(|number| number.ge(3) & number.lt(5)), "@numbers:[$p0 +inf] @numbers:[-inf ($p1]");
}

#[test]
fn what_is_not_known_is_not_asked_for() {
    let several = || part(NAME.eq("a") & SIZE.gt(3));
    asks(&!several(), "*");
    asks(&(TAG.eq("b") & !several()), "@tag:{$p0}");
    asks(&(TAG.eq("b") | !several()), "*");
    asks(&!(TAG.eq("b") | several()), "-@tag:{$p0}");
    asks(&!(TAG.eq("b") & several()), "*");
    asks(&!(TAG.eq("b") & !several()), "-(@tag:{$p0} -(@parts_name:{$p1} @parts_size:[($p2 +inf]))");
    asks(&!NUMBER.eq(9_007_199_254_740_993), "*");
    asks(&!TAG.wildcard("ab*cd"), "*");
}

#[test]
fn an_element_meets_the_whole_condition() {
    let document = json!({
        "tag": "b",
        "numbers": [1, 7],
        "tags": ["dune", "arrakis fox"],
        "parts": [{"name": "a", "size": 1, "marks": [1, 5]}, {"name": "b", "size": 9, "note": "x"}, null],
    });
    let accepts = |filter: Filter<Doc>| filter.accepts_json(&document).unwrap();
    assert!(accepts(NAME.eq("a") & SIZE.gt(3)));
    assert!(!accepts(part(NAME.eq("a") & SIZE.gt(3))));
    assert!(accepts(part(NAME.eq("b") & SIZE.gt(3))));
    assert!(accepts(part(NAME.eq("a") & !SIZE.gt(3))));
    assert!(!accepts(part(!NAME.eq("a") & !NAME.eq("b"))));
    assert!(accepts(part(NAME.eq("a") & TAG.eq("b"))));
    assert!(accepts(part(NAME.eq("a") & NOTE.is_missing())));
    assert!(!accepts(part(NAME.eq("b") & NOTE.is_missing())));
    assert!(!accepts(part(NAME.eq("a") & MARKS.any(|mark| mark.gt(1) & mark.lt(5)))));
    assert!(accepts(part(NAME.eq("a") & MARKS.eq(1) & MARKS.eq(5))));
    assert!(accepts(NUMBERS.gt(3) & NUMBERS.lt(5)));
    assert!(!accepts(NUMBERS.any(|number| number.gt(3) & number.lt(5))));
    assert!(accepts(NUMBERS.any(|number| !number.eq(1))));
    assert!(accepts(TAGS.any(|tag| tag.starts_with("ar") & TEXTS.matches("fox"))));
    assert!(!accepts(TAGS.any(|tag| tag.starts_with("du") & TEXTS.matches("fox"))));
    assert!(!part(Filter::all()).accepts_json(&json!({"parts": [null]})).unwrap());
}

#[test]
fn a_pattern_is_asked_for_by_its_longest_part() {
    renders(&TAG.wildcard("ab"), "@tag:{$p0}", &["ab"]);
    renders(&TAG.wildcard("ab*"), "@tag:{$p0*}", &["ab"]);
    renders(&TAG.wildcard(r"*\*b"), "@tag:{*$p0}", &["*b"]);
    renders(&TAG.wildcard("*ab*"), "@tag:{*$p0*}", &["ab"]);
    renders(&TAG.wildcard(""), "@tag:{$p0}", &[""]);
    renders(&TAG.wildcard("a"), "@tag:{$p0}", &["a"]);
    asks(&TAG.wildcard("ab*cde"), "@tag:{*$p0}");
    asks(&TAG.wildcard("ab?"), "@tag:{$p0*}");
    // A prefix that ends in a backslash finds nothing.
    asks(&TAG.wildcard(r"ab\\*"), "@tag:{*$p0*}");
    let expansions = TAG.wildcard("ab?").render().unwrap();
    assert_eq!(expansions.expansions().map(|(text, _)| text), Some("@tag:{$p0*}"));
    for short in ["*", "?", "a*", "a*b", "*a?"] {
        let refused = TAG.wildcard(short).render();
        assert!(matches!(refused, Err(QueryError::PatternTooShort { .. })), "{short} {refused:?}");
    }
    let accepts = |pattern: &str| TAG.wildcard(pattern).accepts_json(&json!({"tag": "abécd*"})).unwrap();
    assert!(accepts("ab?cd*") && accepts(r"*cd\*") && accepts("ab*c??") && !accepts("ab??cd*"));
}

#[test]
fn raw_queries_combine_and_keep_their_names() {
    let raw =
        || Filter::<Doc>::raw(RawQuery::new("@text:$w|@number:[$low +inf]").bind("w", "x").bind("low", 3));
    renders(&raw(), "@text:$w|@number:[$low +inf]", &[]);
    renders(&(TAG.eq("a") & raw()), "@tag:{$p0} (@text:$w|@number:[$low +inf])", &["a"]);
    renders(&!raw(), "-(@text:$w|@number:[$low +inf])", &[]);
    assert!((raw() & !raw()).render().is_ok());
    let other = Filter::raw(RawQuery::new("@text:$w").bind("w", "y"));
    let twice = QueryError::Raw(RawQueryError::BoundTwice { name: "w" });
    assert_eq!((raw() & other).render(), Err(twice));
    assert_eq!(part(raw()).render(), Err(QueryError::Raw(RawQueryError::OfElement)));
    assert_eq!(raw().accepts_json(&json!({})), Err(QueryError::Raw(RawQueryError::OnlyOnServer)));
    assert!((raw() & TAG.eq("a").optional()).render().is_ok());
    // Beside what is decided here the server has decided it; within that, nobody can.
    asks(
        &(raw() & part(NAME.eq("a") & SIZE.gt(3))),
        "(@text:$w|@number:[$low +inf]) @parts_name:{$p0} @parts_size:[($p1 +inf]",
    );
    assert_eq!((raw() & part(!SIZE.gt(3))).confirms_json(&json!({"parts": [{"size": 1}]})), Ok(true));
    let undecided = (raw() | part(NAME.eq("a") & SIZE.gt(3))).render();
    assert_eq!(undecided, Err(QueryError::Raw(RawQueryError::OnlyOnServer)));
}

#[test]
fn the_nearest_are_asked_for_among_what_a_filter_leaves() {
    let vector = Vector::from([1.0, 2.0]);
    let among = |filter: Filter<Doc>| VECTOR.nearest(3, &vector).render(&filter.render().unwrap());
    let text = |filter| among(filter).unwrap().text().to_owned();
    assert_eq!(text(Filter::all()), "*=>[KNN $p0 @vector $p1 AS __distance]");
    assert_eq!(text(!NUMBER.eq(3)), "(-@number:[$p0 $p0])=>[KNN $p0 @vector $p1 AS __distance]");
    assert!(among(Filter::none()).unwrap().is_nothing());
    assert!(matches!(among(part(!SIZE.gt(3))), Err(QueryError::NearestOfInexact { .. })));
    let all = Filter::<Doc>::all().render().unwrap();
    let graph = GRAPH.nearest(3, &vector).ef_runtime(50).render(&all).unwrap();
    assert_eq!(graph.text(), "*=>[KNN $p0 @graph $p1 EF_RUNTIME $p2 AS __distance]");
    assert_eq!(graph.params().values()[2], b"50");
    let refused = |nearest: super::Nearest<Doc>| nearest.render(&all).unwrap_err();
    assert!(matches!(refused(VECTOR.nearest(0, &vector)), QueryError::NoNearest { .. }));
    assert!(matches!(refused(VECTOR.nearest(1, &vector).ef_runtime(50)), QueryError::EfRuntime { .. }));
    assert!(matches!(refused(GRAPH.nearest(1, &vector).ef_runtime(0)), QueryError::EfRuntime { .. }));
    assert!(matches!(
        refused(VECTOR.nearest(1, &Vector::from([f32::NAN, 1.0]))),
        QueryError::NotFiniteVector { .. }
    ));
    assert!(matches!(refused(VECTOR.nearest(1, &Vector::default())), QueryError::NoDirection { .. }));
    assert_eq!(
        VECTOR.nearest(0, &vector).to_string(),
        "refused: `vector`: the nearest 0 are none; ask for at least one"
    );
    let far = VECTOR.nearest(1, &vector).distance_to_json(&json!({"vector": [-1, -2]})).unwrap().unwrap();
    assert!((far - 2.0).abs() < 1e-9);
}

#[test]
fn every_form_of_a_range_is_one() {
    use std::ops::Bound;
    renders(&NUMBER.between(18..65), "@number:[$p0 ($p1]", &["18", "65"]);
    renders(&NUMBER.between(18..=65), "@number:[$p0 $p1]", &["18", "65"]);
    renders(&NUMBER.between(18..), "@number:[$p0 +inf]", &["18"]);
    renders(&NUMBER.between(..65), "@number:[-inf ($p0]", &["65"]);
    renders(&NUMBER.between(..=65), "@number:[-inf $p0]", &["65"]);
    renders(&NUMBER.between::<i64>(..), "@number:[-inf +inf]", &[]);
    renders(&NUMBER.between((Bound::Excluded(1), Bound::Included(2))), "@number:[($p0 $p1]", &["1", "2"]);
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is tried")]
    for empty in [NUMBER.between(5..1), NUMBER.between(5..5), NUMBER.between(5..=4)] {
        assert!(empty.render().unwrap().is_nothing());
    }
    let mut spent = 5..=5;
    spent.next();
    assert!(NUMBER.between(spent).render().unwrap().is_nothing());
}
