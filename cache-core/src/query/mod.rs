//! Queries as values: what is meant, in which order, how much of it; and the verbs that ask the server.

// A file imports from those before it: found, summary, row, wanted, held, run, cursor, pieces, stream, each, explain, aggregate_run, this one,
// verbs, aggregate.

mod aggregate;
mod aggregate_run;
mod cursor;
mod each;
mod explain;
mod found;
mod held;
mod pieces;
mod row;
mod run;
mod stream;
mod summary;
mod verbs;
mod wanted;

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use cache_index::{
    Filter, IndexSchema, Language, Nearest, RawQuery, Reading, Scorer, SearchOptions, SortKey,
};

use crate::cache::IndexPolicy;
use crate::model::Model;
use crate::primary_key::Id;

use self::wanted::Wanted;
pub use aggregate::Aggregation;
pub use aggregate_run::Groups;
pub use each::Updated;
pub use explain::Profile;
pub use found::Found;
pub use row::{Near, Row, Scored, read_view};
pub use stream::{Pages, Rows};
pub use summary::Summary;

/// Which documents of model `M`, in which order, and what is made of each: `R`, by itself the model. Made by the
/// model's `find` and `find_by_…`; nothing is sent before one of the verbs takes the [`Cache`](crate::Cache).
///
/// Every verb refuses an answer that may lack documents ([`Error::Incomplete`](crate::Error::Incomplete)), unless the
/// query was told to [`allow_partial`](Query::allow_partial).
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String, #[index(sortable)] age: u32 }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let adults = User::find_by_city("Bern")
///     .filter(User::AGE.ge(18))
///     .sort_by(User::AGE.desc())
///     .page(0, 50)
///     .all(&cache)
///     .await?;
/// println!("{} of {}", adults.len(), adults.total());
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing until a verb such as `all`, `first`, `count` or `stream` sends it"]
pub struct Query<M, R = M> {
    wanted: Wanted<M>,
    row: PhantomData<fn() -> R>,
}

impl<M> Query<M> {
    pub(crate) fn new(filter: Filter<M>) -> Self {
        let wanted = Wanted {
            filter,
            nearest: None,
            sort: Vec::new(),
            page: None,
            partial: false,
            options: SearchOptions::default(),
            ids: None,
            timeout: None,
            policy: None,
        };
        Self { wanted, row: PhantomData }
    }
}

impl<M: IndexSchema> Query<M> {
    /// The documents that a condition in RediSearch's own query language means, for what has no typed form. It is
    /// combined with others by [`filter`](Query::filter).
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Query, RawQuery};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Book { #[primary_key] id: String, #[index(text)] title: String }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let raw = RawQuery::new("@title:($word) => {$weight: 2}").bind("word", "dune");
    /// let books = Query::<Book>::raw(raw).all(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(raw: RawQuery) -> Self {
        Self::new(Filter::raw(raw))
    }
}

impl<M, R> Query<M, R> {
    /// Narrows the query: documents must pass this filter too.
    pub fn filter(mut self, filter: Filter<M>) -> Self {
        self.wanted.filter = self.wanted.filter & filter;
        self
    }

    /// Of the documents that pass the filter only those whose vectors are nearest to another, the nearest first unless
    /// the answer is [sorted](Query::sort_by) otherwise; each with its distance. A later call replaces an earlier one.
    ///
    /// The distance is the field's own metric. An HNSW index may overlook a few. A filter that the server decides only
    /// in part (integers beyond 2^53, several conditions on one element, patterns) is refused.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Vector};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Book { #[primary_key] id: String, #[index] language: String, #[index] embedding: Vector<f32, 3> }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let like = Vector::from([0.5, 0.1, 1.0]);
    /// let books = Book::find_by_language("de").nearest(Book::EMBEDDING.nearest(10, &like)).all(&cache).await?;
    /// for book in &books {
    ///     println!("{}: {}", book.id, book.distance);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "KNN")]
    pub fn nearest(mut self, nearest: Nearest<M>) -> Query<M, Near<R>> {
        self.wanted.nearest = Some(nearest);
        Query { wanted: self.wanted, row: PhantomData }
    }

    /// Sorts the answer by a sortable field; a later call replaces an earlier one. Documents without the field
    /// come last; integers beyond 2^53 are sorted as doubles. Without it the order is the server's and may change from answer to answer.
    #[doc(alias = "order_by")]
    pub fn sort_by(mut self, key: SortKey<M>) -> Self {
        self.wanted.sort = vec![key];
        self
    }

    /// Sorts documents that are equal by the fields so far by one more. Without a [`sort_by`](Query::sort_by) before it,
    /// it is one.
    ///
    /// Several fields are sorted by an aggregation on the server (`FT.SEARCH` takes one).
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index(sortable)] city: String, #[index(sortable)] age: u32 }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let users = User::find().sort_by(User::CITY.asc()).then_by(User::AGE.desc()).all(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn then_by(mut self, key: SortKey<M>) -> Self {
        self.wanted.sort.push(key);
        self
    }

    /// Only `limit` documents after leaving out `offset`. The answer's [`total`](Found::total) counts all.
    #[doc(alias = "limit")]
    #[doc(alias = "offset")]
    pub fn page(mut self, offset: u64, limit: u64) -> Self {
        self.wanted.page = Some((offset, limit));
        self
    }

    /// Takes an answer that may lack documents. Its [`completeness`](Found::completeness) says why it may. Where a negated
    /// prefix was not expanded to its end, it has documents that are not meant.
    pub fn allow_partial(mut self) -> Self {
        self.wanted.partial = true;
        self
    }

    /// What is done while the index is being filled, in place of what the [cache](crate::Cache::while_indexing) says.
    pub fn while_indexing(mut self, policy: IndexPolicy) -> Self {
        self.wanted.policy = Some(policy);
        self
    }

    /// How long the server may search, in milliseconds' precision, in place of a little less than the connection waits
    /// for an answer. If that is not enough, the answer is refused ([`Error::Incomplete`](crate::Error::Incomplete)),
    /// or [partial](Query::allow_partial).
    ///
    /// Less than a millisecond counts as one. The server looks at its clock only now and then, so that a short search may be
    /// answered all the same.
    ///
    /// In RESP2 the server does not say that it stopped, so it is not told to: after this time the call fails with
    /// [`Error::Timeout`](crate::Error::Timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        // Zero would mean to the server that there is none.
        self.wanted.timeout = Some(timeout.max(Duration::from_millis(1)));
        self
    }

    /// Only documents with one of these primary keys (`INKEYS`). No keys: no documents.
    #[doc(alias = "INKEYS")]
    pub fn in_keys<I>(mut self, ids: I) -> Self
    where
        M: Model,
        I: IntoIterator<Item: Id<M::PrimaryKey>>,
    {
        let owned = |id: I::Item| id.parts(|parts| parts.iter().map(ToString::to_string).collect());
        self.wanted.ids = Some(ids.into_iter().map(owned).collect());
        self
    }

    /// How words are read, all of it at once: in which language, as they are written or not, how near each other. It replaces
    /// what was said before. [`Filter::accepts_as`] takes the same.
    pub fn reading(self, reading: Reading) -> Self {
        self.read(|_| reading)
    }

    /// Stems the words that are asked for by the rules of this language, in place of the model's (`LANGUAGE`). Those of the
    /// documents are in the index as the model's language stems them.
    #[doc(alias = "LANGUAGE")]
    pub fn in_language(self, language: Language) -> Self {
        self.read(|reading| reading.in_language(language))
    }

    /// Looks for words as they are written, not for other inflections of them (`VERBATIM`), nor for their synonyms.
    ///
    /// With it, [`sounds_like`](crate::Field::sounds_like) is refused
    /// ([`QueryError::NotVerbatim`](crate::QueryError::NotVerbatim)).
    #[doc(alias = "VERBATIM")]
    pub fn verbatim(self) -> Self {
        self.read(Reading::verbatim)
    }

    /// The words of each [`matches`](crate::Field::matches) must be near each other: with up to this many other words between
    /// the first and the last, in any order without [`in_order`](Query::in_order). Each is then what a
    /// [`Phrase`](crate::Phrase) with this slop is; what [`phrase`](crate::Field::phrase) says of it, and what that costs,
    /// holds: of several words the server mostly decides a part, and then neither groups nor the
    /// [`nearest`](Query::nearest) are made of such a query. A `phrase` has its own slop, and conditions do not matter to each
    /// other.
    ///
    /// It is not the server's `SLOP`, which counts across all conditions and fields, counts of three words and more otherwise,
    /// and loses words that stand in a text in several inflections.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Book { #[primary_key] id: String, #[index(text)] title: String }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// // Also "The Fox, Once So Quick".
    /// let books = Book::find_by_title("quick fox").slop(2).all(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SLOP")]
    pub fn slop(self, words: u32) -> Self {
        self.read(|reading| reading.slop(words))
    }

    /// The words of each [`matches`](crate::Field::matches) must stand in this order, with any number of others between them
    /// without [`slop`](Query::slop). Each is then what a [`Phrase`](crate::Phrase) is; a `phrase` has its own order.
    ///
    /// It is not the server's `INORDER`; see [`slop`](Query::slop).
    #[doc(alias = "INORDER")]
    pub fn in_order(self) -> Self {
        self.read(Reading::in_order)
    }

    fn read(mut self, change: impl FnOnce(Reading) -> Reading) -> Self {
        self.wanted.options.reading = change(self.wanted.options.reading);
        self
    }

    /// What gives documents their scores, by which answers are sorted that are not sorted by a field (`SCORER`).
    /// Without it, the server's own: TFIDF up to version 2.x, BM25STD from 8 on.
    #[doc(alias = "SCORER")]
    pub fn scorer(mut self, scorer: Scorer) -> Self {
        self.wanted.options.scorer = Some(scorer);
        self
    }

    /// Answers each with its score (`WITHSCORES`). In RESP2, and where a cursor or several sort keys are used, scores
    /// come as text, with up to 17 and 12 digits.
    #[doc(alias = "WITHSCORES")]
    pub fn with_score(self) -> Query<M, Scored<R>> {
        Query { wanted: self.wanted, row: PhantomData }
    }

    /// Answers a view of each document in place of the document: a struct with `#[derive(CacheView)]`, whose fields are
    /// all that the server sends. Call it before [`with_score`](Query::with_score) and [`nearest`](Query::nearest), which
    /// it would take back.
    ///
    /// All of them come in the one round trip of the verb, and exactly. A member that is missing is what serde makes of it:
    /// `None`, the value of `#[serde(default)]`, or [`Error::View`](crate::Error::View), which names the key, the model and
    /// the field. See the derive [`CacheView`](derive@crate::CacheView) for what a view can read.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String, bio: String, tags: Vec<String> }
    /// use cache_core::CacheView;
    ///
    /// #[derive(serde::Deserialize, CacheView)]
    /// #[cache(model = User)]
    /// struct Card {
    ///     id: String,
    ///     tags: Vec<String>,
    /// }
    ///
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// for card in User::find_by_city("Bern").select::<Card>().all(&cache).await? {
    ///     println!("{}: {}", card.id, card.tags.join(", "));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "RETURN")]
    #[doc(alias = "only")]
    #[doc(alias = "projection")]
    pub fn select<V: Row<M>>(self) -> Query<M, V> {
        Query { wanted: self.wanted, row: PhantomData }
    }
}

impl<M, R> Clone for Query<M, R> {
    fn clone(&self) -> Self {
        Self { wanted: self.wanted.clone(), row: PhantomData }
    }
}

/// For logs: the query text with references in place of values, how words are read, the order and the page.
impl<M: IndexSchema, R> fmt::Display for Query<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted { nearest, sort, page, options, .. } = &self.wanted;
        write!(f, "{}: ", M::schema().model())?;
        match self.wanted.render() {
            Ok(rendered) => write!(f, "{rendered}")?,
            Err(error) => write!(f, "refused: {}", error.redacted())?,
        }
        if options.reading != Reading::default() {
            write!(f, ", read {}", options.reading)?;
        }
        if let Some(nearest) = nearest {
            write!(f, ", nearest {nearest}")?;
        }
        for (number, key) in sort.iter().enumerate() {
            write!(f, "{}{key:?}", if number == 0 { ", sorted by " } else { ", " })?;
        }
        match page {
            Some((offset, limit)) => write!(f, ", {limit} from {offset}"),
            None => Ok(()),
        }
    }
}

/// Shows the query text with references in place of values, and how its words are read.
impl<M: IndexSchema, R> fmt::Debug for Query<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted { sort, page, partial, options, .. } = &self.wanted;
        let mut shown = f.debug_struct("Query");
        match self.wanted.render() {
            Ok(rendered) => shown.field("text", &rendered.to_string()),
            Err(error) => shown.field("refused", &error.redacted()),
        };
        shown.field("reading", &options.reading);
        shown.field("sort", sort).field("page", page).field("partial", partial).finish()
    }
}
