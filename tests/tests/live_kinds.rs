//! Points, shapes and vectors: what was saved is what is read, and the server and `accepts` find the same.

use cache_core::{Cache, CacheEmbedded, CacheModel, Distance, Filter, GeoPoint, GeoShape, Migrator, Vector};
use cache_tests::live;
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Branch {
    #[index]
    at: GeoPoint,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: u32,
    #[index(index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<GeoPoint>,
    #[index(geo)]
    entrances: Vec<GeoPoint>,
    #[embedded]
    branches: Vec<Branch>,
    #[index(flat)]
    plan: GeoShape,
    #[index(geoshape, spherical)]
    region: Option<GeoShape>,
}

fn point(longitude: f64, latitude: f64) -> GeoPoint {
    GeoPoint::new(longitude, latitude).unwrap()
}

fn shape(text: &str) -> GeoShape {
    text.parse().unwrap()
}

fn places() -> Vec<Place> {
    let place = |id, location: Option<(f64, f64)>, entrances: &[(f64, f64)], plan: &str| Place {
        id,
        location: location.map(|(longitude, latitude)| point(longitude, latitude)),
        entrances: entrances.iter().map(|(longitude, latitude)| point(*longitude, *latitude)).collect(),
        branches: entrances
            .iter()
            .map(|(longitude, latitude)| Branch { at: point(*longitude, *latitude) })
            .collect(),
        plan: shape(plan),
        region: location.map(|_| shape(plan)),
    };
    vec![
        place(
            1,
            Some((7.447_446, 46.947_974)),
            &[(8.55, 47.37), (2.35, 48.86)],
            "POLYGON((1 1,1 3,3 3,3 1,1 1))",
        ),
        place(
            2,
            Some((8.541_694, 47.376_887)),
            &[],
            "POLYGON((0 0,0 10,10 10,10 0,0 0),(4 4,4 6,6 6,6 4,4 4))",
        ),
        place(3, None, &[(-179.999_9, 0.0)], "POINT(2 2)"),
        place(4, Some((180.0, 85.051_128_78)), &[(179.999_9, -85.05)], "POINT(20.5 1e-7)"),
    ]
}

async fn ids(cache: &Cache, filter: Filter<Place>) -> Vec<u32> {
    let accepted: Vec<u32> =
        places().iter().filter(|place| filter.accepts(place).unwrap()).map(|place| place.id).collect();
    let found = found(cache, filter).await;
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn found(cache: &Cache, filter: Filter<Place>) -> Vec<u32> {
    let mut found: Vec<u32> =
        Place::find().filter(filter).all(cache).await.unwrap().iter().map(|place| place.id).collect();
    found.sort_unstable();
    found
}

async fn saved(cache: &Cache) {
    Migrator::new().register::<Place>().run(cache).await.unwrap();
    for place in places() {
        let _ = place.save(cache).await.unwrap();
        assert_eq!(Place::get(cache, place.id).await.unwrap().as_ref(), Some(&place));
    }
    assert_eq!(Place::find().count(cache).await.unwrap(), 4, "the index took all of them");
}

async fn points_are_found_by_distance(cache: Cache) {
    saved(&cache).await;
    let bern = point(7.45, 46.95);
    assert_eq!(ids(&cache, Place::LOCATION.within_radius(bern, Distance::kilometers(1.0))).await, [1]);
    assert_eq!(ids(&cache, Place::LOCATION.within_radius(bern, Distance::miles(100.0))).await, [1, 2]);
    assert_eq!(ids(&cache, !Place::LOCATION.within_radius(bern, Distance::kilometers(1.0))).await, [2, 3, 4]);
    assert_eq!(
        ids(&cache, Place::LOCATION.within_radius(bern, Distance::meters(30_000_000.0))).await,
        [1, 2, 4]
    );
    assert_eq!(ids(&cache, Place::LOCATION.is_missing()).await, [3]);
    let zurich = point(8.55, 47.37);
    assert_eq!(ids(&cache, Place::ENTRANCES.within_radius(zurich, Distance::feet(10.0))).await, [1]);
    assert_eq!(ids(&cache, Place::BRANCHES.at.within_radius(zurich, Distance::meters(1.0))).await, [1]);
    let found = Place::find_by_location((bern, Distance::kilometers(1.0))).one(&cache).await.unwrap();
    assert_eq!(found.id, 1);
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = Place::LOCATION.within_radius(bern, Distance::meters(radius));
        assert!(Place::find().filter(refused).all(&cache).await.is_err(), "{radius}");
    }
}

/// The distance at which a point is just within, to a millimetre: the server's and ours are the same.
async fn the_edge_of_a_circle_is_where_the_server_has_it(cache: Cache) {
    saved(&cache).await;
    for (longitude, latitude) in [(7.4, 46.9), (0.0, 0.0), (-120.5, 85.0), (7.447_447, 46.947_975)] {
        let center = point(longitude, latitude);
        let within = |meters| Place::LOCATION.within_radius(center, Distance::meters(meters));
        let first = &places()[0];
        let (mut near, mut far) = (1e-4, 2.1e7);
        while far - near > 1e-3 {
            let middle = f64::midpoint(near, far);
            if within(middle).accepts(first).unwrap() { far = middle } else { near = middle }
        }
        for meters in [near - 2e-3, near, far, far + 2e-3].into_iter().filter(|meters| *meters > 0.0) {
            ids(&cache, within(meters)).await;
        }
    }
}

async fn shapes_are_found_by_how_they_lie(cache: Cache) {
    saved(&cache).await;
    let square = shape("POLYGON((0 0,0 5,5 5,5 0,0 0))");
    assert_eq!(ids(&cache, Place::PLAN.within(&square)).await, [1, 3]);
    assert_eq!(ids(&cache, Place::PLAN.intersects(&square)).await, [1, 2, 3]);
    assert_eq!(ids(&cache, Place::PLAN.disjoint(&square)).await, [4]);
    assert_eq!(ids(&cache, Place::PLAN.contains(&shape("POINT(2 2)"))).await, [1, 2]);
    assert_eq!(
        ids(&cache, Place::PLAN.contains(&shape("POINT(5 5)"))).await,
        [0_u32; 0],
        "it is in the hole"
    );
    assert_eq!(ids(&cache, Place::PLAN.within(&shape("POINT(2 2)"))).await, [0_u32; 0]);
    assert_eq!(ids(&cache, !Place::PLAN.within(&square)).await, [2, 4]);

    assert!(Place::REGION.within(&square).accepts(&places()[0]).is_err(), "only the server knows the globe");
    assert_eq!(found(&cache, Place::REGION.within(&square)).await, [1]);
    assert_eq!(found(&cache, Place::REGION.intersects(&square)).await, [1, 2]);
    assert_eq!(found(&cache, Place::REGION.disjoint(&square)).await, [4]);
    assert_eq!(found(&cache, Place::REGION.contains(&shape("POINT(2 2)"))).await, [1, 2]);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Text {
    #[primary_key]
    id: u32,
    #[index(distance_metric = "l2", index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plain: Option<Vector<f32, 3>>,
    #[index(
        vector,
        hnsw,
        distance_metric = "cosine",
        m = 8,
        ef_construction = 100,
        ef_runtime = 20,
        epsilon = 0.05
    )]
    graph: Vector<f32, 3>,
    #[index(flat, distance_metric = "ip", block_size = 64, initial_cap = 10)]
    double: Vector<f64, 2>,
    #[index(distance_metric = "l2")]
    half: Vector<f16, 2>,
    #[index(distance_metric = "l2")]
    brain: Vector<bf16, 2>,
    #[index(distance_metric = "l2")]
    parts: Vec<Vector<f32, 2>>,
}

fn texts() -> Vec<Text> {
    let text = |id, [x, y, z]: [f32; 3]| Text {
        id,
        plain: (id != 3).then(|| Vector::from([x, y, z])),
        graph: Vector::from([x, y, z]),
        double: Vector::from([f64::from(x) / 4.0, f64::from(y) / 4.0]),
        half: Vector::from([f16::from_f32(x), f16::from_f32(y)]),
        brain: Vector::from([bf16::from_f32(y), bf16::from_f32(z)]),
        parts: (0..id).map(|part| Vector::from([part as f32, x])).collect(),
    };
    vec![
        text(1, [1.0, 2.0, 3.0]),
        text(2, [1.1, 2.0, 3.0]),
        text(3, [-1.0, 0.1, 0.5]),
        text(4, [1e-9, 3e4, -2.5]),
    ]
}

async fn similar(cache: &Cache, filter: Filter<Text>) -> Vec<u32> {
    let accepted: Vec<u32> =
        texts().iter().filter(|text| filter.accepts(text).unwrap()).map(|text| text.id).collect();
    let mut found: Vec<u32> =
        Text::find().filter(filter).all(cache).await.unwrap().iter().map(|text| text.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn vectors_are_found_by_similarity(cache: Cache) {
    Migrator::new().register::<Text>().run(&cache).await.unwrap();
    for text in texts() {
        let _ = text.save(&cache).await.unwrap();
        assert_eq!(Text::get(&cache, text.id).await.unwrap().as_ref(), Some(&text));
    }
    assert_eq!(Text::find().count(&cache).await.unwrap(), 4, "the index took all of them");
    let [first, _, third, fourth] = &texts()[..] else { unreachable!() };
    let plain = first.plain.clone().unwrap();
    assert_eq!(similar(&cache, Text::PLAIN.within_range(&plain, 0.0)).await, [1]);
    assert_eq!(similar(&cache, Text::PLAIN.within_range(&plain, 0.02)).await, [1, 2]);
    assert_eq!(similar(&cache, !Text::PLAIN.within_range(&plain, 0.02)).await, [3, 4]);
    assert_eq!(similar(&cache, Text::PLAIN.is_missing()).await, [3]);
    assert_eq!(similar(&cache, Text::GRAPH.within_range(&first.graph, 0.01)).await, [1, 2]);
    assert_eq!(similar(&cache, Text::GRAPH.within_range(&third.graph, 0.1)).await, [3]);
    assert_eq!(similar(&cache, Text::DOUBLE.within_range(&first.double, 0.7)).await, [1, 2, 4]);
    assert_eq!(similar(&cache, Text::HALF.within_range(&third.half, 1.0)).await, [3]);
    assert_eq!(similar(&cache, Text::BRAIN.within_range(&fourth.brain, 0.0)).await, [4]);
    assert_eq!(similar(&cache, Text::PARTS.within_range(&Vector::from([2.0, -1.0]), 0.5)).await, [3]);
    let found = Text::find_by_plain((&plain, 0.0)).one(&cache).await.unwrap();
    assert_eq!(found.id, 1);
    let refused = [
        Text::PLAIN.within_range(&plain, -0.1),
        Text::PLAIN.within_range(&plain, f64::NAN),
        Text::PLAIN.within_range(&Vector::from([f32::NAN, 0.0, 0.0]), 1.0),
    ];
    for filter in refused {
        assert!(Text::find().filter(filter).all(&cache).await.is_err());
    }
    let unstorable = Text { graph: Vector::from([f32::INFINITY, 0.0, 0.0]), ..first.clone() };
    assert!(unstorable.save(&cache).await.is_err());
}

live! {
    points_are_found_by_distance,
    shapes_are_found_by_how_they_lie,
    the_edge_of_a_circle_is_where_the_server_has_it,
    vectors_are_found_by_similarity,
}
