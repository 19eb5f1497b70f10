//! Views: what is read of single members, against what is read of whole documents, by real servers.

// A file imports from those before it: things.

mod exactness;
mod lacking;
mod things;
mod verbs;

use cache_tests::live;
use exactness::views_say_what_whole_documents_say;
use lacking::{
    documents_that_lack_all_members_are_there, elements_lack_members, empty_lists_are_not_missing,
    what_is_wrong_is_named,
};
use verbs::{every_verb_brings_views, views_of_what_the_server_decides_in_part, views_with_distances};

live! {
    views_say_what_whole_documents_say,
    documents_that_lack_all_members_are_there,
    elements_lack_members,
    empty_lists_are_not_missing,
    what_is_wrong_is_named,
    every_verb_brings_views,
    views_of_what_the_server_decides_in_part,
    views_with_distances,
}
