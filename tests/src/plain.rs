//! A server without modules, as most packages of it are.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use cache_core::embedded;
use tempfile::TempDir;

/// One that ends when this is dropped.
#[derive(Debug)]
pub struct Plain {
    process: Child,
    folder: TempDir,
}

impl Plain {
    /// Starts it, and does not wait until it answers.
    ///
    /// # Panics
    /// If the test's machine does not let it.
    pub async fn start() -> Self {
        Self::of(&embedded::binaries().await.unwrap().server)
    }

    /// The same with this program.
    ///
    /// # Panics
    /// If the test's machine does not let it.
    pub fn of(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let mut process = Command::new(program);
        process
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder.path());
        let process = process.stdout(Stdio::null()).spawn().unwrap();
        Self { process, folder }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("s").display())
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
