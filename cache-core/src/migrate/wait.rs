//! Waiting for an index to be filled.

use std::time::{Duration, Instant};

use cache_index::IndexInfo;

use super::error::MigrateError;
use super::inspect::info;
use super::options::Listeners;
use super::plan::Plan;
use super::progress::Progress;
use crate::cache::Cache;

/// The first and the longest pause between two looks at an index that is being filled.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How far apart two looks must agree that nothing is being indexed: the server starts its scan a moment after it
/// answered FT.CREATE.
const SETTLED: Duration = Duration::from_millis(100);

/// Waits until two looks agree that the index holds what it can hold. `None`: it is gone.
///
/// How long that takes has no bound: a server that is busy with queries fills an index a hundred times more slowly than an
/// idle one.
pub(super) async fn wait(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    listeners: &Listeners,
    total: Option<u64>,
) -> Result<Option<IndexInfo>, MigrateError> {
    let (mut pause, longest) = PAUSES;
    let mut seen_filled = false;
    let mut watch = Watch::new();
    loop {
        let Some(look) = info(cache, index).await? else { return Ok(None) };
        let filled = look.is_filled();
        let done = filled && seen_filled;
        if let Some(listener) = &listeners.progress {
            listener(&watch.progress(plan, &look, total, done));
        }
        if done {
            return Ok(Some(look));
        }
        if let Some(reason) = look.background_problem.filter(|_| !look.indexing) {
            return Err(MigrateError::Stopped { model: plan.model, index: look.name, reason });
        }
        tokio::time::sleep(if filled { SETTLED } else { pause }).await;
        pause = (pause * 2).min(longest);
        seen_filled = filled;
    }
}

/// What was seen of an index so far.
pub(super) struct Watch {
    began: Instant,
    /// How many documents it had at the first look.
    first: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), first: None }
    }

    pub(super) fn progress(
        &mut self,
        plan: &Plan,
        look: &IndexInfo,
        total: Option<u64>,
        filled: bool,
    ) -> Progress {
        let first = *self.first.get_or_insert(look.documents);
        progress(plan.model, look, total, (self.began.elapsed(), first), filled)
    }
}

fn progress(
    model: &'static str,
    look: &IndexInfo,
    total: Option<u64>,
    (elapsed, first): (Duration, u64),
    filled: bool,
) -> Progress {
    let seconds = elapsed.as_secs_f64();
    let came = look.documents.saturating_sub(first) as f64;
    let rate = if seconds > 0.0 { came / seconds } else { 0.0 };
    // What it was counted to be may be less by now.
    let total = total.map(|total| total.max(look.documents));
    let rest = total.map(|total| total.saturating_sub(look.documents) as f64);
    let eta = match rest {
        _ if filled => Some(Duration::ZERO),
        // A century is as good as never, and what a duration can hold.
        Some(rest) if rate > 0.0 => Some(Duration::from_secs_f64((rest / rate).min(3.2e9))),
        _ => None,
    };
    let (index, documents) = (look.name.clone(), look.documents);
    Progress { model, index, documents, total, elapsed, rate, eta, filled, waits_for: None }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use cache_index::{Batch, Command, Keyspace, Reply, Schema};
    use futures_core::future::BoxFuture;

    use super::*;
    use crate::connection::{Capabilities, Connection, PushStream, server_error};
    use crate::error::{Error, Result};
    use crate::migrate::observed::Observed;
    use crate::migrate::options::Options;
    use crate::migrate::plan;

    const INDEX: &str = "cache:user:idx:0123456789ab";

    /// The state of the filling in the words of RediSearch 8.2 when its memory is full.
    const FULL: &str = "OOM failure";

    /// A server that says this of the index, one after the other, and then that it is gone.
    struct Told {
        answers: Mutex<VecDeque<Reply>>,
        capabilities: Capabilities,
    }

    impl Connection for Told {
        fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
            panic!("{command:?}")
        }

        fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
            let asks = |command: &Command| {
                command.args().skip_while(|word| *word != b"FT.INFO").nth(1) == Some(INDEX.as_bytes())
            };
            assert!(matches!(batch.commands(), [one] if asks(one)), "{batch:?}");
            let gone = || {
                let source = server_error(&format!("{INDEX}: no such index"));
                Error::Server { command: "FT.INFO".to_owned(), source }
            };
            let answer = self.answers.lock().unwrap().pop_front().ok_or_else(gone);
            Box::pin(async move { Ok(vec![answer]) })
        }

        fn capabilities(&self) -> &Capabilities {
            &self.capabilities
        }

        fn pushes(&self) -> Option<PushStream> {
            None
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(2)
        }
    }

    /// What the server says of an index with so many documents, by way of a script: whether it is being filled, and the state
    /// of that.
    fn look(documents: i64, indexing: bool, status: &str) -> Reply {
        let bulk = |text: &str| Reply::Bulk(text.to_owned().into());
        let errors = [
            ("indexing failures", Reply::Int(0)),
            ("last indexing error", bulk("N/A")),
            ("last indexing error key", bulk("N/A")),
            ("background indexing status", bulk(status)),
        ];
        let flat = |(name, value)| [bulk(name), value];
        let errors = Reply::Array(errors.map(flat).concat());
        let told = [
            ("index_name", bulk(INDEX)),
            ("num_docs", Reply::Int(documents)),
            ("hash_indexing_failures", Reply::Int(0)),
            ("indexing", Reply::Int(indexing.into())),
            ("percent_indexed", bulk("1")),
            ("Index Errors", errors),
        ];
        Reply::Array(told.map(flat).concat())
    }

    /// Waits for an index of which that is said. What comes of it, what was told meanwhile, and what the server would still
    /// have said.
    async fn waited(looks: Vec<Reply>) -> (Result<Option<IndexInfo>, MigrateError>, Vec<Progress>, usize) {
        static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
        let answers = Mutex::new(looks.into());
        let server = Arc::new(Told { answers, capabilities: Capabilities::default() });
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let progress = move |progress: &Progress| heard.lock().unwrap().push(progress.clone());
        let listeners = Listeners { progress: Some(Arc::new(progress)), steps: None };
        let keyspace = Keyspace::new("cache").unwrap();
        let plan = plan::plan(&SCHEMA, &keyspace, &Observed::default(), &Options::default());
        let cache = Cache::from_connection(server.clone());
        let done = wait(&cache, &plan, INDEX, &listeners, Some(5)).await;
        let (told, left) = (told.lock().unwrap().clone(), server.answers.lock().unwrap().len());
        (done, told, left)
    }

    #[tokio::test(start_paused = true)]
    async fn a_filling_that_the_server_stopped_is_an_error() {
        let looks = vec![look(2, true, "OK"), look(3, false, FULL), look(3, false, FULL)];
        let (done, told, left) = waited(looks).await;
        match done.unwrap_err() {
            MigrateError::Stopped { model: "User", index, reason } => {
                assert_eq!((index.as_str(), reason.as_str()), (INDEX, FULL));
            }
            other => panic!("{other}"),
        }
        assert_eq!(left, 1, "the first look that says so ends it");
        assert!(told.iter().all(|progress| !progress.filled), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_it_will_hold_is_no_less_than_what_it_holds() {
        let (_, told, _) = waited(vec![look(2, true, "OK"), look(7, true, "OK"), look(7, false, "OK")]).await;
        let numbers: Vec<_> = told.iter().map(|progress| (progress.documents, progress.total)).collect();
        assert!(numbers.contains(&(2, Some(5))) && numbers.contains(&(7, Some(7))), "{numbers:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn as_long_as_the_index_is_being_filled_a_problem_is_none() {
        // As where it waits for memory, and gets it.
        let looks =
            vec![look(2, true, FULL), look(2, true, FULL), look(5, false, "OK"), look(5, false, "OK")];
        let (done, told, left) = waited(looks).await;
        let filled = done.unwrap().unwrap();
        assert_eq!((filled.documents, filled.background_problem, left), (5, None, 0));
        assert_eq!(told.iter().filter(|progress| progress.filled).count(), 1, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_look_is_told_and_an_index_that_is_gone_is_none() {
        let (done, told, left) =
            waited(vec![look(2, true, "OK"), look(4, true, "OK"), look(5, false, "OK")]).await;
        assert!(done.unwrap().is_none() && left == 0);
        let told: Vec<_> = told.iter().map(|told| (told.documents, told.total, told.filled)).collect();
        // The first look at a filled one is not believed.
        assert_eq!(told, [(2, Some(5), false), (4, Some(5), false), (5, Some(5), false)]);
    }

    #[test]
    fn progress_is_of_what_came_while_it_was_watched() {
        let look = IndexInfo { documents: 3_000, ..IndexInfo::default() };
        let shown = |total, seconds, first, filled| {
            let seen = (Duration::from_secs(seconds), first);
            progress("User", &look, total, seen, filled)
        };
        let half = shown(Some(5_000), 4, 1_000, false);
        assert_eq!((half.rate, half.eta), (500.0, Some(Duration::from_secs(4))));
        assert_eq!(half.to_string(), "User: 3000 of 5000 documents, 500 a second, 4 s to go");
        assert_eq!(shown(Some(5_000), 0, 3_000, false).eta, None);
        assert_eq!(shown(None, 4, 1_000, false).to_string(), "User: 3000 documents, 500 a second");
        let done = shown(Some(3_000), 4, 1_000, true);
        assert_eq!((done.eta, done.to_string().ends_with(", filled")), (Some(Duration::ZERO), true));
    }
}
