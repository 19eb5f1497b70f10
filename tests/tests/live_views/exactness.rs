//! Random documents, read member by member and as a whole.

use cache_core::{Cache, CacheModel};

use crate::things::{Each, Thing, saved};

/// How many random documents there are for each protocol.
const DOCUMENTS: u32 = 1_500;

fn in_order(mut views: Vec<Each>) -> Vec<Each> {
    views.sort_by_key(|view| view.id);
    views
}

#[track_caller]
fn assert_same(found: Vec<Each>, expected: &[Each]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in in_order(found).iter().zip(expected) {
        assert_eq!(found, expected);
    }
}

pub(crate) async fn views_say_what_whole_documents_say(cache: Cache) {
    let things = saved(&cache, DOCUMENTS).await;
    let expected: Vec<_> = things.iter().map(Each::from).collect();
    let found = Thing::find().select::<Each>().all(&cache).await.unwrap();
    assert_same(found.into_vec(), &expected);
    // By one key, by several, and through a cursor, the server brings members in other ways.
    let by_big = || Thing::find().sort_by(Thing::BIG.asc());
    let sorted = by_big().select::<Each>().all(&cache).await.unwrap();
    assert_same(sorted.into_vec(), &expected);
    let several = by_big().then_by(Thing::AGE.desc()).then_by(Thing::SEEN.asc()).select::<Each>();
    assert_same(several.all(&cache).await.unwrap().into_vec(), &expected);
    for query in [Thing::find().select::<Each>(), several] {
        let (mut rows, mut streamed) = (query.stream(&cache), Vec::new());
        while let Some(row) = rows.next().await {
            streamed.push(row.unwrap());
        }
        assert_same(streamed, &expected);
    }
    let empty = expected.iter().filter(|view| view.tags.is_empty() || view.part_names.is_empty()).count();
    let missing = expected.iter().filter(|view| view.maybe.is_none() || view.work.is_none()).count();
    assert!(empty > 100 && missing > 100, "{empty} with empty lists, {missing} without members");
    println!("{DOCUMENTS} documents, {empty} with empty lists, {missing} without members: no difference");
}
