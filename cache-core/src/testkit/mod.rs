//! Tests of one's own: a real server that they share, a namespace for each, and what goes wrong at three in the morning.
//!
//! ```toml
//! [dev-dependencies]
//! cache-core = { version = "0.1", features = ["testkit"] }
//! ```
//!
//! [`#[cache_core::test]`](macro@crate::test) gives a test a [`Cache`](crate::Cache) that is its own:
//!
//! ```
//! use cache_core::{Cache, CacheModel, testkit};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize, CacheModel)]
//! struct Ticket {
//!     #[primary_key]
//!     id: u32,
//!     #[index]
//!     state: String,
//! }
//!
//! #[cache_core::test(register(Ticket))]
//! async fn open_tickets_are_found(cache: Cache) -> cache_core::Result<()> {
//!     Ticket { id: 1, state: "open".to_owned() }.save(&cache).await?;
//!     assert_eq!(testkit::settled::<Ticket>(&cache).await?, 1);
//!     assert_eq!(Ticket::find_by_state("open").count(&cache).await?, 1);
//!     Ok(())
//! }
//! # // What the test runner calls; here nobody does.
//! # testkit::Setup::new("doc::open_tickets_are_found").register::<Ticket>().run(async |cache| {
//! #     Ticket { id: 1, state: "open".to_owned() }.save(&cache).await.unwrap();
//! #     assert_eq!(testkit::settled::<Ticket>(&cache).await.unwrap(), 1);
//! # });
//! ```
//!
//! | to | see |
//! |---|---|
//! | have a server and a namespace in each test | [`#[cache_core::test]`](macro@crate::test), [`Setup`] where another runner calls |
//! | know that what was written is found | [`settled`] |
//! | cut, delay and lose what is under way | [`Proxy`] |
//! | keep documents without a server | [`Memory`] |
//! | see which commands code sends, without a server | [`Recorder`] |
//! | kill, stop and restart a server | a second parameter of the test, a [`Server`](crate::embedded::Server) |
//! | decide without a server what a query finds | [`Filter::accepts`](crate::Filter::accepts) |
//!
//! All tests of a process share one [embedded](crate::embedded) server, which ends with it however it ends. With
//! `CACHE_TEST_REDIS_URL` they use that server instead; `REDIS_URL` is never looked at, since a shell may hold production's.

mod clean;
mod faults;
mod memory;
mod proxy;
mod recorder;
mod settled;
mod setup;

pub use faults::{Chunk, Direction, Fault, Odds, Plan};
pub use memory::Memory;
pub use proxy::Proxy;
pub use recorder::Recorder;
pub use settled::settled;
pub use setup::{Setup, shared_url};
