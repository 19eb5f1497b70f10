//! Types of one's own as fields: newtypes and enums, plain, in options, lists and maps, found on a real server.

use std::collections::{BTreeSet, HashMap};

use cache_core::{Cache, CacheModel, CacheValue, Filter, Migrator};
use cache_tests::live;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use url::Url;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, CacheValue)]
struct Email(String);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, CacheValue)]
#[serde(transparent)]
struct Cents {
    amount: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheValue)]
struct Labels(Vec<Email>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "kebab-case")]
enum Role {
    Reader,
    SeniorEditor,
    #[serde(rename = "the boss")]
    Owner,
}

type Alias = Option<Role>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Account {
    #[primary_key]
    id: u32,
    #[index]
    email: Email,
    #[index(text)]
    bio: Email,
    #[index(sortable)]
    balance: Cents,
    #[index(sortable)]
    role: Role,
    #[index]
    second_role: Alias,
    #[index]
    roles: BTreeSet<Role>,
    #[index]
    role_in: HashMap<String, Role>,
    #[index]
    labels: Labels,
    #[index]
    limits: Vec<Cents>,
    #[index]
    r#type: char,
}

fn accounts() -> Vec<Account> {
    let account = |id, email: &str, amount, role, second_role, roles: &[Role], labels: &[&str]| Account {
        id,
        email: Email(email.to_owned()),
        bio: Email("likes red foxes".to_owned()),
        balance: Cents { amount },
        role,
        second_role,
        roles: roles.iter().copied().collect(),
        role_in: [("shop".to_owned(), role)].into(),
        labels: Labels(labels.iter().map(|label| Email((*label).to_owned())).collect()),
        limits: vec![Cents { amount: amount * 2 }],
        r#type: char::from(b'a' + u8::try_from(id).unwrap()),
    };
    vec![
        account(1, "ann@example.com", -5, Role::Reader, None, &[], &["x", "y"]),
        account(
            2,
            "bob@example.com",
            700,
            Role::SeniorEditor,
            Some(Role::Owner),
            &[Role::Reader, Role::Owner],
            &["y"],
        ),
        account(3, "eve@example.com", 20, Role::Owner, Some(Role::Reader), &[Role::SeniorEditor], &[]),
    ]
}

async fn ids(cache: &Cache, filter: Filter<Account>) -> Vec<u32> {
    let accepted: Vec<u32> = accounts()
        .iter()
        .filter(|account| filter.accepts(account).unwrap())
        .map(|account| account.id)
        .collect();
    let found = Account::find().filter(filter).all(cache).await.unwrap();
    let mut found: Vec<u32> = found.iter().map(|account| account.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn newtypes_and_enums_are_saved_and_found(cache: Cache) {
    Migrator::new().register::<Account>().run(&cache).await.unwrap();
    for account in accounts() {
        let _ = account.save(&cache).await.unwrap();
        assert_eq!(Account::get(&cache, account.id).await.unwrap().unwrap(), account);
    }
    let ann = Email("ann@example.com".to_owned());
    assert_eq!(ids(&cache, Account::EMAIL.eq("ann@example.com")).await, [1]);
    assert_eq!(ids(&cache, Account::EMAIL.eq(&ann)).await, [1]);
    assert_eq!(
        ids(&cache, Account::EMAIL.is_in([ann.clone(), Email("eve@example.com".to_owned())])).await,
        [1, 3]
    );
    assert_eq!(ids(&cache, Account::EMAIL.starts_with("bob")).await, [2]);
    assert_eq!(ids(&cache, Account::BIO.matches("fox")).await, [1, 2, 3]);
    assert_eq!(ids(&cache, Account::BALANCE.lt(0)).await, [1]);
    assert_eq!(ids(&cache, Account::BALANCE.between(Cents { amount: 20 }..Cents { amount: 700 })).await, [3]);
    assert_eq!(ids(&cache, Account::LIMITS.ge(1_400)).await, [2]);
    assert_eq!(ids(&cache, Account::ROLE.eq(Role::SeniorEditor)).await, [2]);
    assert_eq!(ids(&cache, Account::ROLE.is_in([&Role::Reader, &Role::Owner])).await, [1, 3]);
    assert_eq!(ids(&cache, Account::ROLE.starts_with("the b")).await, [3]);
    assert_eq!(ids(&cache, Account::SECOND_ROLE.eq(Role::Owner)).await, [2]);
    assert_eq!(ids(&cache, Account::SECOND_ROLE.ne(Role::Owner)).await, [1, 3]);
    assert_eq!(ids(&cache, Account::ROLES.eq(Role::Reader)).await, [2]);
    assert_eq!(ids(&cache, Account::ROLE_IN.eq(Role::Owner)).await, [3]);
    assert_eq!(ids(&cache, Account::LABELS.eq("y")).await, [1, 2]);
    assert_eq!(ids(&cache, Account::TYPE.eq('c')).await, [2]);

    assert_eq!(Account::find_by_email(ann).one(&cache).await.unwrap().id, 1);
    assert_eq!(Account::find_by_balance(Cents { amount: 20 }).one(&cache).await.unwrap().id, 3);
    assert_eq!(Account::find_by_balance(100..).one(&cache).await.unwrap().id, 2);
    assert_eq!(Account::find_by_role(Role::Reader).one(&cache).await.unwrap().id, 1);
    let richest = Account::find().sort_by(Account::BALANCE.desc()).first(&cache).await.unwrap().unwrap();
    assert_eq!(richest.id, 2);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Page {
    #[primary_key]
    id: Uuid,
    #[index]
    site: Option<Uuid>,
    #[index]
    batch: Ulid,
    #[index]
    url: Url,
    #[index]
    links: Vec<Url>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Event {
    #[primary_key]
    id: Ulid,
}

async fn ids_and_urls_are_saved_and_found(cache: Cache) {
    Migrator::new().register::<Page>().run(&cache).await.unwrap();
    let url = |path: &str| Url::parse("https://Example.com").unwrap().join(path).unwrap();
    let page = Page {
        id: Uuid::now_v7(),
        site: Some(Uuid::new_v4()),
        batch: Ulid::new(),
        url: url("/a b?q=ü#top"),
        links: vec![url("/x"), url("/y")],
    };
    let other = Page { id: Uuid::now_v7(), site: None, batch: Ulid::new(), links: vec![], ..page.clone() };
    for page in [&page, &other] {
        let _ = page.save(&cache).await.unwrap();
        assert_eq!(Page::get(&cache, page.id).await.unwrap().as_ref(), Some(page));
    }
    assert_eq!(Page::find_by_site(page.site.unwrap()).one(&cache).await.unwrap(), page);
    assert_eq!(Page::find_by_batch(other.batch).one(&cache).await.unwrap(), other);
    assert_eq!(Page::find_by_url(&page.url).count(&cache).await.unwrap(), 2);
    assert_eq!(Page::find_by_links(url("/y")).one(&cache).await.unwrap(), page);

    let event = Event { id: Ulid::new() };
    let _ = event.save(&cache).await.unwrap();
    assert_eq!(Event::get(&cache, &event.id).await.unwrap(), Some(event));
}

live! {
    ids_and_urls_are_saved_and_found,
    newtypes_and_enums_are_saved_and_found,
}
