//! A load from its beginning to what is stored of it.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_index::{Command, Reply};
use tracing::field::display;

use super::Settings;
use super::entry::{Keys, NOTHING, took};
use super::error::LoadError;
use super::scripts::{BEGIN, FILL, unexpected, word};
use crate::cache::{Cache, ErrorClass, Flight, Lead, metrics};
use crate::document::{Expiry, jittered, json_of, millis, same_key};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::script;

/// The longest pause between two looks at whether another process has loaded it.
const LOOK: Duration = Duration::from_millis(100);

/// By what part of itself that there is nothing is remembered for longer or shorter.
const JITTER: f64 = 0.2;

/// What a load brought.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// The document; `None`: there is none.
    pub(super) json: Option<Bytes>,
    /// Whether it was not invalidated before anybody joined: it was not by the time that it was stored.
    pub(super) is_for_all: bool,
}

pub(super) type Outcome<E> = Result<Loaded, LoadError<E>>;

/// Waits, as long as the load may take.
pub(super) async fn outcome<E: Send + Sync + 'static>(flight: Flight<Outcome<E>>) -> Outcome<E> {
    match flight.wait().await.as_deref() {
        Some(Ok(loaded)) => Ok(loaded.clone()),
        Some(Err(error)) => Err(error.again()),
        None => Err(LoadError::Panicked),
    }
}

/// What a load needs.
pub(super) struct Fill<M> {
    cache: Cache,
    keys: Keys,
    settings: Settings,
    /// The document that is to be replaced; `None`: none is there.
    seen: Option<Bytes>,
    model: PhantomData<fn() -> M>,
}

/// How a load begins.
enum Begun {
    /// With a token to fill it with.
    Token(Bytes),
    /// Without: there is no server.
    Blind,
    /// Without: there is one, which stores nothing now.
    Refused,
    /// Not at all: it was loaded meanwhile.
    There(Option<Bytes>),
}

impl<M: Model> Fill<M> {
    pub(super) fn new(cache: &Cache, keys: &Keys, settings: Settings, seen: Option<Bytes>) -> Self {
        Self { cache: cache.clone(), keys: keys.clone(), settings, seen, model: PhantomData }
    }

    /// Loads in a task of its own.
    pub(super) fn start<F, Fut, E>(self, lead: Lead<Outcome<E>>, loader: F) -> Flight<Outcome<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<M>, E>> + Send,
        E: Send + Sync + 'static,
    {
        let flight = lead.flight();
        tokio::spawn(async move {
            let outcome = self.run(&lead, loader).await;
            if let Err(error) = &outcome {
                let class = match error {
                    LoadError::Cache(error) => Some(display(ErrorClass::of(error))),
                    _ => None,
                };
                // Without the key, which has the primary key in it, as all that is told of documents.
                tracing::debug!(%error, class, model = M::schema().model(), "not loaded");
            }
            lead.land(outcome);
        });
        flight
    }

    async fn run<F, Fut, E>(&self, lead: &Lead<Outcome<E>>, loader: F) -> Outcome<E>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<M>, E>> + Send,
        E: Send + Sync + 'static,
    {
        let token = match self.begin().await? {
            Begun::There(json) => return Ok(Loaded { json, is_for_all: false }),
            Begun::Token(token) => Some(token),
            Begun::Blind => None,
            Begun::Refused => {
                // Others may invalidate it, of which nobody is told here: what it brings is for those who wait already, before it is
                // asked for. Who comes from now on waits for the next one.
                lead.close();
                None
            }
        };
        let (began, within) = (Instant::now(), self.settings.within);
        let loaded = tokio::time::timeout(within, loader()).await;
        let outcome = match &loaded {
            Ok(Ok(_)) => "ok",
            Ok(Err(_)) => "error",
            Err(_) => "timeout",
        };
        metrics::loader(M::schema().model(), outcome);
        let loaded = match loaded {
            Ok(loaded) => loaded.map_err(|error| LoadError::Loader(Arc::new(error)))?,
            Err(_) => return Err(LoadError::Timeout { after: within }),
        };
        let json = match &loaded {
            Some(model) => {
                same_key(&self.cache, model, &self.keys.document)?;
                Some(Bytes::from(json_of(model)?))
            }
            None => None,
        };
        drop(loaded);
        lead.close();
        match token {
            Some(token) => Ok(self.fill(&token, json, began.elapsed()).await?),
            None => Ok(Loaded { json, is_for_all: true }),
        }
    }

    /// Begins it; where one load of the fleet is enough, waits for the one that is under way.
    async fn begin(&self) -> Result<Begun> {
        let own = format!("{:032x}", rand::random::<u128>());
        let waits_until = self.settings.once_per_fleet.map(|wait| Instant::now() + wait);
        loop {
            let alone = waits_until.is_some_and(|until| Instant::now() < until);
            let call = self.call(&BEGIN).arg(&own).arg_display(self.settings.within.as_millis()).arg(NOTHING);
            let call = call.arg(if self.seen.is_none() { "1" } else { "" }).arg(if alone { "1" } else { "" });
            let reply = match script::run(&self.cache, &BEGIN, self.cache.entry(call.repeatable())).await {
                Err(error) if self.cache.is_without(&error) => return Ok(Begun::Blind),
                Err(error) if error.is_write_refused() => return Ok(Begun::Refused),
                other => other?,
            };
            match word(reply)? {
                (word, Some(token)) if word == "begun" => return Ok(Begun::Token(token)),
                (word, Some(json)) if word == "found" => return Ok(Begun::There(Some(json))),
                (word, None) if word == "nothing" => return Ok(Begun::There(None)),
                (word, None) if word == "busy" => {
                    tokio::time::sleep(LOOK.mul_f64(rand::random::<f64>().max(0.1))).await;
                }
                (word, _) => return Err(unexpected(&Reply::Status(word))),
            }
        }
    }

    /// Stores what was loaded, if nothing came between.
    async fn fill(&self, token: &[u8], json: Option<Bytes>, duration: Duration) -> Result<Loaded> {
        let ttl = match self.settings.ttl {
            Some(ttl) => Some(millis(jittered(ttl, M::TTL_JITTER))),
            None => Expiry::Model.command::<M>().and_then(|(_, ttl)| ttl),
        };
        let (known, known_for) = self.known(json.is_some(), duration);
        let call = self.call(&FILL).arg(token);
        let call =
            call.arg(self.seen.as_deref().unwrap_or_default()).arg(json.as_deref().unwrap_or_default());
        let call = match ttl {
            Some(ttl) => call.arg_display(ttl),
            None => call.arg(""),
        };
        let call = call.arg(&known).arg_display(known_for.as_millis());
        match script::run(&self.cache, &FILL, self.cache.entry(call)).await {
            // It may be stored or not.
            Err(error) if self.cache.is_without(&error) => Ok(Loaded { json, is_for_all: false }),
            // What was loaded is good all the same.
            Err(error @ Error::Server { .. }) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "what was loaded is not stored");
                Ok(Loaded { json, is_for_all: false })
            }
            Err(error) => Err(error),
            Ok(reply) => match word(reply)? {
                (word, None) if word == "stored" => Ok(Loaded { json, is_for_all: true }),
                (word, None) if word == "late" => Ok(Loaded { json, is_for_all: false }),
                (word, Some(there)) if word == "other" => Ok(Loaded { json: Some(there), is_for_all: false }),
                (word, _) => Err(unexpected(&Reply::Status(word))),
            },
        }
    }

    /// What is to be known of this load, and for how long; empty: nothing.
    fn known(&self, found: bool, duration: Duration) -> (String, Duration) {
        let (text, known_for) = match (found, self.settings.fresh.stale_after, self.settings.ttl.or(M::TTL)) {
            (false, ..) => (NOTHING.to_owned(), Some(jittered(self.settings.missing_for, JITTER))),
            (true, Some(stale), Some(ttl)) => (took(duration), Some(stale.min(ttl))),
            (true, stale, ttl) => (took(duration), stale.or(ttl)),
        };
        match known_for {
            // The server counts in milliseconds.
            Some(known_for) if known_for.as_millis() > 0 => (text, known_for),
            _ => (String::new(), Duration::ZERO),
        }
    }

    /// The beginning of a call about the keys.
    fn call(&self, script: &script::Script) -> Command {
        self.keys.all().into_iter().fold(script.call().arg("3"), Command::key)
    }
}
