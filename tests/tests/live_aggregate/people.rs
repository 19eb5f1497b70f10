//! What is aggregated: random people, and what is computed of them here.

use std::collections::BTreeMap;

use cache_core::{Cache, CacheEmbedded, CacheModel, CacheValue, GeoPoint, Migrator};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Reader,
    Owner,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
pub(crate) struct Address {
    #[index]
    pub(crate) city: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
pub(crate) struct User {
    #[primary_key]
    pub(crate) id: u32,
    #[index]
    pub(crate) city: String,
    #[index(sortable)]
    pub(crate) street: String,
    #[index]
    pub(crate) role: Role,
    #[index]
    pub(crate) active: bool,
    #[index]
    pub(crate) age: i64,
    #[index(sortable)]
    pub(crate) score: f64,
    #[index]
    pub(crate) bonus: Option<f64>,
    #[index]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<String>,
    #[index(text)]
    pub(crate) bio: String,
    #[embedded]
    pub(crate) home: Address,
    #[index]
    pub(crate) place: GeoPoint,
    #[index]
    pub(crate) since: i64,
}

/// xorshift64*: the same documents in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 11) % most
    }

    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    pub(crate) fn double(&mut self) -> f64 {
        // Few digits behind the point, or all.
        match self.below(3) {
            0 => self.below(10) as f64 - 5.0,
            1 => (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * 2000.0 - 1000.0,
            _ => (self.below(2_000_001) as f64 - 1e6) * 1e9 + 0.25,
        }
    }
}

/// Texts that are easily taken for others: side by side, as numbers, as an end of a literal.
pub(crate) const TEXTS: [&str; 16] =
    ["", "a", "ab", "b", "bc", "c", "AB", "007", "7", "1e3", "nan", "null", "(null)", "Zürich", "\"", "\\"];

pub(crate) fn users(number: u32) -> Vec<User> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..number)
        .map(|id| User {
            id,
            city: random.one(&TEXTS).to_owned(),
            street: random.one(&TEXTS).to_owned(),
            role: if random.below(2) == 0 { Role::Reader } else { Role::Owner },
            active: random.below(3) == 0,
            age: random.below(100) as i64 - 5,
            score: random.double(),
            bonus: (random.below(2) == 0).then(|| random.double()),
            team: (random.below(2) == 0).then(|| random.one(&TEXTS).to_owned()),
            bio: random.one(&TEXTS).to_owned(),
            home: Address { city: random.one(&TEXTS).to_owned() },
            place: GeoPoint::new(7.4, 46.9).unwrap(),
            since: random.below(2_000_000_000) as i64,
        })
        .collect()
}

pub(crate) async fn stored(cache: &Cache, number: u32) -> Vec<User> {
    Migrator::new().register::<User>().run(cache).await.unwrap();
    let users = users(number);
    for saved in User::save_many(cache, &users).await {
        let _ = saved.unwrap();
    }
    // What RedisJSON made of the doubles that it alters.
    let mut read = User::get_many(cache, users.iter().map(|user| user.id)).await.unwrap();
    read.drain(..).map(Option::unwrap).collect()
}

pub(crate) fn grouped<K: Ord>(users: &[User], key: impl Fn(&User) -> K) -> BTreeMap<K, Vec<&User>> {
    let mut groups: BTreeMap<K, Vec<&User>> = BTreeMap::new();
    for user in users {
        groups.entry(key(user)).or_default().push(user);
    }
    groups
}

pub(crate) fn close(left: f64, right: f64, scale: f64) -> bool {
    (left - right).abs() <= 1e-9 * scale.abs().max(1.0)
}
