//! Groups and reducers: as computed here.

use std::collections::{BTreeMap, BTreeSet};

use cache_core::aggregate::{
    avg, count, count_distinct, exists, first_by, max, min, number, quantile, random_sample, stddev, sum,
    to_list,
};
use cache_core::{AggregateError, Cache, CacheModel, Direction, Error, Migrator, QueryError};
use serde::Deserialize;

use crate::people::{Role, User, close, grouped, stored, users};

pub(crate) async fn several_keys_make_the_groups_that_they_mean(cache: Cache) {
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

pub(crate) async fn reducers_are_those_of_the_documents(cache: Cache) {
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

pub(crate) async fn what_is_missing_is_none_and_counts_for_nothing(cache: Cache) {
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
