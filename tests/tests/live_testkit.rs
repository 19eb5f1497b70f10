//! Tests as a user writes them: each with a cache of its own, cleaned up after it, also after a panic.

use std::sync::Mutex;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy, Setup, settled, shared_url};
use cache_core::{Cache, CacheModel, Command, Gate, Protocol, RedisSettings, Reply};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Ticket {
    #[primary_key]
    id: u32,
    #[index]
    state: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Plain {
    #[primary_key]
    id: u32,
}

fn ticket(id: u32) -> Ticket {
    Ticket { id, state: "open".to_owned() }
}

#[cache_core::test(register(Ticket))]
async fn what_was_written_is_found(cache: Cache) -> cache_core::Result<()> {
    for id in 0..100 {
        let _ = ticket(id).save(&cache).await?;
    }
    assert_eq!(settled::<Ticket>(&cache).await?, 100);
    assert_eq!(Ticket::find_by_state("open").count(&cache).await?, 100);
    Ok(())
}

#[cache_core::test(register(Ticket), protocol = Protocol::Resp2)]
async fn nobody_elses_documents_are_seen(cache: Cache) {
    assert_eq!(cache.capabilities().protocol, Protocol::Resp2);
    assert_eq!(settled::<Ticket>(&cache).await.unwrap(), 0);
    let _ = ticket(1).save(&cache).await.unwrap();
    assert_eq!(settled::<Ticket>(&cache).await.unwrap(), 1);
}

#[cache_core::test]
async fn a_missing_index_is_said(cache: Cache) {
    let error = settled::<Ticket>(&cache).await.unwrap_err();
    assert!(error.to_string().contains("Migrator::new().register::<Ticket>()"), "{error}");
}

#[cache_core::test]
#[should_panic(expected = "on purpose")]
async fn a_panic_is_a_failure(cache: Cache) {
    let _ = Plain { id: 1 }.save(&cache).await.unwrap();
    panic!("on purpose");
}

#[cache_core::test]
async fn a_server_of_its_own_may_be_killed(cache: Cache, server: Server) {
    let _ = Plain { id: 1 }.save(&cache).await.unwrap();
    server.kill().await.unwrap();
    assert!(Plain::get(&cache, 1).await.unwrap_err().is_unavailable());
    server.restart().await.unwrap();
    assert_eq!(Plain::get(&cache, 1).await.unwrap(), None);
}

#[cache_core::test]
async fn a_lost_answer_is_an_error_and_no_second_call(_cache: Cache, server: Server) {
    let proxy = Proxy::start(&server.url()).await.unwrap();
    let settings = RedisSettings::new(proxy.url()).response_timeout(Duration::from_secs(20));
    let cache = Cache::connect(settings).await.unwrap();
    let increment = || Command::new("INCR").key("n");
    assert_eq!(cache.command(increment()).await.unwrap(), Reply::Int(1));
    proxy.next(Direction::ToClient, Fault::Reset);
    assert!(cache.command(increment()).await.unwrap_err().is_unavailable());
    assert_eq!(cache.command(Command::new("GET").key("n").repeatable()).await.unwrap().as_str(), Some("2"));
    let wrong = Proxy::start("localhost:6379").await.unwrap_err().to_string();
    assert!(wrong.contains("redis://HOST:PORT"), "{wrong}");
}

/// Everything that there is under a project: keys and indexes.
async fn left(project: &str) -> Vec<String> {
    let cache = Cache::connect(shared_url().await.unwrap()).await.unwrap();
    let keys = cache.command(Command::new("KEYS").arg(format!("{project}*"))).await.unwrap();
    let indexes = cache.command(Command::new("FT._LIST")).await.unwrap();
    let (Reply::Array(keys), Reply::Array(indexes)) = (keys, indexes) else { panic!("no lists") };
    let names = keys.iter().chain(&indexes).filter_map(Reply::as_str);
    names.filter(|name| name.starts_with(project)).map(str::to_owned).collect()
}

#[test]
fn nothing_is_left_also_after_a_panic() {
    static PROJECT: Mutex<String> = Mutex::new(String::new());
    let body = async |cache: Cache, panics: bool| {
        let project = cache.project_name().unwrap().unwrap().to_owned();
        project.clone_into(&mut PROJECT.lock().unwrap());
        let _ = ticket(1).save(&cache).await.unwrap();
        for id in 0..1_200 {
            let _ = Plain { id }.save(&cache).await.unwrap();
        }
        let ran = Gate::new("job").run(&cache, async |_| Ok::<_, cache_core::GateError>(())).await.unwrap();
        drop(ran);
        let there = left(&project).await;
        assert!(there.len() > 1_203, "{}", there.len());
        assert!(there.iter().any(|name| name.contains(":idx:")), "{there:?}");
        assert!(!panics, "on purpose");
    };
    for panics in [false, true] {
        let run = || Setup::new("cleaned").register::<Ticket>().run(async |cache| body(cache, panics).await);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        assert_eq!(outcome.is_err(), panics);
        let project = PROJECT.lock().unwrap().clone();
        assert!(project.starts_with("cleaned-"), "{project}");
        Setup::new("looking").run(async |_| assert_eq!(left(&project).await, Vec::<String>::new()));
    }
}
