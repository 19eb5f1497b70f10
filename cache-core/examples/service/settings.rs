//! What tenants can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Texts without control characters, some of which some stores cannot keep.
const PRINTED: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// Settings of a tenant: all of them, also where they are changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["title", "accent", "page_size", "support"]))]
pub(crate) struct Settings {
    /// What stands above the page.
    #[schemars(length(min = 1, max = 80), extend("pattern" = PRINTED))]
    pub(crate) title: String,
    /// The colour of what can be clicked.
    pub(crate) accent: Accent,
    /// How many sessions are on a page.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) page_size: u32,
    /// Whom to write to; null: nobody. It has to be said, so that nobody is removed by being forgotten.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(extend("pattern" = PRINTED))]
    pub(crate) support: Option<String>,
}

/// A colour that is readable by day and by night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Accent {
    Indigo,
    Teal,
    Plum,
}

impl Accent {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Indigo => "indigo",
            Self::Teal => "teal",
            Self::Plum => "plum",
        }
    }
}

impl Settings {
    /// How many sessions are on a page, whatever a file says.
    pub(crate) fn page_size(&self) -> u32 {
        self.page_size.clamp(1, 100)
    }

    /// What a tenant may not set, in words.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        if self
            .title
            .chars()
            .chain(self.support.iter().flat_map(|support| support.chars()))
            .any(char::is_control)
        {
            return Some("`title` and `support` have no control characters");
        }
        match (self.title.chars().count(), self.page_size) {
            (0 | 81.., _) => Some("`title` has 1 to 80 characters"),
            (_, 0 | 101..) => Some("`page_size` is from 1 to 100"),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self { title: "Sessions".to_owned(), accent: Accent::Indigo, page_size: 20, support: None }
    }
}
