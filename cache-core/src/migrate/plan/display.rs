//! Plans for people: like a diff.

use std::fmt;

use super::{Estimate, Notice, Plan, ServerMemory, Step};

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
            Self::Drift { index, differences } => {
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
                prefixes.join(" ")
            ),
            Self::Foreign { index, prefixes } => {
                write!(
                    f,
                    "{index}, which is none of ours, has documents of this model ({})",
                    prefixes.join(" ")
                )
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
            Self::NotComparable { index } => {
                write!(f, "{index} is to hold other documents, so what the new index lacks is not compared")
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

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "about {} documents, {}", self.documents, Bytes(self.memory))
    }
}

impl fmt::Display for ServerMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} free", Bytes(self.free()), Bytes(self.most))
    }
}

/// Bytes for people.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
        if self.0 < 1_000 {
            return write!(f, "{} B", self.0);
        }
        // A double has digits enough for one place behind the point.
        let (mut number, mut unit) = (self.0 as f64 / 1e3, UNITS[0]);
        for larger in UNITS.into_iter().skip(1) {
            if number < 999.95 {
                break;
            }
            (number, unit) = (number / 1e3, larger);
        }
        write!(f, "{number:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_for_people() {
        let shown = |bytes| Bytes(bytes).to_string();
        assert_eq!([0, 999, 1_000, 999_949].map(shown), ["0 B", "999 B", "1.0 kB", "999.9 kB"]);
        assert_eq!([999_950, 1_500_000, u64::MAX].map(shown), ["1.0 MB", "1.5 MB", "18446744.1 TB"]);
    }
}
