//! Replicas that agree on what a step is, though each may bring another one: as long as a step changed no document, it may be
//! replaced by its mending; who is about to change the first one says so before, and finds out whether it was replaced. And that
//! agree on the way: see `turn`.

use std::time::{SystemTime, UNIX_EPOCH};

use cache_index::Reply;

use super::error::DataMigrationError;
use super::history::{Record, RecordedStep, UNTOUCHED, compare, differs, key, read, sample_field};
use super::sample::{FAILED, digests};
use super::step::{Step, Way};
use super::turn::{TURN, Turn};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::script::{Script, run};

/// How often it is tried while others write the same record each time.
const TRIES: u32 = 32;

/// KEYS: the record. ARGV: of how many fields a value is known, each with its value or nothing for one that is not there; then for
/// each change the field, and the value or nothing for one that is to go. Answers 1, or 0 and nothing was changed.
const CHANGE: Script = Script {
    source: "local has, all, at = {}, redis.call('HGETALL', KEYS[1]), 2
for i = 1, #all, 2 do has[all[i]] = all[i + 1] end
for _ = 1, tonumber(ARGV[1]) do
  if (has[ARGV[at]] or '') ~= ARGV[at + 1] then return 0 end
  at = at + 2
end
while at <= #ARGV do
  if ARGV[at + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[at])
  else
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  end
  at = at + 2
end
return 1",
    sha1: "7f8253c51e0e5b920464b1da03beeb8c25aea096",
};

/// A change of the record, and what it goes by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    known: Vec<(String, String)>,
    sets: Vec<(String, String)>,
}

impl Change {
    /// Records the steps, those that replace one that changed no document among them.
    fn begin(recorded: &[RecordedStep], steps: &[Step]) -> Self {
        let mut change = Self::default();
        for step in steps {
            let there = recorded.iter().find(|recorded| recorded.version == step.version);
            let untouched = (format!("{}:{UNTOUCHED}", step.version), "1".to_owned());
            let is_untouched = there.is_some_and(|there| there.untouched);
            change.know(step, there);
            let same = there.filter(|there| !is_untouched || differs(there, step).is_none());
            if same.is_none() {
                let samples = there.into_iter().flat_map(|there| &there.samples);
                let gone = samples.map(|(sample, _)| sample_field(step.version, sample));
                let gone = gone.chain([format!("{}:done", step.version)]);
                change.sets.extend(gone.map(|field| (field, String::new())));
                change.sets.extend([(step.version.to_string(), text(step)), untouched]);
            }
            for (sample, made) in made(step) {
                let recorded =
                    same.and_then(|there| there.samples.iter().find(|(known, _)| *known == sample));
                if recorded.is_none() {
                    let field = sample_field(step.version, &sample);
                    if same.is_some() {
                        change.known.push((field.clone(), String::new()));
                    }
                    change.sets.push((field, made));
                }
            }
        }
        change
    }

    /// Records nothing of the steps that are undone, which are to stay those that were compared.
    fn undo(recorded: &[RecordedStep], steps: &[Step]) -> Self {
        let mut change = Self::default();
        for step in steps {
            change.know(step, recorded.iter().find(|recorded| recorded.version == step.version));
        }
        change
    }

    fn know(&mut self, step: &Step, there: Option<&RecordedStep>) {
        let mark = if there.is_some_and(|there| there.untouched) { "1" } else { "" };
        self.known.push((step.version.to_string(), there.map(RecordedStep::text).unwrap_or_default()));
        self.known.push((format!("{}:{UNTOUCHED}", step.version), mark.to_owned()));
    }

    /// What is done to the record by whoever has this turn.
    fn in_turn(turn: Turn, sets: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { known: vec![(TURN.to_owned(), turn.text())], sets: sets.into_iter().collect() }
    }

    /// Says that these steps change documents, if they are the ones that are recorded.
    fn claim<'a>(turn: Turn, steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut change = Self::in_turn(turn, []);
        for step in steps {
            change.known.push((step.version.to_string(), text(step)));
            let of_sample = |(sample, made): (String, String)| (sample_field(step.version, &sample), made);
            change.known.extend(made(step).map(of_sample));
            change.sets.push((format!("{}:{UNTOUCHED}", step.version), String::new()));
        }
        change
    }

    /// Whether the record was as it was known to be.
    async fn make<M: Model>(self, cache: &Cache) -> Result<bool> {
        let call = CHANGE.call().arg("1").key(key::<M>(cache)?).arg_display(self.known.len());
        let pairs = self.known.into_iter().chain(self.sets);
        let call = pairs.fold(call, |call, (field, value)| call.arg(field).arg(value));
        // Made twice, it finds the second time that the record is another one, and that is looked at.
        Ok(matches!(run(cache, &CHANGE, call.repeatable()).await?, Reply::Int(1)))
    }
}

fn text(step: &Step) -> String {
    format!("{} {}", step.checksum(), step.name)
}

fn made(step: &Step) -> impl Iterator<Item = (String, String)> {
    digests(step).into_iter().filter(|(_, made)| made != FAILED)
}

/// Says that documents go this way from now on, and records the steps if that is up, unless another one that changed documents is
/// recorded for one of their versions. Whoever went the other way has lost the turn; whoever `held` one already has it still, or is
/// told.
pub(super) async fn begin<M: Model>(
    cache: &Cache,
    steps: &[Step],
    way: Way,
    held: Option<Turn>,
) -> Result<Turn, DataMigrationError> {
    for _ in 0..TRIES {
        let Record { steps: recorded, turn: there } = read::<M>(cache).await?;
        compare::<M>(&recorded, steps)?;
        let last = steps.last().map_or(0, |step| step.version);
        let turn = match (held, there) {
            (Some(held), Some(there)) if held != there => match held.going_on(there, way, last) {
                Some(turn) => turn,
                None => return Err(held.lost_to(there, M::schema().model())),
            },
            // Somebody deleted the record.
            (Some(held), None) => held,
            _ => Turn::following(there, way, last),
        };
        let mut change = match way {
            Way::Up => Change::begin(&recorded, steps),
            Way::Down(_) => Change::undo(&recorded, steps),
        };
        change.known.push((TURN.to_owned(), there.map(Turn::text).unwrap_or_default()));
        if there != Some(turn) {
            change.sets.push((TURN.to_owned(), turn.text()));
        }
        if change.sets.is_empty() || change.make::<M>(cache).await? {
            return Ok(turn);
        }
    }
    Err(contended::<M>(cache))
}

/// Says that documents of this version are about to be changed by the steps behind it. Fails if another replica mended one of them
/// meanwhile, or has the turn.
pub(super) async fn claim<M: Model>(
    cache: &Cache,
    steps: &[Step],
    turn: Turn,
    from: u32,
) -> Result<Turn, DataMigrationError> {
    let mut turn = turn;
    for _ in 0..TRIES {
        if Change::claim(turn, steps.iter().filter(|step| step.version > from)).make::<M>(cache).await? {
            return Ok(turn);
        }
        for there in read::<M>(cache).await?.steps {
            let step = steps.iter().find(|step| step.version == there.version);
            if let Some(step) = step
                && let Some(how) = differs(&there, step)
            {
                return Err(how.refused::<M>(&there, step));
            }
        }
        // It was undone, or forgotten with all else.
        turn = begin::<M>(cache, steps, Way::Up, Some(turn)).await?;
    }
    Err(contended::<M>(cache))
}

/// Records that all documents have taken these steps, unless another has the turn.
pub(super) async fn finish<M: Model>(
    cache: &Cache,
    steps: &[Step],
    turn: Turn,
) -> Result<(), DataMigrationError> {
    let mut turn = turn;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    for _ in 0..TRIES {
        let sets = steps.iter().map(|step| (format!("{}:done", step.version), now.to_string()));
        if Change::in_turn(turn, sets).make::<M>(cache).await? {
            return Ok(());
        }
        turn = begin::<M>(cache, steps, Way::Up, Some(turn)).await?;
    }
    Err(contended::<M>(cache))
}

/// Forgets the steps beyond this version, which no document has any longer, unless another has the turn.
pub(super) async fn forget<M: Model>(
    cache: &Cache,
    steps: &[Step],
    turn: Turn,
    target: u32,
) -> Result<(), DataMigrationError> {
    let mut turn = turn;
    let of =
        |version: u32| [version.to_string(), format!("{version}:done"), format!("{version}:{UNTOUCHED}")];
    for _ in 0..TRIES {
        let undone = steps.iter().filter(|step| step.version > target);
        let mut fields: Vec<_> = undone.flat_map(|step| of(step.version)).collect();
        // Also those of samples that other releases have.
        for step in read::<M>(cache).await?.steps.into_iter().filter(|step| step.version > target) {
            fields.extend(step.samples.iter().map(|(sample, _)| sample_field(step.version, sample)));
        }
        let sets = fields.into_iter().map(|field| (field, String::new()));
        if Change::in_turn(turn, sets).make::<M>(cache).await? {
            return Ok(());
        }
        turn = begin::<M>(cache, steps, Way::Down(target), Some(turn)).await?;
    }
    Err(contended::<M>(cache))
}

fn contended<M: Model>(cache: &Cache) -> DataMigrationError {
    let key = key::<M>(cache).map(|key| cache_index::text_of(&key)).unwrap_or_default();
    Error::Contended { model: M::schema().model(), key }.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::model::JsonMap;

    fn step(name: &str, city: &'static str) -> Step {
        let up = Arc::new(move |members: &mut JsonMap| {
            members.insert("city".to_owned(), city.into());
            Ok(())
        });
        let samples = vec![json!({"id": 1}).as_object().unwrap().clone()];
        Step { version: 2, name: name.to_owned(), up, down: None, samples }
    }

    fn recorded(step: &Step, untouched: bool) -> RecordedStep {
        RecordedStep {
            version: step.version,
            name: step.name.clone(),
            checksum: step.checksum(),
            finished: None,
            samples: digests(step),
            untouched,
        }
    }

    #[test]
    fn a_step_is_replaced_as_long_as_it_changed_nothing() {
        let (first, mended, renamed) = (step("tidy", "Bern"), step("tidy", "Thun"), step("mend", "Bern"));
        let sets =
            |there: &[RecordedStep], step: &Step| Change::begin(there, std::slice::from_ref(step)).sets;
        let fields = |step: &Step| {
            let (sample, made) = digests(step).pop().unwrap();
            [
                ("2".to_owned(), text(step)),
                ("2:untouched".to_owned(), "1".to_owned()),
                (sample_field(2, &sample), made),
            ]
        };
        assert_eq!(sets(&[], &first)[1..], fields(&first));
        assert_eq!(sets(&[recorded(&first, true)], &first), []);
        assert_eq!(sets(&[recorded(&first, false)], &first), []);
        for other in [mended, renamed] {
            // Its samples go, and when it was done.
            assert_eq!(sets(&[recorded(&first, true)], &other)[2..], fields(&other));
        }
    }

    #[test]
    fn a_sample_that_comes_later_is_recorded_then() {
        let first = step("tidy", "Bern");
        let there = RecordedStep { samples: Vec::new(), ..recorded(&first, false) };
        let change = Change::begin(&[there], std::slice::from_ref(&first));
        let (sample, made) = digests(&first).pop().unwrap();
        let field = sample_field(2, &sample);
        assert_eq!(change.sets, [(field.clone(), made)]);
        assert!(change.known.contains(&(field, String::new())), "and by one replica");
    }

    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&CHANGE);
    }
}
