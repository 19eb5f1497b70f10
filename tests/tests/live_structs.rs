//! Embedded structs: fields of fields, in options, lists and maps, found on a real server.

use std::collections::HashMap;

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, IndexSchema, Migrator};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
#[serde(rename_all = "camelCase")]
struct Address {
    /// The town.
    #[index(sortable)]
    city: String,
    #[index]
    zip_code: u32,
    street: String,
    #[embedded]
    place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Place {
    #[index(fold_case)]
    country: String,
    #[index(text)]
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Audit {
    #[index]
    author: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Person {
    #[primary_key]
    id: u32,
    #[embedded]
    home: Address,
    #[embedded]
    old: Vec<Address>,
    #[embedded]
    offices: HashMap<String, Address>,
    #[embedded]
    #[serde(flatten)]
    audit: Audit,
    #[index]
    scores: HashMap<String, u32>,
}

fn address(city: &str, zip_code: u32, country: Option<&str>) -> Address {
    Address {
        city: city.to_owned(),
        zip_code,
        street: "Main Street 1".to_owned(),
        place: country.map(|country| Place {
            country: country.to_owned(),
            notes: vec!["quiet streets".to_owned(), "near the river".to_owned()],
        }),
    }
}

fn people() -> Vec<Person> {
    let person = |id, home, old, offices, author: &str| Person {
        id,
        home,
        old,
        offices,
        audit: Audit { author: author.to_owned() },
        scores: [("chess".to_owned(), id * 10), ("go".to_owned(), id)].into(),
    };
    vec![
        person(1, address("Bern", 3011, Some("CH")), vec![], HashMap::new(), "ann"),
        person(
            2,
            address("Biel", 2502, None),
            vec![address("Bern", 3012, Some("ch"))],
            HashMap::new(),
            "bob",
        ),
        person(
            3,
            address("Aarau", 5000, Some("DE")),
            vec![address("Köln", 50667, None), address("Bonn", 53111, Some("DE"))],
            [("main".to_owned(), address("Bern", 3013, None))].into(),
            "ann",
        ),
    ]
}

async fn ids(cache: &Cache, filter: Filter<Person>) -> Vec<u32> {
    let accepted: Vec<u32> =
        people().iter().filter(|person| filter.accepts(person).unwrap()).map(|person| person.id).collect();
    let found = Person::find().filter(filter).all(cache).await.unwrap();
    let mut found: Vec<u32> = found.iter().map(|person| person.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn fields_of_fields_are_found(cache: Cache) {
    Migrator::new().register::<Person>().run(&cache).await.unwrap();
    for person in people() {
        let _ = person.save(&cache).await.unwrap();
        assert_eq!(Person::get(&cache, person.id).await.unwrap().unwrap(), person);
    }
    assert_eq!(ids(&cache, Person::HOME.city.eq("Bern")).await, [1]);
    assert_eq!(ids(&cache, Person::HOME.zip_code.lt(4_000)).await, [1, 2]);
    assert_eq!(ids(&cache, Person::HOME.place.country.eq("ch")).await, [1]);
    assert_eq!(ids(&cache, Person::HOME.place.notes.matches("river")).await, [1, 3]);
    assert_eq!(ids(&cache, Person::OLD.city.eq("Bern")).await, [2]);
    assert_eq!(ids(&cache, Person::OLD.zip_code.gt(53_000)).await, [3]);
    assert_eq!(ids(&cache, Person::OLD.place.country.eq("CH")).await, [2]);
    assert_eq!(ids(&cache, Person::OFFICES.city.eq("Bern")).await, [3]);
    assert_eq!(ids(&cache, Person::AUDIT.author.eq("ann")).await, [1, 3]);
    assert_eq!(ids(&cache, Person::SCORES.ge(20)).await, [2, 3]);
    assert_eq!(ids(&cache, Person::HOME.city.eq("Bern") | Person::OLD.city.eq("Bern")).await, [1, 2]);

    let sorted = Person::find().sort_by(Person::HOME.city.asc()).all(&cache).await.unwrap();
    assert_eq!(sorted.iter().map(|person| person.id).collect::<Vec<_>>(), [3, 1, 2]);
}

async fn paths_and_names_follow_serde(_cache: Cache) {
    let schema = Person::schema();
    let indexed: Vec<String> =
        schema.indexed().map(|field| format!("{} AS {}", field.path(), field.name())).collect();
    assert_eq!(
        indexed,
        [
            "$.home.city AS home_city",
            "$.home.zipCode AS home_zipCode",
            "$.home.place.country AS home_place_country",
            "$.home.place.notes[*] AS home_place_notes",
            "$.old[*].city AS old_city",
            "$.old[*].zipCode AS old_zipCode",
            "$.old[*].place.country AS old_place_country",
            "$.old[*].place.notes[*] AS old_place_notes",
            "$.offices.*.city AS offices_city",
            "$.offices.*.zipCode AS offices_zipCode",
            "$.offices.*.place.country AS offices_place_country",
            "$.offices.*.place.notes[*] AS offices_place_notes",
            "$.author AS author",
            "$.scores.* AS scores",
        ]
    );
    assert_eq!(
        schema.fields().filter(|field| field.is_sortable()).count(),
        1,
        "none within a list is sortable"
    );
}

async fn nul_is_refused_at_any_depth(cache: Cache) {
    let mut person = people().remove(2);
    person.old[1].place.as_mut().unwrap().notes[0] = "a\0b".to_owned();
    let error = person.save(&cache).await.unwrap_err();
    assert!(
        matches!(error, Error::NulCharacter { field, .. } if field.to_string() == "old_place_notes"),
        "{error}"
    );
    person.old[1].place = None;
    person.old[0].street = "a\0b".to_owned();
    assert!(person.save(&cache).await.unwrap().stored(), "what is not indexed may hold anything");
}

live! {
    fields_of_fields_are_found,
    paths_and_names_follow_serde,
    nul_is_refused_at_any_depth,
}
