//! What is answered where.

use axum::Router;
use axum::http::HeaderValue;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use crate::boot::App;
use crate::{metrics, page, tenants};

/// All routes of the service.
pub(crate) fn of(app: App) -> Router {
    let health = app.health.clone();
    Router::new()
        .route("/", get(page::sessions))
        .route("/style.css", get(page::style))
        .route("/tenant_settings", get(tenants::read).post(tenants::write))
        .route("/tenant_schema", get(tenants::schema))
        .route("/healthcheck", get(async move || health.run().await))
        .route("/metrics", get(metrics::show))
        .layer(map_response(sign))
        .with_state(app)
}

/// Says which process answered.
async fn sign(mut answer: Response) -> Response {
    answer.headers_mut().insert("x-worker", HeaderValue::from(std::process::id()));
    answer
}
