//! The page of sessions: found by an index that may not be there.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use cache_core::Error;
use chrono::Utc;

use crate::boot::App;
use crate::html::{Page, STYLE};
use crate::sessions::Search;
use crate::tenants::{Refused, Tenant};

/// How long the page waits for its list.
const PATIENCE: Duration = Duration::from_millis(500);

/// The sessions of the tenant. Without Redis the page is there all the same, and says what it lacks.
pub(crate) async fn sessions(
    State(app): State<App>,
    tenant: Tenant,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(search) = search?;
    let Tenant { name, settings } = &tenant;
    let (mut status, mut sessions, mut total, mut notice) = (StatusCode::OK, Vec::new(), None, None);
    let found = search.run(&app.cache, name, settings.page_size());
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(Ok(found)) => {
            if !found.completeness().is_complete() {
                notice = Some(format!("This list may be incomplete: {}.", found.completeness()));
            }
            total = Some(found.total());
            sessions = found.into_vec();
        }
        Ok(Err(Error::Query(error))) => {
            status = StatusCode::BAD_REQUEST;
            notice = Some(format!("This cannot be searched for: {error}."));
        }
        Ok(Err(error)) if !error.is_unavailable() => {
            tracing::warn!(error = crate::chain(&error), "sessions cannot be listed");
            notice = Some("Sessions cannot be listed right now.".to_owned());
        }
        Err(_) => {
            notice = Some(
                "The list did not come within half a second, and was given up: Redis, where sessions are kept, is \
                 slow or away, or this search takes long."
                    .to_owned(),
            );
        }
        Ok(Err(_)) => {
            notice = Some(
                "Sessions are kept in Redis, which does not answer right now. They are back when it does; \
                 everything else works without it."
                    .to_owned(),
            );
        }
    }
    let sessions = &sessions;
    let page = Page { tenant: name, settings, search: &search, sessions, total, notice, now: Utc::now() };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // Nothing of another place, and no script at all.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; form-action 'self'"),
    ];
    Ok((status, headers, page.to_string()).into_response())
}

/// How the page looks.
pub(crate) async fn style() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, STYLE)
}
