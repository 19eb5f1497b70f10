//! A call, the moment at which its server falls silent, and how it ends.

use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Cache, Error, Protocol, RedisSettings};
use cache_tests::{chain, connect_with, shared_url, stalls};
use futures_util::future::BoxFuture;

/// How long an answer may take.
pub(crate) const DEADLINE: Duration = Duration::from_millis(400);

/// What a busy machine adds: less than a deadline, so that one more is seen.
const SLACK: Duration = Duration::from_millis(350);

/// When a call counts as one that never ends.
const NEVER: Duration = Duration::from_secs(15);

/// When it is silent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    /// Behind so many answers (reads of them, which may be of several).
    Behind(u32),
    /// Before, so that the connection was given up already, and those that are made are silent too.
    Long,
}

pub(crate) const WHENS: [When; 5] =
    [When::Behind(0), When::Behind(1), When::Behind(2), When::Behind(4), When::Long];

/// A cache whose server falls silent when it is said so.
#[derive(Debug)]
pub(crate) struct Silent {
    pub(crate) cache: Cache,
    /// A number that no other has, of a document that is there.
    pub(crate) at: u32,
    pub(crate) proxy: Proxy,
    pub(crate) protocol: Protocol,
    when: When,
    began: OnceLock<Instant>,
}

impl Silent {
    /// From now on the answers are counted, and the time.
    pub(crate) async fn falls(&self) {
        let passing = if let When::Behind(answers) = self.when { answers } else { 0 };
        let mut answered = 0;
        self.proxy.plan(move |chunk| {
            if chunk.direction == Direction::ToServer {
                return None;
            }
            answered += 1;
            (answered > passing).then_some(Fault::Silence)
        });
        if self.when == When::Long {
            assert!(self.cache.ping().await.is_err_and(|error| error.is_unavailable()));
        }
        self.began.set(Instant::now()).unwrap();
    }

    /// In a namespace in which nothing is, and nobody else.
    pub(crate) fn apart(&self) -> Cache {
        self.cache.clone().project(&format!("apart-{}-{}", std::process::id(), self.proxy.port()))
    }

    /// Settings with which others connect to it too.
    pub(crate) fn settings(&self) -> RedisSettings {
        settings(&self.proxy, self.protocol)
    }
}

fn settings(proxy: &Proxy, protocol: Protocol) -> RedisSettings {
    RedisSettings::new(proxy.url()).protocol(protocol).response_timeout(DEADLINE)
}

/// What a call was told.
#[derive(Debug)]
pub(crate) struct Failed {
    told: String,
    is_unavailable: bool,
}

pub(crate) type Ended = Result<(), Failed>;

/// Whether an error says by type that the server was silent, itself or what lies below it.
pub(crate) fn told<T, E: StdError + 'static>(ended: Result<T, E>) -> Ended {
    let Err(error) = ended else { return Ok(()) };
    let mut below: Option<&(dyn StdError + 'static)> = Some(&error);
    let mut is_unavailable = false;
    while let Some(error) = below {
        let boxed = error.downcast_ref::<Box<Error>>().map(|error| &**error);
        let own = error.downcast_ref::<Error>().or(boxed);
        // It was answered, and who was to say whether the answer is whole was not.
        is_unavailable |=
            own.is_some_and(|own| own.is_unavailable() || matches!(own, Error::Incomplete { .. }));
        below = error.source();
    }
    Err(Failed { told: chain(&error), is_unavailable })
}

/// One call: what is done with it, and what it may take.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    call: fn(Arc<Silent>) -> BoxFuture<'static, Ended>,
    within: Duration,
    does_without: bool,
}

impl Case {
    pub(crate) fn new(name: &'static str, call: fn(Arc<Silent>) -> BoxFuture<'static, Ended>) -> Self {
        Self { name, call, within: DEADLINE, does_without: false }
    }

    /// It may take longer than one deadline; where it is used it is said why.
    pub(crate) fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// It has an answer without a server.
    pub(crate) fn does_without(self) -> Self {
        Self { does_without: true, ..self }
    }
}

/// A case whose call is this one on `silent`, which falls silent right before it.
macro_rules! case {
    ($name:literal, |$silent:ident| $call:expr) => {
        Case::new($name, |$silent| {
            Box::pin(async move {
                $silent.falls().await;
                told($call.await)
            })
        })
    };
}
pub(crate) use case;

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) took: Duration,
    /// Longer than it may.
    pub(crate) late: bool,
    /// With what it was called for.
    pub(crate) done: bool,
    first: bool,
    ended: Option<Ended>,
}

impl Ran {
    /// What is wrong.
    pub(crate) fn fault(&self, case: &Case) -> Option<String> {
        match &self.ended {
            None => Some("it never ended".to_owned()),
            _ if self.late => Some(format!("it took {:?}, and may take {:?}", self.took, case.within)),
            // What comes at once is an answer.
            Some(Err(failed)) if !failed.is_unavailable && (self.first || self.took >= DEADLINE) => {
                Some(format!("told as another error: {}", failed.told))
            }
            // Of those that come later some may have been answered before.
            Some(Ok(())) if self.first && !case.does_without => Some("it was done".to_owned()),
            _ => None,
        }
    }
}

pub(crate) async fn run(case: Case, when: When, at: u32, protocol: Protocol, project: String) -> Ran {
    let proxy = Proxy::start(&shared_url().await).await.unwrap();
    let mut tries = 0;
    let cache = loop {
        match connect_with(settings(&proxy, protocol)).await {
            Ok(cache) => break cache.project(&project),
            // On a busy machine.
            Err(error) => assert!(tries < 20, "{}", chain(&error)),
        }
        tries += 1;
    };
    let silent = Arc::new(Silent { cache, at, proxy, protocol, when, began: OnceLock::new() });
    let ended = tokio::time::timeout(NEVER, (case.call)(Arc::clone(&silent))).await.ok();
    let (began, now) = (*silent.began.get().unwrap(), Instant::now());
    let took = now - began;
    let late = took.saturating_sub(stalls::between(began, now)) > case.within + SLACK;
    let first = matches!(when, When::Behind(0) | When::Long);
    Ran { took, late, done: matches!(ended, Some(Ok(()))), first, ended }
}
