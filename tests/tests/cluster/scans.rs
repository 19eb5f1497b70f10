//! All documents, and what cannot be asked here.

use std::collections::BTreeSet;

use cache_core::{CacheModel, Error, MigrateError, Migrator};
use cache_tests::chain;

use crate::case::Place;
use crate::models::{Note, Plain, note, plain};

pub(crate) async fn of_all_masters(place: Place) {
    let cache = place.cache().await;
    for saved in Plain::save_many(&cache, (0..5_000).map(plain)).await {
        let _ = saved.unwrap();
    }
    let (mut ids, mut found) = (Plain::ids(&cache), BTreeSet::new());
    while let Some(id) = ids.next().await {
        found.insert(id.unwrap());
    }
    assert!(found.into_iter().eq(0..5_000));
    assert_eq!(Plain::count_all(&cache).await.unwrap(), 5_000);
}

/// Each node has an index of its own documents here.
pub(crate) async fn refused(place: Place) {
    let cache = place.cache().await;
    let _ = note(1).save(&cache).await.unwrap();
    for error in [
        Note::find().all(&cache).await.unwrap_err(),
        Note::find().count(&cache).await.unwrap_err(),
        Note::find().delete(&cache).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unsupported { .. }), "{}", chain(&error));
        assert!(error.to_string().contains("Redis 8"), "{error}");
    }
    let error = Migrator::new().register::<Note>().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::NoCoordinator { masters: 3 }), "{}", chain(&error));
}
