//! The same by hand with the `redis` crate, as a careful user writes it: one multiplexed connection, values as parameters,
//! only the document returned, and decoded from the bytes that came; with `TIMEOUT 0`, as ours, so that no answer is cut short.

use std::hint::black_box;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Value, cmd};

use crate::answers::{counted, decoded, found, rows};
use crate::connect::STORING;
use crate::corpus::{BULK, Corpus, Item, PAGE, PerColor, TTL_MS};
use crate::work::{Bulk, CHUNK, Outcome, Side, Work};

#[derive(Clone)]
pub(crate) struct ByRedis {
    pub(crate) connection: MultiplexedConnection,
    pub(crate) corpus: Corpus,
    pub(crate) bulk: Bulk,
}

/// What is sent for one call.
pub(crate) enum Sent {
    One(Cmd),
    Many(Pipeline),
}

impl ByRedis {
    /// What the n-th call sends.
    pub(crate) fn sent(corpus: &Corpus, work: Work, bulk: Bulk, n: u64) -> Outcome<Sent> {
        Ok(Sent::One(match work {
            Work::Save => set(corpus, corpus.item(n))?,
            Work::SaveTtl => {
                let item = corpus.item(n);
                let mut call = cmd("EVALSHA");
                call.arg(STORING).arg(1).arg(corpus.key(item.id));
                call.arg(serde_json::to_string(item)?).arg(TTL_MS);
                call
            }
            Work::Get => {
                let mut get = cmd("JSON.GET");
                get.arg(corpus.key(corpus.id(n)));
                get
            }
            Work::GetMany => {
                let mut get = cmd("JSON.MGET");
                for id in corpus.ids(n) {
                    get.arg(corpus.key(id));
                }
                get.arg("$");
                get
            }
            Work::SaveMany => return Ok(Sent::Many(many(corpus, bulk)?)),
            Work::Tag => {
                let mut find = search(corpus, "@shelf:{$shelf}");
                find.arg("RETURN").arg(1).arg("$").arg("LIMIT").arg(0).arg(10_000).arg("TIMEOUT").arg(0);
                find.arg("PARAMS").arg(2).arg("shelf").arg(corpus.shelf(n)).arg("DIALECT").arg(2);
                find
            }
            Work::Page => {
                let mut find = search(corpus, "@price:[$lowest +inf]");
                find.arg("RETURN").arg(1).arg("$").arg("SORTBY").arg("price").arg("ASC");
                find.arg("LIMIT").arg(PAGE).arg(PAGE).arg("TIMEOUT").arg(0);
                find.arg("PARAMS").arg(2).arg("lowest").arg(corpus.lowest(n)).arg("DIALECT").arg(2);
                find
            }
            Work::Text => {
                let mut find = search(corpus, "@title:($word)");
                find.arg("RETURN").arg(1).arg("$").arg("LIMIT").arg(0).arg(10_000).arg("TIMEOUT").arg(0);
                find.arg("PARAMS").arg(2).arg("word").arg(corpus.word(n)).arg("DIALECT").arg(2);
                find
            }
            Work::Count => {
                let mut find = search(corpus, "@price:[$lowest ($end]");
                find.arg("LIMIT").arg(0).arg(0);
                range(&mut find, corpus, n);
                find
            }
            Work::Aggregate => {
                let mut group = cmd("FT.AGGREGATE");
                group.arg(corpus.index()).arg("@price:[$lowest ($end]");
                group
                    .arg("GROUPBY")
                    .arg(1)
                    .arg("@color")
                    .arg("REDUCE")
                    .arg("COUNT")
                    .arg(0)
                    .arg("AS")
                    .arg("items");
                group.arg("REDUCE").arg("AVG").arg(1).arg("@price").arg("AS").arg("mean");
                range(&mut group, corpus, n);
                group
            }
            Work::Patch => {
                let mut patch = cmd("JSON.SET");
                patch.arg(corpus.key(corpus.id(n))).arg("$.visits").arg(n).arg("XX");
                patch
            }
        }))
    }
}

fn set(corpus: &Corpus, item: &Item) -> Outcome<Cmd> {
    let mut set = cmd("JSON.SET");
    set.arg(corpus.key(item.id)).arg("$").arg(serde_json::to_string(item)?);
    Ok(set)
}

/// A thousand documents.
fn many(corpus: &Corpus, bulk: Bulk) -> Outcome<Pipeline> {
    let mut pipeline = Pipeline::with_capacity(corpus.items.len());
    match bulk {
        Bulk::Each => {
            for item in corpus.items.iter() {
                pipeline.add_command(set(corpus, item)?);
            }
        }
        Bulk::Chunks => {
            for chunk in corpus.items.chunks(CHUNK) {
                let set = pipeline.cmd("JSON.MSET");
                for item in chunk {
                    set.arg(corpus.key(item.id)).arg("$").arg(serde_json::to_string(item)?);
                }
            }
        }
    }
    Ok(pipeline)
}

fn search(corpus: &Corpus, query: &str) -> Cmd {
    let mut search = cmd("FT.SEARCH");
    search.arg(corpus.index()).arg(query);
    search
}

fn range(command: &mut Cmd, corpus: &Corpus, n: u64) {
    let (lowest, end) = corpus.range(n);
    command
        .arg("TIMEOUT")
        .arg(0)
        .arg("PARAMS")
        .arg(4)
        .arg("lowest")
        .arg(lowest)
        .arg("end")
        .arg(end)
        .arg("DIALECT")
        .arg(2);
}

impl Side for ByRedis {
    async fn call(&self, work: Work, n: u64) -> Outcome<u64> {
        let mut connection = self.connection.clone();
        let command = match Self::sent(&self.corpus, work, self.bulk, n)? {
            Sent::One(command) => command,
            Sent::Many(pipeline) => {
                let stored: Vec<Value> = pipeline.query_async(&mut connection).await?;
                // One answer says it of as many documents as its command has.
                let of_each = BULK / stored.len().max(1) as u64;
                return Ok(of_each * stored.iter().filter(|stored| **stored == Value::Okay).count() as u64);
            }
        };
        Ok(match work {
            Work::Get => {
                let json: Option<Vec<u8>> = command.query_async(&mut connection).await?;
                let item: Option<Item> = json.map(|json| decoded(&json)).transpose()?;
                black_box(item).is_some().into()
            }
            Work::GetMany => {
                let jsons: Vec<Option<Vec<u8>>> = command.query_async(&mut connection).await?;
                let item = |json: Vec<u8>| -> Outcome<Item> {
                    let [item]: [Item; 1] = decoded(&json)?;
                    Ok(item)
                };
                let items: Vec<Option<Item>> =
                    jsons.into_iter().map(|json| json.map(item).transpose()).collect::<Outcome<_>>()?;
                black_box(items).iter().flatten().count() as u64
            }
            Work::Tag | Work::Page | Work::Text => {
                black_box(found(command.query_async(&mut connection).await?)?).len() as u64
            }
            Work::Count => counted(command.query_async(&mut connection).await?)?,
            Work::Aggregate => PerColor::count(&rows(command.query_async(&mut connection).await?)?),
            Work::Save | Work::SaveTtl | Work::SaveMany | Work::Patch => {
                let stored: String = command.query_async(&mut connection).await?;
                u64::from(stored == "OK")
            }
        })
    }
}
