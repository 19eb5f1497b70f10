//! Suggestions on a real server: what is added is suggested, the best first, whatever was added, counted and deleted.

use std::collections::BTreeMap;

use cache_core::{Cache, Error, NewSuggestion, Suggestions, TermError};
use cache_tests::live;

async fn texts(cache: &Cache, of: &Suggestions, prefix: &str) -> Vec<String> {
    let found = of.get(prefix).all(cache).await.unwrap();
    found.into_iter().map(|suggestion| suggestion.text).collect()
}

async fn what_is_added_is_suggested(cache: Cache) {
    let cities = Suggestions::new("cities");
    assert_eq!(cities.len(&cache).await.unwrap(), 0);
    assert_eq!(texts(&cache, &cities, "b").await, Vec::<String>::new());
    assert!(!cities.delete(&cache, "Bern").await.unwrap());
    cities.add_many(&cache, [("Bern", 2.0), ("Berlin", 9.0), ("Bonn", 1.0), ("Zürich", 1.0)]).await.unwrap();
    assert_eq!(cities.len(&cache).await.unwrap(), 4);
    assert_eq!(texts(&cache, &cities, "be").await, ["Berlin", "Bern"]);
    assert_eq!(texts(&cache, &cities, "BE").await, ["Berlin", "Bern"]);
    assert_eq!(texts(&cache, &cities, "zÜ").await, ["Zürich"]);
    assert_eq!(texts(&cache, &cities, "").await.len(), 4);
    assert_eq!(cities.get("").max(2).all(&cache).await.unwrap().len(), 2);
    assert_eq!(texts(&cache, &cities, "vern").await, Vec::<String>::new());
    let fuzzy = cities.get("vern").fuzzy().all(&cache).await.unwrap();
    assert_eq!(fuzzy.len(), 1);
    assert_eq!(fuzzy[0].text, "Bern");

    cities.add(&cache, "Bern", 20.0).await.unwrap();
    assert_eq!(texts(&cache, &cities, "be").await, ["Bern", "Berlin"]);
    let found = cities.get("be").all(&cache).await.unwrap();
    assert!((found[0].score - 20.0 / 3f64.sqrt()).abs() < 1e-3, "{found:?}");
    assert!(!cities.delete(&cache, "bern").await.unwrap(), "in the case that it was added in");
    assert!(cities.delete(&cache, "Bern").await.unwrap());
    assert_eq!(texts(&cache, &cities, "be").await, ["Berlin"]);
    assert_eq!(texts(&cache.clone().namespace("elsewhere"), &cities, "").await, Vec::<String>::new());
    cities.clear(&cache).await.unwrap();
    assert_eq!(cities.len(&cache).await.unwrap(), 0);
}

async fn payloads_stay_until_they_are_replaced(cache: Cache) {
    let cities = Suggestions::new("payloads");
    let payload = async |text: &str| {
        let found = cities.get(text).with_payloads().all(&cache).await.unwrap();
        found.into_iter().find(|suggestion| suggestion.text == text).unwrap().payload
    };
    let bytes: Vec<u8> = (0..=255).collect();
    cities.add_many(&cache, [NewSuggestion::new("Bern", 1.0).payload(bytes.clone())]).await.unwrap();
    cities.add(&cache, "Bonn", 1.0).await.unwrap();
    assert_eq!(payload("Bern").await.as_deref(), Some(&bytes[..]));
    assert_eq!(payload("Bonn").await, None);
    cities.add(&cache, "Bern", 5.0).await.unwrap();
    cities.increment(&cache, "Bern", 5.0).await.unwrap();
    assert_eq!(payload("Bern").await.as_deref(), Some(&bytes[..]));
    cities.add_many(&cache, [NewSuggestion::new("Bern", 1.0).payload("INCR")]).await.unwrap();
    assert_eq!(payload("Bern").await.as_deref(), Some(&b"INCR"[..]));
    assert_eq!(cities.get("Bern").all(&cache).await.unwrap()[0].payload, None, "not asked for");
    let empty = cities.add_many(&cache, [NewSuggestion::new("Bern", 1.0).payload("")]).await.unwrap_err();
    assert!(matches!(empty, Error::Term(TermError::EmptyPayload { .. })), "{empty}");
}

/// Without the second command of each write, RediSearch passes by those that were counted up.
async fn what_was_counted_up_comes_first(cache: Cache) {
    let words = Suggestions::new("counted");
    words.add_many(&cache, (0..6).map(|number| (format!("p{number}"), 50.0))).await.unwrap();
    for _ in 0..200 {
        words.increment(&cache, "pxa", 1.0).await.unwrap();
    }
    words.increment(&cache, "pxb", 1.0).await.unwrap();
    assert_eq!(texts(&cache, &words, "p").await[0], "pxa");
    assert_eq!(words.len(&cache).await.unwrap(), 8, "nothing else is left behind");
}

/// Random writes, and after each the ranking as it is documented.
async fn the_best_are_the_best(cache: Cache) {
    let words = Suggestions::new("ranked");
    let mut scores: BTreeMap<String, f64> = BTreeMap::new();
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for step in 0..1_500 {
        let text: String = (0..1 + random(6)).map(|_| ['a', 'b', 'c', 'é'][random(4) as usize]).collect();
        let score = (1 + random(100)) as f64 / 2.0;
        match random(3) {
            0 => {
                words.add(&cache, &text, score).await.unwrap();
                scores.insert(text, score);
            }
            1 => {
                words.increment(&cache, &text, score).await.unwrap();
                *scores.entry(text).or_default() += score;
            }
            _ => assert_eq!(words.delete(&cache, &text).await.unwrap(), scores.remove(&text).is_some()),
        }
        if step % 5 > 0 {
            continue;
        }
        for prefix in ["", "a", "ab", "bca", "é"] {
            let rank = |(text, score): (&String, &f64)| {
                // The server compares the characters of the text with the bytes of the prefix.
                let more = text.chars().count().abs_diff(prefix.len()) as f64;
                let score = if text == prefix { 2_147_483_648.0 } else { *score };
                score / (1.0 + more).sqrt()
            };
            let mut expected: Vec<f64> =
                scores.iter().filter(|(text, _)| text.starts_with(prefix)).map(rank).collect();
            expected.sort_by(|one, other| other.total_cmp(one));
            for max in [1, 2, 5, 10] {
                let found = words.get(prefix).max(max).all(&cache).await.unwrap();
                assert_eq!(found.len(), expected.len().min(max.into()));
                for (suggestion, expected) in found.iter().zip(&expected) {
                    let off = (suggestion.score - expected).abs();
                    assert!(off <= expected * 1e-5, "{prefix:?} {max}: {found:?}, {expected}");
                }
            }
        }
    }
    assert_eq!(words.len(&cache).await.unwrap(), scores.len() as u64);
}

async fn what_the_server_would_change_is_refused(cache: Cache) {
    let words = Suggestions::new("refused");
    let long = "a".repeat(255);
    for text in ["", "a\0b", "🦀", "\u{ffff}", &long] {
        for error in [
            words.add(&cache, text, 1.0).await.unwrap_err(),
            words.increment(&cache, text, 1.0).await.unwrap_err(),
            words.delete(&cache, text).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Term(_)), "{error}");
        }
    }
    for prefix in ["a\0b", "🦀", &"a".repeat(100), &"€".repeat(67)] {
        assert!(words.get(prefix).all(&cache).await.is_err(), "{prefix:?}");
    }
    for score in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e39] {
        let error = words.add(&cache, "a", score).await.unwrap_err();
        assert!(matches!(error, Error::Term(TermError::Score { .. })), "{error}");
    }
    assert_eq!(words.len(&cache).await.unwrap(), 0);
    // The longest that are taken.
    let (ascii, wide) = ("a".repeat(254), "€".repeat(169));
    for (text, prefix) in [(&ascii, "a".repeat(99)), (&wide, "€".repeat(66))] {
        words.add(&cache, text, 1.0).await.unwrap();
        words.increment(&cache, text, 1.0).await.unwrap();
        assert_eq!(texts(&cache, &words, &prefix).await.as_slice(), std::slice::from_ref(text));
        assert!(words.delete(&cache, text).await.unwrap());
    }
    assert_eq!(words.len(&cache).await.unwrap(), 0);
}

live! {
    what_is_added_is_suggested,
    payloads_stay_until_they_are_replaced,
    what_was_counted_up_comes_first,
    the_best_are_the_best,
    what_the_server_would_change_is_refused,
}
