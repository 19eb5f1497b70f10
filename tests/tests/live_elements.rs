//! Conditions on one element, wildcards, raw queries and nearest vectors, against real servers.

use std::collections::BTreeMap;

use cache_core::{
    Cache, CacheEmbedded, CacheModel, Error, Filter, Migrator, QueryError, RawQuery, RawQueryError, Reply,
    Vector,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Mark {
    #[index]
    by: String,
    #[index]
    points: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    name: String,
    #[index]
    size: i64,
    #[index]
    colours: Vec<String>,
    #[embedded]
    marks: Vec<Mark>,
    #[index(text)]
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Kit {
    #[primary_key]
    id: u32,
    #[index]
    code: String,
    #[index(fold_case)]
    folded: String,
    #[index]
    numbers: Vec<i64>,
    #[embedded]
    parts: Vec<Part>,
    #[embedded]
    shelves: BTreeMap<String, Mark>,
}

fn part(name: &str, size: i64, colours: &[&str], marks: &[(&str, u8)], note: Option<&str>) -> Part {
    Part {
        name: name.to_owned(),
        size,
        colours: colours.iter().map(|colour| (*colour).to_owned()).collect(),
        marks: marks.iter().map(|(by, points)| Mark { by: (*by).to_owned(), points: *points }).collect(),
        note: note.map(str::to_owned),
    }
}

fn kit(id: u32, code: &str, numbers: &[i64], parts: Vec<Part>) -> Kit {
    let shelf = Mark { by: code.to_owned(), points: u8::try_from(id).unwrap() };
    Kit {
        id,
        code: code.to_owned(),
        folded: code.to_owned(),
        numbers: numbers.to_vec(),
        parts,
        shelves: BTreeMap::from([
            ("a".to_owned(), shelf),
            ("b".to_owned(), Mark { by: "z".to_owned(), points: 0 }),
        ]),
    }
}

/// Saves them and gives them back.
async fn kits(cache: &Cache) -> Vec<Kit> {
    Migrator::new().register::<Kit>().run(cache).await.unwrap();
    let kits = vec![
        kit(
            1,
            "ab-12-cd",
            &[1, 9],
            vec![
                part("bolt", 1, &["red", "green"], &[("ann", 1), ("bob", 5)], Some("long screw")),
                part("nut", 9, &["blue"], &[], Some("thread")),
            ],
        ),
        kit(2, "AB-3*4-cd", &[4], vec![part("bolt", 9, &["red"], &[("ann", 5)], None)]),
        kit(3, "ab", &[], vec![]),
        kit(4, "xy-€-cd\\", &[3, 5], vec![part("nut", 1, &["green"], &[("bob", 1)], Some("screw thread"))]),
    ];
    for saved in Kit::save_many(cache, kits.clone()).await {
        assert!(saved.unwrap().stored());
    }
    kits
}

/// What is found, which is what `accepts` says and what `count` counts.
async fn found(cache: &Cache, kits: &[Kit], filter: Filter<Kit>) -> Vec<u32> {
    let query = Kit::find().filter(filter.clone());
    let mut ids: Vec<u32> = query.all(cache).await.unwrap().iter().map(|kit| kit.id).collect();
    ids.sort_unstable();
    let accepted: Vec<u32> =
        kits.iter().filter(|kit| filter.accepts(kit).unwrap()).map(|kit| kit.id).collect();
    assert_eq!(ids, accepted, "{filter}");
    assert_eq!(query.count(cache).await.unwrap(), ids.len() as u64, "{filter}");
    ids
}

async fn conditions_on_one_element_are_met_by_one(cache: Cache) {
    let kits = kits(&cache).await;
    let found = async |filter| found(&cache, &kits, filter).await;
    assert_eq!(found(Kit::PARTS.name.eq("bolt") & Kit::PARTS.size.gt(3)).await, [1, 2]);
    let heavy_bolt = || Kit::PARTS.any(|part| part.name.eq("bolt") & part.size.gt(3));
    assert_eq!(found(heavy_bolt()).await, [2]);
    assert_eq!(found(!heavy_bolt()).await, [1, 3, 4]);
    assert_eq!(found(Kit::CODE.starts_with("ab") & !heavy_bolt()).await, [1, 3]);
    assert_eq!(found(Kit::PARTS.any(|part| !part.name.eq("bolt"))).await, [1, 4]);
    assert_eq!(found(!Kit::PARTS.any(|part| !part.name.eq("bolt"))).await, [2, 3]);
    assert_eq!(found(Kit::PARTS.any(|_| Filter::all())).await, [1, 2, 4]);
    // An element within an element, a list within one, and the document around it.
    let marked = |by: &'static str| {
        Kit::PARTS.any(|part| part.marks.any(|mark| mark.by.eq(by) & mark.points.gt(3)) & part.size.lt(5))
    };
    assert_eq!(found(marked("ann")).await, [0; 0]);
    assert_eq!(found(marked("bob")).await, [1]);
    let colours = Kit::PARTS.any(|part| part.colours.eq("red") & part.colours.eq("green"));
    assert_eq!(found(colours).await, [1]);
    assert_eq!(found(Kit::PARTS.any(|part| part.name.eq("nut") & Kit::CODE.starts_with("xy"))).await, [4]);
    assert_eq!(found(Kit::PARTS.any(|part| part.note.matches("screw thread"))).await, [4]);
    assert_eq!(found(Kit::SHELVES.any(|shelf| shelf.by.eq("z") & shelf.points.gt(0))).await, [0; 0]);
    assert_eq!(found(Kit::SHELVES.any(|shelf| shelf.by.eq("ab") & shelf.points.gt(0))).await, [3]);
    // Lists of values.
    assert_eq!(found(Kit::NUMBERS.gt(3) & Kit::NUMBERS.lt(5)).await, [1, 2, 4]);
    assert_eq!(found(Kit::NUMBERS.any(|number| number.gt(3) & number.lt(5))).await, [2]);
    assert_eq!(found(Kit::NUMBERS.between(4..5)).await, [2]);
}

async fn wildcards_mean_whole_values(cache: Cache) {
    let kits = kits(&cache).await;
    let found = async |filter| found(&cache, &kits, filter).await;
    assert_eq!(found(Kit::CODE.wildcard("ab-??-cd")).await, [1]);
    assert_eq!(found(Kit::FOLDED.wildcard("ab-*-cd")).await, [1, 2]);
    assert_eq!(found(Kit::CODE.wildcard(r"AB-3\*?-*")).await, [2]);
    assert_eq!(found(Kit::CODE.wildcard("xy-?-*")).await, [4]);
    assert_eq!(found(Kit::CODE.wildcard(r"*-cd\\")).await, [4]);
    assert_eq!(found(Kit::CODE.wildcard(r"?y-€-cd\\")).await, [4]);
    assert_eq!(found(!Kit::CODE.wildcard("ab-??-cd")).await, [2, 3, 4]);
    assert_eq!(found(Kit::PARTS.any(|part| part.name.wildcard("b?lt") & part.size.gt(3))).await, [2]);
    assert_eq!(found(Kit::CODE.wildcard("ab")).await, [3]);
    let refused = Kit::find().filter(Kit::CODE.wildcard("*a?")).all(&cache).await.unwrap_err();
    assert!(matches!(refused, Error::Query(QueryError::PatternTooShort { .. })), "{refused}");
}

/// A wildcard is no way round the cap on expansions.
async fn a_wildcard_that_is_cut_short_says_so(cache: Cache) {
    Migrator::new().register::<Kit>().run(&cache).await.unwrap();
    let many = (0..250).map(|id| Kit { id, ..kit(0, &format!("user{id}x"), &[], vec![]) });
    for saved in Kit::save_many(&cache, many.collect::<Vec<_>>()).await {
        assert!(saved.unwrap().stored());
    }
    let error = Kit::find().filter(Kit::CODE.wildcard("user*x")).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    assert_eq!(Kit::find().filter(Kit::CODE.wildcard("user24?x")).all(&cache).await.unwrap().len(), 10);
}

async fn raw_queries_find_what_the_server_says(cache: Cache) {
    kits(&cache).await;
    let ids = async |filter: Filter<Kit>| {
        let mut ids: Vec<u32> =
            Kit::find().filter(filter).all(&cache).await.unwrap().iter().map(|kit| kit.id).collect();
        ids.sort_unstable();
        ids
    };
    let raw = || {
        Filter::raw(RawQuery::new("@numbers:[$low +inf] | @code:{$code}").bind("low", 9).bind("code", "ab"))
    };
    assert_eq!(ids(raw()).await, [1, 3]);
    assert_eq!(ids(!raw()).await, [2, 4]);
    assert_eq!(ids(raw() & Kit::PARTS.name.eq("bolt")).await, [1]);
    assert_eq!(ids(Kit::CODE.starts_with("xy") | raw()).await, [1, 3, 4]);
    assert_eq!(ids(raw() & Kit::PARTS.any(|part| part.name.eq("nut") & part.size.gt(3))).await, [1]);
    assert_eq!(
        ids(Filter::raw(RawQuery::new("@parts_note:($word)=>{$weight: 2}").bind("word", "screw"))).await,
        [1, 4]
    );
    // A value is a value, whatever is in it.
    for hostile in ["x} | @code:{ab", "*", "$code", "ab)|(*"] {
        assert_eq!(
            ids(Filter::raw(RawQuery::new("@code:{$v}").bind("v", hostile))).await,
            [0; 0],
            "{hostile}"
        );
    }
    let unbound = Kit::find().filter(Filter::raw(RawQuery::new("@code:{$v}"))).all(&cache).await.unwrap_err();
    assert!(
        matches!(unbound, Error::Query(QueryError::Raw(RawQueryError::Unbound { name: "v" }))),
        "{unbound}"
    );
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: u32,
    #[index]
    kind: String,
    #[index(distance_metric = "l2")]
    flat: Vector<f32, 2>,
    #[index(hnsw)]
    graph: Vector<f64, 2>,
}

/// The keys that a search found, without content.
fn keys(reply: Reply) -> Vec<String> {
    let text = |reply: &Reply| reply.as_str().unwrap().to_owned();
    match reply {
        Reply::Array(items) => items.iter().skip(1).map(text).collect(),
        Reply::Map(pairs) => {
            let (_, results) = pairs.into_iter().find(|(name, _)| name.as_str() == Some("results")).unwrap();
            let Reply::Array(results) = results else { panic!("no results") };
            let id = |hit| match hit {
                Reply::Map(pairs) => {
                    pairs.iter().find(|(name, _)| name.as_str() == Some("id")).map(|(_, id)| text(id))
                }
                _ => None,
            };
            results.into_iter().filter_map(id).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The nearest as `Nearest` renders them, against all distances computed here.
async fn the_nearest_are_those_that_are_near(cache: Cache) {
    Migrator::new().register::<Place>().run(&cache).await.unwrap();
    let places: Vec<Place> = (0..60_u32)
        .map(|id| {
            let (x, y) = (f64::from(id * 37 % 61), f64::from(id * 17 % 59) + 0.25);
            let kind = if id % 3 == 0 { "a" } else { "b" }.to_owned();
            Place { id, kind, flat: Vector::from([x as f32, y as f32]), graph: Vector::from([x, y]) }
        })
        .collect();
    for saved in Place::save_many(&cache, places.clone()).await {
        assert!(saved.unwrap().stored());
    }
    let index = <Place as cache_core::IndexSchema>::schema().index_name(cache.keyspace().unwrap());
    for filter in [Filter::all(), Place::KIND.eq("a"), !Place::KIND.eq("a"), Place::KIND.eq("c")] {
        for (k, nearest) in [
            (7, Place::FLAT.nearest(7, &Vector::from([20.0, 20.0]))),
            (100, Place::FLAT.nearest(100, &Vector::from([20.0, 20.0]))),
            (12, Place::GRAPH.nearest(12, &Vector::from([1.0, 2.0])).ef_runtime(200)),
        ] {
            let rendered = nearest.render(&filter.render().unwrap()).unwrap();
            let mut expected: Vec<(f64, u32)> = places
                .iter()
                .filter(|place| filter.accepts(place).unwrap())
                .map(|place| {
                    let json = serde_json::to_value(place).unwrap();
                    (nearest.distance_to_json(&json).unwrap().unwrap(), place.id)
                })
                .collect();
            expected.sort_by(|one, other| one.0.total_cmp(&other.0));
            expected.truncate(k);
            let mut command = cache_core::Command::new("FT.SEARCH").arg(index.as_str()).arg(rendered.text());
            command = command.args_from([
                "NOCONTENT",
                "SORTBY",
                rendered.distance().unwrap(),
                "LIMIT",
                "0",
                "1000",
            ]);
            command = command.arg("PARAMS").arg_display(rendered.params().values().len() * 2);
            for (number, value) in rendered.params().values().iter().enumerate() {
                command = command.arg_display(format_args!("p{number}")).arg(value);
            }
            let reply = cache.command(command.args_from(["DIALECT", "2"])).await.unwrap();
            let ids: Vec<u32> =
                keys(reply).iter().map(|key| key.rsplit(':').next().unwrap().parse().unwrap()).collect();
            let expected: Vec<u32> = expected.into_iter().map(|(_, id)| id).collect();
            assert_eq!(ids, expected, "{filter} {nearest}");
        }
    }
}

live! {
    conditions_on_one_element_are_met_by_one,
    wildcards_mean_whole_values,
    a_wildcard_that_is_cut_short_says_so,
    raw_queries_find_what_the_server_says,
    the_nearest_are_those_that_are_near,
}
