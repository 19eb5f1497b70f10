//! Aggregations by a server: the same as computed here, over random documents, in both protocols.

use std::collections::{BTreeMap, BTreeSet};

use cache_core::aggregate::{
    Expr, abs, avg, ceil, concat, count, count_distinct, exists, first_by, floor, format_time, length, lower,
    max, min, number, quantile, random_sample, start_of_day, start_of_month, stddev, substr, sum, text,
    to_list, truth, upper, year,
};
use cache_core::{
    AggregateError, Cache, CacheEmbedded, CacheModel, CacheValue, Direction, Error, GeoPoint, Migrator,
    QueryError,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "lowercase")]
enum Role {
    Reader,
    Owner,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index]
    city: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u32,
    #[index]
    city: String,
    #[index(sortable)]
    street: String,
    #[index]
    role: Role,
    #[index]
    active: bool,
    #[index]
    age: i64,
    #[index(sortable)]
    score: f64,
    #[index]
    bonus: Option<f64>,
    #[index]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[index(text)]
    bio: String,
    #[embedded]
    home: Address,
    #[index]
    place: GeoPoint,
    #[index]
    since: i64,
}

/// xorshift64*: the same documents in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 11) % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn double(&mut self) -> f64 {
        // Few digits behind the point, or all.
        match self.below(3) {
            0 => self.below(10) as f64 - 5.0,
            1 => (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * 2000.0 - 1000.0,
            _ => (self.below(2_000_001) as f64 - 1e6) * 1e9 + 0.25,
        }
    }
}

/// Texts that are easily taken for others: side by side, as numbers, as an end of a literal.
const TEXTS: [&str; 16] =
    ["", "a", "ab", "b", "bc", "c", "AB", "007", "7", "1e3", "nan", "null", "(null)", "Zürich", "\"", "\\"];

fn users(number: u32) -> Vec<User> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..number)
        .map(|id| User {
            id,
            city: random.one(&TEXTS).to_owned(),
            street: random.one(&TEXTS).to_owned(),
            role: if random.below(2) == 0 { Role::Reader } else { Role::Owner },
            active: random.below(3) == 0,
            age: random.below(100) as i64 - 5,
            score: random.double(),
            bonus: (random.below(2) == 0).then(|| random.double()),
            team: (random.below(2) == 0).then(|| random.one(&TEXTS).to_owned()),
            bio: random.one(&TEXTS).to_owned(),
            home: Address { city: random.one(&TEXTS).to_owned() },
            place: GeoPoint::new(7.4, 46.9).unwrap(),
            since: random.below(2_000_000_000) as i64,
        })
        .collect()
}

async fn stored(cache: &Cache, number: u32) -> Vec<User> {
    Migrator::new().register::<User>().run(cache).await.unwrap();
    let users = users(number);
    for saved in User::save_many(cache, &users).await {
        let _ = saved.unwrap();
    }
    // What RedisJSON made of the doubles that it alters.
    let mut read = User::get_many(cache, users.iter().map(|user| user.id)).await.unwrap();
    read.drain(..).map(Option::unwrap).collect()
}

fn grouped<K: Ord>(users: &[User], key: impl Fn(&User) -> K) -> BTreeMap<K, Vec<&User>> {
    let mut groups: BTreeMap<K, Vec<&User>> = BTreeMap::new();
    for user in users {
        groups.entry(key(user)).or_default().push(user);
    }
    groups
}

fn close(left: f64, right: f64, scale: f64) -> bool {
    (left - right).abs() <= 1e-9 * scale.abs().max(1.0)
}

async fn several_keys_make_the_groups_that_they_mean(cache: Cache) {
    #[derive(Debug, Deserialize)]
    struct Row {
        city: String,
        street: String,
        team: Option<String>,
        people: u64,
    }
    let users = stored(&cache, 3000).await;
    let rows = User::find()
        .group_by((User::CITY, User::STREET, User::TEAM))
        .reduce("people", count())
        .rows::<Row>(&cache)
        .await
        .unwrap();
    let counted: BTreeMap<_, _> = rows
        .iter()
        .map(|row| ((row.city.clone(), row.street.clone(), row.team.clone()), row.people))
        .collect();
    assert_eq!(counted.len(), rows.len(), "a group came twice");
    let expected = grouped(&users, |user| (user.city.clone(), user.street.clone(), user.team.clone()));
    assert_eq!(counted, expected.into_iter().map(|(key, users)| (key, users.len() as u64)).collect());
}

async fn reducers_are_those_of_the_documents(cache: Cache) {
    #[derive(Debug, Deserialize)]
    struct Row {
        role: Role,
        active: bool,
        people: u64,
        cities: u64,
        teams: u64,
        years: i64,
        youngest: i64,
        oldest: i64,
        best: f64,
        worst: f64,
        mean: f64,
        spread: f64,
        median: f64,
        bonus: f64,
        least: Option<f64>,
        most: Option<f64>,
        average: Option<f64>,
        bonuses: u64,
        streets: Vec<String>,
        scores: Vec<f64>,
        sample: Vec<f64>,
        first: String,
        first_score: f64,
    }
    let users = stored(&cache, 600).await;
    let rows = User::find()
        .group_by((User::ROLE, User::ACTIVE))
        .reduce("people", count())
        .reduce("cities", count_distinct(User::CITY))
        .reduce("teams", count_distinct(User::TEAM))
        .reduce("years", sum(User::AGE))
        .reduce("youngest", min(User::AGE))
        .reduce("oldest", max(User::AGE))
        .reduce("best", max(User::SCORE))
        .reduce("worst", min(User::SCORE))
        .reduce("mean", avg(User::SCORE))
        .reduce("spread", stddev(User::SCORE))
        .reduce("median", quantile(User::SCORE, 0.5))
        .reduce("bonus", sum(User::BONUS))
        .reduce("least", min(User::BONUS))
        .reduce("most", max(User::BONUS))
        .reduce("average", avg(User::BONUS))
        .reduce("bonuses", count_distinct(User::BONUS))
        .reduce("streets", to_list(User::STREET))
        .reduce("scores", to_list(User::SCORE))
        .reduce("sample", random_sample(User::SCORE, 7))
        .reduce("first", first_by(User::CITY, User::SINCE, Direction::Ascending))
        .reduce("first_score", first_by(User::SCORE, User::SINCE, Direction::Descending))
        .rows::<Row>(&cache)
        .await
        .unwrap();
    let groups = grouped(&users, |user| (user.role, user.active));
    assert_eq!(rows.len(), groups.len());
    for row in &rows {
        let group = &groups[&(row.role, row.active)];
        let scores: Vec<f64> = group.iter().map(|user| user.score).collect();
        let bonuses: Vec<f64> = group.iter().filter_map(|user| user.bonus).collect();
        let scale = scores.iter().chain(&bonuses).fold(0.0_f64, |most, score| most.max(score.abs()));
        let total: f64 = scores.iter().sum();
        let mean = total / scores.len() as f64;
        let variance =
            scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (scores.len() - 1) as f64;
        let distinct = |values: Vec<&String>| values.into_iter().collect::<BTreeSet<_>>().len() as u64;
        assert_eq!(row.people, group.len() as u64);
        assert_eq!(row.cities, distinct(group.iter().map(|user| &user.city).collect()));
        assert_eq!(row.teams, distinct(group.iter().filter_map(|user| user.team.as_ref()).collect()));
        assert_eq!(row.years, group.iter().map(|user| user.age).sum::<i64>());
        assert_eq!(Some(row.youngest), group.iter().map(|user| user.age).min());
        assert_eq!(Some(row.oldest), group.iter().map(|user| user.age).max());
        // Bit for bit, whatever the server's texts are.
        assert_eq!(row.best, scores.iter().copied().fold(f64::MIN, f64::max));
        assert_eq!(row.worst, scores.iter().copied().fold(f64::MAX, f64::min));
        assert!(close(row.mean, mean, scale), "{} {mean}", row.mean);
        assert!(close(row.spread, variance.sqrt(), scale), "{} {}", row.spread, variance.sqrt());
        let below = scores.iter().filter(|score| **score < row.median).count() as f64 / scores.len() as f64;
        assert!((0.4..0.6).contains(&below) && scores.contains(&row.median), "{} {below}", row.median);
        assert!(close(row.bonus, bonuses.iter().sum(), scale * bonuses.len() as f64));
        assert_eq!(row.least, bonuses.iter().copied().reduce(f64::min));
        assert_eq!(row.most, bonuses.iter().copied().reduce(f64::max));
        let average = bonuses.iter().sum::<f64>() / bonuses.len() as f64;
        assert!(close(row.average.unwrap(), average, scale));
        assert_eq!(
            row.bonuses,
            bonuses.iter().map(|bonus| bonus.to_bits()).collect::<BTreeSet<_>>().len() as u64
        );
        let strings = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!(strings(&row.streets), group.iter().map(|user| user.street.clone()).collect());
        let bits = |list: &[f64]| list.iter().map(|score| score.to_bits()).collect::<BTreeSet<_>>();
        assert_eq!(bits(&row.scores), bits(&scores));
        assert!(row.sample.len() == 7 && bits(&row.sample).is_subset(&bits(&scores)));
        let first = group.iter().min_by_key(|user| user.since).unwrap();
        let last = group.iter().max_by_key(|user| user.since).unwrap();
        assert_eq!((&row.first, row.first_score), (&first.city, last.score));
    }
}

async fn what_is_missing_is_none_and_counts_for_nothing(cache: Cache) {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        bonus: Option<f64>,
        people: u64,
        least: Option<f64>,
        average: Option<f64>,
        spread: Option<f64>,
        total: f64,
        teams: Vec<String>,
    }
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    for mut user in users(6) {
        user.bonus = [None, None, Some(-2.5), None, Some(-2.5), None][user.id as usize];
        user.team = (user.id % 2 == 0).then(|| "t".to_owned());
        let _ = user.save(&cache).await.unwrap();
    }
    let grouped = |by| {
        User::find()
            .group_by(User::BONUS)
            .reduce("people", count())
            .reduce("least", min(User::BONUS))
            .reduce("average", avg(User::BONUS))
            .reduce("spread", stddev(User::BONUS))
            .reduce("total", sum(User::BONUS))
            .reduce("teams", to_list(User::TEAM))
            .sort_by("bonus", by)
    };
    let t = || vec!["t".to_owned()];
    let has = Row {
        bonus: Some(-2.5),
        people: 2,
        least: Some(-2.5),
        average: Some(-2.5),
        spread: Some(0.0),
        total: -5.0,
        teams: t(),
    };
    let lacks =
        Row { bonus: None, people: 4, least: None, average: None, spread: None, total: 0.0, teams: t() };
    for by in [Direction::Ascending, Direction::Descending] {
        let rows = grouped(by).rows::<Row>(&cache).await.unwrap();
        assert_eq!(*rows, [has_again(&has), has_again(&lacks)]);
    }
    fn has_again(row: &Row) -> Row {
        Row { teams: row.teams.clone(), ..*row }
    }
    // An expression would be an error of the server's in the middle of the answer: it must be told that it cannot be.
    let refused = User::find().aggregate().reduce("x", sum(User::BONUS.expr() * 2));
    let error = refused.row::<BTreeMap<String, f64>>(&cache).await.unwrap_err();
    assert!(
        matches!(&error, Error::Query(QueryError::Aggregate(AggregateError::MayBeMissing { name })) if name == "bonus"),
        "{error}"
    );
    let total = refused.filter(exists(User::BONUS)).row::<BTreeMap<String, f64>>(&cache).await.unwrap();
    assert_eq!(total.unwrap()["x"], -10.0);
    let sure = User::find()
        .aggregate()
        .filter(exists(User::BONUS) & User::BONUS.expr().lt(-2))
        .reduce("n", count())
        .reduce("list", to_list(User::BONUS))
        .reduce("sample", random_sample(User::BONUS, 5));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Sure {
        n: u8,
        list: Vec<f64>,
        sample: Vec<f64>,
    }
    let row = sure.row::<Sure>(&cache).await.unwrap().unwrap();
    assert_eq!(row, Sure { n: 2, list: vec![-2.5], sample: vec![-2.5, -2.5] });
    let rows = User::find()
        .group_by(User::BONUS)
        .reduce("least", min(User::BONUS))
        .having(exists("least") & number("least").lt(0))
        .rows::<BTreeMap<String, f64>>(&cache)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let none = User::find().filter(User::AGE.gt(1000)).aggregate().reduce("n", count());
    assert!(none.row::<BTreeMap<String, u64>>(&cache).await.unwrap().is_none());
}

async fn expressions_are_computed_as_here(cache: Cache) {
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

async fn functions_are_what_they_say(cache: Cache) {
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

async fn hostile_strings_equal_themselves_and_nothing_else(cache: Cache) {
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

async fn rows_are_sorted_paged_and_never_ten(cache: Cache) {
    #[derive(Debug, Clone, PartialEq, Deserialize)]
    struct Row {
        score: f64,
        n: u64,
    }
    let users = stored(&cache, 900).await;
    let groups = grouped(&users, |user| {
        // The order of doubles; none of them is NaN.
        let bits = user.score.to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    });
    let expected: Vec<_> =
        groups.values().map(|group| Row { score: group[0].score, n: group.len() as u64 }).collect();
    assert!(expected.len() > 300);
    let sorted =
        User::find().group_by(User::SCORE).reduce("n", count()).sort_by("score", Direction::Ascending);
    assert_eq!(*sorted.rows::<Row>(&cache).await.unwrap(), expected);
    assert_eq!(*sorted.clone().page(5, 20).rows::<Row>(&cache).await.unwrap(), expected[5..25]);
    assert!(sorted.clone().page(5, 0).rows::<Row>(&cache).await.unwrap().is_empty());
    let by_two = User::find()
        .group_by(User::SCORE)
        .reduce("n", count())
        .sort_by("n", Direction::Descending)
        .sort_by("score", Direction::Ascending);
    let mut expected_by_two = expected.clone();
    expected_by_two.sort_by_key(|row| std::cmp::Reverse(row.n));
    assert_eq!(*by_two.rows::<Row>(&cache).await.unwrap(), expected_by_two);
    let mut streamed = Vec::new();
    let mut stream = sorted.stream::<Row>(&cache);
    while let Some(row) = stream.next().await {
        streamed.push(row.unwrap());
    }
    assert_eq!(streamed, expected);
    let unsorted = User::find().group_by(User::SCORE).reduce("n", count());
    let mut stream = unsorted.stream::<Row>(&cache);
    let mut number = 0;
    while let Some(row) = stream.next().await {
        number += row.unwrap().n;
    }
    assert_eq!(number, 900);
    assert_eq!(unsorted.rows::<Row>(&cache).await.unwrap().len(), expected.len());
}

async fn what_cannot_be_true_is_refused(cache: Cache) {
    type Any = BTreeMap<String, serde_json::Value>;
    stored(&cache, 20).await;
    let all = || User::find().group_by(User::CITY).reduce("n", count());
    let refused = |error: Error| match error {
        Error::Query(QueryError::Aggregate(error)) => error,
        other => panic!("{other}"),
    };
    for (aggregation, expected) in [
        (all().reduce("n", count()), AggregateError::RepeatedColumn { column: "n".into() }),
        (all().having(number("m").gt(1)), AggregateError::UnknownColumn { column: "m".into() }),
        (all().sort_by("m", Direction::Ascending), AggregateError::UnknownColumn { column: "m".into() }),
        (all().reduce("q", quantile(User::AGE, 1.5)), AggregateError::Quantile { quantile: "1.5".into() }),
        (all().reduce("s", random_sample(User::AGE, 0)), AggregateError::SampleSize { size: 0, most: 1000 }),
        (all().filter((User::AGE.expr() % 0).eq(1)), AggregateError::ZeroDivisor),
        (all().filter(User::AGE.expr().eq(f64::NAN)), AggregateError::NotFinite { value: "NaN".into() }),
        (User::find().filter(User::AGE.eq(i64::MAX)).group_by(User::CITY), AggregateError::Inexact),
        (User::find().page(0, 5).group_by(User::CITY), AggregateError::OrderedBefore),
    ] {
        assert_eq!(refused(aggregation.rows::<Any>(&cache).await.unwrap_err()), expected);
    }
    let mut deep = User::AGE.expr();
    for _ in 0..40 {
        deep = Expr::clone(&User::AGE.expr()) - deep;
    }
    let error = all().filter(deep.gt(1)).rows::<Any>(&cache).await.unwrap_err();
    assert!(matches!(refused(error), AggregateError::TooDeep { .. }));
    // As deep as is allowed is what the server can parse, in the shapes that take the most room on its stack.
    let mut shapes: [Expr<User, bool>; 4] = std::array::from_fn(|_| User::AGE.expr().gt(0));
    let (mut minus, mut call, mut text) = (User::AGE.expr(), User::AGE.expr(), User::CITY.expr());
    let mut refused_at = 0;
    for depth in 0..30 {
        minus = User::AGE.expr() - (minus * 2);
        call = User::AGE.expr() - abs(call);
        text = concat(User::CITY, text);
        let [both, ..] = &shapes;
        shapes = [
            User::AGE.expr().gt(0) & !both.clone(),
            minus.clone().gt(0),
            call.clone().gt(0),
            text.clone().eq("x"),
        ];
        for shape in &shapes {
            match all().filter(shape.clone()).rows::<Any>(&cache).await {
                Ok(_) => {}
                Err(error) => {
                    assert!(matches!(refused(error), AggregateError::TooDeep { .. }));
                    refused_at = refused_at.max(depth);
                }
            }
        }
    }
    assert_eq!(refused_at, 29);
    let mut wide = User::AGE.expr();
    for _ in 0..450 {
        wide = wide + 1;
    }
    all().filter(wide.gt(0)).rows::<Any>(&cache).await.unwrap();
    #[derive(Debug, Deserialize)]
    struct Wrong {
        #[allow(dead_code)]
        city: u64,
    }
    let error = cache_tests::chain(&all().rows::<Wrong>(&cache).await.unwrap_err());
    assert!(error.contains("column `city`: invalid type: string"), "{error}");
}

live! {
    several_keys_make_the_groups_that_they_mean, reducers_are_those_of_the_documents,
    what_is_missing_is_none_and_counts_for_nothing, expressions_are_computed_as_here, functions_are_what_they_say,
    hostile_strings_equal_themselves_and_nothing_else, rows_are_sorted_paged_and_never_ten,
    what_cannot_be_true_is_refused,
}
