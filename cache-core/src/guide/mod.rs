//! A guide in chapters. Each ends where the next begins, and nearly each has an example that runs against a private real
//! server (`cargo test --doc guide` runs them all): copy one into `main.rs`, with the feature `embedded` (and
//! `near` for [`cache_layer`], `testkit` for [`testing`]), and with `serde` (`derive`) and `tokio` (`macros`, `rt-multi-thread`)
//! among the dependencies.
//!
//! | chapter | for the question |
//! |---|---|
//! | [`models`] | what do I write at a struct, and what is on the server then? |
//! | [`queries`] | how do I find documents, and when is an answer whole? |
//! | [`migrations`] | what happens when a schema changes while old replicas still run? |
//! | [`gates`] | how does one process of a fleet do a thing, and how does it know that it still may? |
//! | [`cache_layer`] | how do I keep copies of what is slow, and survive a dead Redis? |
//! | [`testing`] | how do I test my own code, with a server and without one? |
//! | [`mistakes`] | what am I told when I get something wrong? |
//! | [`cluster`] | what changes on a Redis Cluster? |
//! | [`from_redis_om`] | I come from redis-om-python or FastLoom |
//! | [`from_redis_rs`] | I have calls written by hand with redis-rs |
//!
//! # The house
//!
//! An arrow is a dependency: what stands above uses what stands below, and never the other way.
//!
#![doc = include_str!("house.svg")]

#[doc = include_str!("models.md")]
pub mod models {}

#[doc = include_str!("queries.md")]
pub mod queries {}

#[doc = include_str!("migrations.md")]
///
/// # A migration in time
///
#[doc = include_str!("timeline.svg")]
pub mod migrations {}

#[doc = include_str!("gates.md")]
pub mod gates {}

#[doc = include_str!("cache_layer.md")]
pub mod cache_layer {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("mistakes.md")]
pub mod mistakes {}

#[doc = include_str!("cluster.md")]
pub mod cluster {}

#[doc = include_str!("from_redis_om.md")]
pub mod from_redis_om {}

#[doc = include_str!("from_redis_rs.md")]
pub mod from_redis_rs {}
