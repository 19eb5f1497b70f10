//! Settings as a service takes them.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::Misfit;
use crate::model::JsonMap;

/// Whether settings fit, without their type.
pub(super) type Fits = Arc<dyn Fn(&str, &JsonMap) -> Result<(), Misfit> + Send + Sync>;

/// The hosts that settings list, as they are written there.
pub(super) type HostsOf = Arc<dyn Fn(&str, &JsonMap) -> Result<Vec<String>, Misfit> + Send + Sync>;

/// Reads settings.
pub(super) fn fit<T: DeserializeOwned>(tenant: &str, settings: &JsonMap) -> Result<T, Misfit> {
    // By reference: nothing is copied that the type does not keep.
    serde_path_to_error::deserialize(settings).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.inner().to_string();
        misfit(tenant, (field != ".").then_some(field), reason)
    })
}

/// Writes settings.
pub(super) fn members<T: Serialize>(tenant: &str, settings: &T) -> Result<JsonMap, Misfit> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(misfit(tenant, None, "settings have to be a struct with named fields, or a map")),
        Err(error) => Err(misfit(tenant, None, error)),
    }
}

pub(super) fn misfit(tenant: &str, field: Option<String>, reason: impl Display) -> Misfit {
    Misfit { tenant: tenant.to_owned(), field, reason: reason.to_string() }
}

/// The member `hosts`, a string or a list of strings.
pub(super) fn listed_hosts(tenant: &str, settings: &JsonMap) -> Result<Vec<String>, Misfit> {
    let refused = |at: &str| {
        Err(misfit(tenant, Some(at.to_owned()), "hosts are strings; say with `hosts` where else they are"))
    };
    match settings.get("hosts") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(host)) => Ok(vec![host.clone()]),
        Some(Value::Array(hosts)) => {
            let mut read = Vec::with_capacity(hosts.len());
            for (number, host) in hosts.iter().enumerate() {
                match host {
                    Value::String(host) => read.push(host.clone()),
                    _ => return refused(&format!("hosts[{number}]")),
                }
            }
            Ok(read)
        }
        Some(_) => refused("hosts"),
    }
}
