//! What is left out of a line, since a server refuses all of it for one word that it does not know.

use super::Acl;
use super::feature::Feature;
use crate::error::{Error, Result};

/// What takes those rights from a user that were given beside the plain ones, from Redis 7.0 on.
pub(super) const CLEAR_SELECTORS: &str = "clearselectors";

/// What a server of this version refuses, if it says one. (Valkey began with 7.2.)
pub(super) fn unknown_to(version: &str) -> &'static [&'static str] {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    match numbers.next().zip(numbers.next()) {
        // A subcommand is any word there.
        Some((..7, _)) => &[CLEAR_SELECTORS],
        Some((7, ..2)) => &["client|setinfo"],
        _ => &[],
    }
}

impl Acl {
    /// Leaves out, beside those before, what the server does not know or does not allow: commands that the features
    /// [can do without](Feature::helpful), by the names that `ACL SETUSER` says when it refuses them, and `clearselectors`, without
    /// which a user keeps its selectors if it has some. What is in no line is not missed. See
    /// [the module](crate::acl#what-a-server-does-not-know).
    ///
    /// ```
    /// # fn main() -> cache_core::Result<()> {
    /// use cache_core::acl::{Acl, Feature};
    ///
    /// // Redis 7.0 says `Error in ACL SETUSER modifier '+client|setinfo': Unknown command …` otherwise.
    /// let old = Acl::project("shop")?.features([Feature::Gate]).without(["+client|setinfo"]);
    /// assert!(!old.set_user("app")?.contains("setinfo"));
    /// // What is needed is not left out.
    /// let error = old.without(["get"]).set_user("app").unwrap_err();
    /// assert!(error.to_string().contains("`gate` fails without `get`"), "{error}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn without(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let words = words.into_iter().map(|word| word.into().trim_start_matches('+').to_lowercase());
        self.without.extend(words);
        self
    }

    /// Fails for what is to be left out and cannot be.
    pub(super) fn check_without(&self) -> Result<()> {
        let refused = |needs| Err(Error::Unsupported { what: "what is left out of an ACL", needs });
        for word in &self.without {
            let needs = |feature: &&Feature| self.needed_by(**feature).any(|command| command == word);
            if let Some(feature) = self.features.iter().find(needs) {
                return refused(format!(
                    "to be what its features do without: `{}` fails without `{word}`",
                    feature.name()
                ));
            }
            let of_line = |feature: Feature| {
                [feature.needed(), feature.needed_on_clusters(), feature.helpful()].concat()
            };
            if word != CLEAR_SELECTORS && !Feature::all().flat_map(of_line).any(|command| command == word) {
                return refused(format!(
                    "names of commands as `ACL SETUSER` has them, and `{word}` is in no line"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line that are no rights to keys.
    fn line(acl: &Acl) -> Vec<String> {
        let line = acl.set_user("app").unwrap();
        line.split(' ').skip(3).filter(|word| !word.starts_with('~')).map(str::to_owned).collect()
    }

    #[test]
    fn what_a_server_does_not_know_is_left_out() {
        let gate = || Acl::project("shop").unwrap().features([Feature::Gate]);
        let all = line(&gate());
        for (version, left_out) in [
            ("6.2.14", &["clearselectors"][..]),
            ("7.0.15", &["+client|setinfo"]),
            ("7.2.4", &[]),
            ("8.2", &[]),
            ("10.0.0", &[]),
            ("", &[]),
            ("7", &[]),
        ] {
            let expected: Vec<_> = all.iter().filter(|word| !left_out.contains(&&***word)).cloned().collect();
            assert_eq!(line(&gate().without(unknown_to(version).iter().copied())), expected, "{version}");
            assert_eq!(all.len() - expected.len(), left_out.len(), "{version}");
        }
        assert!(line(&gate().without(["+CLIENT|SETINFO"])).iter().all(|word| !word.contains("setinfo")));
    }

    #[test]
    fn what_is_needed_is_not_left_out() {
        let acl = || Acl::project("shop").unwrap().features([Feature::Gate]);
        let refused = |acl: Acl| acl.set_user("app").unwrap_err().to_string();
        assert!(refused(acl().without(["get"])).contains("`gate` fails without `get`"));
        assert!(refused(acl().without(["flying"])).contains("`flying` is in no line"));
        // Of a feature that is not chosen.
        assert_eq!(line(&acl().without(["ft.config", "json.get"])), line(&acl()));
        // Of use for the one, and needed by the other.
        let both = acl().features([Feature::Queries]).without(["get"]);
        assert!(refused(both).contains("`gate` fails without `get`"));
        let queries = Acl::project("shop").unwrap().features([Feature::Queries]).without(["get"]);
        assert!(!queries.commands().contains("get") && queries.set_user("app").is_ok());
        let clusters = acl().features([Feature::Cluster, Feature::Migrator]).without(["ft._createifnx"]);
        assert!(refused(clusters).contains("`migrator` fails without `ft._createifnx`"));
    }

    #[test]
    fn only_features_of_modules_have_their_commands() {
        let of_modules = |features: &[Feature]| {
            let acl = Acl::project("shop").unwrap().features(features.iter().copied());
            let commands = acl.commands();
            let of = |module: &str| commands.iter().any(|command| command.starts_with(module));
            (of("json."), of("ft.config"), of("ft._createifnx"))
        };
        use Feature::{Cluster, Documents, Gate, Migrator, Queries};
        assert_eq!(of_modules(&[]), (false, false, false));
        assert_eq!(of_modules(&[Gate, Cluster]), (false, false, false));
        assert_eq!(of_modules(&[Documents, Cluster]), (true, false, false));
        assert_eq!(of_modules(&[Queries, Cluster]), (false, true, false));
        assert_eq!(of_modules(&[Migrator]), (true, true, false));
        assert_eq!(of_modules(&[Migrator, Cluster]), (true, true, true));
    }
}
