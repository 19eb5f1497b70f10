//! The face for `axum`, and with it for `tower`.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Health, HealthCheck};

/// Routes for probes: `/live` answers 200 as long as the process does; `/ready` 200 or 503 with a word; `/health` the
/// same with [`Health`] as JSON.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) {
/// use cache_core::health::{HealthCheck, routes};
///
/// let app: axum::Router = axum::Router::new().nest("/probe", routes(HealthCheck::new(&cache)));
/// # let _ = app;
/// # }
/// ```
pub fn routes<S: Clone + Send + Sync + 'static>(check: HealthCheck) -> Router<S> {
    let ready = check.clone();
    Router::new()
        .route("/live", get(async || "live"))
        .route(
            "/ready",
            get(async move || {
                let health = ready.run().await;
                (status(&health), if health.is_ready() { "ready" } else { "not ready" })
            }),
        )
        .route("/health", get(async move || check.run().await))
}

fn status(health: &Health) -> StatusCode {
    if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        // It has nothing that JSON cannot write.
        let body = serde_json::to_string(&self).unwrap_or_default();
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (status(&self), headers, body).into_response()
    }
}
