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

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Shop {
        theme: Theme,
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Theme {
        colors: Vec<u8>,
    }

    fn map(value: Value) -> JsonMap {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_field() {
        let shop: Shop = fit("acme", &map(json!({"theme": {"colors": [1]}, "more": 1}))).unwrap();
        assert_eq!(members("acme", &shop).unwrap(), map(json!({"theme": {"colors": [1]}})));
        let error = fit::<Shop>("acme", &map(json!({"theme": {"colors": [1, 300]}}))).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("theme.colors[1]"));
        assert!(
            error
                .to_string()
                .starts_with("the settings of tenant `acme`, field `theme.colors[1]` do not fit"),
            "{error}"
        );
        assert_eq!(fit::<Shop>("acme", &JsonMap::new()).unwrap_err().field, None);
        assert!(members("acme", &5).is_err());
    }

    #[test]
    fn hosts_are_a_string_or_a_list_of_them() {
        let of = |value| listed_hosts("acme", &map(value));
        assert_eq!(of(json!({})).unwrap(), [""; 0]);
        assert_eq!(of(json!({"hosts": "a"})).unwrap(), ["a"]);
        assert_eq!(of(json!({"hosts": ["a", "b"]})).unwrap(), ["a", "b"]);
        assert_eq!(of(json!({"hosts": ["a", 1]})).unwrap_err().field.as_deref(), Some("hosts[1]"));
        assert_eq!(of(json!({"hosts": {}})).unwrap_err().field.as_deref(), Some("hosts"));
    }
}
