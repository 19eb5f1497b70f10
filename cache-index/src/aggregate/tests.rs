//! What aggregations are written as, and what answers are read as; without a server.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use super::*;
use crate::aggregate_error::AggregateError;
use crate::error::QueryError;
use crate::field::{Field, No, Options, Yes};
use crate::filter::Filter;
use crate::kind::{Numeric, Tag};
use crate::reply::Reply;
use crate::schema::{FieldDef, IndexSchema, Schema};
use crate::search::SearchOptions;
use crate::sort::Direction;

struct User;

impl IndexSchema for User {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
        &SCHEMA
    }
}

const CITY: Field<User, String, Tag, Options<No>> =
    Field::new(FieldDef::indexed::<String, Tag>("city", "city"));
const ROLE: Field<User, String, Tag, Options<No>> =
    Field::new(FieldDef::indexed::<String, Tag>("role", "role"));
const AGE: Field<User, i64, Numeric, Options<No>> =
    Field::new(FieldDef::indexed::<i64, Numeric>("age", "age"));
const BONUS: Field<User, Option<f64>, Numeric, Options<No>> =
    Field::new(FieldDef::indexed::<Option<f64>, Numeric>("bonus", "bonus"));

/// The stages of the command, without what stands around them.
fn stages(plan: &AggregatePlan<User>) -> String {
    let (plan, filter) = (plan.render().unwrap(), Filter::<User>::all().render().unwrap());
    let options = SearchOptions::default();
    let request = AggregateRequest {
        index: "i",
        filter: &filter,
        options: &options,
        plan: &plan,
        most: 1000,
        timeout: None,
        cursor: None,
    };
    let command = request.command();
    let args: Vec<_> = command.args().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let text = args.join(" ");
    let text = text.strip_prefix("FT.AGGREGATE i * ").unwrap();
    text.strip_suffix(" TIMEOUT 0 DIALECT 2").unwrap().to_owned()
}

/// The text of an expression over `@f0`, which is the age, or the first field that it reads.
fn text_of(expr: Expr<User, bool>) -> Result<String, QueryError> {
    let plan = AggregatePlan::all().filter(expr).render()?;
    let at = plan.before.iter().position(|stage| stage == "FILTER").unwrap();
    Ok(plan.before[at + 1].clone())
}

#[test]
fn stages_stand_in_the_order_in_which_the_server_runs_them() {
    let plan = AggregatePlan::by((CITY, ROLE))
        .filter(AGE.expr().ge(18))
        .reduce("people", count())
        .reduce("oldest", max(AGE))
        .apply("half", number("oldest") / 2)
        .having(number("people").gt(1))
        .sort_by("people", Direction::Descending)
        .page(5, 10);
    assert_eq!(
        stages(&plan),
        "LOAD 9 @age AS f0 @city AS f1 @role AS f2 FILTER @f0>=18 APPLY (-1.7976931348623157e308) AS s0 \
         GROUPBY 3 @f1 @s0 @f2 REDUCE COUNT 0 AS r2 REDUCE MAX 1 @f0 AS r3 APPLY @r3/2 AS a4 FILTER @r2>1 \
         SORTBY 2 @r2 DESC LIMIT 5 10 APPLY abs(@r3)-abs(to_number(to_str(@r3))) AS e_r3 \
         APPLY abs(@a4)-abs(to_number(to_str(@a4))) AS e_a4"
    );
}

#[test]
fn numbers_that_are_sorted_by_are_not_loaded_to_be_reduced() {
    const fn sorted(name: &'static str) -> Field<User, i64, Numeric, Options<Yes>> {
        Field::new(FieldDef::indexed::<i64, Numeric>(name, name).sortable::<i64>())
    }
    const OLDEST: Field<User, Option<i64>, Numeric, Options<Yes>> =
        Field::new(FieldDef::indexed::<Option<i64>, Numeric>("oldest", "oldest").sortable::<Option<i64>>());
    let year = sorted("year");
    assert_eq!(
        stages(&AggregatePlan::by(CITY).reduce("n", count()).reduce("mean", avg(year))),
        "LOAD 3 @city AS f0 GROUPBY 1 @f0 REDUCE COUNT 0 AS r1 REDUCE AVG 1 @year AS r2 LIMIT 0 1000 \
         APPLY abs(@r2)-abs(to_number(to_str(@r2))) AS e_r2"
    );
    assert_eq!(
        stages(&AggregatePlan::by(year).reduce("n", count())),
        "GROUPBY 1 @year REDUCE COUNT 0 AS r1 LIMIT 0 1000 APPLY abs(@year)-abs(to_number(to_str(@year))) AS e_year"
    );
    // An expression tells `null` from what is not there, and a reducer of what may be missing counts by one.
    let filtered = stages(&AggregatePlan::all().filter(year.expr().gt(1)).reduce("mean", avg(year)));
    assert!(
        filtered.starts_with("LOAD 3 @year AS f0 FILTER @f0>1 GROUPBY 0 REDUCE AVG 1 @year"),
        "{filtered}"
    );
    let missing = stages(&AggregatePlan::all().reduce("mean", avg(OLDEST)));
    assert!(missing.starts_with("LOAD 3 @oldest AS f0"), "{missing}");
    // Names that expressions cannot have, or that are ours.
    for name in ["two words", "größe", "_year", "f0", "r12", "x", "e_year", "a.b"] {
        let stages = stages(&AggregatePlan::all().reduce("mean", avg(sorted(name))));
        assert!(stages.starts_with("LOAD 3 @"), "{stages}");
    }
}

#[test]
fn what_may_be_missing_is_counted_beside() {
    assert_eq!(
        stages(&AggregatePlan::by(CITY).reduce("bonus", avg(BONUS)).sort_by("bonus", Direction::Ascending)),
        "LOAD 6 @city AS f0 @bonus AS f1 APPLY exists(@f1)&&(to_str(@f1)==format(\"%s\",@f1)) AS x0 GROUPBY 1 @f0 \
         REDUCE SUM 1 @x0 AS n1 REDUCE SUM 1 @f1 AS t1 APPLY @t1/(@n1+(@n1==0)) AS r1 APPLY @n1>0 AS q1 \
         SORTBY 4 @q1 DESC @r1 ASC LIMIT 0 1000 APPLY abs(@r1)-abs(to_number(to_str(@r1))) AS e_r1"
    );
    assert_eq!(
        stages(&AggregatePlan::all().filter(exists(BONUS)).reduce("bonus", avg(BONUS))),
        "LOAD 3 @bonus AS f0 FILTER (exists(@f0)&&(to_str(@f0)==format(\"%s\",@f0))) GROUPBY 0 REDUCE AVG 1 @f0 AS r0 \
         LIMIT 0 1000 APPLY abs(@r0)-abs(to_number(to_str(@r0))) AS e_r0"
    );
    assert_eq!(
        stages(&AggregatePlan::all().reduce("n", count())),
        "GROUPBY 0 REDUCE COUNT 0 AS r0 LIMIT 0 1000"
    );
}

#[test]
fn rows_are_sorted_where_an_error_would_be_silent() {
    let plan = AggregatePlan::by(CITY).reduce("n", count()).having(number("n").gt(2));
    assert!(stages(&plan).contains("SORTBY 2 @f0 ASC LIMIT 0 1000"), "{}", stages(&plan));
}

#[test]
fn operators_stand_in_parentheses_where_they_must() {
    let age = || AGE.expr();
    for (expr, text) in [
        ((age() + 1 + 2).gt(3), "(@f0+1+2)>3".to_owned()),
        ((age() - 1 - 2).gt(3), "((@f0- 1)- 2)>3".to_owned()),
        ((age() - (age() - -1)).gt(3), "(@f0- (@f0- (-1)))>3".to_owned()),
        (age().lt(1) | age().gt(2) & age().ne(3), "(@f0<1)||((@f0>2)&&(@f0!=3))".to_owned()),
        (!age().eq(1) & age().eq(2), "(!(@f0==1))&&(@f0==2)".to_owned()),
        ((-age() % 7).eq(0.5), "(((-1)*@f0)%7)==0.5".to_owned()),
        (floor(age() / 10).pow(2).le(1e300), "(floor(@f0/10)^2)<=1e300".to_owned()),
        (CITY.expr().starts_with("a\"b"), "startswith(@f0,\"a\\\"b\")".to_owned()),
        (CITY.expr().contains("x"), "contains(@f0,\"x\")>0".to_owned()),
    ] {
        assert_eq!(text_of(expr).unwrap(), text);
    }
}

#[test]
fn numbers_are_written_as_the_lexer_reads_them() {
    for (number, text) in [
        (0.0, "0"),
        (-0.0, "(-0)"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1e300, "1e300"),
        (5e-324, "5e-324"),
        (-1.5e-7, "(-1.5e-7)"),
        (f64::MAX, "1.7976931348623157e308"),
        (0.1, "0.1"),
    ] {
        let written = node::number_text(number).unwrap();
        assert_eq!(written, text);
        assert_eq!(written.trim_matches(['(', ')']).parse::<f64>().unwrap().to_bits(), number.to_bits());
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(node::number_text(number).is_err());
    }
}

#[test]
fn strings_are_cut_behind_backslashes_that_would_vanish() {
    for (string, text) in [
        ("", "\"\""),
        ("it's", "\"it's\""),
        ("say \"x\"", "\"say \\\"x\\\"\""),
        ("a\nb", "\"a\\\nb\""),
        ("C:\\dir", "\"C:\\dir\""),
        ("end\\", "\"end\\\"\n"),
        ("a\\!b", "format(\"%s%s\",\"a\\\"\n,\"!b\")"),
        ("\\\\", "format(\"%s%s\",\"\\\"\n,\"\\\"\n)"),
        ("\\\"", "format(\"%s%s\",\"\\\"\n,\"\\\"\")"),
        ("\\ü", "format(\"%s%s\",\"\\\"\n,\"ü\")"),
        ("\"\n", "\"\\\"\\\n\""),
    ] {
        assert_eq!(node::string_text(string).unwrap(), text, "{string:?}");
    }
    assert_eq!(node::string_text("a\0").unwrap_err(), AggregateError::NulCharacter.into());
    let many = node::string_text(&"\\".repeat(65)).unwrap_err();
    assert_eq!(many, AggregateError::Backslashes { count: 64, most: 63 }.into());
}

#[test]
fn what_may_be_missing_must_be_known_to_be_there() {
    let missing =
        |expr| matches!(text_of(expr), Err(QueryError::Aggregate(AggregateError::MayBeMissing { .. })));
    let bonus = || BONUS.expr().gt(1);
    assert!(missing(bonus()));
    assert!(!missing(exists(BONUS) & bonus()));
    assert!(!missing((exists(BONUS) & AGE.expr().gt(1)) & bonus()));
    assert!(missing(bonus() & exists(BONUS)));
    assert!(missing(exists(BONUS) | bonus()));
    assert!(missing(!exists(BONUS) & bonus()));
    assert!(missing((exists(BONUS) & bonus()) | bonus()));
    let guarded = AggregatePlan::by(CITY)
        .filter(exists(BONUS))
        .reduce("x", first_by(CITY, BONUS, Direction::Ascending));
    assert!(guarded.render().is_ok());
    let open = AggregatePlan::by(CITY).reduce("x", first_by(CITY, BONUS, Direction::Ascending));
    assert!(open.render().is_err());
}

fn bulk(text: &str) -> Reply {
    Reply::Bulk(Bytes::copy_from_slice(text.as_bytes()))
}

/// The first row of an answer that has these columns, read in the shapes of both protocols.
fn row<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    plan: &AggregatePlan<User>,
    columns: &[(&str, Reply)],
) -> Result<T, String> {
    let plan = plan.render().unwrap();
    let pairs: Vec<_> = columns.iter().map(|(name, value)| (bulk(name), value.clone())).collect();
    let flat = Reply::Array(pairs.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect());
    let of_resp2 = Reply::Array(vec![Reply::Int(1), flat]);
    let found = Reply::Map(vec![
        (bulk("extra_attributes"), Reply::Map(pairs)),
        (bulk("values"), Reply::Array(vec![])),
    ]);
    let of_resp3 = Reply::Map(vec![
        (bulk("results"), Reply::Array(vec![found])),
        (bulk("warning"), Reply::Array(vec![])),
    ]);
    let [resp2, resp3] = [of_resp2, of_resp3].map(|reply| {
        AggregateAnswer::decode(reply).unwrap().rows[0].read(&plan).map_err(|error| error.to_string())
    });
    assert_eq!(resp2, resp3);
    resp2
}

#[test]
fn columns_are_read_as_what_was_asked_for() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        city: String,
        n: u8,
        max: f64,
        ages: Vec<f64>,
        least: Option<f64>,
    }
    let plan = AggregatePlan::by(CITY)
        .reduce("n", count())
        .reduce("max", max(AGE))
        .reduce("ages", to_list(AGE))
        .reduce("least", min(BONUS));
    let columns = |n: &str, present: &str| {
        [
            ("f0", bulk("007")),
            ("r1", bulk(n)),
            ("r2", bulk("-123456789012")),
            ("e_r2", bulk("0.345672607422")),
            ("r3", Reply::Array(vec![bulk("1.12345678901 2.34567920643e-12"), bulk("-3 0")])),
            ("r4", bulk("0")),
            ("e_r4", bulk("0")),
            ("q4", bulk(present)),
        ]
    };
    let expected = Row {
        city: "007".to_owned(),
        n: 12,
        max: -123_456_789_012.345_67,
        ages: vec![1.123_456_789_012_345_7, -3.0],
        least: None,
    };
    assert_eq!(row::<Row>(&plan, &columns("12", "0")), Ok(expected));
    let present = row::<Row>(&plan, &columns("12", "1")).unwrap();
    assert_eq!(present.least, Some(0.0));
    let error = row::<Row>(&plan, &columns("256", "1")).unwrap_err();
    assert_eq!(error, "column `n`: invalid value: integer `256`, expected u8");
    let lacking = row::<BTreeMap<String, String>>(&plan, &columns("1", "1")).unwrap_err();
    assert!(lacking.starts_with("column `n`: invalid type: integer `1`"), "{lacking}");
    #[derive(Debug, PartialEq, Deserialize)]
    struct Other {
        town: String,
    }
    let lacking = row::<Other>(&plan, &columns("1", "1")).unwrap_err();
    assert_eq!(lacking, "a row of the aggregation: missing field `town`");
}

#[test]
fn integers_are_exact_or_refused() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row<T> {
        x: T,
    }
    let plan = AggregatePlan::all().reduce("x", sum(AGE));
    let columns = |digits: &str| [("r0", bulk(digits)), ("e_r0", bulk("0"))];
    assert_eq!(row(&plan, &columns("9007199254740991")), Ok(Row { x: (1_u64 << 53) - 1 }));
    assert!(row::<Row<u64>>(&plan, &columns("9007199254740993")).is_err());
    assert_eq!(row(&plan, &columns("9007199254740992")), Ok(Row { x: (1_u64 << 53) as f64 }));
    assert_eq!(row(&plan, &columns("1e+300")), Ok(Row { x: 1e300 }));
    assert_eq!(row(&plan, &columns("inf")), Ok(Row { x: f64::INFINITY }));
    assert!(row::<Row<f64>>(&plan, &columns("x")).is_err());
}
