//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::acl::{Acl, Feature};
use crate::migrate::{Migrator, Strategy};

/// The subcommands, to be flattened into those of a service: see the [module](super).
#[derive(Debug, Clone, Subcommand)]
// What is said here is not said of the service.
#[command(about = None, long_about = None)]
#[non_exhaustive]
pub enum Command {
    /// Make the indexes of the models, and look after them
    #[command(subcommand)]
    Migrate(Migrate),
    /// Look at the indexes of the models
    #[command(subcommand)]
    Index(Index),
    /// Print the least rights of a user on the server, as a command to be pasted
    Acl(Rights),
}

/// What the migrator can be asked to do.
///
/// ```
/// use cache_core::cli::{Command, Migrate};
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Service {
///     #[command(subcommand)]
///     command: Command,
/// }
///
/// let service = Service::parse_from(["service", "migrate", "apply"]);
/// // Whoever applies is asked first, say.
/// assert!(matches!(service.command, Command::Migrate(Migrate::Apply(_))));
/// ```
#[derive(Debug, Clone, Subcommand)]
// The examples here and below are of the docs, and not of the help.
#[command(long_about = None)]
#[non_exhaustive]
pub enum Migrate {
    /// Show what `apply` would do; only reads, and ends with 2 if there is something to do
    Plan(Choices),
    /// Make the indexes, wait until they are filled, and point the aliases at them
    Apply(Choices),
    /// Show which indexes are there, which are active and which are in use; only reads
    Status(Format),
    /// Drop the indexes that nobody has used for long; documents stay
    Collect(Unused),
    /// Append the schemas of this binary to the schema lock; asks no server
    Lock(LockFile),
    /// Check that the schema lock ends with the schemas of this binary; asks no server, and ends with 2 if it does not
    Check(LockFile),
}

/// What can be asked about indexes.
///
/// ```
/// use cache_core::cli::{Command, Index};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: Command }
/// use clap::Parser;
///
/// let service = Service::parse_from(["service", "index", "health"]);
/// assert!(matches!(service.command, Command::Index(Index::Health(_))));
/// ```
#[derive(Debug, Clone, Subcommand)]
#[command(long_about = None)]
#[non_exhaustive]
pub enum Index {
    /// Show documents, failures, memory and readiness of each index; only reads, and ends with 2 if one is not ready
    Health(Format),
}

/// How an answer is printed.
///
/// ```
/// # use cache_core::{Cache, Migrator, cli};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: cli::Command }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clap::Parser;
///
/// // One line of JSON, of errors too.
/// let service = Service::parse_from(["service", "migrate", "check", "--file", "missing.lock", "--json"]);
/// let (connect, mut out) = (async || Cache::connect("redis://localhost:6379").await, Vec::new());
/// let exit = service.command.execute(&Migrator::new(), connect, &mut out, &mut std::io::stderr()).await;
/// let said: serde_json::Value = serde_json::from_slice(&out)?;
/// assert_eq!((exit, &said["error"]["kind"]), (cli::Exit::Failed, &"no_lock".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, Args)]
#[command(long_about = None)]
pub struct Format {
    /// Print JSON, for machines
    #[arg(long)]
    pub(super) json: bool,
}

/// How the indexes are made: what the service's own migrator does, but for these.
///
/// ```
/// use cache_core::cli::{Command, Migrate};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: Command }
/// use clap::Parser;
///
/// let line = ["service", "migrate", "apply", "--strategy", "in-place-additive", "--allow-failures", "3", "--strict"];
/// assert!(matches!(Service::parse_from(line).command, Command::Migrate(Migrate::Apply(_))));
/// ```
#[derive(Debug, Clone, Default, Args)]
#[command(long_about = None)]
pub struct Choices {
    /// How a model gets an index of a new schema
    #[arg(long, value_name = "STRATEGY", value_parser = strategies())]
    strategy: Option<Strategy>,
    /// Move the alias to the index of this release, whatever the schema lock says
    #[arg(long)]
    force_activate: bool,
    /// How many documents a new index may lack beyond those that the old one lacks; queries without `allow_partial` stay refused
    #[arg(long, value_name = "DOCUMENTS")]
    allow_failures: Option<u64>,
    /// Make new indexes even if the server seems to have too little memory for them
    #[arg(long)]
    skip_memory_check: bool,
    /// Drop the index that redis-om left for the same documents
    #[arg(long)]
    retire_redis_om: bool,
    /// Drop no index that is no longer used
    #[arg(long)]
    keep_old_indexes: bool,
    /// End with 3 if there are warnings
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) format: Format,
}

/// How long an index that is dropped was not used.
///
/// ```
/// use cache_core::cli::{Command, Migrate};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: Command }
/// use clap::Parser;
///
/// let service = Service::parse_from(["service", "migrate", "collect", "--retain", "7days"]);
/// assert!(matches!(service.command, Command::Migrate(Migrate::Collect(_))));
/// ```
#[derive(Debug, Clone, Default, Args)]
#[command(long_about = None)]
pub struct Unused {
    /// Drop what nobody has used for longer than this, as `24h` or `7days`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    retain: Option<Duration>,
    #[command(flatten)]
    pub(super) format: Format,
}

/// Whose rights, and for what.
///
/// ```
/// # use cache_core::{Cache, Migrator, cli};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: cli::Command }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clap::Parser;
///
/// // Without a server, as the project is given.
/// let line = ["service", "acl", "--user", "app", "--feature", "gate,suggestions", "--of-project", "shop"];
/// let (connect, mut out) = (async || Cache::connect("redis://localhost:6379").await, Vec::new());
/// Service::parse_from(line).command.run(&Migrator::new(), connect, &mut out).await?;
/// assert!(String::from_utf8(out)?.starts_with("ACL SETUSER app on "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Args)]
#[command(long_about = None)]
pub struct Rights {
    /// The user; a password is not set, and one that it has stays
    #[arg(long, value_name = "NAME")]
    pub(super) user: String,
    /// What the service uses, more than once or separated by commas; all by default
    #[arg(long = "feature", value_name = "FEATURE", value_delimiter = ',', value_parser = features())]
    features: Vec<Feature>,
    /// Leave this out, which the server does not know and nothing needs: `ft.config`, `'client|setinfo'`, `clearselectors`; also several
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    without: Vec<String>,
    /// The project, in place of the one of the service's cache; then no server is asked
    #[arg(long = "of-project", value_name = "NAME")]
    pub(super) of_project: Option<String>,
    #[command(flatten)]
    pub(super) format: Format,
}

/// Which file is the schema lock.
///
/// ```
/// # use cache_core::{Cache, CacheModel, Migrator, cli};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: cli::Command }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use cache_core::cli::Exit;
/// use clap::Parser;
///
/// # let directory = tempfile::tempdir()?;
/// # let file = directory.path().join("schema.lock");
/// # let file = file.to_str().unwrap();
/// let migrator = Migrator::new().register::<User>();
/// for (command, exit) in [("lock", Exit::Done), ("check", Exit::Done)] {
///     let service = Service::parse_from(["service", "migrate", command, "--file", file]);
///     let connect = async || Cache::connect("redis://localhost:6379").await; // neither of them does
///     assert_eq!(service.command.run(&migrator, connect, &mut Vec::new()).await?, exit);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Args)]
#[command(long_about = None)]
pub struct LockFile {
    /// The schema lock
    #[arg(long, value_name = "PATH", default_value = "schema.lock")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) format: Format,
}

impl Choices {
    /// The migrator with what was chosen.
    pub(super) fn of(&self, mut migrator: Migrator) -> Migrator {
        // The process ends with its command: nobody would do later what was put off.
        migrator.defers = Some(false);
        if let Some(strategy) = self.strategy {
            migrator = migrator.strategy(strategy);
        }
        if self.force_activate {
            migrator = migrator.force_activate();
        }
        if let Some(documents) = self.allow_failures {
            migrator = migrator.allow_failures(documents);
        }
        if self.skip_memory_check {
            migrator = migrator.skip_memory_check();
        }
        if self.retire_redis_om {
            migrator = migrator.retire_redis_om();
        }
        if self.keep_old_indexes {
            migrator = migrator.keep_old_indexes();
        }
        migrator
    }
}

impl Unused {
    /// The migrator with what was chosen.
    pub(super) fn of(&self, migrator: Migrator) -> Migrator {
        match self.retain {
            Some(unused) => migrator.retain(unused),
            None => migrator,
        }
    }
}

impl Rights {
    /// The rights with what was chosen.
    pub(super) fn of(&self, acl: Acl) -> Acl {
        let acl = acl.without(self.without.iter().cloned());
        if self.features.is_empty() {
            return acl.features(Feature::all());
        }
        acl.features(self.features.iter().copied())
    }
}

/// The features by their names.
fn features() -> impl TypedValueParser<Value = Feature> {
    PossibleValuesParser::new(Feature::all().map(Feature::name))
        .map(|name| Feature::all().find(|feature| feature.name() == name).unwrap_or(Feature::Connection))
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "write numbers with their units, as `24h`, `7days` or `1h 30m`".to_owned())
}

/// The strategies by their names.
fn strategies() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(["rebuild", "in-place-additive", "manual"]).map(|name| match name.as_str() {
        "in-place-additive" => Strategy::InPlaceAdditive,
        "manual" => Strategy::Manual,
        _ => Strategy::Rebuild,
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Service {
        #[command(subcommand)]
        command: Command,
    }

    fn parse(line: &str) -> Command {
        Service::try_parse_from(line.split(' ')).unwrap().command
    }

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Service::command().debug_assert();
        // What is said of the subcommands is not said of the service.
        assert!(Service::command().get_about().is_none());
    }

    #[test]
    fn an_example_of_the_docs_is_no_help() {
        let alone = || clap::Command::new("alone");
        let commands = [
            Migrate::augment_subcommands(alone()),
            Index::augment_subcommands(alone()),
            Format::augment_args(alone()),
            Choices::augment_args(alone()),
            Unused::augment_args(alone()),
            Rights::augment_args(alone()),
            LockFile::augment_args(alone()),
        ];
        for mut command in commands {
            let help = command.render_long_help().to_string();
            assert!(!help.contains("use clap::Parser"), "{help}");
        }
    }

    #[test]
    fn each_choice_reaches_the_migrator() {
        let shown = |migrator: Migrator| format!("{migrator:?}");
        // A command puts nothing off, whatever else is chosen.
        let new = || Choices::default().of(Migrator::new());
        for (flags, expected) in [
            ("--strategy rebuild", new().strategy(Strategy::Rebuild)),
            ("--strategy in-place-additive", new().strategy(Strategy::InPlaceAdditive)),
            ("--strategy manual", new().strategy(Strategy::Manual)),
            ("--force-activate", new().force_activate()),
            ("--allow-failures 3", new().allow_failures(3)),
            ("--skip-memory-check", new().skip_memory_check()),
            ("--retire-redis-om", new().retire_redis_om()),
            ("--keep-old-indexes", new().keep_old_indexes()),
        ] {
            let Command::Migrate(Migrate::Apply(choices)) = parse(&format!("service migrate apply {flags}"))
            else {
                panic!("{flags}");
            };
            assert_eq!(shown(choices.of(new())), shown(expected), "{flags}");
        }
        // What the service chose stays where nothing is said.
        let chosen = || new().strategy(Strategy::Manual).allow_failures(7).keep_old_indexes();
        assert_eq!(shown(Choices::default().of(chosen())), shown(chosen()));
        let Command::Migrate(Migrate::Collect(unused)) = parse("service migrate collect --retain 7days")
        else {
            panic!("collect");
        };
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        assert_eq!(shown(unused.of(new())), shown(new().retain(week)));
    }

    #[test]
    fn how_a_time_is_written_is_told() {
        for time in ["rubbish", "7", ""] {
            let line = ["service", "migrate", "collect", "--retain", time];
            let error = Service::try_parse_from(line).err().unwrap().to_string();
            assert!(error.contains("as `24h`, `7days`"), "{error}");
        }
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
    }

    #[test]
    fn a_command_puts_nothing_off() {
        // Also where the cache of the service would.
        assert_eq!(Choices::default().of(Migrator::new().defer()).defers, Some(false));
    }
}
