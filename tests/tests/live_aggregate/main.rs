//! Aggregations by a server: the same as computed here, over random documents, in both protocols.

mod expressions;
mod groups;
mod people;
mod rows;

use cache_tests::live;
use expressions::{
    expressions_are_computed_as_here, functions_are_what_they_say,
    hostile_strings_equal_themselves_and_nothing_else,
};
use groups::{
    reducers_are_those_of_the_documents, several_keys_make_the_groups_that_they_mean,
    what_is_missing_is_none_and_counts_for_nothing,
};
use rows::{rows_are_sorted_paged_and_never_ten, what_cannot_be_true_is_refused};

live! {
    several_keys_make_the_groups_that_they_mean, reducers_are_those_of_the_documents,
    what_is_missing_is_none_and_counts_for_nothing, expressions_are_computed_as_here, functions_are_what_they_say,
    hostile_strings_equal_themselves_and_nothing_else, rows_are_sorted_paged_and_never_ten,
    what_cannot_be_true_is_refused,
}
