//! Three releases of one service: the same documents, and an index of its own for each.

use cache_core::{CacheModel, Indexed, Query};
use serde::{Deserialize, Serialize};

/// Into how many teams the users are spread.
pub(crate) const TEAMS: u32 = 40;

/// Which release of the service a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Release {
    /// Finds users by their team.
    One,
    /// By their age too: its index has a field more.
    Two,
    /// By the words about them in place of their age, and by the ends of teams: another index altogether.
    Three,
}

/// A release's model of the users.
pub(crate) trait User: CacheModel<PrimaryKey = u32> + Indexed + Send + Sync + 'static {
    fn new(id: u32) -> Self;
    fn id(&self) -> u32;
    fn of_team(team: u32) -> Query<Self>;
    /// All of them, by the field that the release has for itself.
    fn everybody() -> Query<Self>;
}

/// The team of a user.
pub(crate) fn team(number: u32) -> String {
    format!("team-{}", number % TEAMS)
}

macro_rules! release {
    (
        $name:ident, $(#[$team:meta])*, $(#[$age:meta])* $years:ty, $(#[$about:meta])*, $everybody:expr
    ) => {
        pub(crate) mod $name {
            use super::{CacheModel, Deserialize, Query, Serialize};

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
            #[cache(prefix = "user")]
            pub(crate) struct User {
                #[primary_key]
                pub(crate) id: u32,
                $(#[$team])*
                pub(crate) team: String,
                $(#[$age])*
                pub(crate) age: $years,
                $(#[$about])*
                pub(crate) about: String,
                pub(crate) visits: u64,
            }

            impl super::User for User {
                fn new(id: u32) -> Self {
                    let about = format!("user {id} likes rust, and redis, and words that an index has to hold");
                    Self { id, team: super::team(id), age: (id % 90).into(), about, visits: 0 }
                }

                fn id(&self) -> u32 {
                    self.id
                }

                fn of_team(team: u32) -> Query<Self> {
                    Self::find_by_team(super::team(team))
                }

                fn everybody() -> Query<Self> {
                    $everybody
                }
            }
        }
    };
}

// The first one took whatever was said to be an age.
release!(one, #[index], serde_json::Value, , Self::find());
release!(two, #[index], #[index(sortable)] u32, , Self::find_by_age(0..=90));
release!(three, #[index(with_suffix_trie)], u32, #[index(text)], Self::find_by_about("rust redis"));

/// Calls a function with the model of a release.
macro_rules! with_model {
    ($release:expr, $model:ident => $call:expr) => {
        match $release {
            $crate::release::Release::One => {
                type $model = $crate::release::one::User;
                $call
            }
            $crate::release::Release::Two => {
                type $model = $crate::release::two::User;
                $call
            }
            $crate::release::Release::Three => {
                type $model = $crate::release::three::User;
                $call
            }
        }
    };
}
pub(crate) use with_model;

impl Release {
    /// The fields as a migrator that drops and creates tells them to FT.CREATE.
    pub(crate) fn fields(self) -> &'static str {
        match self {
            Self::One => "$.team AS team TAG",
            Self::Two => "$.team AS team TAG $.age AS age NUMERIC SORTABLE",
            Self::Three => "$.team AS team TAG WITHSUFFIXTRIE $.about AS about TEXT",
        }
    }

    /// Whether its index refuses the document of this id once that is [spoilt](Self::spoilt).
    pub(crate) fn refuses(self, id: u32) -> bool {
        id.is_multiple_of(2) || self == Self::Two
    }

    /// The path of a document at which a value keeps it out of an index, that value, and one that does not: a team that is
    /// a number, which no release indexes, or an age that is a text, which the second one does not.
    pub(crate) fn spoilt(id: u32) -> (&'static str, &'static str, String) {
        if id.is_multiple_of(2) {
            ("$.team", "7", format!("\"{}\"", team(id)))
        } else {
            ("$.age", "\"old\"", (id % 90).to_string())
        }
    }

    /// [`User::everybody`] in the server's language.
    pub(crate) fn everybody(self) -> &'static str {
        match self {
            Self::One => "*",
            Self::Two => "@age:[0 90]",
            Self::Three => "@about:(rust redis)",
        }
    }
}
