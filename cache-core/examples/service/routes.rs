//! What is answered where.

use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use crate::boot::App;
use crate::tenants::Refused;
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
        .fallback(async || Refused::new(StatusCode::NOT_FOUND, "there is nothing here"))
        .method_not_allowed_fallback(async || {
            Refused::new(StatusCode::METHOD_NOT_ALLOWED, "this cannot be done here; `allow` says what can")
        })
        .layer(map_response(sign))
        .with_state(app)
}

/// Says which process answered.
async fn sign(mut answer: Response) -> Response {
    answer.headers_mut().insert("x-worker", HeaderValue::from(std::process::id()));
    answer
}
