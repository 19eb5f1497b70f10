//! Whether the schemas of a binary are those that its repository's lock ends with. No server is asked.

use std::error::Error;
use std::fmt::Write;

use super::{MigrateError, Migrator, SchemaLock, Unlocked, check};

/// What is told where nothing would be checked.
const NO_MODEL: &str = "no model is in this binary, so that nothing is checked; put the test among the unit tests of the crate \
                        that has the models, or name something of that crate here, so that it is linked";

impl Migrator {
    /// Checks that every registered schema is the newest one of its prefix in a schema lock. Nothing is sent.
    ///
    /// # Errors
    /// [`MigrateError::NotLocked`] if one is not; [`MigrateError::Lock`] if the text is no lock; another
    /// [`MigrateError`] if the models cannot live together.
    pub fn check_lock(&self, text: &str) -> Result<(), MigrateError> {
        check::check(self.schemas())?;
        let lock: SchemaLock = text.parse()?;
        let schemas: Vec<_> =
            self.schemas().iter().filter_map(|schema| Unlocked::of(schema, &lock)).collect();
        if schemas.is_empty() { Ok(()) } else { Err(MigrateError::NotLocked { schemas }) }
    }

    /// A test, in one line, that nobody changed a schema and forgot to write it down: fails with a message that says what
    /// to run. Without a server.
    ///
    /// Among the unit tests of the crate that has the models, since a test finds what is in its own binary:
    ///
    /// ```no_run
    /// # use cache_core::Migrator;
    /// # let _ = stringify!(
    /// #[test]
    /// fn schemas_are_locked() {
    ///     Migrator::all().assert_locked(include_str!("../schema.lock"));
    /// }
    /// # );
    /// ```
    ///
    /// A lock may have more in it: lines of models of other binaries, and of models that are gone.
    ///
    /// # Panics
    /// As [`check_lock`](Migrator::check_lock) has errors, with their messages; and if the migrator has no model at all, since
    /// nothing is checked then: a test in `tests/` is a binary of its own, and the crate of the models is only linked into
    /// it if it names something of it.
    #[track_caller]
    #[expect(clippy::panic, reason = "it is made for tests")]
    pub fn assert_locked(&self, text: &str) {
        if self.schemas().is_empty() {
            panic!("{}", NO_MODEL);
        }
        match self.check_lock(text) {
            Ok(()) => {}
            // What is wrong with a line is said below it.
            Err(MigrateError::Lock(error)) => panic!("{}", on_one_line(&error)),
            Err(error) => panic!("{}", on_one_line(&error)),
        }
    }
}

/// An error and what lies below it.
fn on_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let _ = write!(text, ": {error}");
        below = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use cache_index::{Entry, FieldDef, Schema, Tag};

    use super::*;

    static USER: Schema =
        Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("name", "name"))]);
    static ORDER: Schema = Schema::new(
        "Order",
        "order",
        "id",
        &[Entry::Field(FieldDef::indexed::<String, Tag>("name", "name"))],
    );
    static PLAIN: Schema = Schema::new("Plain", "plain", "id", &[]);

    fn migrator() -> Migrator {
        [&USER, &ORDER, &PLAIN].into_iter().fold(Migrator::new(), Migrator::register_schema)
    }

    #[test]
    fn every_schema_with_an_index_is_the_last_one_of_its_prefix() {
        let (user, order) = (USER.fingerprint(), ORDER.fingerprint());
        let lock = format!("# older\nuser 0123456789ab\norder {order}\nuser {user}\nnobody 0123456789ab\n");
        migrator().check_lock(&lock).unwrap();
        migrator().assert_locked(&lock);
        // As an editor of Windows leaves it.
        migrator().assert_locked(&format!("\u{feff}{}", lock.replace('\n', " \r\n")));
    }

    #[test]
    fn one_that_is_not_is_named_with_what_to_run() {
        let user = USER.fingerprint();
        let error = migrator().check_lock(&format!("user {user}\nuser 0123456789ab\n")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the schema lock is behind:\n  the schema of `User` is {user}, and the last one of `user` is \
                 0123456789ab\n  the schema of `Order` is {order}, and `order` has none\nrun the service with \
                 `migrate lock` and commit the file",
                order = ORDER.fingerprint()
            )
        );
    }

    #[test]
    #[should_panic(expected = "run the service with `migrate lock`")]
    fn the_assertion_says_what_to_run() {
        migrator().assert_locked("");
    }

    #[test]
    #[should_panic(expected = "no model is in this binary, so that nothing is checked; put the test among")]
    fn the_assertion_fails_where_nothing_is_checked() {
        Migrator::new().assert_locked("gadget 000000000000\n");
    }

    #[test]
    #[should_panic(expected = "line 1 of the schema lock")]
    fn the_assertion_says_which_line_is_none() {
        migrator().assert_locked("=======\n");
    }

    #[test]
    #[should_panic(
        expected = "line 1 of the schema lock has no fingerprint at its end; a comment has a line of its own: "
    )]
    fn the_assertion_says_what_is_wrong_with_a_line() {
        migrator().assert_locked("user 0123\n");
    }

    #[test]
    fn models_that_cannot_live_together_have_no_lock() {
        static WITHIN: Schema = Schema::new("Within", "user:within", "id", &[]);
        let error = migrator().register_schema(&WITHIN).check_lock("").unwrap_err();
        assert!(matches!(error, MigrateError::Overlap { .. }), "{error}");
    }
}
