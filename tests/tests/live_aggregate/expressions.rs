//! Expressions and functions: as computed here, whatever the strings in them.

use std::collections::{BTreeMap, BTreeSet};

use cache_core::aggregate::{
    Expr, abs, ceil, concat, count, floor, format_time, length, lower, number, start_of_day, start_of_month,
    substr, sum, text, to_list, truth, upper, year,
};
use cache_core::{AggregateError, Cache, CacheModel, Error, GeoPoint, Migrator, QueryError};
use serde::Deserialize;

use crate::people::{Random, User, close, grouped, stored, users};

pub(crate) async fn expressions_are_computed_as_here(cache: Cache) {
    #[derive(Debug, Deserialize)]
    struct Row {
        decade: i64,
        month: String,
        home_city: String,
        n: u64,
        total: f64,
        shout: String,
        double: f64,
        many: bool,
    }
    let users = stored(&cache, 400).await;
    let rows = User::find()
        .group_by((
            floor(User::AGE.expr() / 10).named("decade"),
            format_time(User::SINCE, "%Y-%m").named("month"),
            User::HOME.city,
        ))
        .reduce("n", count())
        .reduce("total", sum(abs(User::SCORE) + User::AGE.expr() * -2 - 1.5))
        .apply("shout", concat(upper(text("home_city")), "!"))
        .apply("double", number("total") * 2)
        .apply("many", number("n").gt(1) & !number("n").eq(3))
        .having(truth("many") | number("n").eq(1))
        .rows::<Row>(&cache)
        .await
        .unwrap();
    let month = |user: &User| {
        let date = chrono::DateTime::from_timestamp(user.since, 0).unwrap();
        date.format("%Y-%m").to_string()
    };
    let mut groups = grouped(&users, |user| (user.age.div_euclid(10), month(user), user.home.city.clone()));
    groups.retain(|_, users| users.len() != 3);
    assert_eq!(rows.len(), groups.len());
    for row in &rows {
        let group = &groups[&(row.decade, row.month.clone(), row.home_city.clone())];
        let total: f64 = group.iter().map(|user| user.score.abs() - 2.0 * user.age as f64 - 1.5).sum();
        let scale = group.iter().map(|user| user.score.abs()).sum::<f64>();
        assert_eq!(row.n, group.len() as u64);
        assert!(close(row.total, total, scale), "{} {total}", row.total);
        assert_eq!(row.double, row.total * 2.0);
        assert_eq!(row.shout, format!("{}!", row.home_city.to_ascii_uppercase()));
        assert_eq!(row.many, group.len() > 1);
    }
}

pub(crate) async fn functions_are_what_they_say(cache: Cache) {
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    let user = User { since: 951_827_696, age: -7, city: "Zürich West".to_owned(), ..users(1).remove(0) };
    let _ = user.save(&cache).await.unwrap();
    async fn number_of(cache: &Cache, expr: Expr<User, f64>) -> f64 {
        let row = User::find().group_by(expr.named("x")).row::<BTreeMap<String, f64>>(cache).await;
        row.unwrap().unwrap()["x"]
    }
    async fn text_of(cache: &Cache, expr: Expr<User, String>) -> String {
        let row = User::find().group_by(expr.named("x")).row::<BTreeMap<String, String>>(cache).await;
        row.unwrap().unwrap().remove("x").unwrap()
    }
    let age = || User::AGE.expr();
    for (expr, expected) in [
        (age() % 3, -1.0),
        (age() / 2, -3.5),
        (ceil(age() / 2), -3.0),
        (-age(), 7.0),
        (age().pow(2), 49.0),
        (age() - 1 - 2, -10.0),
        (age() - (age() - 1), 1.0),
        ((age() + 1) * 2, -12.0),
        (age() + 1e300, 1e300),
        (age() * 5e-324, -3.5e-323),
        (age() * 0.1, -7.0 * 0.1),
        (age() * (1.0 / 3.0), -7.0 * (1.0 / 3.0)),
        (year(User::SINCE), 2000.0),
        (start_of_day(User::SINCE), 951_782_400.0),
        (start_of_month(User::SINCE), 949_363_200.0),
        (length(User::CITY), 12.0),
        (cache_core::aggregate::distance(User::PLACE, GeoPoint::new(7.4, 46.9).unwrap()), 0.0),
    ] {
        let shown = format!("{expr:?}");
        assert_eq!(number_of(&cache, expr).await, expected, "{shown}");
    }
    let far =
        number_of(&cache, cache_core::aggregate::distance(User::PLACE, GeoPoint::new(-7.4, -46.9).unwrap()));
    assert!((1e7..1.2e7).contains(&far.await));
    let city = || User::CITY.expr();
    assert_eq!(text_of(&cache, lower(city())).await, "zürich west");
    assert_eq!(text_of(&cache, substr(city(), -4, 4)).await, "West");
    assert_eq!(text_of(&cache, concat(city(), "\\!\" %s\n")).await, "Zürich West\\!\" %s\n");
    let cut = User::find().group_by(substr(city(), 0, 2).named("x"));
    let error = cut.row::<BTreeMap<String, String>>(&cache).await.unwrap_err();
    assert!(cache_tests::chain(&error).contains("column `x`"), "{}", cache_tests::chain(&error));
    for (expr, expected) in [
        (city().starts_with("Zür"), true),
        (city().starts_with("West"), false),
        (city().contains("West"), true),
        (city().contains("%"), false),
        (!city().contains("West") | User::ACTIVE.expr().eq(user.active), true),
        (age().lt(-6) & age().ge(-7) & age().ne(5), true),
    ] {
        let n = User::find().aggregate().filter(expr).reduce("n", count());
        let row = n.row::<BTreeMap<String, u64>>(&cache).await.unwrap();
        assert_eq!(row.is_some(), expected);
    }
}

pub(crate) async fn hostile_strings_equal_themselves_and_nothing_else(cache: Cache) {
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    const PARTS: [&str; 24] = [
        "\\", "\\", "\\", "\"", "'", "\n", " ", "%", "%s", "@city", "(", ")", "||", "&&", "==", "a", "7",
        "ü", "😀", "\t", "\u{1}", "\u{7f}", "-", "AS",
    ];
    let mut random = Random(42);
    let text = |random: &mut Random, most| {
        let length = random.below(most);
        (0..length).map(|_| random.one(&PARTS)).collect::<String>()
    };
    let template = users(1).remove(0);
    let mut stored: BTreeSet<_> = ["\" || 1 || \"", "x\\\" || @city==\""].map(str::to_owned).into();
    while stored.len() < 250 {
        stored.insert(text(&mut random, 4));
    }
    let documents: Vec<_> = stored
        .iter()
        .zip(0..)
        .map(|(city, id)| User { id, city: city.clone(), ..template.clone() })
        .collect();
    for saved in User::save_many(&cache, &documents).await {
        let _ = saved.unwrap();
    }
    // Two literals in the middle of an expression with another: true for themselves, of all that is stored. Half of
    // them are.
    let stored: Vec<_> = stored.into_iter().collect();
    for number in 0..10_000 {
        let (one, two) = (stored[number % stored.len()].clone(), text(&mut random, 7));
        let expr = (User::CITY.expr().eq(&two) | User::CITY.expr().eq(&one)) & User::STREET.expr().ne("\\\"");
        let found = User::find().aggregate().filter(expr).reduce("cities", to_list(User::CITY));
        let mut row = found.row::<BTreeMap<String, Vec<String>>>(&cache).await.unwrap().unwrap();
        let cities: BTreeSet<_> = row.remove("cities").unwrap().into_iter().collect();
        let expected = [one, two].into_iter().filter(|text| stored.contains(text)).collect();
        assert_eq!(cities, expected);
    }
    let nul = User::find().aggregate().filter(User::CITY.expr().eq("a\0b")).reduce("n", count());
    let error = nul.row::<BTreeMap<String, u64>>(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::Aggregate(AggregateError::NulCharacter))));
}
