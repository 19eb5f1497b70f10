use std::path::Path;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use cache_core::Cache;

use crate::Failure;
use crate::boot::App;
use crate::settings::{Accent, Settings};

pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

impl FromRequestParts<App> for Tenant {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        let settings = Settings { title: "Acme".into(), accent: Accent::Teal, page_size: 12, support: None };
        Ok(Tenant { name: "acme".into(), settings })
    }
}

#[derive(Clone)]
pub(crate) struct Tenants;

impl Tenants {
    pub(crate) async fn open(_: &Cache, _: &Path) -> Result<Self, Failure> {
        Ok(Self)
    }
    pub(crate) fn store_reads(&self) -> u64 {
        0
    }
}

pub(crate) async fn read(tenant: Tenant) -> Json<Settings> {
    Json(tenant.settings)
}
pub(crate) async fn write(_: Tenant, Json(settings): Json<Settings>) -> Json<Settings> {
    Json(settings)
}
pub(crate) async fn schema() -> Json<schemars::Schema> {
    Json(schemars::schema_for!(Settings))
}
