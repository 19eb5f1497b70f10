//! Where a real server comes from: variables, the PATH, a download; and what is said when there is none.

#![cfg(unix)]

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use cache_core::embedded;
use cache_tests::child::{bare, script, text};

/// What the children of the other tests do. On its own it does nothing.
#[tokio::test]
async fn in_a_child() {
    cache_tests::child::act().await;
}

#[test]
fn without_python_or_network_the_error_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let offline = text(&bare("report", empty.path()).env("CACHE_OFFLINE", "1").output().unwrap());
    let online = text(&bare("report", empty.path()).output().unwrap());
    if offline.contains("FAILED UnsupportedPlatform") {
        assert!(online.contains("FAILED UnsupportedPlatform"));
        return;
    }
    assert!(offline.contains("FAILED Offline") && offline.contains("unset CACHE_OFFLINE"), "{offline}");
    assert!(
        online.contains("FAILED PythonMissing") && online.contains("apt-get install python3-pip"),
        "{online}"
    );
    assert!(
        online.contains("docker run -p 6379:6379 redis:8") && online.contains("CACHE_REDIS_SERVER"),
        "{online}"
    );

    let programs = tempfile::tempdir().unwrap();
    script(&programs.path().join("python3"), "echo No module named pip >&2; exit 1");
    let no_pip = text(&bare("report", empty.path()).env("PATH", programs.path()).output().unwrap());
    assert!(no_pip.contains("FAILED PipMissing"), "{no_pip}");

    let fails = r#"case "$*" in *--version*) exit 0;; esac; echo ERROR: no route to anywhere >&2; exit 1"#;
    script(&programs.path().join("python3"), fails);
    let failed = text(&bare("report", empty.path()).env("PATH", programs.path()).output().unwrap());
    assert!(failed.contains("FAILED Download") && failed.contains("ERROR: no route to anywhere"), "{failed}");
    assert!(failed.contains("cache: downloading redis") && failed.contains("RSALv2"), "{failed}");
    let left = fs::read_dir(empty.path().join("cache")).unwrap().count();
    assert_eq!(left, 0, "a failed download leaves nothing behind");
}

#[test]
fn a_variable_that_names_nothing_usable_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    let missing = empty.path().join("redis-server");
    let output = text(&bare("report", empty.path()).env("CACHE_REDIS_SERVER", &missing).output().unwrap());
    assert!(
        output.contains("FAILED Variable") && output.contains("CACHE_REDIS_SERVER cannot be used"),
        "{output}"
    );
    script(&missing, "echo this is no redis; exit 3");
    let output = text(&bare("report", empty.path()).env("CACHE_REDIS_SERVER", &missing).output().unwrap());
    assert!(output.contains("FAILED Variable") && output.contains("this is no redis"), "{output}");
}

#[tokio::test]
async fn variables_and_path_are_used_before_a_download() {
    let binaries = embedded::binaries().await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    let modules = env::join_paths(&binaries.modules).unwrap();
    let mut by_variable = bare("report", empty.path());
    by_variable.env("CACHE_REDIS_SERVER", &binaries.server).env("CACHE_REDIS_MODULES", &modules);
    let output = text(&by_variable.output().unwrap());
    assert!(output.contains("STARTED"), "{output}");
    // Modules that an installer put in a well-known place would be loaded into any server on PATH.
    let places = ["/opt/redis-stack/lib", "/usr/lib/redis/modules", "/usr/local/lib/redis/modules"];
    if binaries.modules.is_empty() || places.iter().any(|place| Path::new(place).exists()) {
        return;
    }

    // A server without modules is passed over on PATH and refused when it is named.
    let root = tempfile::tempdir().unwrap();
    let (bin, lib) = (root.path().join("bin"), root.path().join("lib"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&lib).unwrap();
    let server = bin.join("redis-server");
    fs::copy(&binaries.server, &server).unwrap();
    let on_path = |role: &str| {
        let mut command = bare(role, empty.path());
        command.env("PATH", &bin).env("CACHE_OFFLINE", "1");
        text(&command.output().unwrap())
    };
    let output = on_path("report");
    assert!(output.contains("FAILED Offline") || output.contains("FAILED UnsupportedPlatform"), "{output}");
    let output = text(&bare("report", empty.path()).env("CACHE_REDIS_SERVER", &server).output().unwrap());
    assert!(output.contains("FAILED Variable") && output.contains("it lacks search and ReJSON"), "{output}");

    // With modules near it the same server is used, and so is the one beside a `redis-stack-server`.
    for module in &binaries.modules {
        symlink(module, lib.join(module.file_name().unwrap())).unwrap();
    }
    let output = on_path("binaries");
    assert!(output.contains(&format!("server: {server:?}")) && output.contains("redisearch.so"), "{output}");
    let path = root.path().join("path");
    fs::create_dir(&path).unwrap();
    let stack = bin.join("redis-stack-server");
    script(&stack, "exit 9");
    symlink(&stack, path.join("redis-stack-server")).unwrap();
    let output = text(&bare("report", empty.path()).env("PATH", &path).output().unwrap());
    assert!(output.contains("STARTED"), "{output}");
}

#[test]
fn several_processes_provision_an_empty_directory_at_once() {
    let empty = tempfile::tempdir().unwrap();
    let cache = empty.path().join("cache");
    let path = env::var_os("PATH").unwrap();
    let download = || bare("binaries", empty.path()).env("PATH", &path).spawn().unwrap();
    let children: Vec<Child> = (0..3).map(|_| download()).collect();
    let outputs: Vec<String> = children.into_iter().map(|c| text(&c.wait_with_output().unwrap())).collect();
    for output in &outputs {
        assert!(output.contains("BINARIES"), "{output}");
    }
    assert_eq!(outputs.iter().filter(|output| output.contains("cache: downloading redis")).count(), 1);
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "only the finished folder stays");

    let began = Instant::now();
    let output = text(&bare("report", empty.path()).env("CACHE_OFFLINE", "1").output().unwrap());
    assert!(output.contains("STARTED"), "{output}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());

    // A file that was cut short is noticed and replaced.
    let folder = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    fs::write(folder.join("rejson.so"), "cut").unwrap();
    let output = text(&download().wait_with_output().unwrap());
    assert!(output.contains("BINARIES") && output.contains("cache: downloading redis"), "{output}");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
}
