//! Fields that are indexed as what serde writes of them, where that is another type.

use std::net::IpAddr;

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Migrator, PatchError};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Login {
    #[primary_key]
    id: u32,
    #[index(sortable, as = String)]
    from: IpAddr,
    #[index(as = Option<String>)]
    before: Option<IpAddr>,
    #[index(as = Vec<String>)]
    proxies: Vec<IpAddr>,
    #[index(sortable, as = u64)]
    #[serde(with = "as_bits")]
    rights: Rights,
    #[embedded]
    at: At,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct At {
    #[index(as = String)]
    host: IpAddr,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rights(u64);

mod as_bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::Rights;

    pub(super) fn serialize<S: Serializer>(rights: &Rights, serializer: S) -> Result<S::Ok, S::Error> {
        rights.0.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rights, D::Error> {
        match u64::deserialize(deserializer)? {
            bits @ 0..8 => Ok(Rights(bits)),
            bits => Err(D::Error::custom(format!("{bits} are no rights"))),
        }
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn logins() -> [Login; 2] {
    [
        Login {
            id: 1,
            from: ip("10.0.0.1"),
            before: None,
            proxies: vec![],
            rights: Rights(5),
            at: At { host: ip("::1") },
        },
        Login {
            id: 2,
            from: ip("2001:db8::7"),
            before: Some(ip("10.0.0.1")),
            proxies: vec![ip("10.0.0.8"), ip("10.0.0.9")],
            rights: Rights(1),
            at: At { host: ip("127.0.0.1") },
        },
    ]
}

async fn foreign_types_are_found_as_what_is_stored(cache: Cache) {
    Migrator::new().register::<Login>().run(&cache).await.unwrap();
    for login in logins() {
        let _ = login.save(&cache).await.unwrap();
        assert_eq!(Login::get(&cache, login.id).await.unwrap().unwrap(), login);
    }
    for (filter, expected) in [
        (Login::FROM.eq("10.0.0.1"), vec![1]),
        (Login::FROM.starts_with("2001:"), vec![2]),
        (Login::BEFORE.eq("10.0.0.1"), vec![2]),
        (Login::PROXIES.eq(ip("10.0.0.9").to_string()), vec![2]),
        (Login::RIGHTS.gt(1), vec![1]),
        (Login::AT.host.eq("::1"), vec![1]),
    ] {
        let accepted: Vec<u32> =
            logins().iter().filter(|login| filter.accepts(*login).unwrap()).map(|login| login.id).collect();
        let found = Login::find().filter(filter).all(&cache).await.unwrap();
        let found: Vec<u32> = found.iter().map(|login| login.id).collect();
        assert_eq!((&found, &accepted), (&expected, &expected));
    }
    let found = Login::find_by_rights(0..2).one(&cache).await.unwrap();
    assert_eq!(found, logins()[1]);
    let sorted = Login::find().sort_by(Login::RIGHTS.asc()).all(&cache).await.unwrap();
    assert_eq!(sorted.iter().map(|login| login.id).collect::<Vec<_>>(), [2, 1]);
}

async fn patches_write_what_is_stored(cache: Cache) {
    let [login, _] = logins();
    let _ = login.save(&cache).await.unwrap();
    let _ = Login::patch(1)
        .set(Login::FROM, "10.0.0.2")
        .set(Login::BEFORE, "10.0.0.1")
        .push(Login::PROXIES, "10.0.0.3".to_owned())
        .increment(Login::RIGHTS, 2)
        .set(Login::AT.host, "10.0.0.4")
        .send(&cache)
        .await
        .unwrap();
    let changed = Login {
        from: ip("10.0.0.2"),
        before: Some(ip("10.0.0.1")),
        proxies: vec![ip("10.0.0.3")],
        rights: Rights(7),
        at: At { host: ip("10.0.0.4") },
        ..login
    };
    assert_eq!(Login::get(&cache, 1).await.unwrap(), Some(changed.clone()));
    // What the model could not read is refused before it is written.
    let refused = Login::patch(1).set(Login::FROM, "nowhere").send(&cache).await.unwrap_err();
    assert!(matches!(refused, Error::Patch { source: PatchError::Unreadable { .. }, .. }), "{refused:?}");
    assert_eq!(Login::get(&cache, 1).await.unwrap(), Some(changed));
}

live! {
    foreign_types_are_found_as_what_is_stored,
    patches_write_what_is_stored,
}
