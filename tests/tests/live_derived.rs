//! What the derive makes of each attribute and type: what `FT.CREATE` is told, and that `FT.INFO` answers the same.

use std::collections::HashSet;

use cache_core::{Cache, Command, IndexInfo, Keyspace};
use cache_tests::derived::models;
use cache_tests::live;

/// As many are there at least.
const MODELS: usize = 60;

#[test]
fn attributes_are_told_as_they_are_meant() {
    let (models, mut prefixes) = (models(), HashSet::new());
    assert!(models.len() >= MODELS, "{}", models.len());
    let mut wrong = Vec::new();
    for one in &models {
        let create = one.schema.create_index(&Keyspace::default()).unwrap();
        let words: Vec<_> = create.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        // FT.CREATE, a name, ON JSON PREFIX 1, the prefix.
        let told = words[7..].join(" ");
        if told != one.told {
            wrong.push(format!("{}:\n  {told}\n  {}", one.model, one.told));
        }
        assert!(prefixes.insert(one.schema.prefix()), "{} has the prefix of another one", one.model);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn what_is_told_is_what_the_server_answers(cache: Cache) {
    let keyspace = cache.keyspace().unwrap();
    for one in models() {
        cache.command(one.schema.create_index(keyspace).unwrap()).await.unwrap();
        let name = one.schema.index_name(keyspace);
        let info = cache.command(Command::new("FT.INFO").arg(&name)).await.unwrap();
        let there = IndexInfo::decode(info).unwrap().definition;
        assert_eq!(one.schema.definition(keyspace).differences(&there), [], "{}", one.model);
        cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    }
}

live! { what_is_told_is_what_the_server_answers }
