//! The nearest vectors, found by the server and counted out here.

use cache_core::{Cache, CacheModel, Error, Migrator, QueryError, RawQuery, Vector};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Picture {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    year: u32,
    #[index]
    big: i64,
    #[index(text)]
    title: String,
    #[index(distance_metric = "l2")]
    flat: Vector<f32, 3>,
    #[index(hnsw, distance_metric = "cosine", ef_runtime = 200)]
    graph: Vector<f64, 3>,
}

fn picture(id: u32) -> Picture {
    let part = |factor: u32| f64::from(id * factor % 101) / 10.0 + 0.1;
    let [x, y, z] = [part(7), part(31), part(57)];
    Picture {
        id,
        year: 1900 + id % 20,
        big: i64::MAX - i64::from(id % 3),
        title: if id.is_multiple_of(2) { "a red boat" } else { "two blue boats" }.into(),
        flat: Vector::from([x as f32, y as f32, z as f32]),
        graph: Vector::from([x, y, z]),
    }
}

async fn pictures(cache: &Cache) -> Vec<Picture> {
    Migrator::new().register::<Picture>().run(cache).await.unwrap();
    let pictures: Vec<_> = (0..100).map(picture).collect();
    for saved in Picture::save_many(cache, &pictures).await {
        let _ = saved.unwrap();
    }
    pictures
}

async fn the_nearest_come_first_with_their_distance(cache: Cache) {
    let pictures = pictures(&cache).await;
    let target = Vector::from([3.0_f32, 4.0, 5.0]);
    let nearest = Picture::FLAT.nearest(7, &target);
    let distance = |picture: &Picture| {
        nearest.distance_to_json(&serde_json::to_value(picture).unwrap()).unwrap().unwrap()
    };
    for (filter, among) in [
        (cache_core::Filter::all(), pictures.clone()),
        (Picture::YEAR.ge(1910), pictures.iter().filter(|one| one.year >= 1910).cloned().collect()),
        (!Picture::YEAR.ge(1910), pictures.iter().filter(|one| one.year < 1910).cloned().collect()),
        (
            Picture::TITLE.matches("red") | Picture::YEAR.eq(1901),
            pictures.iter().filter(|one| one.title.contains("red") || one.year == 1901).cloned().collect(),
        ),
    ] {
        let mut expected: Vec<_> = among.iter().map(distance).collect();
        expected.sort_by(f64::total_cmp);
        expected.truncate(7);
        let query = Picture::find().filter(filter).nearest(nearest.clone());
        let found = query.all(&cache).await.unwrap();
        assert_eq!(found.len(), 7);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found.distance - expected).abs() < 1e-4, "{} for {expected}", found.distance);
            assert!((distance(&found.item) - expected).abs() < 1e-4);
        }
        let mut rows = query.stream(&cache);
        for found in &found {
            assert_eq!(rows.next().await.unwrap().unwrap().distance, found.distance);
        }
        assert!(rows.next().await.is_none());
        assert_eq!(query.count(&cache).await.unwrap(), 7);
        assert_eq!(query.first(&cache).await.unwrap().unwrap().distance, found[0].distance);
        assert_eq!(query.ids(&cache).await.unwrap().len(), 7);
        let page = query.clone().page(5, 10).all(&cache).await.unwrap();
        assert_eq!((page.len(), page.total()), (2, 7));
        // Sorted otherwise, the same ones.
        let sorted =
            query.sort_by(Picture::YEAR.asc()).then_by(Picture::YEAR.desc()).with_score().all(&cache).await;
        assert_eq!(sorted.unwrap().len(), 7);
        let mut by_year =
            Picture::find().nearest(nearest.clone()).sort_by(Picture::YEAR.desc()).stream(&cache);
        let mut last = u32::MAX;
        while let Some(row) = by_year.next().await {
            let row = row.unwrap();
            assert!(row.year <= last && row.distance.is_finite());
            last = row.year;
        }
    }
    let graph = Picture::GRAPH.nearest(1_000, &Vector::from([1.0, 1.0, 1.0])).ef_runtime(500);
    let found = Picture::find().nearest(graph).all(&cache).await.unwrap();
    assert_eq!(found.len(), 100);
    assert!(found.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
}

async fn the_nearest_are_not_looked_for_among_too_many(cache: Cache) {
    pictures(&cache).await;
    let nearest = || Picture::FLAT.nearest(3, &Vector::from([1.0, 1.0, 1.0]));
    let error = Picture::find_by_big(i64::MAX).nearest(nearest()).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::NearestOfInexact { .. })), "{error}");
    let nothing = Picture::find().filter(Picture::YEAR.between(5..5)).nearest(nearest());
    assert!(nothing.all(&cache).await.unwrap().is_empty());
    assert_eq!(Picture::find().nearest(nearest()).delete(&cache).await.unwrap(), 3);
    assert_eq!(Picture::find().count(&cache).await.unwrap(), 97);
}

async fn raw_queries_combine_with_others(cache: Cache) {
    pictures(&cache).await;
    let raw = || {
        RawQuery::new("@title:($color) => {$weight: 2} @year:[$from +inf]")
            .bind("color", "red")
            .bind("from", 1910)
    };
    let query = cache_core::Query::<Picture>::raw(raw());
    assert_eq!(query.count(&cache).await.unwrap(), 25);
    assert_eq!(query.filter(Picture::YEAR.lt(1912)).count(&cache).await.unwrap(), 5);
    let or = Picture::find().filter(cache_core::Filter::raw(raw()) | Picture::YEAR.eq(1900));
    assert_eq!(or.count(&cache).await.unwrap(), 30);
    let hostile = RawQuery::new("@title:$word").bind("word", "red | *");
    assert_eq!(cache_core::Query::<Picture>::raw(hostile).count(&cache).await.unwrap(), 0);
}

live! {
    the_nearest_come_first_with_their_distance,
    the_nearest_are_not_looked_for_among_too_many,
    raw_queries_combine_with_others,
}
