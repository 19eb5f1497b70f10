//! No `String` becomes query text.

use cache_core::RawQuery;

fn main() {
    let input = String::from("@email:{*}");
    let _ = RawQuery::new(&input);
}
