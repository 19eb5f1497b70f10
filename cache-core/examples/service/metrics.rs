//! Numbers for those who watch the service, in the text format of Prometheus.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::boot::App;

/// What this worker counted. Each has its own numbers, and says so: whoever collects them asks until all have answered.
pub(crate) async fn show(State(app): State<App>) -> impl IntoResponse {
    let (worker, (reads, most)) = (std::process::id(), app.tenants.store_reads());
    let numbers = [
        ("cache_enabled", "gauge", u64::from(app.cache.is_enabled())),
        ("cache_owed_invalidations", "gauge", app.cache.owed_invalidations() as u64),
        ("tenant_store_reads_total", "counter", reads),
        ("tenant_store_reads_at_once_max", "gauge", most),
        ("tenant_tier_failures_total", "counter", app.tenants.failures()),
    ];
    let mut text = String::new();
    for (name, kind, value) in numbers {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name}{{worker=\"{worker}\"}} {value}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
