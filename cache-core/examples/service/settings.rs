//! What tenants can set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Settings {
    /// What stands above the page.
    #[schemars(length(min = 1, max = 80))]
    pub(crate) title: String,
    /// The colour of what can be clicked.
    pub(crate) accent: Accent,
    /// How many sessions are on a page.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) page_size: u32,
    /// Whom to write to; null: nobody.
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
