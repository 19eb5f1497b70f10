//! `Migrator::all` finds every model of the binary, wherever it stands.
//!
//! Not among the other live tests: their library has models which no one migrator can have together.

use cache_core::{Cache, CacheEmbedded, CacheModel, Command, IndexSchema, Migrator, Schema};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Top {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
}

mod shop {
    pub(crate) mod orders {
        use cache_core::CacheModel;
        use serde::{Deserialize, Serialize};

        // Nobody names it.
        #[derive(Debug, Serialize, Deserialize, CacheModel)]
        #[cache(prefix = "order")]
        struct Hidden {
            #[primary_key]
            id: u32,
            #[index(sortable)]
            total: i64,
        }
    }

    #[derive(Debug, serde::Serialize, serde::Deserialize, cache_core::CacheModel)]
    #[cache(prefix = "by_key_only")]
    pub(crate) struct ByKeyOnly {
        #[primary_key]
        id: u32,
    }
}

mod renamed {
    pub(crate) use cache_core as core;
}

#[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    city: String,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(crate = "crate::renamed::core", prefix = "whole")]
struct Whole {
    #[primary_key]
    id: u32,
    #[embedded]
    part: Part,
}

macro_rules! model {
    ($name:ident) => {
        #[derive(Debug, Serialize, Deserialize, CacheModel)]
        struct $name {
            #[primary_key]
            id: u32,
            #[index]
            name: String,
        }
    };
}
model!(FromAMacro);

#[tokio::test]
async fn every_model_is_found_once_and_in_order() {
    let cache = Cache::embedded().await.unwrap();
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    struct InAFunction {
        #[primary_key]
        id: u32,
        #[index]
        name: String,
    }

    let plans = Migrator::all().register::<Top>().plan(&cache).await.unwrap();
    let models: Vec<_> = plans.iter().map(|plan| plan.model).collect();
    assert_eq!(models, ["FromAMacro", "InAFunction", "Hidden", "Top", "Whole"]);

    let migration = Migrator::all().run(&cache).await.unwrap();
    assert!(migration.indexes().iter().all(|index| index.created && index.documents == 0));
    let _ = Top { id: 1, name: "ann".to_owned() }.save(&cache).await.unwrap();
    assert_eq!(Top::find_by_name("ann").one(&cache).await.unwrap().id, 1);
    assert!(Migrator::all().plan(&cache).await.unwrap().iter().all(|plan| plan.steps.is_empty()));
}

/// A model without an index makes none, but its documents must not be taken for those of another.
#[tokio::test]
async fn prefixes_of_models_without_an_index_are_compared_too() {
    struct Within;

    impl IndexSchema for Within {
        fn schema() -> &'static Schema {
            static SCHEMA: Schema = Schema::new("Within", "by_key_only:within", "id", &[]);
            &SCHEMA
        }
    }

    let cache = Cache::embedded().await.unwrap();
    let error = Migrator::all().register::<Within>().run(&cache).await.unwrap_err();
    let prefix = shop::ByKeyOnly::schema().prefix();
    assert!(error.to_string().contains(&format!("has the prefix `{prefix}` and `Within`")), "{error}");
    assert_eq!(indexes(&cache).await, [""; 0]);
}

async fn indexes(cache: &Cache) -> Vec<String> {
    let names = cache.command(Command::new("FT._LIST")).await.unwrap().into_items().unwrap();
    names.iter().filter_map(|name| name.as_str()).map(str::to_owned).collect()
}
