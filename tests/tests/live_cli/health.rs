//! What is said to be ready, and to be done.

use cache_core::{Cache, Migrator, Protocol, cli};
use cache_tests::releases::first::User;
use cache_tests::{connect, private_server};
use clap::Parser;
use serde_json::Value;

use super::service::{Ended, Service};

/// A document that another program wrote, with a value of another type.
pub(super) async fn health_names_what_cannot_be_indexed(cache: Cache) {
    let service = Service::of(&cache).await;
    assert_eq!(service.run("save 1 Bern 30").code, 0);
    let key = format!("{}:cache:user:2", service.project);
    let write = cache_core::Command::new("JSON.SET").key(&key).arg("$");
    cache.command(write.arg(r#"{"id":2,"city":"Bern","age":"old"}"#)).await.unwrap();
    let Ended { code, out, .. } = service.run("index health");
    assert_eq!(code, 2, "{out}");
    assert!(
        out.starts_with("User: filled, without 1 document that is there; `migrate apply` tells"),
        "{out}"
    );
    let line = format!("  indexing failures: 1, the last one `{key}`: Invalid JSON type: ");
    assert!(out.contains(&line), "{out}");
    let (code, health) = service.json("index health");
    let own = &health["indexes"][0];
    assert_eq!((code, &own["readiness"], &own["missing"]), (2, &Value::from("short"), &Value::from(1)));
    assert_eq!((&own["failures"], &own["last_failure"]), (&Value::from(1), &Value::from(key.clone())));
    assert!(own["last_error"].as_str().unwrap().starts_with("Invalid JSON type: "), "{own}");
    // The migrator counts what is missing.
    let Ended { code, out, .. } = service.run("migrate apply");
    assert_eq!(code, 0);
    let line = format!(" lacks 1 document for a value of another type: {key}; mend or delete it\n");
    assert!(out.contains(&line), "{out}");
    // Mended, it is missing no longer, though the server goes on counting it.
    assert_eq!(service.run("save 2 Bern 31").code, 0);
    let Ended { code, out, .. } = service.run("index health");
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("User: ready\n") && out.contains("indexing failures: 1"), "{out}");
}

/// Somebody made another index under the name of ours.
pub(super) async fn an_index_that_is_another_one_is_not_ready(cache: Cache) {
    let service = Service::of(&cache).await;
    let (_, plan) = service.json("migrate plan");
    assert_eq!((&plan["refused"], &plan["pending"]), (&Value::Null, &Value::Bool(true)));
    let index = plan["plans"][0]["index"].as_str().unwrap().to_owned();
    let prefix = format!("{}:cache:user:", service.project);
    let words = ["ON", "JSON", "PREFIX", "1", &*prefix, "SCHEMA", "$.city", "AS", "city", "TEXT"];
    let create = cache_core::Command::new("FT.CREATE").arg(&index).args_from(words);
    cache.command(create).await.unwrap();

    let Ended { code, out, .. } = service.run("index health");
    assert_eq!(code, 2, "{out}");
    assert!(
        out.starts_with("User: another index than its model says; `migrate plan` says what to do\n"),
        "{out}"
    );
    assert!(out.contains("~ $.city AS city TEXT => $.city AS city TAG CASESENSITIVE"), "{out}");
    let (code, health) = service.json("index health");
    let own = &health["indexes"][0];
    assert_eq!((code, &own["readiness"]), (2, &Value::from("drifted")));
    assert!(own["differences"].as_array().unwrap().iter().any(|one| one.get("changed").is_some()), "{own}");

    let (code, status) = service.json("migrate status");
    assert_eq!((code, &status["models"][0]["drift"]), (0, &own["differences"]));
    let Ended { out, .. } = service.run("migrate status");
    assert!(out.contains("  ! it is not as the schema says, and is left as it is:\n    ~ $.city"), "{out}");

    // `apply` refuses it: nobody is told to run that.
    let Ended { code, out, .. } = service.run("migrate plan");
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains(&format!("`migrate apply` would refuse: the index `{index}` of `User` is not what")),
        "{out}"
    );
    assert!(!out.contains("run `migrate apply` to do it"), "{out}");
    let (code, plan) = service.json("migrate plan");
    assert_eq!((code, &plan["refused"]["kind"]), (2, &Value::from("drift")));

    let refused = service.run("migrate apply");
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{}", refused.err);
    let (code, said) = service.json("migrate apply");
    assert_eq!((code, &said["error"]["kind"]), (1, &Value::from("drift")));
    assert_eq!(
        said["error"]["message"].as_str().map(|text| refused.err.contains(text)),
        Some(true),
        "{said}"
    );
    assert_eq!(said["error"]["differences"], health["indexes"][0]["differences"]);
    assert_eq!(
        (&said["error"]["causes"], &said["error"]["keys"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    let Ended { code, out, .. } = service.run("migrate plan --strategy manual");
    assert_eq!(code, 2, "{out}");
}

/// What a strategy leaves to somebody is not to be applied.
pub(super) async fn a_plan_that_is_left_to_somebody_says_so(cache: Cache) {
    let service = Service::of(&cache).await;
    let Ended { code, out, .. } = service.run("migrate plan --strategy manual");
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains("`migrate apply` would refuse: the index `") && out.contains("is missing; create it"),
        "{out}"
    );
    assert_eq!(service.json("migrate plan --strategy manual").1["refused"]["kind"], "missing");
}

/// Nobody is told to run what the server would refuse.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_for_a_server_that_takes_no_writes_says_so() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    let service = Service { url: server.url(), project: "shop".to_owned() };
    let config = async |name: &str, value: &str| {
        let set = cache_core::Command::new("CONFIG").args_from(["SET", name, value]);
        cache.command(set).await.unwrap();
    };
    for (name, value, usual) in [("min-replicas-to-write", "1", "0"), ("maxmemory", "1", "0")] {
        config(name, value).await;
        let Ended { code, out, .. } = service.run("migrate plan");
        assert_eq!(code, 2, "{out}");
        assert!(out.contains("`migrate apply` would refuse: the server takes no writes now: "), "{out}");
        let (code, plan) = service.json("migrate plan");
        assert_eq!((code, &plan["refused"]["kind"]), (2, &Value::from("read_only")), "{plan}");
        let (code, said) = service.json("migrate apply");
        assert_eq!((code, &said["error"]["kind"]), (1, &Value::from("read_only")), "{said}");
        config(name, usual).await;
    }
    assert_eq!(service.json("migrate plan").1["refused"], Value::Null);
    let keys = cache.command(cache_core::Command::new("DBSIZE")).await.unwrap();
    assert_eq!(keys.as_int(), Some(0), "a plan writes nothing");
    // Where all is done, nothing is refused.
    assert_eq!(service.run("migrate apply").code, 0);
    config("min-replicas-to-write", "1").await;
    assert_eq!((service.run("migrate plan").code, service.run("migrate apply").code), (0, 0));
}

#[derive(clap::Parser)]
struct Arguments {
    #[command(subcommand)]
    command: cli::Command,
}

/// A process that ends with its command cannot do it later, also where its service could.
#[tokio::test]
async fn a_cache_that_does_without_its_server_is_no_reason_to_put_it_off() {
    let migrator = Migrator::new().register::<User>();
    let connect = async || Cache::connect_or_degrade("redis://127.0.0.1:1").await;
    let cache = connect().await.unwrap();
    assert!(migrator.run(&cache).await.unwrap().is_deferred());
    for words in [["migrate", "plan"], ["migrate", "apply"], ["migrate", "status"], ["index", "health"]] {
        let arguments = Arguments::parse_from(["service"].iter().chain(&words));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = arguments.command.execute(&migrator, connect, &mut out, &mut err).await;
        let said = String::from_utf8(err).unwrap();
        assert_eq!((exit, out.len()), (cli::Exit::Failed, 0), "{words:?}: {said}");
        assert!(said.contains("the server cannot be reached"), "{words:?}: {said}");
    }
}
