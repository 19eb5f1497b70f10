//! Settings as a service takes them.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::error::Misfit;
use super::sections::DEFAULT;
use crate::model::JsonMap;

/// Whether settings fit, without their type.
pub(super) type Fits = Arc<dyn Fn(&str, &JsonMap) -> Result<(), Misfit> + Send + Sync>;

/// Whether what there is of settings that need not be complete fits, without their type.
pub(super) type FitsPartly = fn(&JsonMap) -> Result<(), Misfit>;

/// The hosts that settings list, as they are written there.
pub(super) type HostsOf = Arc<dyn Fn(&str, &JsonMap) -> Result<Vec<String>, Misfit> + Send + Sync>;

/// Reads settings.
pub(super) fn fit<T: DeserializeOwned>(tenant: &str, settings: &JsonMap) -> Result<T, Misfit> {
    read(settings).map_err(|error| told(tenant, settings, &error))
}

type Unread = serde_path_to_error::Error<serde_json::Error>;

fn read<T: DeserializeOwned>(settings: &JsonMap) -> Result<T, Unread> {
    // By reference: nothing is copied that the type does not keep.
    serde_path_to_error::deserialize(settings)
}

fn told(tenant: &str, settings: &JsonMap, error: &Unread) -> Misfit {
    let field = error.path().to_string();
    let whole = Value::Object(settings.clone());
    let reason = discreet(&error.inner().to_string(), Place::of(&whole, error).value);
    misfit(tenant, (field != ".").then_some(field), reason)
}

/// Reads settings that need not be complete: refuses a member that is there and does not fit, in whatever is put over it.
pub(super) fn fit_partly<T: DeserializeOwned>(settings: &JsonMap) -> Result<(), Misfit> {
    let mut rest = settings.clone();
    loop {
        let Err(error) = read::<T>(&rest) else { return Ok(()) };
        let whole = Value::Object(rest.clone());
        let place = Place::of(&whole, &error);
        if place.in_list || !may_lack(place.value, &error.inner().to_string()) {
            return Err(told(DEFAULT, &rest, &error));
        }
        // What serde reads of an object, it reads before it says what it lacks. Now what stands beside it.
        let Some((name, around)) = place.names.split_last() else { return Ok(()) };
        let around = around.iter().try_fold(&mut rest, |members, name| match members.get_mut(name) {
            Some(Value::Object(members)) => Some(members),
            _ => None,
        });
        if around.and_then(|members| members.remove(name)).is_none() {
            return Ok(());
        }
    }
}

/// Whether that may be for want of a member: objects are put together with those that are put over them, all else is not.
fn may_lack(value: &Value, reason: &str) -> bool {
    let certain =
        ["invalid type", "unknown field", "unknown variant"].iter().any(|what| reason.starts_with(what));
    // An enum that no tenant has chosen the variant of is an empty map.
    let value_of_one = reason.starts_with("invalid value") && !reason.starts_with("invalid value: map");
    value.is_object() && !certain && !value_of_one
}

/// What of settings an error is about.
struct Place<'a> {
    /// The innermost value that its path leads to.
    value: &'a Value,
    /// The members that lead there.
    names: Vec<String>,
    /// Whether a list is between: it is inherited as a whole.
    in_list: bool,
}

impl<'a> Place<'a> {
    fn of(whole: &'a Value, error: &Unread) -> Self {
        let mut place = Self { value: whole, names: Vec::new(), in_list: false };
        for segment in error.path() {
            let inner = match segment {
                Segment::Map { key: name } | Segment::Enum { variant: name } => {
                    let inner = place.value.get(name);
                    place.names.extend(inner.map(|_| name.clone()));
                    inner
                }
                Segment::Seq { index } => {
                    place.in_list = true;
                    place.value.get(index)
                }
                Segment::Unknown => None,
            };
            match (inner, segment) {
                (Some(inner), _) => place.value = inner,
                // Not all enums have their variant as a member.
                (None, Segment::Enum { .. }) => {}
                (None, _) => break,
            }
        }
        place
    }
}

/// What serde says, without the value: settings may hold secrets.
fn discreet(reason: &str, value: &Value) -> String {
    const KINDS: [&str; 9] = [
        "string",
        "integer",
        "floating point",
        "boolean",
        "null",
        "sequence",
        "map",
        "character",
        "byte array",
    ];
    // What is expected comes last, whatever the value is.
    let parts = |what: &str| reason.strip_prefix(what)?.rsplit_once(", expected ");
    for what in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = parts(what) {
            let kind = KINDS.iter().find(|kind| found.starts_with(**kind)).unwrap_or(&"something else");
            return format!("{what}{kind}, expected {expected}");
        }
    }
    if let Some((_, expected)) = parts("unknown variant ") {
        return format!("unknown variant, expected {expected}");
    }
    let plain = ["missing field", "unknown field", "duplicate field", "invalid length"];
    if !plain.iter().any(|plain| reason.starts_with(plain)) && tells(reason, value) {
        return "its type refuses it, for a reason that holds the value, which is not shown".to_owned();
    }
    reason.to_owned()
}

/// Whether a text has a value in it, or one of those within; what is shorter than three characters is no secret.
fn tells(text: &str, value: &Value) -> bool {
    let has = |part: &str| part.len() >= 3 && text.contains(part);
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => has(&number.to_string()),
        Value::String(part) => has(part),
        Value::Array(items) => items.iter().any(|item| tells(text, item)),
        Value::Object(members) => members.values().any(|member| tells(text, member)),
    }
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
        serde_json::from_value(value).unwrap()
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

    /// A default, and who inherits it.
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Wide {
        theme: String,
        limits: Limits,
        colors: Vec<Theme>,
        mode: Mode,
        either: Either,
        note: Option<Limits>,
        weight: u8,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Limits {
        users: u32,
        disk: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Mode {
        Plain,
        Paid { cents: u32, until: u32 },
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum Either {
        One { a: u32, b: u32 },
        Text(String),
    }

    #[test]
    fn a_default_may_lack_members_and_not_have_wrong_ones() {
        for good in [
            json!({}),
            json!({"theme": "a", "more": 1}),
            json!({"limits": {}, "theme": "a"}),
            json!({"limits": {"users": 1}, "note": {"disk": 2}, "weight": 3}),
            json!({"colors": [{"colors": [1]}], "mode": "plain"}),
            json!({"mode": {"paid": {"cents": 1}}, "either": {"a": 1}, "weight": 1}),
            json!({"mode": {}, "note": null}),
        ] {
            fit_partly::<Wide>(&map(good.clone())).unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        for (bad, field) in [
            (json!({"theme": 1}), "theme"),
            (json!({"theme": null}), "theme"),
            (json!({"limits": 1}), "limits"),
            (json!({"limits": {"users": "many"}}), "limits.users"),
            // What stands behind what is not complete.
            (json!({"either": {"a": 1}, "limits": {"users": 1}, "weight": "a"}), "weight"),
            (json!({"limits": {"disk": 1}, "note": {"users": 1}, "theme": 1}), "theme"),
            (json!({"limits": {"disk": 1}, "weight": 300}), "weight"),
            (json!({"colors": [{}]}), "colors[0]"),
            (json!({"mode": "free"}), "mode"),
            (json!({"mode": {"paid": {"until": []}}}), "mode.paid.until"),
            (json!({"either": 1}), "either"),
        ] {
            let error = fit_partly::<Wide>(&map(bad.clone())).expect_err(&bad.to_string());
            assert_eq!(error.field.as_deref(), Some(field), "{bad}: {error}");
        }
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Held {
        number: Option<u16>,
        mode: Option<Mode>,
        either: Option<Either>,
        address: Option<std::net::IpAddr>,
        #[serde(default, deserialize_with = "talks")]
        key: String,
    }

    fn talks<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("`{text}` is no key")))
    }

    #[test]
    fn what_does_not_fit_is_told_without_the_value() {
        for (field, value) in [
            ("number", json!("s3cret")),
            ("number", json!("s3cret, expected s3cret")),
            ("number", json!(5_317_337)),
            ("mode", json!("s3cret")),
            ("either", json!(["s3cret"])),
            ("address", json!("s3cret")),
            ("key", json!("s3cret")),
        ] {
            let error = fit::<Held>("acme", &map(json!({field: value}))).unwrap_err().to_string();
            assert!(!error.contains("s3cret") && !error.contains("5317337"), "{error}");
            assert!(error.contains(field), "{error}");
        }
        let error = fit::<Held>("acme", &map(json!({"number": "s3cret"}))).unwrap_err();
        assert_eq!(error.reason, "invalid type: string, expected u16");
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
