//! Settings by their names, from the environment or as part of a service's own.

use std::fmt;
use std::time::Duration;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::{MAX_TIMEOUT, MOST_IN_FLIGHT, Pem, Protocol, RedisSettings, Secret, Tls};
use crate::error::{Error, Result};

/// The server of a machine that says nothing of it.
const DEFAULT_URL: &str = "redis://localhost:6379/0";

/// What is read, as text: the environment knows nothing else, and what is layered over it often neither.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    #[serde(alias = "REDIS_URL")]
    redis_url: Text,
    #[serde(alias = "REDIS_USERNAME")]
    redis_username: Text,
    #[serde(alias = "REDIS_PASSWORD")]
    redis_password: Text,
    #[serde(alias = "REDIS_PROTOCOL")]
    redis_protocol: Text,
    #[serde(alias = "REDIS_CLIENT_NAME")]
    redis_client_name: Text,
    #[serde(alias = "REDIS_CONNECT_TIMEOUT")]
    redis_connect_timeout: Text,
    #[serde(alias = "REDIS_RESPONSE_TIMEOUT")]
    redis_response_timeout: Text,
    #[serde(alias = "REDIS_MAX_IN_FLIGHT")]
    redis_max_in_flight: Text,
    #[serde(alias = "REDIS_TLS_CACERT")]
    redis_tls_cacert: Text,
    #[serde(alias = "REDIS_TLS_CERT")]
    redis_tls_cert: Text,
    #[serde(alias = "REDIS_TLS_KEY")]
    redis_tls_key: Text,
    #[serde(alias = "REDIS_TLS_SNI")]
    redis_tls_sni: Text,
    #[serde(alias = "REDIS_SENTINEL_USERNAME")]
    redis_sentinel_username: Text,
    #[serde(alias = "REDIS_SENTINEL_PASSWORD")]
    redis_sentinel_password: Text,
}

/// A value as text, also where a format has it as a number or a truth. What is none of these is not shown: it may be a
/// password.
#[derive(Default)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Text(None))
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings of Redis (REDIS_…) that are a text or a number")
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self, E> {
        Ok(Self(Some(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Self, E> {
        Ok(Self(Some(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Self, E> {
        Ok(Self(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Self, E> {
        Ok(Self(Some(number.to_string())))
    }

    fn visit_bool<E>(self, truth: bool) -> std::result::Result<Self, E> {
        Ok(Self(Some(truth.to_string())))
    }

    fn visit_unit<E>(self) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_none<E>(self) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl RedisSettings {
    /// Reads them from the environment; what is not set, or empty, has its default.
    ///
    /// | variable | what it is | default |
    /// |---|---|---|
    /// | `REDIS_URL` | see [`new`](RedisSettings::new) | `redis://localhost:6379/0` |
    /// | `REDIS_USERNAME`, `REDIS_PASSWORD` | go before those of the URL | |
    /// | `REDIS_PROTOCOL` | `resp2` or `resp3` | `resp3` |
    /// | `REDIS_CLIENT_NAME` | the name in `CLIENT LIST` | none |
    /// | `REDIS_CONNECT_TIMEOUT`, `REDIS_RESPONSE_TIMEOUT` | such as `2s` or `500ms` | `2s` |
    /// | `REDIS_MAX_IN_FLIGHT` | how many calls may [wait for an answer](RedisSettings::max_in_flight) | 16384 |
    /// | `REDIS_TLS_CACERT` | for `rediss://`: a file with the [authorities](Tls::cacert) to trust | those of the machine |
    /// | `REDIS_TLS_CERT`, `REDIS_TLS_KEY` | files with the client's [certificate](Tls::cert) and key | none |
    /// | `REDIS_SENTINEL_USERNAME`, `REDIS_SENTINEL_PASSWORD` | who asks the [sentinels](RedisSettings::sentinel) of a `redis+sentinel://` | nobody |
    /// | `REDIS_TLS_SNI` | the [name](Tls::sni) in the server's certificate | the host of the URL |
    ///
    /// Tests, [`Cache::embedded`](struct.Cache.html#method.embedded) and the examples but for `service` never look at them.
    ///
    /// ```no_run
    /// use cache_core::{Cache, RedisSettings};
    ///
    /// # async fn example() -> cache_core::Result<()> {
    /// let cache = Cache::connect(RedisSettings::from_env()?).await?;
    /// # let _ = cache;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Settings`] with the variable whose value cannot be used. The value is not shown.
    pub fn from_env() -> Result<Self> {
        Self::lookup(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err("it is not UTF-8".to_owned()),
        })
    }

    fn lookup(read: impl Fn(&str) -> std::result::Result<Option<String>, String>) -> Result<Self> {
        let read = |setting| read(setting).map(Text).map_err(|reason| Error::Settings { setting, reason });
        Self::from_raw(Raw {
            redis_url: read("REDIS_URL")?,
            redis_username: read("REDIS_USERNAME")?,
            redis_password: read("REDIS_PASSWORD")?,
            redis_protocol: read("REDIS_PROTOCOL")?,
            redis_client_name: read("REDIS_CLIENT_NAME")?,
            redis_connect_timeout: read("REDIS_CONNECT_TIMEOUT")?,
            redis_response_timeout: read("REDIS_RESPONSE_TIMEOUT")?,
            redis_max_in_flight: read("REDIS_MAX_IN_FLIGHT")?,
            redis_tls_cacert: read("REDIS_TLS_CACERT")?,
            redis_tls_cert: read("REDIS_TLS_CERT")?,
            redis_tls_key: read("REDIS_TLS_KEY")?,
            redis_tls_sni: read("REDIS_TLS_SNI")?,
            redis_sentinel_username: read("REDIS_SENTINEL_USERNAME")?,
            redis_sentinel_password: read("REDIS_SENTINEL_PASSWORD")?,
        })
    }

    fn from_raw(raw: Raw) -> Result<Self> {
        let given = |Text(value)| value.filter(|value: &String| !value.is_empty());
        let mut settings = Self::new(given(raw.redis_url).unwrap_or_else(|| DEFAULT_URL.to_owned()));
        settings.username = given(raw.redis_username);
        settings.password = given(raw.redis_password).map(Secret);
        settings.client_name = given(raw.redis_client_name);
        settings.sentinel_username = given(raw.redis_sentinel_username);
        settings.sentinel_password = given(raw.redis_sentinel_password).map(Secret);
        settings.protocol = given(raw.redis_protocol).map(|text| protocol(&text)).transpose()?;
        if let Some(text) = given(raw.redis_connect_timeout) {
            settings.connect_timeout = duration("REDIS_CONNECT_TIMEOUT", &text)?;
        }
        if let Some(text) = given(raw.redis_response_timeout) {
            settings.response_timeout = duration("REDIS_RESPONSE_TIMEOUT", &text)?;
        }
        if let Some(text) = given(raw.redis_max_in_flight) {
            settings.max_in_flight = calls(&text)?;
        }
        let tls = Tls {
            cacert: given(raw.redis_tls_cacert).map(Into::into),
            cert: both(given(raw.redis_tls_cert), given(raw.redis_tls_key))?,
            sni: given(raw.redis_tls_sni),
        };
        settings.tls = Some(tls).filter(|tls| *tls != Tls::new());
        settings.check("REDIS_URL", "REDIS_CLIENT_NAME")?;
        Ok(settings)
    }
}

fn protocol(text: &str) -> Result<Protocol> {
    match text.to_ascii_lowercase().as_str() {
        "2" | "resp2" => Ok(Protocol::Resp2),
        "3" | "resp3" => Ok(Protocol::Resp3),
        _ => Err(Error::Settings {
            setting: "REDIS_PROTOCOL",
            reason: "it is neither `resp2` nor `resp3`".to_owned(),
        }),
    }
}

fn calls(text: &str) -> Result<usize> {
    let calls = text.parse().ok().filter(|calls| (1..=MOST_IN_FLIGHT).contains(calls));
    calls.ok_or_else(|| Error::Settings {
        setting: "REDIS_MAX_IN_FLIGHT",
        reason: format!("it is no number from 1 to {MOST_IN_FLIGHT}"),
    })
}

/// A certificate and its key, which are nothing without each other.
fn both(cert: Option<String>, key: Option<String>) -> Result<Option<(Pem, Pem)>> {
    let alone =
        |setting, other: &str| Error::Settings { setting, reason: format!("it is not set, and {other} is") };
    match (cert, key) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Ok(Some((cert.into(), key.into()))),
        (None, Some(_)) => Err(alone("REDIS_TLS_CERT", "REDIS_TLS_KEY")),
        (Some(_), None) => Err(alone("REDIS_TLS_KEY", "REDIS_TLS_CERT")),
    }
}

fn duration(setting: &'static str, text: &str) -> Result<Duration> {
    let refused = |reason| Error::Settings { setting, reason };
    let Ok(duration) = humantime::parse_duration(text) else {
        return Err(refused(
            "it is no duration; write a number with its unit, such as `2s` or `500ms`".to_owned(),
        ));
    };
    if duration.is_zero() {
        return Err(refused("no call would be in time; write more than 0".to_owned()));
    }
    if duration > MAX_TIMEOUT {
        return Err(refused("it is longer than an hour, which is no bound".to_owned()));
    }
    Ok(duration)
}

/// As [`RedisSettings::from_env`], from members with the names of the variables, in capitals or not; others are left
/// alone, so that the settings may be flattened into those of a service.
///
/// ```
/// use cache_core::RedisSettings;
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     port: u16,
///     #[serde(flatten)]
///     redis: RedisSettings,
/// }
///
/// let settings: Settings = serde_json::from_str(r#"{"port": 80, "REDIS_URL": "redis://cache:6379"}"#)?;
/// # let _ = (settings.port, settings.redis);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for RedisSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Self::from_raw(Raw::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<RedisSettings> {
        RedisSettings::lookup(|name| {
            Ok(pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        assert_eq!(of(&[]).unwrap(), RedisSettings::new("redis://localhost:6379/0"));
        assert_eq!(of(&[("REDIS_URL", ""), ("REDIS_PROTOCOL", "")]).unwrap(), of(&[]).unwrap());
    }

    #[test]
    fn what_is_set_counts() {
        let settings = of(&[
            ("REDIS_URL", "redis://h:1"),
            ("REDIS_USERNAME", "ann"),
            ("REDIS_PASSWORD", "s3cret"),
            ("REDIS_PROTOCOL", "RESP2"),
            ("REDIS_CLIENT_NAME", "shop"),
            ("REDIS_CONNECT_TIMEOUT", "1s 500ms"),
            ("REDIS_RESPONSE_TIMEOUT", "250ms"),
            ("REDIS_MAX_IN_FLIGHT", "64"),
            ("REDIS_SENTINEL_USERNAME", "bea"),
            ("REDIS_SENTINEL_PASSWORD", "other"),
        ]);
        let expected = RedisSettings::new("redis://h:1")
            .username("ann")
            .password("s3cret")
            .protocol(Protocol::Resp2)
            .client_name("shop")
            .connect_timeout(Duration::from_millis(1500))
            .response_timeout(Duration::from_millis(250))
            .max_in_flight(64)
            .sentinel_username("bea")
            .sentinel_password("other");
        assert_eq!(settings.unwrap(), expected);
    }

    #[test]
    fn a_bad_value_names_its_variable_and_is_not_shown() {
        for (name, value) in [
            ("REDIS_URL", "http://ann:s3cret@h"),
            ("REDIS_URL", "redis://ann:s3cret@"),
            ("REDIS_URL", "redis://ann:s3cret"),
            ("REDIS_URL", "redis://ann:s3cret@h:99999"),
            ("REDIS_PROTOCOL", "s3cret"),
            ("REDIS_CONNECT_TIMEOUT", "s3cret"),
            ("REDIS_CONNECT_TIMEOUT", "0s"),
            ("REDIS_RESPONSE_TIMEOUT", "5"),
            ("REDIS_RESPONSE_TIMEOUT", "2h"),
            ("REDIS_CLIENT_NAME", "s3 cret"),
            ("REDIS_MAX_IN_FLIGHT", "0"),
            ("REDIS_MAX_IN_FLIGHT", "s3cret"),
        ] {
            let message = of(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(&format!("the setting {name} cannot be used: ")), "{message}");
            assert!(!message.contains("s3"), "{message}");
        }
    }

    #[test]
    fn tls_is_asked_for_by_the_url() {
        let settings = of(&[("REDIS_URL", "rediss://h"), ("REDIS_TLS_CACERT", "a"), ("REDIS_TLS_SNI", "b")]);
        let expected = RedisSettings::new("rediss://h").tls(Tls::new().cacert("a").sni("b"));
        assert_eq!(settings.unwrap(), expected);
        for (pairs, named) in [
            ([("REDIS_URL", "redis://h"), ("REDIS_TLS_CACERT", "a")], "REDIS_URL"),
            ([("REDIS_URL", "rediss://h"), ("REDIS_TLS_CERT", "a")], "REDIS_TLS_KEY"),
            ([("REDIS_URL", "rediss://h"), ("REDIS_TLS_KEY", "a")], "REDIS_TLS_CERT"),
        ] {
            let message = of(&pairs).unwrap_err().to_string();
            assert!(message.starts_with(&format!("the setting {named} cannot be used: ")), "{message}");
        }
    }

    #[test]
    fn they_are_part_of_a_services_own() {
        #[derive(Deserialize)]
        struct Own {
            port: u16,
            #[serde(flatten)]
            redis: RedisSettings,
        }
        let own: Own = serde_json::from_str(
            r#"{"port": 80, "redis_url": "redis://h:1", "REDIS_PROTOCOL": 2, "other": null}"#,
        )
        .unwrap();
        assert_eq!(own.port, 80);
        assert_eq!(own.redis, RedisSettings::new("redis://h:1").protocol(Protocol::Resp2));
        let refused = serde_json::from_str::<RedisSettings>(r#"{"REDIS_URL": "s3cret"}"#).unwrap_err();
        assert!(refused.to_string().contains("REDIS_URL") && !refused.to_string().contains("s3cret"));
    }

    #[test]
    fn formats_with_numbers_may_write_them() {
        let read = |json: &str| serde_json::from_str::<RedisSettings>(json);
        let settings =
            read(r#"{"REDIS_PASSWORD": 987654321, "redis_max_in_flight": 5, "redis_username": null}"#);
        let settings = settings.unwrap();
        assert_eq!(
            settings,
            RedisSettings::new("redis://localhost:6379/0").password("987654321").max_in_flight(5)
        );
        for (json, named) in [
            (r#"{"REDIS_CONNECT_TIMEOUT": 21}"#, "REDIS_CONNECT_TIMEOUT"),
            (r#"{"REDIS_PROTOCOL": 21}"#, "REDIS_PROTOCOL"),
            (r#"{"REDIS_MAX_IN_FLIGHT": -21}"#, "REDIS_MAX_IN_FLIGHT"),
            (r#"{"REDIS_MAX_IN_FLIGHT": true}"#, "REDIS_MAX_IN_FLIGHT"),
            (r#"{"REDIS_PASSWORD": ["21"]}"#, "REDIS_"),
        ] {
            let message = read(json).unwrap_err().to_string();
            assert!(message.contains(named) && !message.contains("21"), "{message}");
        }
    }
}
