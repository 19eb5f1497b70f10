//! What a call answers, in words that are the same for the same answer.

use std::fmt::Debug;
use std::time::Duration;

use cache_core::{Cache, CacheModel, Changes, Error, Expiry, Model, Ttl};
use cache_tests::chain;

use crate::calls::{Call, Plain, Thing, Wish};

fn told<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => chain(&error),
    }
}

/// Times to live go on between the two calls.
fn rounded(ttl: Ttl) -> String {
    match ttl.remaining() {
        Some(left) => format!("{} min", (left.as_secs() + 30) / 60),
        None => format!("{ttl:?}"),
    }
}

fn by_id(things: impl IntoIterator<Item = Thing>) -> Vec<Thing> {
    let mut things: Vec<_> = things.into_iter().collect();
    things.sort_by_key(|thing| thing.id);
    things
}

pub(crate) async fn keys_of<M: Model>(cache: &Cache) -> Result<Vec<String>, Error> {
    let (mut keys, mut found) = (M::keys(cache), Vec::new());
    while let Some(key) = keys.next().await.transpose()? {
        found.push(key);
    }
    found.sort();
    Ok(found)
}

/// What a call answers, in words.
pub(crate) async fn answer(call: &Call, cache: &Cache) -> String {
    let life = |seconds: &u64| Duration::from_secs(*seconds);
    match call.clone() {
        Call::Save(thing) => told(thing.save(cache).await),
        Call::Insert(thing) => told(thing.insert(cache).await),
        Call::Replace(thing) => told(thing.replace(cache).await),
        Call::Ensure(thing) => told(Thing::get_or_insert_with(cache, thing.id, || thing.clone()).await),
        Call::Modify(id, city) => told(Thing::modify(cache, id, |thing| thing.city.clone_from(&city)).await),
        Call::SaveFor(thing, seconds) => told(thing.save_with(cache, Expiry::After(life(&seconds))).await),
        Call::SaveMany(things) => {
            Thing::save_many(cache, &things).await.into_iter().map(told).collect::<Vec<_>>().join(", ")
        }
        Call::Get(id) => told(Thing::get(cache, id).await),
        Call::GetMany(ids) => told(Thing::get_many(cache, ids).await),
        Call::GetBy(number) => told(Thing::get_by_number(cache, number).await),
        Call::Delete(id) => told(Thing::delete_by_id(cache, id).await),
        Call::DeleteMany(ids) => told(Thing::delete_many(cache, ids).await),
        Call::Exists(id) => told(Thing::exists(cache, id).await),
        Call::Ttl(id) => told(Thing::ttl(cache, id).await.map(rounded)),
        Call::Expire(id, seconds) => told(Thing::expire(cache, id, life(&seconds)).await),
        Call::Persist(id) => told(Thing::persist(cache, id).await),
        Call::Patch(id, by, city) => {
            told(Thing::patch(id).set(Thing::CITY, city).increment(Thing::AGE, by).send_and_get(cache).await)
        }
        Call::Number(id, number) => told(Thing::patch(id).set(Thing::NUMBER, number).send(cache).await),
        Call::Small(id, by) => told(
            Thing::patch(id).set(Thing::OPEN, true).increment(Thing::SMALL, by).send_and_get(cache).await,
        ),
        Call::Floats(id, by, single) => {
            let patch = Thing::patch(id).increment(Thing::SCORE, by).increment(Thing::SINGLE, single);
            told(patch.send_and_get(cache).await)
        }
        Call::Push(id, tags) => {
            let patch = tags.iter().fold(Thing::patch(id), |patch, tag| patch.push(Thing::TAGS, tag));
            told(patch.send_and_get(cache).await)
        }
        Call::RemoveAge(id) => told(Thing::patch(id).remove(Thing::AGE).send_and_get(cache).await),
        Call::Nothing(id) => told(Thing::patch(id).send(cache).await),
        Call::All => {
            let count = told(Thing::count_all(cache).await);
            format!("{count} {} {}", told(keys_of::<Thing>(cache).await), told(keys_of::<Plain>(cache).await))
        }
        Call::Find(wish, page, sort) => find(&wish, page, sort, cache).await,
        Call::Ids(wish) => told(wish.query().ids(cache).await.map(|ids| {
            let mut ids = ids.into_vec();
            ids.sort_unstable();
            ids
        })),
        Call::Count(wish) => {
            format!("{} {}", told(wish.query().count(cache).await), told(wish.query().exists(cache).await))
        }
        Call::First(wish) => told(wish.query().sort_by(Thing::ID.desc()).first(cache).await),
        // Of several that words found, it is refused to be the one, by a server since they are several.
        Call::One(wish) if wish.filter().has_relevance() => String::new(),
        Call::One(wish) => told(wish.query().one(cache).await),
        Call::Stream(wish) => {
            let (mut rows, mut found) = (wish.query().stream(cache), Vec::new());
            while let Some(row) = rows.next().await {
                match row {
                    Ok(row) => found.push(row),
                    Err(error) => return chain(&error),
                }
            }
            format!("{:?} {}", by_id(found), rows.completeness())
        }
        Call::DeleteFound(wish) => told(wish.query().delete(cache).await),
        Call::Update(wish, by) => {
            let changes = Changes::new().increment(Thing::AGE, by);
            told(wish.query().update(cache, changes).await.map(|updated| {
                let mut refused: Vec<_> =
                    updated.refused().iter().map(|(key, error)| format!("{key} {}", chain(error))).collect();
                refused.sort();
                (updated.changed(), refused)
            }))
        }
        Call::Plain(id, text) => told(Plain { id, text }.save(cache).await),
        Call::PlainIfNew(id) => {
            let made = || Plain { id, text: "made".to_owned() };
            told(Plain::get_or_insert_with(cache, id, made).await)
        }
        Call::PlainTtl(id) => told(Plain::ttl(cache, id).await.map(rounded)),
        Call::DeletePlain(ids) => told(Plain::delete_many(cache, ids).await),
    }
}

/// Sorted by the city, the age and the text or none of them, and then by the id; not sorted at all, as a set.
async fn find(wish: &Wish, page: Option<(u64, u64)>, sort: u8, cache: &Cache) -> String {
    let mut query = wish.query();
    if sort == 0 {
        let found = query.all(cache).await;
        return told(found.map(|found| (found.total(), found.completeness().clone(), by_id(found))));
    }
    query = if sort & 1 != 0 { query.sort_by(Thing::CITY.desc()) } else { query.sort_by(Thing::OPEN.asc()) };
    query = if sort & 2 != 0 { query.sort_by(Thing::AGE.asc()) } else { query.sort_by(Thing::AGE.desc()) };
    query = if sort & 4 != 0 { query.sort_by(Thing::BIO.asc()) } else { query };
    query = query.sort_by(Thing::ID.asc());
    if let Some((offset, limit)) = page {
        query = query.page(offset, limit);
    }
    told(query.all(cache).await.map(|found| (found.total(), found.into_vec())))
}
