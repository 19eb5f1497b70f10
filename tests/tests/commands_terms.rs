//! The exact commands of what stands around queries, seen by a connection that records them.

use cache_core::{
    CacheModel, Dictionary, Error, IndexSchema, NewSuggestion, Reply, Suggestions, TermError, Terms,
};
use cache_tests::recorder::{listening, recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Offer {
    #[primary_key]
    id: u32,
    #[index]
    city: String,
    #[index(text)]
    title: String,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Plain {
    #[primary_key]
    id: u32,
    #[index]
    city: String,
}

fn index_of(cache: &cache_core::Cache) -> String {
    Offer::schema().index_name(cache.keyspace().unwrap())
}

#[tokio::test]
async fn suggestions() {
    let (recorder, cache) = recorded(std::iter::repeat_n(Reply::Int(1), 9).chain([Reply::Nil, Reply::Nil]));
    let cities = Suggestions::new("cities");
    cities.add(&cache, "Bern", 1.5).await.unwrap();
    cities.add_many(&cache, [NewSuggestion::new("Bonn", 2.0).payload("DE")]).await.unwrap();
    cities.increment(&cache, "Bern", 1.0).await.unwrap();
    assert!(cities.delete(&cache, "Bern").await.unwrap());
    assert_eq!(cities.len(&cache).await.unwrap(), 1);
    assert!(cities.get("be").all(&cache).await.unwrap().is_empty());
    assert!(cities.get("").fuzzy().max(9).with_payloads().all(&cache).await.unwrap().is_empty());
    assert!(cities.get("").max(0).all(&cache).await.unwrap().is_empty());
    cities.clear(&cache).await.unwrap();
    let key = "shop:cache:~:suggestions:cities";
    assert_eq!(
        recorder.sent(),
        [
            "pipeline".to_owned(),
            format!("FT.SUGADD {key} Bern 1.5 (repeatable)"),
            format!("FT.SUGADD {key} Bern 1.5 (repeatable)"),
            "pipeline".to_owned(),
            format!("FT.SUGADD {key} Bonn 2 PAYLOAD DE (repeatable)"),
            format!("FT.SUGADD {key} Bonn 2 PAYLOAD DE (repeatable)"),
            "MULTI".to_owned(),
            format!("FT.SUGADD {key} Bern 1 INCR"),
            format!("FT.SUGADD {key} Bern\u{ffff} 1"),
            format!("FT.SUGDEL {key} Bern\u{ffff}"),
            format!("FT.SUGDEL {key} Bern"),
            format!("FT.SUGLEN {key} (repeatable)"),
            format!("FT.SUGGET {key} be WITHSCORES MAX 5 (repeatable)"),
            format!("FT.SUGGET {key}  FUZZY WITHSCORES WITHPAYLOADS MAX 9 (repeatable)"),
            format!("UNLINK {key} (repeatable)"),
        ]
    );
    let error = Suggestions::new("~a").len(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Name(_)), "{error}");
    let error = cities.add_many(&cache, [("a", 1.0), ("", 1.0)]).await.unwrap_err();
    assert!(matches!(error, Error::Term(TermError::Empty { .. })), "{error}");
    assert!(recorder.sent().is_empty(), "nothing is sent of what is refused");
}

#[tokio::test]
async fn dictionaries_and_spelling() {
    let none = || Reply::Array(vec![]);
    let (recorder, cache) = recorded([Reply::Int(2), Reply::Int(1), none(), none(), none()]);
    let brands = Dictionary::new("brands");
    assert_eq!(brands.add(&cache, ["rolex", "swatch"]).await.unwrap(), 2);
    assert_eq!(brands.remove(&cache, ["swatch"]).await.unwrap(), 1);
    assert_eq!(brands.add(&cache, Vec::<String>::new()).await.unwrap(), 0);
    assert_eq!(brands.words(&cache).await.unwrap(), Vec::<String>::new());
    let check = Offer::spell_check("The @title:helo {wrld}");
    assert!(check.clone().misspelled(&cache).await.unwrap().is_empty());
    let check = check.distance(2).include(&brands).exclude(&Dictionary::new("names"));
    assert!(check.misspelled(&cache).await.unwrap().is_empty());
    assert!(Offer::spell_check("the ...").misspelled(&cache).await.unwrap().is_empty());
    let (index, name) = (index_of(&cache), "shop:cache:~:dictionary");
    let [caching, made] = listening(Offer::schema());
    assert_eq!(
        recorder.sent(),
        [
            "pipeline".to_owned(),
            format!("FT.DICTADD {name}:brands rolex swatch (repeatable)"),
            "pipeline".to_owned(),
            format!("FT.DICTDEL {name}:brands swatch (repeatable)"),
            format!("FT.DICTDUMP {name}:brands (repeatable)"),
            "pipeline".to_owned(),
            caching,
            made,
            format!("FT.INFO {index} (repeatable)"),
            format!("FT.SPELLCHECK {index} title helo wrld  DISTANCE 1 DIALECT 2 (repeatable)"),
            format!(
                "FT.SPELLCHECK {index} title helo wrld  DISTANCE 2 TERMS INCLUDE {name}:brands TERMS EXCLUDE {name}:names \
                 DIALECT 2 (repeatable)"
            ),
        ]
    );
    let error = Plain::spell_check("helo").misspelled(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Term(TermError::NoText { model: "Plain" })), "{error}");
    let error = Offer::spell_check("helo").distance(5).misspelled(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Term(TermError::Distance { distance: 5 })), "{error}");
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn tag_values() {
    let values = ["b", "a"].map(|value| Reply::Bulk(value.into())).to_vec();
    let (recorder, cache) = recorded([Reply::Array(values)]);
    assert_eq!(Offer::tag_values(&cache, Offer::CITY).await.unwrap(), ["a", "b"]);
    let index = index_of(&cache);
    let look = format!("FT.INFO {index} (repeatable)");
    let [caching, made] = listening(Offer::schema());
    assert_eq!(
        recorder.sent(),
        ["pipeline".to_owned(), caching, made, look, format!("FT.TAGVALS {index} city (repeatable)")],
        "values cannot say that some are missing, so that it is asked with them whether the index is filled"
    );
}

#[tokio::test]
async fn synonyms() {
    let (auto, cars) = (Reply::Bulk("auto".into()), Reply::Array(vec![Reply::Bulk("cars".into())]));
    let there = Reply::Array(vec![auto, cars]);
    let ok = || Reply::Status("OK".into());
    let (recorder, cache) = recorded([Reply::Array(vec![]), ok(), there.clone(), there, ok()]);
    assert!(Offer::synonyms().update(&cache, "cars", ["Car", "auto"]).await.unwrap());
    assert!(!Offer::synonyms().update(&cache, "cars", ["AUTO"]).await.unwrap());
    assert!(Offer::synonyms().skip_initial_scan().update(&cache, "cars", ["car"]).await.unwrap());
    let index = index_of(&cache);
    let dump = format!("FT.SYNDUMP {index} (repeatable)");
    let sent = recorder.sent();
    // The server is asked by a script, which answers any bytes.
    let look = sent.iter().find(|sent| sent.ends_with(&format!("FT.INFO {index} (repeatable)")));
    let [pipeline, look] = ["pipeline".to_owned(), look.unwrap().clone()];
    let [caching, made] = listening(Offer::schema());
    let looks = [pipeline.clone(), caching, made.clone(), look];
    let announced = made.replace("GET", "INCR").replace(" (repeatable)", "");
    assert_eq!(
        sent,
        [
            // Other processes are told before the server looks through all documents.
            &[dump.clone(), pipeline, announced, format!("FT.SYNUPDATE {index} cars auto car (repeatable)")]
                [..],
            &looks,
            &looks,
            std::slice::from_ref(&dump),
            &looks,
            &[dump.clone(), format!("FT.SYNUPDATE {index} cars SKIPINITIALSCAN car (repeatable)")],
        ]
        .concat()
    );
    let error = Offer::synonyms().update(&cache, "cars", ["motor car"]).await.unwrap_err();
    assert!(matches!(error, Error::Term(TermError::NotOneWord { .. })), "{error}");
    assert!(recorder.sent().is_empty());
}
