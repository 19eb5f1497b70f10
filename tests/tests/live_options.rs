//! Options of fields and of models: what they change in answers, on the server and in `accepts` alike.

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, Indexed, Migrator, Model, QueryError};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Source {
    #[index(index_missing, sortable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(language = "german", stopwords = ["und", "der"])]
struct Artikel {
    #[primary_key]
    id: u32,
    #[index(separator = ',', with_suffix_trie)]
    keywords: String,
    #[index(separator = ';', fold_case)]
    groups: Option<String>,
    #[index(text, weight = 2.5)]
    title: String,
    #[index(text, no_stem, with_suffix_trie)]
    body: String,
    #[index(index_missing)]
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[index(index_missing, sortable)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    year: Option<i32>,
    #[embedded]
    source: Option<Source>,
}

fn articles() -> Vec<Artikel> {
    let article = |id, keywords: &str, groups: Option<&str>, author: Option<&str>, year, source| Artikel {
        id,
        keywords: keywords.to_owned(),
        groups: groups.map(str::to_owned),
        title: "Die Häuser und der Garten".to_owned(),
        body: "the running foxes und".to_owned(),
        author: author.map(str::to_owned),
        year,
        source,
    };
    vec![
        article(
            1,
            " red , green,blue",
            Some("A; b"),
            Some("Ann"),
            Some(2001),
            Some(Source { page: Some(7) }),
        ),
        article(2, "red green", None, None, None, Some(Source { page: None })),
        article(3, "", Some(""), Some(""), Some(0), None),
        article(4, "a,,b", Some("B;;c d"), None, Some(-5), None),
    ]
}

/// The ids that the server finds; the same filter evaluated here must accept the same documents.
async fn ids(cache: &Cache, filter: Filter<Artikel>) -> Vec<u32> {
    let accepted: Vec<u32> = articles()
        .iter()
        .filter(|article| filter.accepts(article).unwrap())
        .map(|article| article.id)
        .collect();
    let mut found: Vec<u32> =
        Artikel::find().filter(filter).all(cache).await.unwrap().iter().map(|article| article.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn saved<M: Model + Indexed>(cache: &Cache, documents: &[M]) {
    Migrator::new().register::<M>().run(cache).await.unwrap();
    for document in documents {
        let _ = document.save(cache).await.unwrap();
    }
}

async fn separators_cut_strings_into_tags(cache: Cache) {
    saved(&cache, &articles()).await;
    assert_eq!(ids(&cache, Artikel::KEYWORDS.eq("red")).await, [1]);
    assert_eq!(ids(&cache, Artikel::KEYWORDS.eq("green")).await, [1]);
    assert_eq!(ids(&cache, Artikel::KEYWORDS.eq("red green")).await, [2]);
    assert_eq!(ids(&cache, Artikel::KEYWORDS.eq("red , green,blue")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Artikel::KEYWORDS.eq("")).await, [3, 4], "an empty part is an empty tag");
    assert_eq!(ids(&cache, Artikel::KEYWORDS.is_in(["a", "b"])).await, [4]);
    assert_eq!(ids(&cache, Artikel::KEYWORDS.starts_with("gr")).await, [1]);
    assert_eq!(ids(&cache, Artikel::GROUPS.eq("B")).await, [1, 4]);
    assert_eq!(ids(&cache, Artikel::GROUPS.eq("C D")).await, [4]);
}

async fn tags_that_the_server_would_cut_are_refused(cache: Cache) {
    let longest = "x".repeat(cache_core::MAX_SEPARATED_TAG);
    let article = Artikel { keywords: format!("a,{longest}"), ..articles().remove(0) };
    saved(&cache, std::slice::from_ref(&article)).await;
    assert_eq!(Artikel::find_by_keywords(&longest).count(&cache).await.unwrap(), 1);
    let error = Artikel { keywords: format!("a,{longest}x"), ..article }.save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::TagTooLong { length: 4_097, .. }), "{error}");
    let error = Artikel::find_by_keywords(format!("{longest}x")).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::TooLong { most: 4_096, .. })), "{error}");
}

async fn what_is_missing_can_be_searched_for(cache: Cache) {
    saved(&cache, &articles()).await;
    assert_eq!(ids(&cache, Artikel::AUTHOR.is_missing()).await, [2, 4]);
    assert_eq!(ids(&cache, Artikel::AUTHOR.is_some()).await, [1, 3]);
    assert_eq!(ids(&cache, Artikel::YEAR.is_missing()).await, [2]);
    assert_eq!(ids(&cache, Artikel::YEAR.is_some() & Artikel::YEAR.lt(1_000)).await, [3, 4]);
    assert_eq!(ids(&cache, Artikel::YEAR.is_missing() | Artikel::YEAR.lt(0)).await, [2, 4]);
    assert_eq!(ids(&cache, Artikel::SOURCE.page.is_missing()).await, [2, 3, 4]);
    assert_eq!(ids(&cache, !Artikel::SOURCE.page.is_missing()).await, [1]);
    let sorted = Artikel::find().sort_by(Artikel::SOURCE.page.asc()).first(&cache).await.unwrap();
    assert_eq!(sorted.map(|article| article.id), Some(1));
}

async fn texts_follow_their_language(cache: Cache) {
    saved(&cache, &articles()[..1]).await;
    let ids = async |filter: Filter<Artikel>| {
        let accepted = filter.accepts(&articles()[0]).unwrap();
        let found = Artikel::find().filter(filter).count(&cache).await.unwrap() == 1;
        assert_eq!(found, accepted, "the server and `accepts` disagree");
        found
    };
    assert!(ids(Artikel::TITLE.matches("haus")).await, "stemmed as German");
    assert!(ids(Artikel::TITLE.matches("der Garten und die Häuser")).await, "stopwords are left out");
    assert!(ids(Artikel::TITLE.matches("die")).await, "not a stopword of this model");
    assert!(ids(Artikel::BODY.matches("the running foxes")).await);
    assert!(!ids(Artikel::BODY.matches("runs")).await, "not stemmed");
    let error = Artikel::find_by_title("und der").all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::NoTerms { .. })), "{error}");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(stopwords = [])]
struct Verse {
    #[primary_key]
    id: u32,
    #[index(text)]
    line: String,
}

async fn without_stopwords_every_word_is_found(cache: Cache) {
    saved(&cache, &[Verse { id: 1, line: "To be, or not to be".to_owned() }]).await;
    assert_eq!(Verse::find_by_line("to be or not").count(&cache).await.unwrap(), 1);
    assert_eq!(Verse::find_by_line("to have").count(&cache).await.unwrap(), 0);
}

live! {
    separators_cut_strings_into_tags,
    tags_that_the_server_would_cut_are_refused,
    what_is_missing_can_be_searched_for,
    texts_follow_their_language,
    without_stopwords_every_word_is_found,
}
