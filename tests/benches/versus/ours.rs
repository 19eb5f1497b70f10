//! This library, as a service uses it.

use cache_core::aggregate::{avg, count};
use cache_core::{Cache, CacheModel, Expiry};
use std::hint::black_box;
use std::time::Duration;

use crate::corpus::{Corpus, Item, PAGE, PerColor, TTL_MS};
use crate::work::{Outcome, Side, Work};

#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) cache: Cache,
    pub(crate) corpus: Corpus,
}

impl Side for Ours {
    async fn call(&self, work: Work, n: u64) -> Outcome<u64> {
        let (cache, corpus) = (&self.cache, &self.corpus);
        Ok(match work {
            Work::Save => corpus.item(n).save(cache).await?.stored().into(),
            Work::SaveTtl => {
                let expiry = Expiry::After(Duration::from_millis(TTL_MS));
                corpus.item(n).save_with(cache, expiry).await?.stored().into()
            }
            Work::Get => black_box(Item::get(cache, corpus.id(n)).await?).is_some().into(),
            Work::GetMany => {
                let items = black_box(Item::get_many(cache, corpus.ids(n)).await?);
                items.iter().flatten().count() as u64
            }
            Work::SaveMany => {
                let mut stored = 0;
                for saved in Item::save_many(cache, corpus.items.iter()).await {
                    stored += u64::from(saved?.stored());
                }
                stored
            }
            Work::Tag => black_box(Item::find_by_shelf(corpus.shelf(n)).all(cache).await?).len() as u64,
            Work::Page => {
                let query =
                    Item::find_by_price(corpus.lowest(n)..).sort_by(Item::PRICE.asc()).page(PAGE, PAGE);
                black_box(query.all(cache).await?).len() as u64
            }
            Work::Text => black_box(Item::find_by_title(corpus.word(n)).all(cache).await?).len() as u64,
            Work::Count => {
                let (lowest, end) = corpus.range(n);
                Item::find_by_price(lowest..end).count(cache).await?
            }
            Work::Aggregate => {
                let (lowest, end) = corpus.range(n);
                let rows = Item::find_by_price(lowest..end)
                    .group_by(Item::COLOR)
                    .reduce("items", count())
                    .reduce("mean", avg(Item::PRICE))
                    .rows::<PerColor>(cache)
                    .await?;
                PerColor::count(&rows)
            }
            Work::Patch => Item::patch(corpus.id(n)).set(Item::VISITS, n).send(cache).await?.stored().into(),
        })
    }
}
