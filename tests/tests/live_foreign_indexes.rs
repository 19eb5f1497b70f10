//! Indexes of others on the server, of any names, prefixes and fields: named where they have documents of ours, and never a
//! reason to stop.

use cache_core::acl::{Acl, Feature};
use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Command, IndexSchema, Migrator, Notice, Protocol};
use cache_tests::releases::{first, save, second};
use cache_tests::{chain, connect, private_server};

type Old = first::User;
type New = second::User;

/// No name of an index that a simple string could hold.
const NAMES: [&[u8]; 3] = [b"\xffbad\xfe", b"two\r\nlines", b"\xff\r\n+OK\r\n"];

async fn create(cache: &Cache, name: &[u8], prefix: &[u8]) {
    let create = Command::new("FT.CREATE").arg(name).args_from(["ON", "JSON", "PREFIX", "1"]).arg(prefix);
    let create = create.args_from(["SCHEMA", "$.a", "AS"]).arg(b"f\xff").args_from(["TAG", "SEPARATOR"]);
    cache.command(create.arg(b"\xff")).await.unwrap();
}

fn foreign(notices: &[Notice]) -> Vec<(&str, &str)> {
    let found = notices.iter().filter_map(|notice| match notice {
        Notice::Foreign { index, prefixes } => Some((index.as_str(), prefixes[0].as_str())),
        _ => None,
    });
    found.collect()
}

async fn their_names_may_be_any_bytes(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    save(&cache, 20).await;
    for name in NAMES {
        create(&cache, name, b"other\xff").await;
    }
    create(&cache, b"all\xff", b"cache:user:\xff").await;
    create(&cache, b"some", b"cache:user:\xc3").await;
    // Shown alike, and not one: the bytes decide.
    create(&cache, b"all\\xff", b"cache:user:1").await;
    // The list of indexes has both as the second.
    create(&cache, b"two\r\nof it", b"cache:user:2").await;
    create(&cache, b"two\\r\\nof it", b"cache:user:3").await;
    let before = cache.connection().generation();

    let migrator = Migrator::new().register::<Old>();
    let plans = migrator.plan(&cache).await.unwrap();
    assert_eq!(
        foreign(&plans[0].notices),
        [
            ("all\\xff", "cache:user:1"),
            ("all\\xff", "cache:user:\\xff"),
            ("some", "cache:user:\\xc3"),
            ("two\\r\\nof it", "cache:user:2"),
            ("two\\r\\nof it", "cache:user:3"),
        ]
    );
    let observed = migrator.inspect(&cache).await.unwrap();
    assert_eq!(observed[0].indexes[1].definition.fields[0].name, "f\\xff");
    assert!(!migrator.defer().run(&cache).await.unwrap().is_deferred());
    // With one before it, whose index is compared and whose alias moves.
    Migrator::new().register::<New>().run(&cache).await.unwrap();
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
    assert_eq!(Migrator::new().register::<New>().plan(&cache).await.unwrap()[0].steps, []);
    assert_eq!(cache.connection().generation(), before, "the connection that all share stays");
}

async fn whoever_may_run_no_script_for_it_asks_without(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    save(&admin, 20).await;
    let user = ["SETUSER", "app", "on", ">p", "~*", "&*", "+@all", "-eval_ro"];
    admin.command(Command::new("ACL").args_from(user)).await.unwrap();
    let url = format!("redis://app:p@127.0.0.1:{}", server.port().unwrap());
    let cache = connect(&url, protocol).await;
    for migrator in [Migrator::new().register::<Old>(), Migrator::new().register::<New>()] {
        let migration = migrator.run(&cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(migration.indexes()[0].documents, 20);
    }
}

/// A user with the rights that `acl` prints, and no others.
async fn least_rights(admin: &Cache, server: &Server, protocol: Protocol) -> Cache {
    let acl = Acl::of(admin).unwrap().schemas(&[Old::schema()]).features([Feature::Migrator]);
    let line = acl.set_user("app").unwrap();
    for rules in [&line.split(' ').collect::<Vec<_>>()[..], &["ACL", "SETUSER", "app", ">p"]] {
        admin.command(Command::new("ACL").args_from(&rules[1..])).await.unwrap();
    }
    connect(&format!("redis://app:p@127.0.0.1:{}", server.port().unwrap()), protocol).await
}

/// With the least rights, an index of another service is one that may not be looked at: that is told, and stops nothing.
async fn those_that_may_not_be_looked_at_stop_nothing(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    save(&admin, 20).await;
    let app = least_rights(&admin, &server, protocol).await;
    create(&admin, b"bills:idx", b"bills:").await;
    create(&admin, b"mail", b"mail:").await;
    let expected = Notice::Hidden { indexes: vec!["bills:idx".to_owned(), "mail".to_owned()] };
    for _ in 0..2 {
        let migrator = Migrator::new().register::<Old>();
        let plan = migrator.plan(&app).await.unwrap_or_else(|error| panic!("{}", chain(&error))).remove(0);
        assert!(plan.notices.contains(&expected), "{plan}");
        let migration = migrator.run(&app).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(migration.indexes()[0].documents, 20);
        assert!(migration.notices().any(|(_, notice)| *notice == expected), "{migration}");
    }
    // Allowed to look at one of them, the user is told of the other.
    admin.command(Command::new("ACL").args_from(["SETUSER", "app", "~mail"])).await.unwrap();
    let plan = Migrator::new().register::<Old>().plan(&app).await.unwrap().remove(0);
    assert!(plan.notices.contains(&Notice::Hidden { indexes: vec!["bills:idx".to_owned()] }), "{plan}");
}

cache_tests::both! {
    their_names_may_be_any_bytes,
    whoever_may_run_no_script_for_it_asks_without,
    those_that_may_not_be_looked_at_stop_nothing,
}
