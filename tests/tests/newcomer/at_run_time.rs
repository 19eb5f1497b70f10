//! Mistakes that no compiler can see, each made once against a real server.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Command, Gate, GateError, Migrator};
use cache_tests::plain::Plain;
use cache_tests::{chain, private_server, shared_url};
use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// Makes a mistake and answers what it leads to.
type Mistake = fn(Cache) -> BoxFuture<'static, String>;

/// By the names that the table has.
pub(crate) const MISTAKES: &[(&str, Mistake)] = &[
    ("url_without_scheme", |_| Box::pin(connecting("localhost:6379"))),
    ("nobody_listens", |_| Box::pin(connecting("redis://127.0.0.1:1"))),
    ("wrong_password", |_| Box::pin(wrong_password())),
    ("no_runtime", |_| Box::pin(async { on_a_thread(no_runtime) })),
    ("forgotten_migration", |cache| Box::pin(async move { told(Ticket::find().count(&cache).await) })),
    ("forgotten_register", |cache| Box::pin(forgotten_register(cache))),
    ("no_search_module", |_| Box::pin(no_search_module())),
    ("another_database", |_| Box::pin(another_database())),
    ("project_with_nothing_in_it", |cache| {
        Box::pin(async move { told(ticket(1).save(&cache.project("")).await) })
    }),
    ("schema_not_locked", |_| Box::pin(async { on_a_thread(not_locked) })),
    ("stale_version", |cache| Box::pin(stale_version(cache))),
    ("value_taken", |cache| Box::pin(value_taken(cache))),
    ("inserted_twice", |cache| Box::pin(inserted_twice(cache))),
    ("replaced_what_is_not_there", |cache| Box::pin(async move { told(ticket(1).replace(&cache).await) })),
    ("patched_what_is_not_there", |cache| {
        Box::pin(async move { told(Ticket::patch(1).set(Ticket::STATE, "open").send(&cache).await) })
    }),
    ("wrong_type_by_another_program", |cache| Box::pin(wrong_type(cache))),
    ("field_renamed", |cache| Box::pin(field_renamed(cache))),
    ("ttl_of_a_gate_too_short", |cache| Box::pin(short_gate(cache))),
    ("server_gone", |_| Box::pin(server_gone())),
];

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "ticket")]
struct Ticket {
    #[primary_key]
    id: u32,
    #[index]
    state: String,
    #[unique]
    #[serde(default)]
    number: Option<u32>,
    #[version]
    #[serde(default)]
    version: u64,
}

/// The same documents after somebody renamed a field.
#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "ticket")]
struct Renamed {
    #[primary_key]
    id: u32,
    #[index]
    status: String,
}

fn ticket(id: u32) -> Ticket {
    Ticket { id, state: "open".to_owned(), number: None, version: 0 }
}

/// What a user reads.
fn told<T>(result: Result<T, impl std::error::Error + 'static>) -> String {
    match result {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(error) => chain(&error),
    }
}

/// Where there is no runtime; what it panics with is what it says.
fn on_a_thread(mistake: fn() -> String) -> String {
    match std::thread::spawn(mistake).join() {
        Ok(said) => said,
        Err(panic) => {
            panic.downcast::<String>().map_or_else(|_| "a panic without a text".to_owned(), |text| *text)
        }
    }
}

fn no_runtime() -> String {
    let connecting = pin!(Cache::connect("redis://127.0.0.1:1"));
    match connecting.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => told(result),
        Poll::Pending => "it waits".to_owned(),
    }
}

async fn connecting(url: &str) -> String {
    told(Cache::connect(url).await)
}

async fn wrong_password() -> String {
    let server = Server::options().tcp(true).start().await.unwrap();
    let cache = Cache::connect(server.url()).await.unwrap();
    cache.command(Command::new("CONFIG").args_from(["SET", "requirepass", "right"])).await.unwrap();
    told(Cache::connect(server.url().replace("redis://", "redis://:wrong@")).await)
}

async fn another_database() -> String {
    let cache = Cache::connect(format!("{}?db=1", shared_url().await)).await.unwrap();
    told(Migrator::new().register::<Ticket>().run(&cache).await)
}

async fn forgotten_register(cache: Cache) -> String {
    Migrator::new().register::<Renamed>().run(&cache).await.unwrap();
    told(Ticket::find().count(&cache).await)
}

/// As most packages of a server are.
async fn no_search_module() -> String {
    let server = Plain::start().await;
    loop {
        if let Ok(cache) = Cache::connect(server.url()).await {
            return told(Migrator::new().register::<Ticket>().run(&cache).await);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn not_locked() -> String {
    Migrator::new().register::<Ticket>().assert_locked("");
    "nothing is wrong".to_owned()
}

async fn stale_version(cache: Cache) -> String {
    let _ = ticket(1).save(&cache).await.unwrap();
    told(ticket(1).save(&cache).await)
}

async fn value_taken(cache: Cache) -> String {
    let numbered = |id| Ticket { number: Some(7), ..ticket(id) };
    let _ = numbered(1).save(&cache).await.unwrap();
    told(numbered(2).save(&cache).await)
}

async fn inserted_twice(cache: Cache) -> String {
    let _ = ticket(1).insert(&cache).await.unwrap();
    told(ticket(1).insert(&cache).await)
}

async fn wrong_type(cache: Cache) -> String {
    Migrator::new().register::<Ticket>().run(&cache).await.unwrap();
    let key = format!("{}:ticket:1", cache.keyspace().unwrap().global());
    cache.command(Command::new("JSON.SET").key(&key).arg("$").arg(r#"{"id":1,"state":7}"#)).await.unwrap();
    loop {
        // It is noticed within half a minute; a look of one's own is quicker.
        let _ = Migrator::new().register::<Ticket>().readiness(&cache).await.unwrap();
        let said = told(Ticket::find().all(&cache).await);
        if said != "nothing is wrong" {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn field_renamed(cache: Cache) -> String {
    let _ = ticket(1).save(&cache).await.unwrap();
    told(Renamed::get(&cache, 1).await)
}

async fn short_gate(cache: Cache) -> String {
    let gate = Gate::new("job").ttl(Duration::from_millis(10));
    told(gate.run(&cache, async |_| Ok::<_, GateError>(())).await)
}

async fn server_gone() -> String {
    let server = private_server().await;
    let cache = Cache::connect(server.url()).await.unwrap();
    server.kill().await.unwrap();
    told(Ticket::get(&cache, 1).await)
}
