//! Migrations of documents: ordered functions over their members, with the version in the document as the checkpoint.

// A file imports from those before it: error, report, step, turn, sample, history, agree, rights, run, this one.

mod agree;
mod error;
mod history;
mod report;
mod rights;
mod run;
mod sample;
mod step;
mod turn;

use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use error::DataMigrationError;
pub use history::RecordedStep;
pub use report::{DataDifference, DataFailure, DataReport};

use self::run::Run;
use self::step::{Step, Way};
use self::turn::Turn;
use crate::cache::Cache;
use crate::document::FIRST;
use crate::error::{BoxError, Error};
use crate::model::Model;

/// How many documents are read, and written, at once, unless it is said otherwise.
const BATCH: usize = 500;

/// How the documents of a model are brought from one form to the next: steps, each a function over the members of a
/// document that leads to a version. A value: nothing is sent before [`run`](DataMigration::run).
///
/// The version is in the document itself, in its member `_v`; a document without one has version 1. So a run that was
/// killed at any moment is gone on with by the next one, several processes may run it at once, and each document takes
/// each step once. A document is written only if it is still the one that was read, and is read again if it is not:
/// nothing that anybody writes meanwhile is lost. Its time to live stays; claims on unique values follow the values; a
/// `#[version]` counts the step as a write.
///
/// The model says which version its saves store, `#[cache(schema_version = 2)]`, and with `upgrade` brings older
/// documents to it when it reads them. So releases follow each other like this:
///
/// 1. *Expand*: a release that reads both forms, and keeps the members of the old one filled for the replicas that know no
///    other. Documents that an old replica writes have no version, or an older one, and are migrated by the next run.
/// 2. *Backfill*: when no old replica is left, run the migration until its report
///    [is complete](DataReport::is_complete). Queries search what is stored, so they find the new form from then on.
/// 3. *Contract*: a later release, with a step of its own, drops what only the old form needed.
///
/// Documents of a version beyond the last step are left alone, and read as they are: a newer replica is at work.
///
/// ```no_run
/// use cache_core::{Cache, CacheModel, DataMigration, DataMigrationError};
/// use serde::{Deserialize, Serialize};
/// use serde_json::{Map, Value};
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// #[cache(schema_version = 2, upgrade = upgrade)]
/// struct User {
///     #[primary_key]
///     id: String,
///     first: String,
///     last: String,
/// }
///
/// fn split_name(document: &mut Map<String, Value>) -> Result<(), String> {
///     let name = document.remove("name").ok_or("no name")?;
///     let (first, last) = name.as_str().and_then(|name| name.split_once(' ')).ok_or("one word")?;
///     document.insert("first".to_owned(), first.into());
///     document.insert("last".to_owned(), last.into());
///     Ok(())
/// }
///
/// // The same when a document is read that was not migrated yet.
/// fn upgrade(from: u32, document: &mut Map<String, Value>) -> Result<(), String> {
///     if from < 2 {
///         split_name(document)?;
///     }
///     Ok(())
/// }
///
/// # async fn example(cache: Cache) -> Result<(), DataMigrationError> {
/// let migration = DataMigration::<User>::new().step(2, "split the name", split_name).rate(2_000);
/// for difference in migration.dry_run(&cache).await?.differences {
///     println!("{difference}");
/// }
/// let report = migration.run(&cache).await?;
/// println!("{} migrated, {} failed", report.migrated, report.failed);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a migration does nothing until `run`"]
#[doc(alias = "DataMigrator")]
pub struct DataMigration<M> {
    steps: Vec<Step>,
    /// A `down` without a step.
    lost_down: bool,
    /// A `sample` without a step, or that is no document.
    lost_sample: bool,
    batch: usize,
    rate: Option<u32>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> DataMigration<M> {
    /// A migration without steps.
    pub fn new() -> Self {
        Self {
            steps: Vec::new(),
            lost_down: false,
            lost_sample: false,
            batch: BATCH,
            rate: None,
            model: PhantomData,
        }
    }

    /// Adds the step that leads to this version, from the one before it. Its name is recorded, and tells it from others:
    /// do not change it once it changed a document. That its code was changed is told by a [`sample`](DataMigration::sample).
    /// A step that failed for every document may be replaced by its mending, also under another name.
    ///
    /// The function gets the members of a document, without `_v`, and may be called several times for one document, of
    /// which one result is stored. The first step may lead to any version from 2 on, so that steps which all documents
    /// have taken can be removed, but for the last one; the further ones follow each other without gaps.
    pub fn step<E: Into<BoxError>>(
        mut self,
        version: u32,
        name: impl Into<String>,
        up: impl Fn(&mut Map<String, Value>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let up = Arc::new(move |members: &mut Map<String, Value>| up(members).map_err(Into::into));
        self.steps.push(Step { version, name: name.into(), up, down: None, samples: Vec::new() });
        self
    }

    /// How the last step is undone, for [`revert`](DataMigration::revert).
    pub fn down<E: Into<BoxError>>(
        mut self,
        down: impl Fn(&mut Map<String, Value>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        match self.steps.last_mut() {
            Some(step) => step.down = Some(Arc::new(move |members| down(members).map_err(Into::into))),
            None => self.lost_down = true,
        }
        self
    }

    /// A document for the last step to be tried on, without `_v`, by which it is told whether the step still does what it
    /// did: what it makes of it is recorded when the step is begun in a namespace, and compared by every later run, once a
    /// document was changed. Any number of them; one that is added later is recorded then.
    ///
    /// Without one, a step is told from another by its version and name alone, and a change of its code is not seen: what it
    /// migrated by then stays as it was made. For steps whose result depends on nothing but the document.
    ///
    /// ```
    /// # use cache_core::{CacheModel, DataMigration};
    /// # use serde_json::{Map, Value, json};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # #[cache(schema_version = 2)]
    /// # struct User { #[primary_key] id: String, city: String }
    /// # fn tidy(document: &mut Map<String, Value>) -> Result<(), String> { Ok(()) }
    /// let migration = DataMigration::<User>::new()
    ///     .step(2, "tidy the city", tidy)
    ///     .sample(json!({"id": "u1", "city": " Bern "}));
    /// ```
    pub fn sample(mut self, document: Value) -> Self {
        match (self.steps.last_mut(), document) {
            (Some(step), Value::Object(members)) => step.samples.push(members),
            _ => self.lost_sample = true,
        }
        self
    }

    /// How many documents are read, and written, in one round trip; 500 without it. 0 counts as 1.
    pub fn batch(mut self, documents: usize) -> Self {
        self.batch = documents;
        self
    }

    /// How many documents are changed in a second, at most, by this process; without it, as many as the server takes.
    /// 0 counts as 1.
    pub fn rate(mut self, documents_a_second: u32) -> Self {
        self.rate = Some(documents_a_second.max(1));
        self
    }

    /// Brings all documents to the version of the last step. Those that it cannot bring there stay as they are and are in
    /// the report.
    ///
    /// The steps are recorded in the namespace before the first document is changed. Dropped, it stops between two
    /// documents; the next run goes on. It takes over from a [`revert`](DataMigration::revert) that is under way, or was killed:
    /// that changes no document from then on, and fails.
    ///
    /// # Errors
    /// [`DataMigrationError`]: for steps that are not in order or not the ones that changed documents before, and for rights that
    /// are lacking, before anything is written; [`DataMigrationError::RevertBegun`]; for a server that cannot be reached. On a cluster [`Error::Unsupported`](crate::Error::Unsupported), as
    /// no one scan sees all keys.
    pub async fn run(&self, cache: &Cache) -> Result<DataReport, DataMigrationError> {
        self.check(cache).await?;
        rights::check::<M>(cache).await?;
        let answer = self.forward(cache).await;
        rights::told::<M, _>(cache, false, answer).await
    }

    async fn forward(&self, cache: &Cache) -> Result<DataReport, DataMigrationError> {
        if self.steps.is_empty() {
            return self.go(cache, Way::Up, None).await;
        }
        let turn = agree::begin::<M>(cache, &self.steps, Way::Up, None).await?;
        let report = self.go(cache, Way::Up, Some(turn)).await?;
        if report.is_complete() {
            agree::finish::<M>(cache, &self.steps, turn).await?;
        } else {
            // Whoever lost the turn is told, also where nothing was left to be written.
            agree::begin::<M>(cache, &self.steps, Way::Up, Some(turn)).await?;
        }
        Ok(report)
    }

    /// What [`run`](DataMigration::run) would do now, with the differences of the first documents. Only reads.
    ///
    /// # Errors
    /// As [`run`](DataMigration::run). That another document has a unique value is seen by a run alone.
    pub async fn dry_run(&self, cache: &Cache) -> Result<DataReport, DataMigrationError> {
        self.check(cache).await?;
        let answer = self.look(cache).await;
        rights::told::<M, _>(cache, true, answer).await
    }

    async fn look(&self, cache: &Cache) -> Result<DataReport, DataMigrationError> {
        history::compare::<M>(&history::read::<M>(cache).await?.steps, &self.steps)?;
        self.go(cache, Way::Up, None).await
    }

    /// Brings all documents of later versions back to this one, by the `down` of each step, the last one first. The
    /// steps are forgotten when all documents are back.
    ///
    /// Run it when the release that stores the later version is gone, with a binary that has the steps: what it saves
    /// meanwhile has the later version again. That the result can be read by a model is not checked. It takes over from a
    /// [`run`](DataMigration::run) that is under way, or was killed: that changes no document from then on, and fails.
    ///
    /// # Errors
    /// As [`run`](DataMigration::run); [`DataMigrationError::RunBegun`], and [`DataMigrationError::RevertBegun`] for another
    /// version; [`DataMigrationError::NoDown`] and [`DataMigrationError::NoTarget`].
    pub async fn revert(&self, cache: &Cache, version: u32) -> Result<DataReport, DataMigrationError> {
        self.check(cache).await?;
        let model = M::schema().model();
        let undone = || self.steps.iter().filter(|step| step.version > version);
        // The first step that is undone must lead from this version.
        if undone().next().and_then(|step| step.version.checked_sub(1)) != Some(version) {
            return Err(DataMigrationError::NoTarget { model, version });
        }
        if let Some(step) = undone().find(|step| step.down.is_none()) {
            let (version, name) = (step.version, step.name.clone());
            return Err(DataMigrationError::NoDown { model, version, name });
        }
        rights::check::<M>(cache).await?;
        let answer = self.back(cache, version).await;
        rights::told::<M, _>(cache, false, answer).await
    }

    async fn back(&self, cache: &Cache, version: u32) -> Result<DataReport, DataMigrationError> {
        let way = Way::Down(version);
        let turn = agree::begin::<M>(cache, &self.steps, way, None).await?;
        let report = self.go(cache, way, Some(turn)).await?;
        if report.is_complete() {
            agree::forget::<M>(cache, &self.steps, turn, version).await?;
        } else {
            agree::begin::<M>(cache, &self.steps, way, Some(turn)).await?;
        }
        Ok(report)
    }

    /// The steps that were begun in the namespace, in their order; also those that this binary does not know.
    ///
    /// # Errors
    /// What kept the server from answering.
    pub async fn history(&self, cache: &Cache) -> crate::error::Result<Vec<RecordedStep>> {
        Ok(history::read::<M>(cache).await?.steps)
    }

    async fn check(&self, cache: &Cache) -> Result<(), DataMigrationError> {
        if cache.asked(None).await?.cluster {
            // A document that moves twice while a node is scanned would be left as it is, and the step be done.
            let needs = "a single server: no one scan sees all keys of a cluster".to_owned();
            return Err(Error::Unsupported { what: "a data migration", needs }.into());
        }
        let model = M::schema().model();
        if self.lost_down {
            return Err(DataMigrationError::Down { model });
        }
        if self.lost_sample {
            return Err(DataMigrationError::Sample { model });
        }
        step::check(model, &self.steps)?;
        let last = self.steps.last().map(|step| step.version);
        let Some(last) = last else {
            return match M::SCHEMA_VERSION {
                Some(declared) if declared != FIRST => Err(DataMigrationError::NoSteps { model, declared }),
                _ => Ok(()),
            };
        };
        match M::SCHEMA_VERSION {
            None => Err(DataMigrationError::NoVersion { model, last }),
            Some(declared) if declared != last => {
                Err(DataMigrationError::OtherVersion { model, last, declared })
            }
            Some(_) => Ok(()),
        }
    }

    async fn go(
        &self,
        cache: &Cache,
        way: Way,
        turn: Option<Turn>,
    ) -> Result<DataReport, DataMigrationError> {
        cache.capabilities().require_json("a migration of documents")?;
        let (batch, rate) = (self.batch.max(1), self.rate);
        Run { cache, steps: &self.steps, way, turn, batch, rate, model: self.model }.go().await
    }
}

impl<M: Model> Default for DataMigration<M> {
    fn default() -> Self {
        Self::new()
    }
}
