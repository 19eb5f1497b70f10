//! Rows: sorted, paged, never cut short, and refused where they could not be true.

use std::collections::BTreeMap;

use cache_core::aggregate::{Expr, abs, concat, count, number, quantile, random_sample};
use cache_core::{AggregateError, Cache, CacheModel, Direction, Error, QueryError};
use serde::Deserialize;

use crate::people::{User, grouped, stored};

pub(crate) async fn rows_are_sorted_paged_and_never_ten(cache: Cache) {
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

pub(crate) async fn what_cannot_be_true_is_refused(cache: Cache) {
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
