//! Indexes that somebody makes by hand, by the commands that a plan prints.

use cache_core::{
    Cache, CacheModel, Command, IndexSchema, MigrateError, Migration, Migrator, Notice, Strategy,
};
use cache_tests::releases::{alias, index, indexes, save, second, target};
use cache_tests::{chain, connect, live, private_server};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

type New = second::User;

/// With all that is written in a command of its own way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(filter = "@age > 17 && @kind == 'hu\\\\man'", stopwords = ["the", "dun"], score = 0.5)]
struct Person {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    age: u32,
    #[index]
    kind: String,
    #[index(text, phonetic = "en", weight = 2.0)]
    name: String,
    #[index(tag, name = "what", separator = '|', sortable, unf)]
    #[serde(rename = "what it's")]
    what: String,
}

mod before {
    use serde::{Deserialize, Serialize};

    use cache_core::CacheModel;

    /// The release before, in which only the sound of names was not asked for.
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    #[cache(filter = "@age > 17 && @kind == 'hu\\\\man'", stopwords = ["the", "dun"], score = 0.5)]
    pub(crate) struct Person {
        #[primary_key]
        id: u32,
        #[index(sortable)]
        age: u32,
        #[index]
        kind: String,
        #[index(text, weight = 2.0)]
        name: String,
        #[index(tag, name = "what", separator = '|', sortable, unf)]
        #[serde(rename = "what it's")]
        what: String,
    }
}

fn by_hand<M: IndexSchema>() -> Migrator {
    Migrator::new().register::<M>().strategy(Strategy::Manual)
}

async fn run<M: IndexSchema>(cache: &Cache) -> Migration {
    by_hand::<M>().run(cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// What a line is answered that is typed at a server: it reads quotes as `redis-cli` does, by the same function.
async fn typed(server: &mut BufReader<UnixStream>, line: &str) -> String {
    server.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    server.read_line(&mut answer).await.unwrap();
    answer.trim_end().to_owned()
}

/// Options that no plan prints, by which an index answers otherwise.
async fn an_index_that_leaves_out_what_queries_need_is_refused(cache: Cache) {
    save(&cache, 3).await;
    let plan = by_hand::<New>().plan(&cache).await.unwrap().remove(0);
    let name = index::<New>(&cache);
    let words: Vec<_> = plan.commands[0].split(' ').collect();
    let at = words.iter().position(|word| *word == "SCHEMA").unwrap();
    let make = async |option: &str| {
        let create = Command::new(words[0]).args_from(&words[1..at]).arg(option).args_from(&words[at..]);
        cache.command(create).await.unwrap();
    };
    for option in ["NOOFFSETS", "NOFIELDS", "NOFREQS"] {
        make(option).await;
        for strategy in [Strategy::Manual, Strategy::Rebuild, Strategy::InPlaceAdditive] {
            let migrator = Migrator::new().register::<New>().strategy(strategy);
            let error = migrator.run(&cache).await.unwrap_err();
            assert!(
                matches!(&error, MigrateError::Drift { index, differences, .. } if *index == name && differences.len() == 1),
                "{}",
                chain(&error)
            );
            assert!(error.to_string().contains(&format!("~ {option} yes => no\n")), "{error}");
        }
        cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    }
    for option in ["NOHL", "MAXTEXTFIELDS"] {
        make(option).await;
        assert_eq!(run::<New>(&cache).await.indexes()[0].documents, 3, "{option}");
        cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    }
}

async fn who_migrates_by_hand_is_told_what_is_missing(cache: Cache) {
    save(&cache, 3).await;
    let error = by_hand::<New>().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Missing { model: "User", index: name } if *name == index::<New>(&cache)),
        "{error}"
    );
    assert_eq!(indexes(&cache).await, [""; 0]);

    cache.command(New::schema().create_index(cache.keyspace().unwrap()).unwrap()).await.unwrap();
    let migration = run::<New>(&cache).await;
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].active), (3, false));
    assert_eq!(target(&cache, &alias(&cache)).await, None, "the alias is left to whoever does it by hand");
    assert_eq!(by_hand::<New>().plan(&cache).await.unwrap()[0].steps, []);
}

async fn what_a_plan_prints_makes_an_index_that_is_taken(shared: Cache) {
    let server = private_server().await;
    let cache = connect(&server.url(), shared.capabilities().protocol).await.project("it's \"ours\"");
    let mut prompt = BufReader::new(UnixStream::connect(server.socket()).await.unwrap());
    let person = |id, age, name: &str| Person {
        id,
        age,
        kind: "hu\\man".to_owned(),
        name: name.to_owned(),
        what: "a|b".to_owned(),
    };
    for person in [person(1, 30, "John"), person(2, 17, "John"), person(3, 40, "Robert")] {
        assert!(person.save(&cache).await.unwrap().stored());
    }
    let plan = by_hand::<Person>().plan(&cache).await.unwrap().remove(0);
    let [makes, moves] = &plan.commands[..] else { panic!("{plan}") };
    assert_eq!(typed(&mut prompt, makes).await, "+OK", "{makes}");
    let migration = run::<Person>(&cache).await;
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].active), (2, false), "{migration}");
    let plan = by_hand::<Person>().plan(&cache).await.unwrap().remove(0);
    assert_eq!((&plan.steps[..], &plan.commands[..]), (&[][..], std::slice::from_ref(moves)), "{plan}");
    assert_eq!(typed(&mut prompt, moves).await, "+OK", "{moves}");
    assert!(run::<Person>(&cache).await.indexes()[0].active);
    let plan = by_hand::<Person>().plan(&cache).await.unwrap().remove(0);
    assert_eq!((&plan.steps[..], &plan.commands[..]), (&[][..], &[][..]), "{plan}");
    let found = Person::find().filter(Person::NAME.sounds_like("jon")).all(&cache).await.unwrap();
    assert_eq!(found.iter().map(|person| person.id).collect::<Vec<_>>(), [1]);
    let found = Person::find().filter(Person::WHAT.eq("b")).count(&cache).await.unwrap();
    assert_eq!(found, 2);
}

/// The server does not tell of PHONETIC: a plan says where it is wanted, and a query that needs it what to do.
async fn what_the_server_hides_is_told(cache: Cache) {
    Migrator::new().register::<before::Person>().run(&cache).await.unwrap();
    let old = index::<before::Person>(&cache);
    let plan = Migrator::new().register::<Person>().plan(&cache).await.unwrap().remove(0);
    let told = Notice::Untold { index: old, wanted: vec!["name PHONETIC dm:en".to_owned()] };
    assert!(plan.notices.contains(&told), "{plan}");
    assert!(plan.to_string().contains("(wanted: name PHONETIC dm:en)"), "{plan}");
    // And nothing is wanted any more by whoever goes back.
    let command = Person::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let words: Vec<_> = command.args().map(<[u8]>::to_vec).collect();
    let at = words.iter().position(|word| word == b"PHONETIC").unwrap();
    let mut forgotten = cache_core::Command::new("FT.CREATE");
    for (place, word) in words.iter().enumerate().skip(1) {
        if place != at && place != at + 1 {
            forgotten = forgotten.arg(word);
        }
    }
    cache.command(forgotten).await.unwrap();
    run::<Person>(&cache).await;
    let error = Person::find().filter(Person::NAME.sounds_like("jon")).all(&cache).await.unwrap_err();
    assert!(chain(&error).contains("PHONETIC"), "{}", chain(&error));
}

live! {
    who_migrates_by_hand_is_told_what_is_missing,
    an_index_that_leaves_out_what_queries_need_is_refused,
    what_a_plan_prints_makes_an_index_that_is_taken,
    what_the_server_hides_is_told,
}
