//! A client as browsers and proxies are: it keeps its connections.

use std::time::{Duration, Instant};

use cache_core::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// No request of these tests takes as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks one service.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base: String,
    keeps: bool,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Which process answered; 0: it did not say.
    pub(crate) worker: u32,
    pub(crate) body: String,
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// A client that keeps connections.
    pub(crate) fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            pool: Pool::builder(TokioExecutor::new()).build(connector),
            base: base.to_owned(),
            keeps: true,
        }
    }

    /// One that makes a connection for each request: any of the processes answers.
    pub(crate) fn anywhere(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let pool = Pool::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { pool, base: base.to_owned(), keeps: false }
    }

    /// Asks for a path in the name of a host. An error is one of the connection.
    pub(crate) async fn get(&self, path: &str, host: &str) -> Result<Answer, String> {
        self.send("GET", path, host, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, host: &str, body: &Value) -> Result<Answer, String> {
        self.send("POST", path, host, body.to_string()).await
    }

    async fn send(&self, method: &str, path: &str, host: &str, body: String) -> Result<Answer, String> {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("x-forwarded-host", host)
            .header("content-type", "application/json");
        let request = if self.keeps { request } else { request.header("connection", "close") };
        let request = request.body(Full::from(body)).map_err(|error| error.to_string())?;
        let began = Instant::now();
        let answered = async {
            let answer = self.pool.request(request).await.map_err(|error| cache_tests::chain(&error))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| cache_tests::chain(&error))?.to_bytes();
            let worker = head.headers.get("x-worker").and_then(|worker| worker.to_str().ok()?.parse().ok());
            Ok(Answer {
                status: head.status.as_u16(),
                worker: worker.unwrap_or(0),
                body: String::from_utf8_lossy(&body).into_owned(),
                took: began.elapsed(),
            })
        };
        let late = |_| Err(format!("no answer to {method} {path} within {PATIENCE:?}"));
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(late)
    }
}
