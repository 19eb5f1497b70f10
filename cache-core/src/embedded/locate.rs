//! Finding the binaries: named by the environment, installed on `PATH`, or provisioned.

use std::collections::{HashMap, HashSet};
use std::env;
use std::ffi::OsStr;
use std::path::{self, Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use super::error::EmbeddedError;
use super::limit::Limit;
use super::plan::{Binaries, Extras};
use super::process::Process;
use super::provision;
use super::settings::{MODULES_VARIABLE, SERVER_VARIABLE, Settings};
use super::wheels::MODULE_FILES;

/// How long one attempt to start an installed server may take.
const TRY_WITHIN: Duration = Duration::from_secs(5);

/// Where installers put modules that are not beside the server.
const MODULE_PLACES: [&str; 3] =
    ["/opt/redis-stack/lib", "/usr/lib/redis/modules", "/usr/local/lib/redis/modules"];

/// What trying installed binaries brought, kept because the answer stays the same while this process runs.
static TRIED: LazyLock<Mutex<HashMap<Binaries, Result<(), String>>>> = LazyLock::new(Mutex::default);

/// The binaries to use.
pub(super) fn locate(settings: &Settings, limit: &Limit) -> Result<Binaries, EmbeddedError> {
    if let Some(binaries) = named(settings, limit)? {
        return Ok(binaries);
    }
    for server in installed() {
        if let Ok(binaries) = complete(&server, limit)? {
            return Ok(binaries);
        }
    }
    provision::provision(&settings.cache_directory()?, settings.offline, limit)
}

/// What to use in place of binaries from which no server started; `None`: they are not to blame, or there is nothing else.
pub(super) fn instead(
    settings: &Settings,
    binaries: &Binaries,
    limit: &Limit,
) -> Result<Option<Binaries>, EmbeddedError> {
    provision::replace(&settings.cache_directory()?, settings.offline, binaries, limit)
}

/// The binaries the environment names, tried, or nothing if it names none.
fn named(settings: &Settings, limit: &Limit) -> Result<Option<Binaries>, EmbeddedError> {
    let unusable = |variable, problem| EmbeddedError::Variable { variable, problem };
    let Some(value) = &settings.server else {
        return match settings.modules {
            Some(_) => {
                let problem = format!("{SERVER_VARIABLE}, which names the server to load them, is not set");
                Err(unusable(MODULES_VARIABLE, problem))
            }
            None => Ok(None),
        };
    };
    let server =
        which::which(value).ok().and_then(|server| path::absolute(server).ok()).ok_or_else(|| {
            let problem = format!("{} is not a program that can be run", Path::new(value).display());
            unusable(SERVER_VARIABLE, problem)
        })?;
    let Some(modules) = &settings.modules else {
        return match complete(&server, limit)? {
            Ok(binaries) => Ok(Some(binaries)),
            Err(problem) => {
                Err(unusable(SERVER_VARIABLE, format!("{} does not serve: {problem}", server.display())))
            }
        };
    };
    let modules = listed(modules).map_err(|problem| unusable(MODULES_VARIABLE, problem))?;
    let binaries = Binaries { server, modules };
    match tried(&binaries, limit)? {
        Ok(()) => Ok(Some(binaries)),
        Err(problem) => {
            let problem = format!(
                "{} ({SERVER_VARIABLE}) does not serve with them: {problem}",
                binaries.server.display()
            );
            Err(unusable(MODULES_VARIABLE, problem))
        }
    }
}

/// The module files a `PATH`-like list names, all of which must exist.
fn listed(list: &OsStr) -> Result<Vec<PathBuf>, String> {
    let entries = env::split_paths(list).filter(|path| !path.as_os_str().is_empty());
    entries
        .map(|path| match path.canonicalize() {
            Ok(path) if path.is_file() => Ok(path),
            _ => Err(format!("{} is not a file", path.display())),
        })
        .collect()
}

/// The servers on `PATH`, those that bring modules first.
fn installed() -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    ["redis-stack-server", "redis-server"]
        .iter()
        .flat_map(|name| which::which_all(name).into_iter().flatten())
        // Servers are started in a directory of their own, where a relative path would lead elsewhere.
        .filter_map(|found| path::absolute(found).ok())
        .flat_map(|found| {
            // `redis-stack-server` is a script; the server it starts lies beside it. The script stays as a fallback.
            let beside = near(&found).into_iter().map(|folder| folder.join("redis-server"));
            let mut servers: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
            servers.push(found);
            servers
        })
        .filter(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())))
        .collect()
}

/// The folder a program was found in, and the one it really is in.
fn near(program: &Path) -> Vec<PathBuf> {
    let real = program.canonicalize().ok();
    let mut folders: Vec<PathBuf> = [Some(program), real.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(Path::parent)
        .map(Path::to_owned)
        .collect();
    folders.dedup();
    folders
}

/// The pairs of modules that may belong to `server`, nearest first.
fn modules_near(server: &Path) -> Vec<Vec<PathBuf>> {
    let around = near(server)
        .into_iter()
        .flat_map(|folder| [folder.clone(), folder.join("../lib"), folder.join("../lib/redis/modules")]);
    let mut pairs: Vec<Vec<PathBuf>> = Vec::new();
    for place in around.chain(MODULE_PLACES.map(PathBuf::from)) {
        let files: Option<Vec<PathBuf>> = MODULE_FILES
            .iter()
            .map(|name| place.join(name).canonicalize().ok().filter(|path| path.is_file()))
            .collect();
        if let Some(files) = files.filter(|files| !pairs.contains(files)) {
            pairs.push(files);
        }
    }
    pairs
}

/// `server` with modules that make it serve, or with none if it has them built in; otherwise what went wrong.
fn complete(server: &Path, limit: &Limit) -> Result<Result<Binaries, String>, EmbeddedError> {
    let mut problem = String::new();
    for modules in modules_near(server).into_iter().chain([Vec::new()]) {
        let binaries = Binaries { server: server.to_owned(), modules };
        match tried(&binaries, limit)? {
            Ok(()) => return Ok(Ok(binaries)),
            Err(said) => problem = said,
        }
    }
    Ok(Err(problem))
}

/// Starts `binaries` for a moment, once in the life of this process; the inner error is what went wrong.
fn tried(binaries: &Binaries, limit: &Limit) -> Result<Result<(), String>, EmbeddedError> {
    // Held while the server starts, so that many starts at once do not try the same binaries many times.
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = tried.get(binaries) {
        return Ok(answer.clone());
    }
    limit.check("trying the installed redis")?;
    let answer = match Process::start(binaries.clone(), Extras::default(), &limit.within(TRY_WITHIN)) {
        Ok(_) => Ok(()),
        Err(EmbeddedError::Interrupted) => return Err(EmbeddedError::Interrupted),
        Err(error) => Err(error.to_string()),
    };
    tried.insert(binaries.clone(), answer.clone());
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn modules_are_looked_for_around_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (bin, lib) = (root.join("bin"), root.join("lib"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&lib).unwrap();
        let server = bin.join("redis-server");
        fs::write(&server, "").unwrap();
        let elsewhere = modules_near(&server).len();
        fs::write(lib.join("rejson.so"), "").unwrap();
        assert_eq!(modules_near(&server).len(), elsewhere);
        fs::write(lib.join("redisearch.so"), "").unwrap();
        assert_eq!(modules_near(&server)[0], [lib.join("redisearch.so"), lib.join("rejson.so")]);
        let link = root.join("redis-stack-server");
        std::os::unix::fs::symlink(&server, &link).unwrap();
        assert_eq!(modules_near(&link)[0], [lib.join("redisearch.so"), lib.join("rejson.so")]);
    }

    #[test]
    fn a_list_of_modules_must_name_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().canonicalize().unwrap().join("a.so");
        fs::write(&file, "").unwrap();
        let list = format!(":{}:", file.display());
        assert_eq!(listed(OsStr::new(&list)).unwrap(), [file]);
        assert_eq!(listed(OsStr::new("/nowhere/b.so")).unwrap_err(), "/nowhere/b.so is not a file");
    }

    #[test]
    fn a_named_server_that_is_unusable_is_an_error_and_not_passed_over() {
        let (limit, _waiting) = Limit::new(Duration::from_secs(10));
        let settings = |server: &str, modules: &str| {
            Settings::from(|name| match name {
                SERVER_VARIABLE => Some(server.into()),
                MODULES_VARIABLE => Some(modules.into()),
                _ => None,
            })
        };
        let text = |server, modules| named(&settings(server, modules), &limit).unwrap_err().to_string();
        assert_eq!(
            text("/nowhere/redis-server", ""),
            "CACHE_REDIS_SERVER cannot be used: /nowhere/redis-server is not a program that can be run; \
             correct it, or unset it to have a server found or downloaded"
        );
        let shell = text("/bin/sh", "");
        assert!(shell.starts_with("CACHE_REDIS_SERVER cannot be used: /bin/sh does not serve: "), "{shell}");
        let module = text("/bin/sh", "/nowhere/a.so");
        assert!(
            module.starts_with("CACHE_REDIS_MODULES cannot be used: /nowhere/a.so is not a file"),
            "{module}"
        );
        assert!(text("", "/nowhere/a.so").contains("CACHE_REDIS_SERVER"));
        assert!(named(&settings("", ""), &limit).unwrap().is_none());
    }
}
