//! A server, a user on it with rights of the test's choice, and what the server refused that user.

use std::collections::{BTreeMap, BTreeSet};

use cache_core::acl::{Acl, Feature};
use cache_core::embedded::Server;
use cache_core::{Cache, Command, Protocol, RedisSettings, Reply};
use cache_tests::clients::is_fred;
use cache_tests::{chain, connect, connect_with};

use crate::scenarios::{self, Fails};

pub(crate) struct Stage {
    server: Server,
    admin: Cache,
}

/// How a feature went.
pub(crate) struct Ran {
    pub(crate) outcome: Result<(), String>,
    /// The commands and keys that the server refused.
    pub(crate) refused: BTreeSet<String>,
}

impl Ran {
    /// Whether the lack of this rule was noticed.
    pub(crate) fn misses(&self, rule: &str) -> bool {
        let Some(command) = rule.strip_prefix('+') else { return !self.refused.is_empty() };
        let told = self.outcome.as_ref().err().is_some_and(|error| {
            error.split([' ', '`', ',']).any(|word| word == rule || word.eq_ignore_ascii_case(command))
        });
        told || self.refused.contains(command)
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let server = Server::options().tcp(true).start().await.unwrap();
        let admin = connect(&server.url(), Protocol::Resp3).await.project("shop");
        Self { server, admin }
    }

    /// What is granted for a feature beside what those have that it stands on.
    pub(crate) fn rules(&self, feature: Feature) -> BTreeSet<String> {
        let own: BTreeSet<_> = words(&[feature]).filter(|word| word.starts_with(['+', '~'])).collect();
        if feature == Feature::Connection {
            return own;
        }
        let needed: BTreeSet<_> = feature.needed().iter().map(|command| format!("+{command}")).collect();
        let always = &words(&[]).collect::<BTreeSet<_>>() - &needed;
        own.difference(&always).cloned().collect()
    }

    /// Runs a feature on an empty server, as a user with all of its rights but for this one.
    pub(crate) async fn run(&self, feature: Feature, protocol: Protocol, without: Option<&str>) -> Ran {
        let admin = |words: &[&str]| {
            let (name, rest) = words.split_first().unwrap();
            self.admin.command(Command::new(name).args_from(rest.iter().copied()))
        };
        for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"]] {
            admin(words).await.unwrap();
        }
        scenarios::prepare(feature, &self.admin).await.unwrap_or_else(|error| panic!("{error}"));
        // What was prepared with scripts is no help.
        for words in [&["SCRIPT", "FLUSH"][..], &["ACL", "DELUSER", "app"], &["ACL", "LOG", "RESET"]] {
            admin(words).await.unwrap();
        }
        let line: Vec<_> =
            words(&with_below(feature)).filter(|word| Some(word.as_str()) != without).collect();
        admin(&line.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
        admin(&["ACL", "SETUSER", "app", ">p"]).await.unwrap();
        let outcome = self.scenario(feature, protocol).await.map_err(|error| chain(&*error));
        Ran { outcome, refused: but_for_config(&with_below(feature), self.refused().await) }
    }

    async fn scenario(&self, feature: Feature, protocol: Protocol) -> Result<(), Fails> {
        let database = if feature == Feature::Database { "/1" } else { "" };
        let url = format!("redis://app:p@127.0.0.1:{}{database}", self.server.port().unwrap());
        let mut settings = RedisSettings::new(&*url).protocol(protocol);
        if feature == Feature::ClientName {
            settings = settings.client_name("shop");
        }
        let cache = connect_with(settings).await?.project("shop");
        let outcome = scenarios::run(feature, &cache, &self.admin).await;
        // A gate that may not be given back is tried for as long as its ttl.
        let _ = cache.shutdown(std::time::Duration::from_secs(1)).await;
        outcome
    }

    async fn refused(&self) -> BTreeSet<String> {
        refused(self.admin.command(Command::new("ACL").arg("LOG").arg("128")).await.unwrap())
    }
}

/// The commands and keys in an `ACL LOG`.
pub(crate) fn refused(log: Reply) -> BTreeSet<String> {
    let mut counts = BTreeMap::new();
    for entry in log.into_items().unwrap() {
        let (mut object, mut count) = (String::new(), 0);
        for (name, value) in entry.into_pairs().unwrap() {
            match name.as_str() {
                Some("object") => object = value.as_str().unwrap().to_lowercase(),
                Some("count") => count = value.as_int().unwrap(),
                _ => {}
            }
        }
        *counts.entry(object).or_insert(0) += count;
    }
    if is_fred() {
        // Each connection of fred's asks for both by itself, and does without. Who asks for `INFO` more often are we.
        let connections = counts.remove("client|id").unwrap_or_default();
        counts.retain(|object, count| object != "info" || *count > connections);
    }
    counts.into_keys().collect()
}

/// What was refused without what each connection asks, also of a user whose features have nothing to do with indexes.
pub(crate) fn but_for_config(with: &[Feature], mut refused: BTreeSet<String>) -> BTreeSet<String> {
    if !with.iter().any(|feature| feature.helpful().contains(&"ft.config")) {
        refused.remove("ft.config");
    }
    refused
}

/// The feature, and those that it stands on.
pub(crate) fn with_below(feature: Feature) -> Vec<Feature> {
    let below: &[Feature] = match feature {
        Feature::Durability => &[Feature::Gate],
        Feature::Fences => &[Feature::Gate, Feature::Documents, Feature::Patches],
        _ => &[],
    };
    [&[feature], below].concat()
}

/// The line that is printed for features, in words.
pub(crate) fn words(features: &[Feature]) -> impl Iterator<Item = String> {
    let schemas: Vec<_> = features.iter().flat_map(|feature| scenarios::schemas(*feature)).collect();
    let acl = Acl::project("shop").unwrap().schemas(&schemas).features(features.iter().copied());
    let line = acl.set_user("app").unwrap();
    line.split(' ').map(str::to_owned).collect::<Vec<_>>().into_iter()
}
