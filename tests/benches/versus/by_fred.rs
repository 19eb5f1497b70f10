//! The same by hand with the `fred` crate, as a careful user writes it.

use std::hint::black_box;

use fred::clients::Client;
use fred::interfaces::ClientLike;
use fred::types::config::Config;
use fred::types::{Builder, ClusterHash, CustomCommand, Value};
use serde::de::DeserializeOwned;

use crate::connect::STORING;
use crate::corpus::{BULK, Corpus, Item, PAGE, PerColor, TTL_MS};
use crate::work::{Bulk, CHUNK, Outcome, Side, Work};

#[derive(Clone)]
pub(crate) struct ByFred {
    pub(crate) client: Client,
    pub(crate) corpus: Corpus,
    pub(crate) bulk: Bulk,
}

fn named(name: &'static str) -> CustomCommand {
    CustomCommand::new_static(name, ClusterHash::FirstKey, false)
}

fn set(corpus: &Corpus, item: &Item) -> Outcome<Vec<Value>> {
    Ok(vec![corpus.key(item.id).into(), "$".into(), serde_json::to_string(item)?.into()])
}

fn decoded<T: DeserializeOwned>(json: &Value) -> Outcome<T> {
    Ok(serde_json::from_slice(json.as_bytes().ok_or("no document")?)?)
}

fn found(answer: Value) -> Outcome<Vec<Item>> {
    let Value::Array(parts) = answer else { return Err(format!("no answer of a search: {answer:?}").into()) };
    let item = |part: &Value| match part {
        Value::Array(pair) => decoded(pair.get(1).ok_or("no document")?),
        other => Err(format!("no document: {other:?}").into()),
    };
    parts.iter().skip(2).step_by(2).map(item).collect()
}

fn rows(answer: Value) -> Outcome<Vec<PerColor>> {
    let Value::Array(parts) = answer else { return Err(format!("no rows: {answer:?}").into()) };
    parts.into_iter().skip(1).map(row).collect()
}

fn row(part: Value) -> Outcome<PerColor> {
    let Value::Array(columns) = part else { return Err(format!("no row: {part:?}").into()) };
    let (mut color, mut items, mut mean) = (None, None, None);
    let mut columns = columns.into_iter();
    while let (Some(name), Some(value)) = (columns.next(), columns.next()) {
        match name.as_bytes() {
            Some(b"color") => color = Some(value.convert()?),
            Some(b"items") => items = Some(value.convert()?),
            Some(b"mean") => mean = Some(value.convert()?),
            _ => {}
        }
    }
    let missing = "a column is missing";
    Ok(PerColor { color: color.ok_or(missing)?, items: items.ok_or(missing)?, mean: mean.ok_or(missing)? })
}

impl ByFred {
    /// A client as a careful user makes it: no command waits for the answer to the one before, which the crate leaves to the system.
    pub(crate) async fn connect(url: &str, corpus: Corpus) -> Outcome<Self> {
        let client = Builder::from_config(Config::from_url(url)?)
            .with_connection_config(|config| config.tcp.nodelay = Some(true))
            .build()?;
        client.init().await?;
        Ok(Self { client, corpus, bulk: Bulk::Each })
    }

    /// A search for documents, with one parameter.
    async fn search(&self, query: &str, more: &[Value], name: &str, value: Value) -> Outcome<u64> {
        let mut args: Vec<Value> = vec![self.corpus.index().into(), query.into()];
        args.extend(["RETURN".into(), 1.into(), "$".into(), "TIMEOUT".into(), 0.into()]);
        args.extend_from_slice(more);
        args.extend(["PARAMS".into(), 2.into(), name.into(), value, "DIALECT".into(), 2.into()]);
        let answer: Value = self.client.custom(named("FT.SEARCH"), args).await?;
        Ok(black_box(found(answer)?).len() as u64)
    }

    /// The arguments of a range of prices.
    fn range(&self, n: u64) -> [Value; 10] {
        let (lowest, end) = self.corpus.range(n);
        let (lowest, end): (Value, Value) = (lowest.into(), end.into());
        [
            "TIMEOUT".into(),
            0.into(),
            "PARAMS".into(),
            4.into(),
            "lowest".into(),
            lowest,
            "end".into(),
            end,
            "DIALECT".into(),
            2.into(),
        ]
    }
}

impl Side for ByFred {
    async fn call(&self, work: Work, n: u64) -> Outcome<u64> {
        let (client, corpus) = (&self.client, &self.corpus);
        Ok(match work {
            Work::Save => {
                let stored: String = client.custom(named("JSON.SET"), set(corpus, corpus.item(n))?).await?;
                u64::from(stored == "OK")
            }
            Work::SaveTtl => {
                let item = corpus.item(n);
                let json = serde_json::to_string(item)?;
                let key = corpus.key(item.id);
                let call: Vec<Value> =
                    vec![STORING.into(), 1.into(), key.into(), json.into(), (TTL_MS as i64).into()];
                let stored: String = client.custom(named("EVALSHA"), call).await?;
                u64::from(stored == "OK")
            }
            Work::Get => {
                let key: Vec<Value> = vec![corpus.key(corpus.id(n)).into()];
                let json: Value = client.custom(named("JSON.GET"), key).await?;
                let item: Option<Item> = if json.is_null() { None } else { Some(decoded(&json)?) };
                black_box(item).is_some().into()
            }
            Work::GetMany => {
                let mut args: Vec<Value> = corpus.ids(n).map(|id| corpus.key(id).into()).collect();
                args.push("$".into());
                let jsons: Vec<Value> = client.custom(named("JSON.MGET"), args).await?;
                let item = |json: &Value| -> Outcome<Option<Item>> {
                    if json.is_null() {
                        return Ok(None);
                    }
                    let [item]: [Item; 1] = decoded(json)?;
                    Ok(Some(item))
                };
                let items: Vec<Option<Item>> = jsons.iter().map(item).collect::<Outcome<_>>()?;
                black_box(items).iter().flatten().count() as u64
            }
            Work::SaveMany => {
                let pipeline = client.pipeline();
                match self.bulk {
                    Bulk::Each => {
                        for item in corpus.items.iter() {
                            let _: () = pipeline.custom(named("JSON.SET"), set(corpus, item)?).await?;
                        }
                    }
                    Bulk::Chunks => {
                        for chunk in corpus.items.chunks(CHUNK) {
                            let mut args = Vec::with_capacity(3 * chunk.len());
                            for item in chunk {
                                args.extend(set(corpus, item)?);
                            }
                            let _: () = pipeline.custom(named("JSON.MSET"), args).await?;
                        }
                    }
                }
                let stored: Vec<String> = pipeline.all().await?;
                // One answer says it of as many documents as its command has.
                let of_each = BULK / stored.len().max(1) as u64;
                of_each * stored.iter().filter(|stored| *stored == "OK").count() as u64
            }
            Work::Tag => {
                let limit: [Value; 3] = ["LIMIT".into(), 0.into(), 10_000.into()];
                self.search("@shelf:{$shelf}", &limit, "shelf", corpus.shelf(n).into()).await?
            }
            Work::Page => {
                let page = PAGE as i64;
                let sorted: [Value; 6] =
                    ["SORTBY".into(), "price".into(), "ASC".into(), "LIMIT".into(), page.into(), page.into()];
                self.search("@price:[$lowest +inf]", &sorted, "lowest", corpus.lowest(n).into()).await?
            }
            Work::Text => {
                let limit: [Value; 3] = ["LIMIT".into(), 0.into(), 10_000.into()];
                self.search("@title:($word)", &limit, "word", corpus.word(n).into()).await?
            }
            Work::Count => {
                let mut args: Vec<Value> = vec![corpus.index().into(), "@price:[$lowest ($end]".into()];
                args.extend(["LIMIT".into(), 0.into(), 0.into()]);
                args.extend(self.range(n));
                let counted: Vec<u64> = client.custom(named("FT.SEARCH"), args).await?;
                *counted.first().ok_or("no count")?
            }
            Work::Aggregate => {
                let mut args: Vec<Value> = vec![corpus.index().into(), "@price:[$lowest ($end]".into()];
                let words = "GROUPBY 1 @color REDUCE COUNT 0 AS items REDUCE AVG 1 @price AS mean";
                args.extend(words.split(' ').map(Value::from));
                args.extend(self.range(n));
                let answer: Value = client.custom(named("FT.AGGREGATE"), args).await?;
                PerColor::count(&rows(answer)?)
            }
            Work::Patch => {
                let args: Vec<Value> =
                    vec![corpus.key(corpus.id(n)).into(), "$.visits".into(), (n as i64).into(), "XX".into()];
                let stored: String = client.custom(named("JSON.SET"), args).await?;
                u64::from(stored == "OK")
            }
        })
    }
}
