//! Calls as `tracing` sees them: a span each, with names, counts and sizes, and never a value.

mod facts;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "no_metrics.rs"]
pub(crate) mod metrics;
mod models;

use std::future::Future;

use cache_index::{Batch, Command, Reply};
use tracing::field::{Empty, display};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Level, Span, debug_span};

use self::facts::{Rows, bytes_of, error_type, is_unsent, status_code};
use super::Cache;
use crate::error::{Error, Result};

pub use models::RegisteredModel;
pub(crate) use models::{path_of, registered_schemas};

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent<'a> {
    /// A command by itself.
    One(&'a Command),
    /// Commands that travel together.
    Many(&'a Batch),
}

impl<'a> Sent<'a> {
    fn commands(self) -> &'a [Command] {
        match self {
            Self::One(command) => std::slice::from_ref(command),
            Self::Many(batch) => batch.commands(),
        }
    }
}

/// What comes back.
pub(crate) trait Answered {
    /// The answers, one for each command.
    fn answers(&self) -> impl Iterator<Item = std::result::Result<&Reply, &Error>>;
}

impl Answered for Reply {
    fn answers(&self) -> impl Iterator<Item = std::result::Result<&Reply, &Error>> {
        std::iter::once(Ok(self))
    }
}

impl Answered for Vec<Result<Reply>> {
    fn answers(&self) -> impl Iterator<Item = std::result::Result<&Reply, &Error>> {
        self.iter().map(Result::as_ref)
    }
}

/// A call that somebody may look at. Dropped before it ended, it was given up.
#[derive(Debug)]
pub(crate) struct Observed {
    span: Span,
    /// How the rows of each answer are counted; empty if nobody looks.
    rows: Vec<Rows>,
    ended: bool,
    call: metrics::Call,
}

impl Cache {
    /// Has a call looked at, by whoever does. Where nobody does, it costs asking whether somebody does.
    pub(crate) fn observe(&self, sent: Sent<'_>) -> Observed {
        // Asked first: with tracing's feature `log`, what a span would tell is made even where nobody listens.
        let span = if Level::DEBUG <= LevelFilter::current() {
            debug_span!(
                target: "cache_core::command",
                "redis",
                otel.kind = "client",
                otel.name = %facts::operation(sent),
                otel.status_code = Empty,
                db.system.name = "redis",
                db.operation.name = %facts::operation(sent),
                db.operation.batch.size = Empty,
                db.response.returned_rows = Empty,
                db.response.status_code = Empty,
                error.type = Empty,
                cache.namespace = self.keyspace.as_ref().map_or("", |keyspace| keyspace.global()),
                cache.model = Empty,
                cache.index = Empty,
                cache.commands = Empty,
                cache.request.bytes = sent.commands().iter().map(Command::size).sum::<usize>(),
                cache.response.bytes = Empty,
                cache.failed = Empty,
                cache.outcome = Empty,
            )
        } else {
            Span::none()
        };
        let mut rows = Vec::new();
        if !span.is_disabled() {
            self.describe(&span, sent);
            rows = Rows::of_all(sent.commands());
        }
        self.generations.see(|| self.connection.generation());
        let how = match sent {
            Sent::One(_) => None,
            Sent::Many(batch) => Some(facts::how(batch)),
        };
        let call = metrics::Call::begin(how, sent.commands(), facts::name);
        Observed { span, rows, ended: false, call }
    }

    fn describe(&self, span: &Span, sent: Sent<'_>) {
        if let Sent::Many(batch) = sent {
            // As the conventions have it: one command by itself is no batch.
            if batch.commands().len() != 1 {
                span.record("db.operation.batch.size", batch.commands().len());
            }
            span.record("cache.commands", display(facts::names(batch)));
        }
        let Ok(keyspace) = &self.keyspace else { return };
        let about = |command| models::about(command, keyspace.global());
        // Beside a search stand looks at what is known of its index.
        let commands = sent.commands();
        let searches = commands.iter().filter(|command| command.name().starts_with("FT."));
        if let Some(about) = searches.chain(commands).find_map(about) {
            span.record("cache.model", about.model);
            if let Some(index) = about.index {
                span.record("cache.index", index);
            }
        }
    }
}

impl Observed {
    /// Makes the call within its span, and says there how it ended. A call that is pinned is not moved again.
    pub(crate) async fn around<T: Answered>(mut self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let answer =
            if self.span.is_disabled() { call.await } else { call.instrument(self.span.clone()).await };
        self.ended = true;
        self.count(&answer);
        if !self.span.is_disabled() {
            self.record(&answer);
        }
        answer
    }

    /// Says how it ended, to whoever counts.
    fn count<T: Answered>(&mut self, answer: &Result<T>) {
        let is_unsent = |answer: std::result::Result<&Reply, &Error>| answer.is_err_and(is_unsent);
        // Of what goes to several nodes, some may be refused and others not.
        if match answer {
            Ok(answers) => answers.answers().next().is_some() && answers.answers().all(is_unsent),
            Err(error) => is_unsent(Err(error)),
        } {
            self.call.was_not_sent();
        }
        let whole = answer.as_ref().err().map(error_type);
        let answers = answer.iter().flat_map(Answered::answers);
        let each = answers.map(|answer| answer.err().map_or("ok", error_type));
        let bytes = || answer.iter().flat_map(Answered::answers).flatten().map(bytes_of).sum();
        self.call.ended(whole, each, bytes);
    }

    fn record<T: Answered>(&self, answer: &Result<T>) {
        let (mut bytes, mut rows, mut failed, mut first) = (0, None, 0_usize, None);
        match answer {
            Err(error) => first = Some(error),
            Ok(answers) => {
                for (answer, counted) in answers.answers().zip(&self.rows) {
                    match answer {
                        Ok(reply) => {
                            bytes += bytes_of(reply);
                            if let Some(more) = counted.count(reply) {
                                rows = Some(rows.unwrap_or(0) + more);
                            }
                        }
                        Err(error) => {
                            failed += 1;
                            first.get_or_insert(error);
                        }
                    }
                }
                self.span.record("cache.response.bytes", bytes);
            }
        }
        if let Some(rows) = rows {
            self.span.record("db.response.returned_rows", rows);
        }
        let Some(error) = first else {
            self.span.record("cache.outcome", "ok");
            return;
        };
        if failed > 0 {
            self.span.record("cache.failed", failed);
        }
        if let Some(code) = status_code(error) {
            self.span.record("db.response.status_code", code);
        }
        self.failed(error_type(error));
    }

    fn failed(&self, class: &'static str) {
        self.span.record("error.type", class);
        self.span.record("otel.status_code", "ERROR");
        self.span.record("cache.outcome", "error");
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !self.ended && !self.span.is_disabled() {
            self.span.record("error.type", "cancelled");
            self.span.record("cache.outcome", "cancelled");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cache_index::{Batch, Command, Reply};
    use futures_core::future::BoxFuture;

    use super::*;
    use crate::connection::{Capabilities, Connection, PushStream};

    struct Silent(Capabilities);

    impl Connection for Silent {
        fn send(&self, _: Command) -> BoxFuture<'_, Result<Reply>> {
            Box::pin(async { Ok(Reply::Nil) })
        }

        fn send_all(&self, _: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn capabilities(&self) -> &Capabilities {
            &self.0
        }

        fn pushes(&self) -> Option<PushStream> {
            None
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(1)
        }
    }

    #[test]
    fn where_nobody_looks_nothing_is_kept() {
        let cache = Cache::from_connection(std::sync::Arc::new(Silent(Capabilities::default())));
        let command = Command::new("GET").key("k");
        let observed = cache.observe(Sent::One(&command));
        // Without a capacity there was no allocation.
        assert!(observed.span.is_disabled() && observed.rows.capacity() == 0);
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).finish();
        tracing::subscriber::with_default(subscriber, || {
            let observed = cache.observe(Sent::One(&command));
            assert!(!observed.span.is_disabled() && observed.rows.len() == 1);
        });
    }
}
