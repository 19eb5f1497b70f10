//! Dates: written as numbers, read back as they were, and found by the index.

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, Migrator};
use cache_tests::{chain, live};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Event {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    #[serde(with = "cache_core::epoch_seconds")]
    day: NaiveDate,
    #[index(sortable)]
    #[serde(with = "cache_core::epoch_millis")]
    created: DateTime<Utc>,
    #[index(sortable)]
    #[serde(with = "cache_core::epoch_float_seconds")]
    precise: DateTime<Utc>,
    #[index]
    #[serde(default, with = "cache_core::epoch_millis", skip_serializing_if = "Option::is_none")]
    ended: Option<NaiveDateTime>,
    #[index]
    #[serde(with = "cache_core::epoch_seconds")]
    seen: Vec<OffsetDateTime>,
    #[embedded]
    more: More,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct More {
    #[index(numeric)]
    #[serde(with = "cache_core::epoch_float_seconds")]
    started: PrimitiveDateTime,
    #[index]
    #[serde(default, with = "cache_core::epoch_seconds")]
    birthday: Option<Date>,
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn events() -> Vec<Event> {
    let event = |id, created: &str, precise: &str, ended: Option<&str>, seen, started, birthday| Event {
        id,
        day: utc(created).date_naive(),
        created: utc(created),
        precise: utc(precise),
        ended: ended.map(|ended| utc(ended).naive_utc()),
        seen,
        more: More { started, birthday },
    };
    vec![
        event(
            1,
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00.5Z",
            None,
            vec![],
            datetime!(0001-01-01 0:00),
            Some(date!(0001 - 01 - 01)),
        ),
        event(
            2,
            "1969-12-31T23:59:59.999Z",
            "1969-12-31T23:59:59.999999Z",
            Some("1970-01-01T00:00:00Z"),
            vec![datetime!(1969-12-31 23:59:59 UTC), datetime!(2000-01-01 0:00 +2)],
            datetime!(1969-12-31 23:59:59.25),
            None,
        ),
        event(
            3,
            "2024-02-29T12:34:56.789Z",
            "2024-02-29T12:34:56.789012Z",
            Some("2024-03-01T00:00:00.001Z"),
            vec![datetime!(2024-02-29 12:00 UTC)],
            datetime!(2024-02-29 12:34:56.789012),
            Some(date!(2024 - 02 - 29)),
        ),
        event(
            4,
            "9999-12-31T23:59:59.999Z",
            "9999-12-31T23:59:59.5Z",
            Some("9999-12-31T23:59:59.999Z"),
            vec![datetime!(9999-12-31 23:59:59 UTC)],
            datetime!(9999-12-31 23:59:59),
            Some(date!(9999 - 12 - 31)),
        ),
    ]
}

async fn ids(cache: &Cache, filter: Filter<Event>) -> Vec<u32> {
    let accepted: Vec<u32> =
        events().iter().filter(|event| filter.accepts(*event).unwrap()).map(|event| event.id).collect();
    let found = Event::find().filter(filter).all(cache).await.unwrap();
    let mut found: Vec<u32> = found.iter().map(|event| event.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn saved(cache: &Cache) {
    Migrator::new().register::<Event>().run(cache).await.unwrap();
    for event in events() {
        let _ = event.save(cache).await.unwrap();
    }
}

async fn dates_come_back_as_they_were_and_are_found(cache: Cache) {
    saved(&cache).await;
    for event in events() {
        let id = event.id;
        assert_eq!(Event::get(&cache, id).await.unwrap().as_ref(), Some(&event));
        assert_eq!(ids(&cache, Event::CREATED.eq(event.created)).await, [id]);
        assert_eq!(ids(&cache, Event::PRECISE.eq(event.precise)).await, [id]);
        assert_eq!(ids(&cache, Event::DAY.eq(event.day)).await, [id]);
        assert_eq!(ids(&cache, Event::MORE.started.eq(event.more.started)).await, [id]);
        if let Some(ended) = event.ended {
            assert_eq!(ids(&cache, Event::ENDED.eq(ended)).await, [id]);
        }
        if let Some(birthday) = event.more.birthday {
            assert_eq!(ids(&cache, Event::MORE.birthday.eq(birthday)).await, [id]);
        }
        for seen in event.seen {
            assert_eq!(ids(&cache, Event::SEEN.eq(seen)).await, [id]);
        }
    }
    let sorted = Event::find().sort_by(Event::CREATED.desc()).all(&cache).await.unwrap();
    assert_eq!(sorted.iter().map(|event| event.id).collect::<Vec<_>>(), [4, 3, 2, 1]);
}

async fn ranges_and_finders_take_dates(cache: Cache) {
    saved(&cache).await;
    let (leap, next) = (utc("2024-02-29T12:34:56.789Z"), utc("2024-02-29T12:34:56.7890001Z"));
    assert_eq!(ids(&cache, Event::CREATED.lt(leap)).await, [1, 2]);
    assert_eq!(ids(&cache, Event::CREATED.le(leap)).await, [1, 2, 3]);
    assert_eq!(ids(&cache, Event::CREATED.between(utc("1969-01-01T00:00:00Z")..leap)).await, [2]);
    // An operand that is finer than what is stored.
    assert_eq!(ids(&cache, Event::CREATED.lt(next)).await, [1, 2, 3]);
    assert_eq!(ids(&cache, Event::CREATED.ge(next)).await, [4]);
    assert_eq!(ids(&cache, Event::CREATED.eq(next)).await, [0; 0]);
    assert_eq!(ids(&cache, Event::CREATED.ge(utc("1969-12-31T23:59:59.9985Z"))).await, [2, 3, 4]);
    assert_eq!(ids(&cache, Event::PRECISE.gt(utc("2024-02-29T12:34:56.7890119Z"))).await, [3, 4]);
    assert_eq!(ids(&cache, Event::PRECISE.gt(utc("2024-02-29T12:34:56.7890121Z"))).await, [4]);
    // Another offset is the same point in time, and `between` takes any range.
    assert_eq!(ids(&cache, Event::SEEN.eq(datetime!(2024-02-29 13:00 +1))).await, [3]);
    assert_eq!(Event::find_by_created(leap).one(&cache).await.unwrap().id, 3);
    assert_eq!(Event::find_by_created(leap..).count(&cache).await.unwrap(), 2);
    assert_eq!(Event::find_by_day(..=leap.date_naive()).count(&cache).await.unwrap(), 3);
}

async fn patches_write_the_form_of_the_field(cache: Cache) {
    saved(&cache).await;
    let expected = Event {
        created: utc("2030-01-01T00:00:00.001Z"),
        ended: Some(utc("2030-01-02T00:00:00Z").naive_utc()),
        seen: vec![datetime!(2024-02-29 12:00 UTC), datetime!(2030-01-01 0:00 UTC)],
        more: More { birthday: None, ..events()[2].more.clone() },
        ..events()[2].clone()
    };
    let _ = Event::patch(3)
        .set(Event::CREATED, expected.created)
        .set(Event::ENDED, expected.ended)
        .push(Event::SEEN, expected.seen[1])
        .set(Event::MORE.birthday, None::<Date>)
        .send(&cache)
        .await
        .unwrap();
    assert_eq!(Event::get(&cache, 3).await.unwrap(), Some(expected));
    let error = Event::patch(3).set(Event::CREATED, utc("2030-01-01T00:00:00.0001Z")).send(&cache).await;
    assert!(chain(&error.unwrap_err()).contains("epoch_float_seconds"));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Coarse {
    #[primary_key]
    id: u32,
    #[index]
    #[serde(with = "cache_core::epoch_seconds")]
    at: DateTime<FixedOffset>,
}

async fn what_would_be_lost_is_refused(cache: Cache) {
    let at = |text: &str| Coarse { id: 1, at: DateTime::parse_from_rfc3339(text).unwrap() };
    let error: Error = at("2024-02-29T12:00:00.5Z").save(&cache).await.unwrap_err();
    assert!(chain(&error).contains("cache_core::epoch_millis"), "{}", chain(&error));
    // The point in time is kept, its offset is not.
    let _ = at("2024-02-29T12:00:00+05:00").save(&cache).await.unwrap();
    let read = Coarse::get(&cache, 1).await.unwrap().unwrap();
    assert_eq!(read.at.to_rfc3339(), "2024-02-29T07:00:00+00:00");
}

live! {
    dates_come_back_as_they_were_and_are_found,
    patches_write_the_form_of_the_field,
    ranges_and_finders_take_dates,
    what_would_be_lost_is_refused,
}
