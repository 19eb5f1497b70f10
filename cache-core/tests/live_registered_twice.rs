//! A binary in which two models have one name: whoever asks for all of them is told, before anything is written.

use cache_core::{Cache, CacheModel, Command, IndexSchema, MigrateError, Migrator, Schema};
use serde::{Deserialize, Serialize};

mod shop {
    use super::*;

    #[derive(Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "shop_user")]
    pub(crate) struct User {
        #[primary_key]
        id: u32,
        #[index]
        name: String,
    }
}

mod staff {
    use super::*;

    // Has no index, and is one of two all the same: messages about keys name models too.
    #[derive(Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "staff_user")]
    pub(crate) struct User {
        #[primary_key]
        id: u32,
    }
}

/// Of the same prefix as another: the one mistake is the prefix.
struct Same;

impl IndexSchema for Same {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new("User", "shop_user", "id", &[]);
        &SCHEMA
    }
}

#[tokio::test]
async fn two_models_of_one_name_are_refused() {
    let cache = Cache::embedded().await.unwrap();
    let refused = [
        Migrator::all().run(&cache).await.unwrap_err(),
        Migrator::all().plan(&cache).await.unwrap_err(),
        Migrator::new().register::<shop::User>().register::<staff::User>().run(&cache).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(
            error.to_string(),
            "two models are named `User`: `live_registered_twice::shop::User` with the prefix `shop_user` and \
             `live_registered_twice::staff::User` with `staff_user`; if both are versions of one model, register only one of them; \
             if not, rename one of the structs, and keep its prefix with `#[cache(prefix = \"…\")]`"
        );
    }
    let error = Migrator::new().register::<shop::User>().register::<Same>().plan(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Overlap { .. }), "{error}");
    let indexes = cache.command(Command::new("FT._LIST")).await.unwrap().into_items().unwrap();
    assert_eq!(indexes.len(), 0);

    // By a migrator each they are no matter.
    assert_eq!(Migrator::new().register::<shop::User>().run(&cache).await.unwrap().indexes().len(), 1);
    assert_eq!(Migrator::new().register::<staff::User>().run(&cache).await.unwrap().indexes().len(), 0);
}
