//! Tenants, each with settings of its own: which one a request is for, and what that has set.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequestParts, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cache_core::Cache;
use cache_core::tenant::{Copies, PostgresStore, TenantError, TenantSettings};
use serde_json::json;

use crate::args::Args;
use crate::boot::App;
use crate::settings::Settings;
use crate::store::Directory;
use crate::{Failure, chain};

/// What a proxy passes on. It has to be one that overwrites it: anybody can write what they like there.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The tenants of the service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tenants {
    settings: Arc<TenantSettings<Settings>>,
    /// The directory with their settings, unless a database has them.
    directory: Option<Directory>,
}

impl Tenants {
    pub(crate) async fn open(cache: &Cache, args: &Args) -> Result<Self, Failure> {
        let builder = TenantSettings::builder(cache);
        let builder = match &args.tenants {
            // It is looked at again while the service runs.
            Some(file) => builder.yaml(file),
            None => builder.yaml_text(include_str!("tenants.yaml")),
        };
        let mut directory = None;
        let builder = if args.postgres {
            let store = PostgresStore::connect(&std::env::var("DATABASE_URL")?).await?;
            store.create_table().await?;
            builder.store(store)
        } else {
            let path = args.data.as_deref().ok_or("settings need `--data` or `--postgres`")?;
            let store = directory.insert(Directory::open(path, args.store_delay)?);
            builder.store(store.clone())
        };
        Ok(Self { settings: Arc::new(builder.build().await?), directory })
    }

    /// How often the store was read, and how often at once, at most; a database has numbers of its own.
    pub(crate) fn store_reads(&self) -> (u64, u64) {
        self.directory
            .as_ref()
            .map_or((0, 0), |directory| (directory.reads().all(), directory.reads().most()))
    }

    /// How often a tier that failed was passed over.
    pub(crate) fn failures(&self) -> u64 {
        let counts = self.settings.counts();
        counts.cache_failures + counts.store_failures + counts.yaml_failures
    }
}

/// The tenant that a request is for, by its host.
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

impl FromRequestParts<App> for Tenant {
    type Rejection = Refused;

    async fn from_request_parts(request: &mut Parts, app: &App) -> Result<Self, Refused> {
        let said = |name| request.headers.get(name).filter(|host| !host.as_bytes().trim_ascii().is_empty());
        let host = said(FORWARDED).or_else(|| said(HOST));
        let host = host.map(HeaderValue::as_bytes).unwrap_or_default();
        let tenants = &app.tenants.settings;
        let name = tenants.tenant_of_host(host).await?;
        let settings = tenants.get(&name).await?;
        Ok(Self { name, settings })
    }
}

/// The settings of the tenant.
pub(crate) async fn read(tenant: Tenant) -> Json<Settings> {
    Json(tenant.settings)
}

/// Changes them, all at once: who leaves one out is refused. Whoever asks after the answer gets the new ones, in every process,
/// unless the answer says that copies are `owed`: then Redis is away, and dropping them is made up for when it is back.
pub(crate) async fn write(
    State(app): State<App>,
    tenant: Tenant,
    settings: Result<Json<Settings>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(settings) = settings?;
    if let Some(reason) = settings.refusal() {
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, reason));
    }
    let saved = app.tenants.settings.set(&tenant.name, &settings).await?;
    let copies = match saved.copies {
        Copies::Dropped => "dropped",
        Copies::Owed => "owed",
        _ => "left",
    };
    Ok(Json(json!({ "revision": saved.revision, "copies": copies })).into_response())
}

/// What settings look like, for those who make forms of it.
pub(crate) async fn schema() -> Json<schemars::Schema> {
    Json(schemars::schema_for!(Settings))
}

/// Why a request is refused, told as JSON.
pub(crate) struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

impl From<TenantError> for Refused {
    fn from(error: TenantError) -> Self {
        let status = match &error {
            error if error.is_unknown() => StatusCode::NOT_FOUND,
            error if error.is_invalid() => StatusCode::BAD_REQUEST,
            error if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // What is wrong with the service is for its own people.
        if status.is_server_error() {
            tracing::error!(error = chain(&error), "a request about a tenant failed");
            return Self::new(status, "this cannot be answered right now");
        }
        Self::new(status, error.to_string())
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.reason }))).into_response()
    }
}
