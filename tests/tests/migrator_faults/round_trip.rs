//! What `FT.CREATE` is told and `FT.INFO` answers are the same definition, whatever the schema, in both protocols.

use cache_core::{Batch, Command, IndexDefinition, IndexInfo, Protocol, Schema};
use cache_tests::{derived, schemas};

use crate::case::{Found, Profile};
use crate::place::{self, Place};
use crate::plans;

/// How many indexes are made, asked after and dropped in one round trip.
const TOGETHER: usize = 50;

/// What the server tells of the indexes of these schemas.
async fn told(cache: &cache_core::Cache, schemas: &[&'static Schema]) -> Vec<IndexDefinition> {
    let keyspace = cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
    let mut commands = Vec::with_capacity(3 * schemas.len());
    for schema in schemas {
        let name = schema.index_name(keyspace);
        commands.push(schema.create_index(keyspace).unwrap_or_else(|| panic!("no index")));
        commands.push(Command::new("FT.INFO").arg(&name));
        commands.push(Command::new("FT.DROPINDEX").arg(&name));
    }
    let words: Vec<_> = commands
        .iter()
        .map(|command| {
            command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect::<Vec<_>>()
        })
        .collect();
    let replies = cache.connection().send_all(Batch::pipeline(commands)).await;
    let replies = replies.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
    let mut definitions = Vec::with_capacity(schemas.len());
    for (reply, words) in replies.into_iter().zip(words) {
        let reply = reply.unwrap_or_else(|error| panic!("{words:?}: {}", cache_tests::chain(&error)));
        if words.first().is_some_and(|name| name == "FT.INFO") {
            let info = IndexInfo::decode(reply).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            definitions.push(info.definition);
        }
    }
    definitions
}

/// What is found to differ, of each schema that is told and the one that it is compared with.
async fn compared(pairs: &[(&'static Schema, &'static Schema, String)], found: &mut Found) {
    let server = cache_tests::private_server().await;
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let place = Place::new(&server).await;
        let cache = place::connect(&server.url(), protocol).await.namespace(&place.namespace);
        let keyspace = cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
        for pairs in pairs.chunks(TOGETHER) {
            let made: Vec<_> = pairs.iter().map(|(made, ..)| *made).collect();
            for (told, (_, compared, name)) in told(&cache, &made).await.iter().zip(pairs) {
                let differences = compared.definition(keyspace).differences(told);
                (found.runs, found.judged) = (found.runs + 1, found.judged + 1);
                if !differences.is_empty() {
                    found.violations += 1;
                    if found.violations < 4 {
                        println!("  {protocol:?}, {name}: {differences:?}");
                    }
                }
            }
        }
    }
}

/// Each is told as it was made: random ones, and what the derive makes of each attribute and type.
pub(crate) async fn ours(profile: Profile) -> Found {
    let seeds = (0..u64::from(profile.pick(500, 5_000))).map(|number| (profile.seed << 20) + number);
    let schemas = seeds.map(|seed| {
        let schema = schemas::schema(seed);
        (schema, schema, format!("seed {seed}"))
    });
    let derived = derived::models().into_iter().map(|one| (one.schema, one.schema, one.model.to_owned()));
    let mut found = Found::default();
    compared(&schemas.chain(derived).collect::<Vec<_>>(), &mut found).await;
    found
}

/// One is made, and another is expected that differs in one option: all that the server tells of are told apart.
pub(crate) async fn control(_: Profile) -> Found {
    let pairs: Vec<_> = plans::pairs().into_iter().filter(plans::Pair::is_told).collect();
    let pairs: Vec<_> = pairs.into_iter().map(|pair| (pair.old, pair.new, pair.name.to_owned())).collect();
    let mut found = Found::default();
    compared(&pairs, &mut found).await;
    assert_eq!(found.violations, found.judged, "one of {} was not told apart", found.judged);
    found
}
