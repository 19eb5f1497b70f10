//! Plans for people: like a diff.

use std::fmt;

use cache_index::{Difference, printed};

use super::{Notice, Plan, Step};
use crate::index::NOTHING;
use crate::migrate::memory::{Bytes, counted};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.model)?;
        if self.steps.is_empty() {
            write!(f, "\n  = {}", self.index)?;
        }
        self.differences.iter().try_for_each(|difference| match difference {
            // Beside nothing, nothing changes.
            Difference::Index { what, to, .. } if self.active.is_none() => {
                write!(f, "\n      + {what} {}", printed(to))
            }
            difference => write!(f, "\n      {difference}"),
        })?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
            if let (Step::Create { .. }, Some(estimate)) = (step, self.estimate) {
                write!(f, ": {estimate}")?;
                if let Some(memory) = self.memory {
                    write!(f, "; {memory}")?;
                }
            } else if let (Step::Create { .. }, Some(sample)) = (step, self.sample) {
                write!(f, ": {sample}")?;
            }
        }
        let typed = self.commands.iter().filter(|_| self.by_hand);
        typed.into_iter().try_for_each(|command| write!(f, "\n  > {command}"))?;
        self.notices.iter().try_for_each(|notice| write!(f, "\n  ! {notice}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drift { index, differences, .. } => {
                write!(f, "! {} is there and is not what its name says", printed(index))?;
                differences.iter().try_for_each(|difference| write!(f, "\n      {difference}"))
            }
            Self::Create { index } => write!(f, "+ {}", printed(index)),
            Self::AlterAdd { index, fields } => {
                let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
                write!(f, "~ {} + {}", printed(index), printed(&names.join(", ")))
            }
            Self::Wait => f.write_str("… until it is filled"),
            Self::Verify { against } => write!(f, "? that it lacks no document of {}", printed(against)),
            Self::VerifyAll => f.write_str("? that it lacks no document that is there"),
            Self::Adopt { index, name } => write!(f, "+ {} -> {}", printed(name), printed(index)),
            Self::Cutover { from: None, to } => write!(f, "+ alias -> {}", printed(to)),
            Self::Cutover { from: Some(from), to } => {
                write!(f, "~ alias {} -> {}", printed(from), printed(to))
            }
            Self::Retire { index, keys } => {
                write!(f, "- {} of redis-om, {}", printed(index), printed(&keys.join(", ")))
            }
            Self::Collect { index } => write!(f, "- {}, which nobody uses", printed(index)),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RedisOm { index } => {
                write!(
                    f,
                    "{} of redis-om has the same documents; `retire_redis_om` (`--retire-redis-om`) drops it",
                    printed(index)
                )
            }
            Self::Overlap { index, prefixes } => write!(
                f,
                "{} of another model or namespace has documents of this one ({}); give one of them another prefix",
                printed(index),
                over(prefixes)
            ),
            Self::Foreign { index, prefixes } => {
                write!(
                    f,
                    "{}, which is none of ours, has documents of this model ({})",
                    printed(index),
                    over(prefixes)
                )
            }
            Self::Hidden { indexes } => write!(
                f,
                "the user may not look at {}, so that it is not known whether documents of this model are in {}",
                printed(&indexes.join(", ")),
                if indexes.len() == 1 { "it" } else { "them" }
            ),
            Self::NoLock { from } => {
                write!(
                    f,
                    "no schema lock says whether {} is older, and the alias moves all the same",
                    printed(from)
                )
            }
            Self::NotInLock => {
                f.write_str("the schema is not in the lock; what the lock has is taken to be older")
            }
            Self::Newer { active } => {
                write!(
                    f,
                    "the alias stays at {}, which the lock does not say to be older; `force_activate` \
                     (`--force-activate`) moves it",
                    printed(active)
                )
            }
            Self::AliasWaits { active } => {
                let stays = active
                    .as_ref()
                    .map_or("points nowhere".to_owned(), |at| format!("stays at {}", printed(at)));
                write!(f, "the server takes no writes now, and the alias {stays}; the next run moves it")
            }
            Self::Lacking { index, documents, keys } => {
                write!(
                    f,
                    "{} lacks {} for {} of another type: {}; mend or delete {}",
                    printed(index),
                    counted(*documents, "document"),
                    if *documents == 1 { "a value" } else { "values" },
                    first(keys, *documents),
                    if *documents == 1 { "it" } else { "them" }
                )
            }
            Self::Unjudged { index, documents, keys, commands, reason } => {
                let first = first(keys, *documents);
                let number = counted(*documents, "document");
                write!(f, "{} lacks {number}: {first}; ", printed(index))?;
                let their = if *documents == 1 { "its" } else { "their" };
                match reason {
                    _ if !commands.is_empty() => write!(
                        f,
                        "whether for {their} values cannot be told, since the user may not run {}: allow it with `{}`, and run \
                         the migrator again",
                        commands.join(", "),
                        granted(commands)
                    ),
                    Some(reason) => write!(
                        f,
                        "whether for {their} values could not be asked ({}): run the migrator again",
                        printed(reason)
                    ),
                    None => write!(f, "each run finds out, and tells, whether for {their} values"),
                }
            }
            Self::CannotJudge { commands } => write!(
                f,
                "the user may not run {}, by which the server is asked why documents are missing, if any are; allow it with `{}`",
                commands.join(", "),
                granted(commands)
            ),
            Self::Evicts { estimate, memory } => write!(
                f,
                "new indexes will take about {}, of `maxmemory` there is {memory}, and the server throws keys away to make room: \
                 documents, and the keys of gates; give it more, or add fields with `Strategy::InPlaceAdditive` \
                 (`--strategy in-place-additive`)",
                Bytes(*estimate)
            ),
            Self::Taken { key } => write!(
                f,
                "the key `{}` holds what the migrator did not put there, so that replicas look for missing documents each by \
                 itself; delete or rename it",
                printed(key)
            ),
            Self::Untold { index, wanted } => {
                let wanted = wanted.join(", ");
                write!(
                    f,
                    "in all that the server tells, {} is the same, and another one is made: the server does not tell of PHONETIC, of some \
                     options of vectors (wanted: {}), nor whether something was added to it by hand",
                    printed(index),
                    if wanted.is_empty() { printed("none") } else { printed(&wanted) }
                )
            }
            Self::NotComparable { index } => {
                write!(
                    f,
                    "{} is to hold other documents, so the new index is not compared with it",
                    printed(index)
                )
            }
            Self::NotCompared { keys } => {
                write!(f, "there are {keys} keys, too many to look whether the index lacks documents")
            }
            Self::NotInPlace { index, reason } => {
                write!(f, "{} cannot be extended in place: {reason}", printed(index))
            }
            Self::Disagreement { name, found } => {
                let found: Vec<_> = found.iter().map(|one| one.as_deref().unwrap_or(NOTHING)).collect();
                write!(
                    f,
                    "the masters of the cluster do not say the same of {}: {}; one of them lost its data, or did not hear of a change",
                    printed(name),
                    printed(&found.join(", "))
                )
            }
            Self::Extended { index, fields } => {
                write!(
                    f,
                    "{} has {}, which a newer release added",
                    printed(index),
                    counted(*fields as u64, "more field")
                )
            }
        }
    }
}

/// What an index is over. One that was made without `PREFIX` is over all keys, which the server tells as an empty prefix.
fn over(prefixes: &[String]) -> String {
    if prefixes.iter().all(String::is_empty) {
        "all keys".to_owned()
    } else {
        printed(&prefixes.join(" ")).to_string()
    }
}

/// The rules that allow commands.
fn granted(commands: &[String]) -> String {
    commands.iter().map(|command| format!("+{}", command.to_lowercase())).collect::<Vec<_>>().join(" ")
}

/// The first keys of so many documents.
fn first(keys: &[String], documents: u64) -> String {
    let more = if documents > keys.len() as u64 { " …" } else { "" };
    format!("{}{more}", printed(&keys.join(" ")))
}
