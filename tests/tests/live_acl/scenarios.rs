//! What each feature does, at least once.

use std::error::Error;
use std::time::{Duration, SystemTime};

use cache_core::acl::Feature;
use cache_core::aggregate::count;
use cache_core::tenant::TenantSettings;
use cache_core::{
    Cache, CacheModel, CacheView, Command, DataMigration, Dictionary, Expiry, IndexSchema, Migrator,
    NearCache, Protocol, Schema, Strategy, Suggestions, Terms,
};
use cache_tests::clients::is_fred;
use cache_tests::releases::{changed, create, first, second, third};
use cache_tests::store::TestStore;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gates;
use crate::models::{Account, Basket, Form, Note, Offer, OldForm, Session, Tagged, renamed};

pub(crate) type Fails = Box<dyn Error>;
pub(crate) type Done = Result<(), Fails>;

/// More than one answer of a cursor has.
const OFFERS: u32 = 220;

fn offer(id: u32) -> Offer {
    let category = if id.is_multiple_of(2) { "even" } else { "odd" };
    Offer { id, category: category.to_owned(), price: id, title: format!("blue car {id}") }
}

/// The models that a service with this feature has.
pub(crate) fn schemas(feature: Feature) -> Vec<&'static Schema> {
    match feature {
        Feature::Documents => vec![Note::schema(), Tagged::schema()],
        Feature::Expiry => vec![Session::schema()],
        Feature::UniqueValues => vec![Account::schema()],
        Feature::Patches => vec![Basket::schema()],
        Feature::Upgrades | Feature::DataMigrations | Feature::Near => vec![Form::schema()],
        Feature::Queries | Feature::Aggregations | Feature::Explain | Feature::Terms | Feature::Synonyms => {
            vec![Offer::schema()]
        }
        Feature::Migrator => vec![first::User::schema()],
        Feature::Fences | Feature::Cluster => vec![Note::schema()],
        Feature::Load => vec![Session::schema(), Note::schema()],
        _ => Vec::new(),
    }
}

/// What is there before.
pub(crate) async fn prepare(feature: Feature, admin: &Cache) -> Done {
    match feature {
        Feature::Upgrades | Feature::DataMigrations | Feature::Near => {
            for id in 0..4 {
                let _ = OldForm { id, name: "n".to_owned() }.save(admin).await?;
            }
        }
        Feature::Queries | Feature::Aggregations | Feature::Explain | Feature::Terms | Feature::Synonyms => {
            Migrator::new().register::<Offer>().run(admin).await?;
            let offers: Vec<_> = (0..OFFERS).map(offer).collect();
            for saved in Offer::save_many(admin, &offers).await {
                let _ = saved?;
            }
            // As if somebody had made the index by hand: whoever comes first compares it.
            let compared = admin.command(Command::new("KEYS").arg("*:compared")).await?;
            for key in compared.into_items().unwrap_or_default() {
                ensure!(
                    admin
                        .command(Command::new("DEL").key(key.as_bytes().unwrap_or_default()))
                        .await?
                        .as_int()
                        == Some(1)
                );
            }
        }
        _ => {}
    }
    Ok(())
}

pub(crate) async fn run(feature: Feature, cache: &Cache, admin: &Cache) -> Done {
    match feature {
        Feature::Connection | Feature::Database | Feature::ClientName => Ok(cache.ping().await?),
        Feature::Documents => documents(cache).await,
        Feature::Expiry => expiry(cache).await,
        Feature::UniqueValues => unique_values(cache).await,
        Feature::Patches => patches(cache).await,
        Feature::Upgrades => upgrades(cache).await,
        Feature::Queries => queries(cache).await,
        Feature::Aggregations => aggregations(cache).await,
        Feature::Explain => explain(cache).await,
        Feature::Terms => terms(cache).await,
        Feature::Synonyms => synonyms(cache).await,
        Feature::Dictionaries => dictionaries(cache).await,
        Feature::Suggestions => suggestions(cache).await,
        Feature::Migrator => migrator(cache, admin).await,
        Feature::DataMigrations => data_migrations(cache).await,
        Feature::Gate => gates::gate(cache).await,
        Feature::Durability => gates::durability(cache).await,
        Feature::Fences => gates::fences(cache).await,
        Feature::Load => load(cache).await,
        Feature::Tenants => tenants(cache).await,
        Feature::Near => near(cache).await,
        other => Err(format!("{other:?} is not tried").into()),
    }
}

pub(crate) fn note(id: u32) -> Note {
    Note { id, text: "t".to_owned() }
}

async fn documents(cache: &Cache) -> Done {
    let _ = note(1).save(cache).await?;
    let _ = note(2).insert(cache).await?;
    let _ = note(2).replace(cache).await?;
    let _ = Note::get_or_insert_with(cache, 3, || note(3)).await?;
    for saved in Note::save_many(cache, [note(4), note(5)]).await {
        let _ = saved?;
    }
    ensure!(Note::get(cache, 1).await? == Some(note(1)));
    ensure!(Note::get_many(cache, [1, 2, 9]).await?.len() == 3);
    ensure!(Note::exists(cache, 1).await?);
    ensure!(Note::count_all(cache).await? == 5);
    ensure!(Note::keys(cache).next().await.transpose()?.is_some());
    ensure!(Note::delete_by_id(cache, 1).await?);
    ensure!(Note::delete_many(cache, [2, 3]).await? == 2);
    let _ = Tagged { id: 1, version: 0 }.save(cache).await?;
    let _ = Tagged { id: 1, version: 1 }.save(cache).await?;
    let _ = Tagged::modify(cache, 1, |_| {}).await?;
    Ok(())
}

async fn expiry(cache: &Cache) -> Done {
    let session = |id| Session { id, user: "ann".to_owned() };
    let long = Duration::from_secs(60);
    let _ = session(1).save(cache).await?;
    let _ = session(2).save_with(cache, Expiry::Never).await?;
    let _ = session(3).save_with(cache, Expiry::At(SystemTime::now() + long)).await?;
    let _ = session(3).save_with(cache, Expiry::Keep).await?;
    ensure!(Session::expire(cache, 1, long).await?);
    ensure!(Session::expire_at(cache, 1, SystemTime::now() + long).await?);
    ensure!(Session::persist(cache, 1).await?);
    let _ = Session::ttl(cache, 1).await?;
    Ok(())
}

async fn unique_values(cache: &Cache) -> Done {
    let account = |id: u32, email: &str| Account { id, email: email.to_owned() };
    let _ = account(1, "a").save(cache).await?;
    ensure!(account(2, "a").save(cache).await.is_err_and(|error| error.is_not_unique()));
    let _ = account(1, "b").save_with(cache, Expiry::After(Duration::from_secs(60))).await?;
    let _ = account(2, "a").insert(cache).await?;
    let _ = account(2, "a").save_with(cache, Expiry::Never).await?;
    ensure!(Account::expire(cache, 2, Duration::from_secs(60)).await?);
    ensure!(Account::get_by_email(cache, "a").await?.is_some());
    ensure!(Account::delete_by_id(cache, 1).await?);
    ensure!(Account::delete_many(cache, [2]).await? == 1);
    Ok(())
}

async fn patches(cache: &Cache) -> Done {
    let basket = Basket { id: 1, articles: Vec::new(), count: 0, weight: 0.5, note: None };
    let _ = basket.save(cache).await?;
    let patch = Basket::patch(1)
        .push(Basket::ARTICLES, "a".to_owned())
        .increment(Basket::COUNT, 1)
        .increment(Basket::WEIGHT, 0.25)
        .set(Basket::NOTE, "n".to_owned());
    let after = patch.send_and_get(cache).await?;
    ensure!((after.count, after.articles.len()) == (1, 1));
    let _ = Basket::patch(1).remove(Basket::NOTE).send(cache).await?;
    Ok(())
}

async fn upgrades(cache: &Cache) -> Done {
    ensure!(Form::get(cache, 1).await?.is_some());
    let after = Form::patch(1).set(Form::TITLE, "t".to_owned()).send_and_get(cache).await?;
    ensure!(after.title == "t");
    Ok(())
}

#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Offer)]
struct Priced {
    #[allow(dead_code)]
    price: u32,
}

async fn queries(cache: &Cache) -> Done {
    let even = || Offer::find_by_category("even");
    ensure!(even().all(cache).await?.len() == 110);
    ensure!(even().count(cache).await? == 110);
    ensure!(even().exists(cache).await?);
    ensure!(even().first(cache).await?.is_some());
    ensure!(even().ids(cache).await?.len() == 110);
    ensure!(Offer::find().filter(Offer::CATEGORY.starts_with("od")).count(cache).await? == 110);
    let sorted = Offer::find().sort_by(Offer::CATEGORY.asc()).then_by(Offer::PRICE.desc());
    ensure!(sorted.all(cache).await?.len() == 220);
    ensure!(!Offer::find().select::<Priced>().all(cache).await?.is_empty());
    // The server's cursor is read where there is more than one piece of what it has collected.
    let dearest = Offer::find().sort_by(Offer::PRICE.desc());
    let (mut rows, mut pages) = (dearest.stream(cache), Offer::find().pages(cache, 3));
    while let Some(row) = rows.next().await {
        let _ = row?;
    }
    while let Some(page) = pages.next().await {
        let _ = page?;
    }
    ensure!(even().delete(cache).await? == 110);
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Counted {
    number: u64,
}

async fn aggregations(cache: &Cache) -> Done {
    let odd = Offer::find().filter(Offer::CATEGORY.starts_with("od"));
    let groups = odd.group_by(Offer::CATEGORY).reduce("number", count());
    ensure!(groups.row::<Counted>(cache).await?.is_some_and(|row| row.number == 110));
    let mut groups = Offer::find().group_by(Offer::PRICE).reduce("number", count()).stream::<Counted>(cache);
    while let Some(row) = groups.next().await {
        ensure!(row?.number == 1);
    }
    Ok(())
}

async fn explain(cache: &Cache) -> Done {
    ensure!(!Offer::find_by_category("even").explain(cache).await?.is_empty());
    let _ = Offer::find_by_category("even").profile(cache).await?;
    Ok(())
}

async fn terms(cache: &Cache) -> Done {
    ensure!(Offer::tag_values(cache, Offer::CATEGORY).await? == ["even", "odd"]);
    let misspelled = Offer::spell_check("bluu").misspelled(cache).await?;
    ensure!(misspelled.len() == 1);
    Ok(())
}

async fn synonyms(cache: &Cache) -> Done {
    ensure!(Offer::synonyms().update(cache, "cars", ["car", "automobile"]).await?);
    ensure!(!Offer::synonyms().dump(cache).await?.is_empty());
    Ok(())
}

async fn dictionaries(cache: &Cache) -> Done {
    let brands = Dictionary::new("brands");
    ensure!(brands.add(cache, ["acme", "umbrella"]).await? == 2);
    ensure!(brands.remove(cache, ["acme"]).await? == 1);
    ensure!(brands.words(cache).await? == ["umbrella"]);
    Ok(())
}

async fn suggestions(cache: &Cache) -> Done {
    let cities = Suggestions::new("cities");
    cities.add(cache, "Bern", 2.0).await?;
    cities.increment(cache, "Bern", 1.0).await?;
    ensure!(cities.get("be").all(cache).await?.len() == 1);
    ensure!(cities.len(cache).await? == 1);
    ensure!(cities.delete(cache, "Bern").await?);
    cities.clear(cache).await?;
    Ok(())
}

async fn migrator(cache: &Cache, admin: &Cache) -> Done {
    let users: Vec<_> = (0..3).map(|id| first::User { id, name: "n".to_owned(), age: id }).collect();
    for saved in first::User::save_many(admin, &users).await {
        let _ = saved?;
    }
    let theirs = "shop:cache:user:index";
    let fields = ["$.name", "AS", "name", "TAG", "SEPARATOR", "|"];
    create(admin, theirs, "JSON", "shop:cache:user:", &fields).await;
    for (name, value) in [("hash", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("schema", "ON JSON")] {
        admin.command(Command::new("SET").key(format!("{theirs}:{name}")).arg(value)).await?;
    }
    let first = Migrator::new().register::<first::User>().lease_for(Duration::from_millis(1));
    let _ = first.plan(cache).await?;
    first.clone().retire_redis_om().run(cache).await?;
    // A document that no index has: it is looked for.
    admin
        .command(Command::new("JSON.SET").key("shop:cache:user:9").args_from(["$", r#"{"id":9,"name":7}"#]))
        .await?;
    let second = Migrator::new()
        .register::<second::User>()
        .lease_for(Duration::from_millis(1))
        .strategy(Strategy::InPlaceAdditive);
    second.run(cache).await?;
    Migrator::new()
        .register::<third::User>()
        .lease_for(Duration::from_millis(1))
        .strategy(Strategy::Rebuild)
        .run(cache)
        .await?;
    // Nobody uses the older ones any more.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let last = Migrator::new().register::<changed::User>().retain(Duration::ZERO).force_activate();
    last.clone().keep_old_indexes().run(cache).await?;
    // Leases that this process still renews lapse between two renewals.
    let mut tries = 0;
    while last.collect(cache).await?.is_empty() {
        tries += 1;
        ensure!(tries < 1_000);
    }
    let _ = last.readiness(cache).await?;
    ensure!(changed::User::count_all(admin).await? == 4);
    Ok(())
}

async fn data_migrations(cache: &Cache) -> Done {
    let back = |members: &mut Map<String, Value>| {
        if let Some(title) = members.remove("title") {
            members.insert("name".to_owned(), title);
        }
        Ok::<_, std::convert::Infallible>(())
    };
    let migration = DataMigration::<Form>::new().step(2, "name to title", renamed).down(back);
    let _ = migration.dry_run(cache).await?;
    ensure!(migration.run(cache).await?.migrated == 4);
    ensure!(migration.history(cache).await?.len() == 1);
    ensure!(migration.revert(cache, 1).await?.migrated == 4);
    Ok(())
}

async fn load(cache: &Cache) -> Done {
    let session = |id| Session { id, user: "ann".to_owned() };
    let found = async move || Ok::<_, std::convert::Infallible>(Some(session(1)));
    for _ in 0..2 {
        ensure!(Session::get_or_load(cache, 1, found).await?.is_some());
    }
    Session::invalidate(cache, 1).await?;
    let lasting = async move || Ok::<_, std::convert::Infallible>(Some(note(1)));
    ensure!(Note::get_or_load(cache, 1, lasting).await?.is_some());
    let missing = async || Ok::<_, std::convert::Infallible>(None);
    let load =
        || Session::load(2).missing_for(Duration::from_secs(60)).once_per_fleet(Duration::from_secs(1));
    for _ in 0..2 {
        ensure!(load().get(cache, missing).await?.is_none());
    }
    Session::invalidate_many(cache, [1, 2]).await?;
    Ok(())
}

async fn near(cache: &Cache) -> Done {
    let near = cache.near(NearCache::new()).await;
    if is_fred() || cache.capabilities().protocol == Protocol::Resp2 {
        // Nothing tells of changes there.
        ensure!(near.is_err());
        return Ok(());
    }
    let near = near?;
    ensure!(near.status().tracked);
    for _ in 0..2 {
        ensure!(near.get::<OldForm>(1).await?.is_some());
    }
    ensure!((near.status().hits, near.status().misses) == (1, 1));
    // What is kept is of another model, and is read past it.
    ensure!(near.get_many::<Form, _>([1, 9]).await?.iter().flatten().count() == 1);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
    #[serde(default)]
    hosts: Vec<String>,
}

async fn tenants(cache: &Cache) -> Done {
    let store = TestStore::default();
    let file = "default: {theme: light}\nacme: {hosts: [acme.example]}\n";
    let shops = TenantSettings::<Shop>::builder(cache).yaml_text(file).store(store).build().await?;
    ensure!(shops.get("acme").await?.theme == "light");
    ensure!(shops.tenant_of_host("acme.example").await? == "acme");
    ensure!(shops.tenant_of_host("nobody.example").await.is_err_and(|error| error.is_unknown()));
    let other = Shop { theme: "dark".to_owned(), hosts: vec!["other.example".to_owned()] };
    let _ = shops.set("other", &other).await?;
    ensure!(shops.tenant_of_host("other.example").await? == "other");
    let _ = shops.update("other", |shop| shop.theme = "light".to_owned()).await?;
    let _ = shops.invalidate("acme").await?;
    ensure!(shops.remove("other").await?);
    Ok(())
}
