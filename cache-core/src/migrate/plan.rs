//! What has to be done, decided from what is there. Pure.

use std::fmt;

use cache_index::{Keyspace, Schema};

use super::error::MigrateError;
use super::inspect::Observed;

/// A step towards a schema's index.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Create the index.
    Create,
    /// Wait until it holds the documents that are there.
    Wait,
    /// Point the alias at it, away from this index; `None`: the alias points nowhere yet.
    Alias {
        /// Where it points now.
        from: Option<String>,
    },
}

/// What has to be done for one model. `Display` prints it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The model's schema.
    pub schema: &'static Schema,
    /// The index's name.
    pub index: String,
    /// The alias.
    pub alias: String,
    /// The steps, in order; none: everything is as it should be.
    pub steps: Vec<Step>,
}

pub(super) fn plan(
    schema: &'static Schema,
    keyspace: &Keyspace,
    observed: Observed,
) -> Result<Plan, MigrateError> {
    let (index, alias) = (schema.index_name(keyspace), schema.alias(keyspace));
    // FT.INFO answers with an index's own name: an alias that answers with its own is an index that shadows it.
    if observed.alias.as_ref() == Some(&alias) {
        return Err(MigrateError::AliasTaken { model: schema.model(), alias });
    }
    let mut steps = Vec::new();
    if observed.index.is_none() {
        steps.push(Step::Create);
    }
    if !observed.index.as_ref().is_some_and(cache_index::IndexInfo::is_filled) {
        steps.push(Step::Wait);
    }
    if observed.alias.as_ref() != Some(&index) {
        steps.push(Step::Alias { from: observed.alias });
    }
    Ok(Plan { schema, index, alias, steps })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.schema.model())?;
        if self.steps.is_empty() {
            return write!(f, "\n  = {}", self.index);
        }
        for step in &self.steps {
            match step {
                Step::Create => write!(f, "\n  + {}", self.index)?,
                Step::Wait => write!(f, "\n  … until it is filled")?,
                Step::Alias { from: None } => write!(f, "\n  + {} -> {}", self.alias, self.index)?,
                Step::Alias { from: Some(from) } => {
                    write!(f, "\n  ~ {} -> {} (now {from})", self.alias, self.index)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache_index::{Entry, FieldDef, IndexInfo, Tag};

    static SCHEMA: Schema =
        Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("id", "id"))]);

    fn planned(observed: Observed) -> Result<Plan, MigrateError> {
        plan(&SCHEMA, &Keyspace::default(), observed)
    }

    fn filled() -> IndexInfo {
        IndexInfo {
            name: SCHEMA.index_name(&Keyspace::default()),
            percent_indexed: 1.0,
            ..IndexInfo::default()
        }
    }

    #[test]
    fn a_first_run_creates_waits_and_points() {
        let plan = planned(Observed::default()).unwrap();
        assert_eq!(plan.steps, [Step::Create, Step::Wait, Step::Alias { from: None }]);
        assert_eq!(
            plan.to_string(),
            format!(
                "User\n  + cache:user:idx:{fp}\n  … until it is filled\n  + cache:user:idx -> cache:user:idx:{fp}",
                fp = SCHEMA.fingerprint()
            )
        );
    }

    #[test]
    fn a_second_run_has_nothing_to_do() {
        let observed = Observed { alias: Some(filled().name), index: Some(filled()) };
        assert_eq!(planned(observed).unwrap().steps, []);
    }

    #[test]
    fn an_index_that_is_being_filled_is_waited_for() {
        let index = IndexInfo { indexing: true, ..filled() };
        let observed = Observed { alias: Some(filled().name), index: Some(index) };
        assert_eq!(planned(observed).unwrap().steps, [Step::Wait]);
    }

    #[test]
    fn the_alias_moves_from_another_schema() {
        let other = "cache:user:idx:000000000000".to_owned();
        let observed = Observed { alias: Some(other.clone()), index: Some(filled()) };
        assert_eq!(planned(observed).unwrap().steps, [Step::Alias { from: Some(other) }]);
    }

    #[test]
    fn an_index_of_the_aliass_name_is_refused() {
        let observed = Observed { alias: Some("cache:user:idx".to_owned()), index: None };
        assert!(matches!(planned(observed), Err(MigrateError::AliasTaken { .. })));
    }
}
