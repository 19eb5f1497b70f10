//! A service with the commands, as a process.

use std::path::Path;
use std::process::{Command, Output};

use cache_core::Cache;
use serde_json::Value;

pub(super) const ALIAS: &str = ":cache:user:idx";

/// The example on the shared server, in the namespace of a test.
pub(super) struct Service {
    pub(super) url: String,
    pub(super) project: String,
}

/// What a process ended with.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Service {
    pub(super) async fn of(cache: &Cache) -> Self {
        let project = cache.project_name().unwrap().unwrap().to_owned();
        Self { url: cache_tests::shared_url().await, project }
    }

    /// One that finds no server.
    pub(super) fn lost() -> Self {
        Self { url: "redis://127.0.0.1:1".to_owned(), project: "lost".to_owned() }
    }

    pub(super) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cli"));
        command.args(words.split(' ')).args(["--url", &self.url, "--project", &self.project]);
        // It is not about time, and many of these processes at once keep a small machine busy.
        command.args(["--response-timeout", "30"]);
        command
    }

    pub(super) fn run(&self, words: &str) -> Ended {
        ended(&self.command(words).output().unwrap())
    }

    /// In a folder.
    pub(super) fn run_in(&self, folder: &Path, words: &str) -> Ended {
        ended(&self.command(words).current_dir(folder).output().unwrap())
    }

    /// What a machine is told.
    pub(super) fn json(&self, words: &str) -> (i32, Value) {
        let Ended { code, out, err } = self.run(&format!("{words} --json"));
        assert_eq!((out.lines().count(), err.as_str()), (1, ""), "{words}: {out}");
        (code, serde_json::from_str(&out).unwrap())
    }

    pub(super) fn index(&self, fingerprint: &str) -> String {
        format!("{}{ALIAS}:{fingerprint}", self.project)
    }
}

pub(super) fn ended(output: &Output) -> Ended {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
}
