//! A web service with a cache: several processes on one machine, tenants with settings of their own, a page over an index,
//! and a Redis that may be away.
//!
//! `cargo run --example service` starts it, on a private Redis that goes with it; `REDIS_URL` names another one. Then
//!
//! ```text
//! curl localhost:8080/tenant_settings                                         # which tenant that is, its host says
//! curl localhost:8080/tenant_settings -H 'X-Forwarded-Host: globex.example'   # which a proxy passes on
//! curl localhost:8080/tenant_settings -H 'Content-Type: application/json' \
//!      -d '{"title": "Who is here", "accent": "teal", "page_size": 12, "support": null}'
//! curl localhost:8080/tenant_schema
//! curl localhost:8080/healthcheck
//! ```
//!
//! and <http://localhost:8080> in a browser. `--help` has the rest.

// A file imports from those before it: args, listen, sessions, seed, settings, store, tenants, metrics, boot, html, page, routes,
// worker, fleet.

mod args;
mod boot;
mod fleet;
mod html;
mod listen;
mod metrics;
mod page;
mod routes;
mod seed;
mod sessions;
mod settings;
mod store;
mod tenants;
mod worker;

use std::error::Error;
use std::io::{Write, stderr};
use std::process::ExitCode;

use args::Args;
use clap::Parser;

/// What is wrong with the boot, and would be wrong the next time.
type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt().with_writer(stderr).with_max_level(args.log).init();
    let done = match &args.worker {
        Some(number) => worker::run(*number, &args).await,
        None => fleet::run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what lies below it, on one line.
fn chain(error: &dyn Error) -> String {
    let below = std::iter::successors(error.source(), |error| (*error).source());
    below.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}
