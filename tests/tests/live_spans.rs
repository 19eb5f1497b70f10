//! Calls as `tracing` shows them: a span each, with names, counts and sizes, and never a value.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, IndexSchema, Migrator, Protocol, RedisSettings};
use cache_tests::{connect_with, live, private_server};
use serde::{Deserialize, Serialize};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What must be seen nowhere.
const SECRET: &str = "hunter2-'\"\n@{*}";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "spanned")]
struct Spanned {
    #[primary_key]
    id: String,
    #[index]
    word: String,
    #[index(sortable)]
    number: u32,
}

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of each span of ours, and every text of whatever else there is.
#[derive(Clone, Default)]
struct Kept {
    spans: Arc<Mutex<Vec<(&'static str, Fields)>>>,
    events: Arc<Mutex<Vec<String>>>,
}

struct Write<'a>(&'a mut Fields);

impl Visit for Write<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Write(&mut fields));
        let mut spans = self.spans.lock().unwrap();
        spans.push((span.metadata().target(), fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut Write(&mut self.spans.lock().unwrap()[span.into_u64() as usize - 1].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Write(&mut fields));
        self.events.lock().unwrap().push(format!("{fields:?}"));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Kept {
    /// The spans of ours since the last call.
    fn spans(&self) -> Vec<Fields> {
        let spans = self.spans.lock().unwrap();
        spans
            .iter()
            .filter(|(target, _)| *target == "cache_core::command")
            .map(|(_, it)| it.clone())
            .collect()
    }

    fn last(&self) -> Fields {
        self.spans().pop().unwrap()
    }

    fn all(&self) -> String {
        format!("{:?} {:?}", self.spans.lock().unwrap(), self.events.lock().unwrap())
    }
}

fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// Makes the call and nothing else on this thread, with whoever looks.
async fn seen(kept: &Kept, call: impl Future<Output = ()>) {
    use tracing::instrument::WithSubscriber;
    call.with_subscriber(kept.clone()).await;
}

fn spanned(id: &str, number: u32) -> Spanned {
    Spanned { id: id.to_owned(), word: SECRET.to_owned(), number }
}

async fn a_call_is_told_without_its_values(cache: Cache) {
    Migrator::new().register::<Spanned>().run(&cache).await.unwrap();
    let kept = Kept::default();
    let global = cache.keyspace().unwrap().global().to_owned();
    seen(&kept, async {
        let document = spanned("hunter2", 1);
        assert!(document.save(&cache).await.unwrap().stored());
        let span = kept.last();
        assert_eq!(get(&span, "db.system.name"), "redis", "{span:?}");
        assert_eq!(get(&span, "cache.namespace"), global);
        assert_eq!(get(&span, "cache.model"), "Spanned");
        assert_eq!(get(&span, "cache.outcome"), "ok");
        let size: usize = get(&span, "cache.request.bytes").parse().unwrap();
        assert!(size > serde_json::to_string(&document).unwrap().len(), "{span:?}");

        let read = Spanned::get(&cache, "hunter2").await.unwrap().unwrap();
        let span = kept.last();
        assert_eq!(get(&span, "db.operation.name"), "JSON.GET");
        assert_eq!(get(&span, "db.response.returned_rows"), "1");
        let size: usize = get(&span, "cache.response.bytes").parse().unwrap();
        assert_eq!(size, serde_json::to_string(&read).unwrap().len(), "{span:?}");
        assert!(Spanned::get(&cache, "hunter2-none").await.unwrap().is_none());
        assert_eq!(get(&kept.last(), "db.response.returned_rows"), "0");

        for number in 2..6 {
            assert!(spanned(&format!("hunter2-{number}"), number).save(&cache).await.unwrap().stored());
        }
        let before = kept.spans().len();
        let query = Spanned::find().filter(Spanned::WORD.eq(SECRET) & Spanned::NUMBER.gt(2)).page(0, 2);
        let found = query.all(&cache).await.unwrap();
        assert_eq!((found.len(), found.total()), (2, 3));
        let spans = kept.spans();
        let span = spans[before..].iter().find(|span| get(span, "db.response.returned_rows") == "2");
        let span = span.unwrap_or_else(|| panic!("{:?}", &spans[before..]));
        assert_eq!(get(span, "cache.model"), "Spanned");
        assert_eq!(get(span, "cache.index"), Spanned::schema().index_name(cache.keyspace().unwrap()));
        let names = [get(span, "db.operation.name"), get(span, "cache.commands")].join(" ");
        assert!(names.contains("FT.SEARCH"), "{span:?}");

        let many = Spanned::get_many(&cache, ["hunter2", "hunter2-2", "hunter2-none"]).await.unwrap();
        assert_eq!(many.iter().flatten().count(), 2);
        assert_eq!(get(&kept.last(), "db.response.returned_rows"), "2");
    })
    .await;
    let all = kept.all();
    assert!(!all.contains("hunter2"), "{all}");
}

async fn a_call_that_fails_says_how(cache: Cache) {
    let kept = Kept::default();
    seen(&kept, async {
        let key = format!("{}:hunter2", cache.keyspace().unwrap().global());
        let _ = cache.command(Command::new("SET").key(&key).arg(SECRET)).await.unwrap();
        cache.command(Command::new("LPUSH").key(&key).arg(SECRET)).await.unwrap_err();
        let span = kept.last();
        assert_eq!(get(&span, "error.type"), "wrong_type", "{span:?}");
        assert_eq!(get(&span, "db.response.status_code"), "WRONGTYPE");
        assert_eq!((get(&span, "cache.outcome"), get(&span, "otel.status_code")), ("error", "ERROR"));

        let script = "return redis.error_reply('HUNTER2 ' .. ARGV[1])";
        let call = Command::new("EVAL").arg(script).arg("0").arg(SECRET);
        cache.command(call).await.unwrap_err();
        let span = kept.last();
        assert_eq!(
            (get(&span, "error.type"), get(&span, "db.response.status_code")),
            ("server", ""),
            "{span:?}"
        );

        cache.command(Command::new(&format!("NOSUCH {SECRET}"))).await.unwrap_err();
        assert_eq!(get(&kept.last(), "db.operation.name"), "_OTHER");

        let slow = Command::new("BLPOP").arg("nothing").arg("0").within(Duration::from_millis(30));
        cache.command(slow).await.unwrap_err();
        assert_eq!(get(&kept.last(), "error.type"), "timeout");

        // Polled once, and dropped.
        {
            let mut given_up = pin!(cache.command(Command::new("PING")));
            assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let span = kept.last();
        assert_eq!((get(&span, "cache.outcome"), get(&span, "error.type")), ("cancelled", "cancelled"));
    })
    .await;
    let all = kept.all().to_lowercase();
    assert!(!all.contains("hunter2"), "{all}");
}

live!(a_call_is_told_without_its_values, a_call_that_fails_says_how);

#[tokio::test]
async fn no_password_is_told() {
    let server = private_server().await;
    let admin = connect_with(server.url()).await.unwrap();
    let user = ["SETUSER", "ann", "on", ">hunter2", "~*", "&*", "+@all"];
    let kept = Kept::default();
    seen(&kept, async {
        let _ = admin.command(Command::new("ACL").args_from(user)).await.unwrap();
        let ann = || RedisSettings::new(server.url()).protocol(Protocol::Resp3).username("ann");
        let cache = connect_with(ann().password("hunter2")).await.unwrap();
        cache.ping().await.unwrap();
        assert_eq!(get(&kept.last(), "db.operation.name"), "PING");
        connect_with(ann().password("hunter2-wrong")).await.unwrap_err();
    })
    .await;
    let all = kept.all();
    assert!(!all.contains("hunter2"), "{all}");
}

/// It loads in a task of its own, on the one thread that there is.
#[tokio::test]
async fn what_could_not_be_loaded_is_told_without_its_key() {
    let server = private_server().await;
    let cache = connect_with(server.url()).await.unwrap();
    let kept = Kept::default();
    let listens = tracing::subscriber::set_default(kept.clone());
    let fails = async || Err::<Option<Spanned>, _>(std::io::Error::other(SECRET));
    assert!(Spanned::get_or_load(&cache, "hunter2", fails).await.unwrap_err().loader().is_some());
    let other = async || Ok::<_, std::io::Error>(Some(spanned("hunter2-other", 1)));
    assert!(Spanned::get_or_load(&cache, "hunter2", other).await.is_err());
    drop(listens);
    let all = kept.all();
    assert_eq!(all.matches("not loaded").count(), 2, "{all}");
    assert!(!all.contains("hunter2"), "{all}");
}
