//! States of a cluster whose masters do not say the same.

use cache_index::Schema;

use super::states::{locked, name, new, newer, old};
use super::world::World;
use crate::migrate::options::{Options, Strategy};

const ALIAS: &str = "cache:user:idx";

/// What is there, what is wanted, how, and a name for it.
pub(super) fn all() -> Vec<(&'static str, World, Schema, Options)> {
    let one = || World::default().with(&new()).active(&new());
    let both = || World::default().with(&old()).with(&new());
    let (of_old, of_new, of_newer) = (name(&old()), name(&new()), name(&newer()));
    let (old_one, own, newest) = (Some(of_old.as_str()), Some(of_new.as_str()), Some(of_newer.as_str()));
    // The name of ours stands for the older index, which was extended.
    let extended = || World::default().named(&of_old, &new()).alias(ALIAS, &of_old).alias(&of_new, &of_old);
    let manual = Options { strategy: Strategy::Manual, ..Options::default() };
    vec![
        ("a master lost the index", one().torn(&of_new, &[own, None, own]), new(), Options::default()),
        (
            "a master lost the index and the alias",
            one().torn(&of_new, &[None, own]).torn(ALIAS, &[None, own]),
            new(),
            locked(&[&old(), &new()]),
        ),
        ("a master lost the index, manual", one().torn(&of_new, &[own, None]), new(), manual),
        ("a master lost the alias", one().torn(ALIAS, &[own, None]), new(), Options::default()),
        (
            "the alias is at the older one with some masters",
            both().active(&new()).torn(ALIAS, &[own, old_one, None]),
            new(),
            locked(&[&old(), &new()]),
        ),
        (
            "a master lost the alias of a newer release",
            both().with(&newer()).active(&newer()).torn(ALIAS, &[newest, own, None]),
            new(),
            locked(&[&old(), &new()]),
        ),
        (
            "a master lost the name of ours, which stands for an older index",
            extended().torn(&of_new, &[old_one, None]),
            new(),
            Options::default(),
        ),
        (
            "a master lost the older index that ours stands for",
            extended()
                .torn(&of_new, &[old_one, None])
                .torn(&of_old, &[old_one, None])
                .torn(ALIAS, &[old_one, None]),
            new(),
            Options::default(),
        ),
    ]
}
