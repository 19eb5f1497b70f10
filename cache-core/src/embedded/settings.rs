//! What the environment says: which server to use, where to keep binaries, whether to download.

use std::env::{self, consts};
use std::ffi::OsString;
use std::path::{self, Path, PathBuf};

use super::error::EmbeddedError;

/// Names the environment variable that points at a server binary.
pub(super) const SERVER_VARIABLE: &str = "CACHE_REDIS_SERVER";
/// Names the environment variable that lists module files.
pub(super) const MODULES_VARIABLE: &str = "CACHE_REDIS_MODULES";
/// Names the environment variable that replaces the directory binaries are kept in.
pub(super) const DIRECTORY_VARIABLE: &str = "CACHE_EMBEDDED_DIR";
/// Names the environment variable that forbids downloads.
pub(super) const OFFLINE_VARIABLE: &str = "CACHE_OFFLINE";

/// The variables that matter, read once; an empty variable counts as unset.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) server: Option<OsString>,
    pub(super) modules: Option<OsString>,
    pub(super) offline: bool,
    directory: Option<OsString>,
    xdg_cache: Option<OsString>,
    home: Option<OsString>,
}

impl Settings {
    pub(super) fn read() -> Settings {
        Settings::from(|name| env::var_os(name))
    }

    pub(super) fn from(lookup: impl Fn(&str) -> Option<OsString>) -> Settings {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        Settings {
            server: get(SERVER_VARIABLE),
            modules: get(MODULES_VARIABLE),
            offline: get(OFFLINE_VARIABLE).is_some_and(|value| value != "0"),
            directory: get(DIRECTORY_VARIABLE),
            xdg_cache: get("XDG_CACHE_HOME"),
            home: get("HOME"),
        }
    }

    /// The directory that holds one folder for each set of binaries; it may not exist yet.
    pub(super) fn cache_directory(&self) -> Result<PathBuf, EmbeddedError> {
        self.cache_directory_on(consts::OS)
    }

    fn cache_directory_on(&self, os: &str) -> Result<PathBuf, EmbeddedError> {
        if let Some(directory) = &self.directory {
            return path::absolute(directory).map_err(|error| EmbeddedError::Variable {
                variable: DIRECTORY_VARIABLE,
                problem: error.to_string(),
            });
        }
        let absolute = |value: &Option<OsString>| {
            value.as_ref().map(Path::new).filter(|path| path.is_absolute()).map(Path::to_owned)
        };
        let in_home = if os == "macos" { "Library/Caches" } else { ".cache" };
        // A relative value is to be ignored, says the convention that XDG_CACHE_HOME comes from.
        let caches = absolute(&self.xdg_cache).or_else(|| Some(absolute(&self.home)?.join(in_home)));
        Ok(caches.ok_or(EmbeddedError::NoCacheDirectory)?.join("cache-core").join("embedded"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::from(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_cache_directory_follows_the_platform() {
        let home = ("HOME", "/home/me");
        let on = |os: &str, pairs: &[(&str, &str)]| settings(pairs).cache_directory_on(os).unwrap();
        assert_eq!(on("linux", &[home]), Path::new("/home/me/.cache/cache-core/embedded"));
        assert_eq!(on("macos", &[home]), Path::new("/home/me/Library/Caches/cache-core/embedded"));
        assert_eq!(on("linux", &[home, ("XDG_CACHE_HOME", "/c")]), Path::new("/c/cache-core/embedded"));
        assert_eq!(on("linux", &[home, ("XDG_CACHE_HOME", "c")]), on("linux", &[home]));
        assert_eq!(on("linux", &[home, ("CACHE_EMBEDDED_DIR", "/mine")]), Path::new("/mine"));
        assert!(on("linux", &[("CACHE_EMBEDDED_DIR", "mine")]).is_absolute());
        let error = settings(&[("HOME", "")]).cache_directory_on("linux").unwrap_err();
        assert!(error.to_string().contains("CACHE_EMBEDDED_DIR"));
    }

    #[test]
    fn offline_takes_anything_but_zero_and_nothing() {
        for (value, offline) in [("1", true), ("true", true), ("0", false), ("", false)] {
            assert_eq!(settings(&[("CACHE_OFFLINE", value)]).offline, offline, "{value:?}");
        }
        assert!(!settings(&[]).offline);
    }
}
