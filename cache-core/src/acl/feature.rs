//! The parts of this crate that need rights of their own.

use super::table::{Keys, ON_CLUSTERS, Row, TABLE};

/// A part of this crate that a service uses, or does not.
///
/// ```
/// use cache_core::acl::Feature;
///
/// assert_eq!(Feature::Suggestions.name(), "suggestions"); // as the command line has it
/// assert!(Feature::Gate.needed().contains(&"pexpire"));
/// // It warns where the server evicts, and does without knowing it.
/// assert!(Feature::Gate.helpful().contains(&"info"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// What every connection sends, and [`Cache::ping`](crate::Cache::ping). It is always among the features.
    Connection,
    /// A database other than 0 in the URL.
    Database,
    /// [`RedisSettings::client_name`](crate::RedisSettings::client_name).
    ClientName,
    /// Documents read, written, counted and deleted by their keys, one by one and many at once, versions too.
    Documents,
    /// How long documents live: `ttl` of the model, `expire`, `persist`.
    Expiry,
    /// `#[unique]`, `#[version]`ed or not.
    UniqueValues,
    /// [`patch`](crate::CacheModel::patch).
    Patches,
    /// `schema_version` and `upgrade`: documents of older forms, brought to the new one when they are changed; to read them
    /// needs nothing more.
    Upgrades,
    /// Every verb of [`Query`](crate::Query); `update` needs [`Feature::Patches`] too, and `delete` what the model's documents do.
    Queries,
    /// [`Query::group_by`](crate::Query::group_by) and [`Aggregation`](crate::Aggregation).
    Aggregations,
    /// [`Query::explain`](crate::Query::explain) and [`Query::profile`](crate::Query::profile).
    Explain,
    /// [`Terms`](crate::Terms): the values of a tag, and the spelling of a text.
    Terms,
    /// [`Synonyms`](crate::Synonyms).
    Synonyms,
    /// [`Dictionary`](crate::Dictionary).
    Dictionaries,
    /// [`Suggestions`](crate::Suggestions).
    Suggestions,
    /// [`Migrator`](crate::Migrator): all of it.
    Migrator,
    /// [`DataMigration`](crate::DataMigration).
    DataMigrations,
    /// [`Gate`](crate::Gate), with its leases, schedules and generations.
    Gate,
    /// [`Durability::Wait`](crate::Durability::Wait), beside [`Feature::Gate`].
    Durability,
    /// [`Lease::fenced`](crate::Lease::fenced), beside [`Feature::Gate`] and what is done with documents; on a cluster with
    /// [`Feature::Cluster`], for what is then beside the documents.
    Fences,
    /// [`load`](crate::CacheModel::load), [`get_or_load`](crate::CacheModel::get_or_load) and
    /// [`invalidate`](crate::CacheModel::invalidate).
    Load,
    /// Settings of tenants, and tenants by host.
    Tenants,
    /// [`Cache::near`](crate::Cache), of the feature `near`: what it reads, and that it is told of changes.
    Near,
    /// Whatever is done on a cluster, on each of its nodes: rights do not travel from one to the others. Beside it, a feature may
    /// need [more there](Feature::needed_on_clusters).
    Cluster,
}

impl Feature {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.feature)
    }

    /// What the command line calls it.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The commands without which something of the feature fails.
    pub fn needed(self) -> &'static [&'static str] {
        self.row().map_or(&[], |row| row.needed)
    }

    /// The commands without which something of the feature fails on a cluster, beside those that it needs anywhere. A line has
    /// them where [`Feature::Cluster`] is among its features.
    ///
    /// ```
    /// use cache_core::acl::Feature;
    ///
    /// // Indexes are made and dropped on all masters.
    /// assert_eq!(Feature::Migrator.needed_on_clusters(), ["ft._createifnx", "ft._dropindexifx"]);
    /// assert!(Feature::Gate.needed_on_clusters().is_empty());
    /// ```
    pub fn needed_on_clusters(self) -> &'static [&'static str] {
        ON_CLUSTERS.iter().find(|(feature, _)| *feature == self).map_or(&[], |(_, commands)| *commands)
    }

    /// The commands that it sends and can do without: something is then done in another way, or later, or not known.
    /// [`Acl::without`](super::Acl::without) leaves them out.
    pub fn helpful(self) -> &'static [&'static str] {
        self.row().map_or(&[], |row| row.helpful)
    }

    pub(super) fn keys(self) -> &'static [Keys] {
        self.row().map_or(&[], |row| row.keys)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.feature == self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_feature_has_one_row_in_the_order_of_the_enum() {
        let features: Vec<_> = Feature::all().collect();
        assert!(features.is_sorted_by(|one, other| one < other), "{features:?}");
        assert_eq!(features.last(), Some(&Feature::Cluster));
        assert_eq!(features.len(), Feature::Cluster as usize + 1);
        let names: BTreeSet<_> = Feature::all().map(Feature::name).collect();
        assert_eq!(names.len(), features.len());
    }

    /// What the migrator asks about before it runs.
    #[test]
    fn the_migrators_preflight_knows_no_other_command() {
        let source = include_str!("../migrate/preflight.rs");
        let asked: BTreeSet<_> = source
            .split("words([b\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_lowercase)
            .collect();
        assert!(asked.len() > 20, "{asked:?}");
        let granted: BTreeSet<_> = Feature::Migrator.needed().iter().map(ToString::to_string).collect();
        let lacking: Vec<_> = asked.difference(&granted).collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }

    #[test]
    fn the_readme_has_the_table() {
        let named = |commands: &[&str]| {
            let shown = commands.iter().map(|command| format!("`+{}`", command.replace('|', "\\|")));
            shown.collect::<Vec<_>>().join(" ")
        };
        let row = |feature: Feature| {
            let (mut needed, helpful) = (named(feature.needed()), named(feature.helpful()));
            if !feature.needed_on_clusters().is_empty() {
                needed += &format!("; on a cluster {}", named(feature.needed_on_clusters()));
            }
            format!("| `{}` | {needed} | {helpful} |", feature.name()).replace("  ", " ")
        };
        let table: Vec<_> = Feature::all().map(row).collect();
        let table = table.join("\n");
        assert!(include_str!("../../README.md").contains(&table), "put this into the README:\n{table}");
    }

    #[test]
    fn no_command_is_there_twice() {
        for feature in Feature::all() {
            let all = [feature.needed(), feature.needed_on_clusters(), feature.helpful()];
            let commands: Vec<_> = all.into_iter().flatten().collect();
            let once: BTreeSet<_> = commands.iter().collect();
            assert_eq!(once.len(), commands.len(), "{feature:?}");
            assert!(commands.iter().all(|command| !command.contains(char::is_uppercase)), "{feature:?}");
        }
    }

    /// A server without the module refuses the whole line for one command of it.
    #[test]
    fn who_needs_nothing_of_a_module_is_granted_nothing_of_it() {
        let all = |feature: Feature| {
            [feature.needed(), feature.needed_on_clusters(), feature.helpful()].concat().into_iter()
        };
        for feature in Feature::all() {
            let needs = |module: &str| feature.needed().iter().any(|command| command.starts_with(module));
            let granted = |module: &str| all(feature).any(|command| command.starts_with(module));
            assert_eq!(granted("ft."), needs("ft."), "{feature:?}");
            // What it is asked when a cache connects.
            assert_eq!(feature.helpful().contains(&"ft.config"), needs("ft."), "{feature:?}");
            // Rows of tenants are documents, of which none is needed.
            assert_eq!(granted("json."), needs("json.") || feature == Feature::Tenants, "{feature:?}");
        }
    }
}
