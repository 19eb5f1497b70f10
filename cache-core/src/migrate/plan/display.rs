//! Plans for people: like a diff.

use std::fmt;

use super::{Notice, Plan, Step};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.model)?;
        if self.steps.is_empty() {
            write!(f, "\n  = {}", self.index)?;
        }
        self.differences.iter().try_for_each(|difference| write!(f, "\n      {difference}"))?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
            if let (Step::Create { .. }, Some(estimate)) = (step, self.estimate) {
                write!(f, ": {estimate}")?;
                if let Some(memory) = self.memory {
                    write!(f, "; {memory}")?;
                }
            }
        }
        self.notices.iter().try_for_each(|notice| write!(f, "\n  ! {notice}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drift { index, differences, .. } => {
                write!(f, "! {index} is there and is not what its name says")?;
                differences.iter().try_for_each(|difference| write!(f, "\n      {difference}"))
            }
            Self::Create { index } => write!(f, "+ {index}"),
            Self::AlterAdd { index, fields } => {
                let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
                write!(f, "~ {index} + {}", names.join(", "))
            }
            Self::Wait => f.write_str("… until it is filled"),
            Self::Verify { against } => write!(f, "? that it lacks no document of {against}"),
            Self::VerifyAll => f.write_str("? that it lacks no document that is there"),
            Self::Adopt { index, name } => write!(f, "+ {name} -> {index}"),
            Self::Cutover { from: None, to } => write!(f, "+ alias -> {to}"),
            Self::Cutover { from: Some(from), to } => write!(f, "~ alias {from} -> {to}"),
            Self::Retire { index, keys } => write!(f, "- {index} of redis-om, {}", keys.join(", ")),
            Self::Collect { index } => write!(f, "- {index}, which nobody uses"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RedisOm { index } => {
                write!(f, "{index} of redis-om has the same documents; `retire_redis_om` drops it")
            }
            Self::Overlap { index, prefixes } => write!(
                f,
                "{index} of another model or namespace has documents of this one ({}); give one of them another prefix",
                over(prefixes)
            ),
            Self::Foreign { index, prefixes } => {
                write!(f, "{index}, which is none of ours, has documents of this model ({})", over(prefixes))
            }
            Self::NoLock { from } => {
                write!(f, "no schema lock says whether {from} is older, and the alias moves all the same")
            }
            Self::NotInLock => {
                f.write_str("the schema is not in the lock; all that is there is taken to be older")
            }
            Self::Newer { active } => {
                write!(
                    f,
                    "the alias stays at {active}, which by the lock is not older; `force_activate` moves it"
                )
            }
            Self::AliasWaits { active } => {
                let stays =
                    active.as_ref().map_or("points nowhere".to_owned(), |at| format!("stays at {at}"));
                write!(f, "the server takes no writes now, and the alias {stays}; the next run moves it")
            }
            Self::Lacking { index, documents, keys } => {
                let more = if *documents > keys.len() as u64 { " …" } else { "" };
                write!(
                    f,
                    "{index} lacks {documents} documents for values of another type: {}{more}; mend or delete them",
                    keys.join(" ")
                )
            }
            Self::Untold { index } => {
                write!(
                    f,
                    "in all that the server tells, {index} is the same; PHONETIC or an option of vectors differs"
                )
            }
            Self::NotComparable { index } => {
                write!(f, "{index} is to hold other documents, so the new index is not compared with it")
            }
            Self::NotCompared { keys } => {
                write!(f, "there are {keys} keys, too many to look whether the index lacks documents")
            }
            Self::NotInPlace { index, reason } => {
                write!(f, "{index} cannot be extended in place: {reason}")
            }
            Self::Extended { index, fields } => {
                write!(f, "{index} has fields more, which a newer release added: {fields}")
            }
        }
    }
}

/// What an index is over. One that was made without `PREFIX` is over all keys, which the server tells as an empty prefix.
fn over(prefixes: &[String]) -> String {
    if prefixes.iter().all(String::is_empty) { "all keys".to_owned() } else { prefixes.join(" ") }
}
