//! Commands, connections, probes, migrations, and the settings of tenants.

use std::time::Duration;

use cache_core::health::{self, HealthCheck};
use cache_core::tenant::TenantSettings;
use cache_core::{Batch, Command, ErrorClass, Gate};
use cache_tests::store::TestStore;
use cache_tests::{connect_lazy, connect_with};
use serde::{Deserialize, Serialize};

use crate::gates::held;
use crate::models::{migration, migrator};
use crate::silence::{Case, DEADLINE, Silent, case, told};

/// The bound of probes.
const PROBE: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
}

async fn shops(silent: &Silent) -> TenantSettings<Shop> {
    let settings = TenantSettings::builder(&silent.cache).yaml_text("default:\n  theme: light\nacme:\n");
    let settings =
        settings.store(TestStore::default()).hosts(|shop: &Shop| vec![format!("{}.example", shop.theme)]);
    settings.build().await.unwrap()
}

pub(crate) fn cases() -> Vec<Case> {
    [commands(), migrations(), tenants()].concat()
}

fn commands() -> Vec<Case> {
    vec![
        case!("command", |s| s.cache.command(Command::new("INCR").key("silent"))),
        case!("command that may be repeated", |s| s
            .cache
            .command(Command::new("GET").key("silent").repeatable())),
        case!("batch", |s| s
            .cache
            .batch(Batch::pipeline(vec![Command::new("INCR").key("silent"), Command::new("PING")]))),
        case!("transaction", |s| s
            .cache
            .batch(Batch::atomic(vec![Command::new("INCR").key("silent"), Command::new("PING")]))),
        case!("ping", |s| s.cache.ping()),
        // `connect_timeout`, and what the server is asked then.
        case!("connect", |s| connect_with(s.settings())).within(Duration::from_secs(2) + DEADLINE),
        Case::new("connect_lazy, and ping", |s| {
            Box::pin(async move {
                let cache = connect_lazy(s.settings()).unwrap();
                s.falls().await;
                told(cache.ping().await)
            })
        }),
        Case::new("health", |s| {
            Box::pin(async move {
                s.falls().await;
                let _ = s.cache.health().await;
                Ok(())
            })
        })
        // Its own bound is half a second.
        .within(Duration::from_millis(500))
        .does_without(),
        Case::new("health, with gates", |s| {
            Box::pin(async move {
                s.falls().await;
                let _ = HealthCheck::new(&s.cache).gate(Gate::new("nightly")).within(PROBE).run().await;
                Ok(())
            })
        })
        .within(PROBE)
        .does_without(),
        Case::new("health::check", |s| {
            Box::pin(async move {
                s.falls().await;
                let class = health::check(s.settings(), PROBE).await.err();
                assert!(
                    matches!(class, None | Some(ErrorClass::Timeout | ErrorClass::Unavailable)),
                    "{class:?}"
                );
                Ok(())
            })
        })
        .within(PROBE)
        .does_without(),
        Case::new("shutdown", |s| {
            Box::pin(async move {
                let lease = held(&Gate::new(format!("shut {}", s.at)), &s.cache).await;
                s.falls().await;
                drop(lease);
                let _ = s.cache.shutdown(PROBE).await;
                Ok(())
            })
        })
        .within(PROBE)
        .does_without(),
    ]
}

fn migrations() -> Vec<Case> {
    vec![
        case!("migrator, inspect", |s| migrator().inspect(&s.cache)),
        case!("migrator, plan", |s| migrator().plan(&s.cache)),
        // A look, and what it lacks.
        case!("migrator, readiness", |s| migrator().readiness(&s.cache)).within(2 * DEADLINE),
        case!("migrator, collect", |s| migrator().collect(&s.cache)),
        // Nobody else has the turn to run it.
        case!("migrator, run", |s| migrator().run(&s.apart())),
        case!("data migration, run", |s| migration().run(&s.cache)),
        case!("data migration, dry_run", |s| migration().dry_run(&s.cache)),
        case!("data migration, revert", |s| migration().revert(&s.cache, 1)),
        case!("data migration, history", |s| migration().history(&s.cache)),
    ]
}

/// To ask the server, or to tell it, and what follows from it: of a host, who it is and what there is of that one.
const TENANTS: Duration = DEADLINE.saturating_mul(3);

macro_rules! of_tenants {
    ($name:literal, |$silent:ident, $shops:ident| $call:expr) => {
        Case::new($name, |$silent| {
            Box::pin(async move {
                let $shops = shops(&$silent).await;
                $silent.falls().await;
                told($call.await)
            })
        })
        .does_without()
        .within(TENANTS)
    };
}

/// What the server does not answer is read from the store, and what it has to be told is owed to it.
fn tenants() -> Vec<Case> {
    vec![
        of_tenants!("tenants, get", |s, shops| shops.get("acme")),
        of_tenants!("tenants, resolve", |s, shops| shops.resolve("acme")),
        of_tenants!("tenants, set", |s, shops| shops.set("acme", &Shop { theme: format!("t{}", s.at) })),
        of_tenants!("tenants, update", |s, shops| shops
            .update("acme", |shop: &mut Shop| shop.theme = format!("t{}", s.at))),
        of_tenants!("tenants, remove", |s, shops| shops.remove("acme")),
        of_tenants!("tenants, invalidate", |s, shops| shops.invalidate("acme")),
        of_tenants!("tenants, tenant_of_host", |s, shops| shops.tenant_of_host("light.example")),
        of_tenants!("tenants, tenants", |s, shops| shops.tenants()),
        of_tenants!("tenants, reload", |s, shops| shops.reload()),
    ]
}
