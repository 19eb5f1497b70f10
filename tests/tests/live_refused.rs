//! What servers refuse: said with what to do about it.

use std::time::{Duration, Instant};

use cache_core::embedded::{Options, Server};
use cache_core::{
    Batch, CacheModel, CacheState, Command, Degrade, Error, ErrorClass, MigrateError, Migrator, Protocol,
    RedisSettings, ServerErrorKind,
};
use cache_tests::plain::Plain;
use cache_tests::releases::first::User;
use cache_tests::{chain, connect, connect_lazy, connect_redis, connect_with, degrade, private_server};

fn user() -> User {
    User { id: 1, name: "Ann".to_owned(), age: 30 }
}

fn migrator() -> Migrator {
    Migrator::new().register::<User>()
}

fn settings(server: &Plain, protocol: Protocol) -> RedisSettings {
    RedisSettings::new(server.url()).protocol(protocol)
}

async fn modules_that_a_server_lacks_are_named(protocol: Protocol) {
    let server = Plain::start().await;
    let began = Instant::now();
    while connect_with(settings(&server, protocol)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "the server does not start");
    }
    // No waiting helps; a service that is to boot all the same has nothing cached.
    let error = degrade(Degrade::new(), settings(&server, protocol)).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    let lenient = degrade(Degrade::new().lenient(), settings(&server, protocol)).await.unwrap();
    assert!(matches!(lenient.state(), CacheState::Degraded { class: ErrorClass::Refused, .. }));
    assert_eq!(User::get(&lenient, 1).await.unwrap(), None);
    assert_eq!(User::get_many(&lenient, [1, 2]).await.unwrap(), [None, None]);
    assert!(!user().save(&lenient).await.unwrap().stored());
    assert!(!User::save_many(&lenient, [user()]).await.remove(0).unwrap().stored());
    // Each first call is made before anything is known of the server.
    let lazy = || connect_lazy(settings(&server, protocol)).unwrap();
    let said = |error: Error, module: &str| match &error {
        Error::Unsupported { needs, .. } => {
            assert!(
                needs.contains(module)
                    && (needs.contains("run Redis 8 or newer") || needs.contains("image `redis:8`")),
                "{error}"
            );
        }
        _ => panic!("{}", chain(&error)),
    };
    said(User::find().count(&lazy()).await.unwrap_err(), "RediSearch 2.10");
    said(User::find_by_name("Ann").all(&lazy()).await.unwrap_err(), "RediSearch 2.10");
    said(User::get(&lazy(), 1).await.unwrap_err(), "RedisJSON 2.6");
    said(user().save(&lazy()).await.unwrap_err(), "RedisJSON 2.6");
    for migrator in [migrator(), migrator().defer()] {
        match migrator.run(&lazy()).await.unwrap_err() {
            MigrateError::Unsupported(error) => said(error, "RediSearch 2.10"),
            other => panic!("{}", chain(&other)),
        }
    }
    let cache = lazy();
    said(
        cache.command(Command::new("FT.SEARCH").args_from(["i", "*"])).await.unwrap_err(),
        "RediSearch 2.10",
    );
    // What no module would know stays what it is, without what it was sent with, which may be a secret.
    let nonsense = || Command::new("NONSENSE").args_from(["SETUSER", "app", SECRET]);
    let error = cache.command(nonsense()).await.unwrap_err();
    assert_eq!(error.server_kind(), Some(ServerErrorKind::UnknownCommand));
    without_secret(&error);
    for batch in [Batch::pipeline(vec![nonsense()]), Batch::atomic(vec![nonsense(), nonsense()])] {
        let told = match cache.batch(batch).await {
            Ok(mut answers) => answers.remove(0).map(drop),
            Err(error) => Err(error),
        };
        let error = told.unwrap_err();
        assert_eq!(error.server_kind(), Some(ServerErrorKind::UnknownCommand), "{}", chain(&error));
        without_secret(&error);
    }
}

const SECRET: &str = "s3cret";

/// Neither where it is told nor where it is looked at, with all that lies below it.
fn without_secret(error: &Error) {
    let told = format!("{}; {error:?}; {error:#?}", chain(error));
    assert!(!told.contains(SECRET), "{told}");
}

/// A server that does not know these commands, with a user who has a password.
async fn without_commands(commands: &[&str]) -> (Server, String) {
    let options = Server::options().tcp(true).user(&format!("app on >{SECRET} ~* &* +@all"));
    let renamed = |options: Options, command: &&str| options.arg("--rename-command").arg(*command).arg("");
    let server = commands.iter().fold(options, renamed).start().await.unwrap();
    let url = format!("redis://app:{SECRET}@127.0.0.1:{}", server.port().unwrap());
    (server, url)
}

async fn what_a_connection_begins_with_is_in_no_error(protocol: Protocol) {
    let (_server, url) = without_commands(&["HELLO", "AUTH"]).await;
    let settings = || RedisSettings::new(&url).protocol(protocol);
    let lazy = connect_lazy(settings()).unwrap();
    let lenient = degrade(Degrade::new().lenient(), settings()).await.unwrap();
    let batch = Batch::pipeline(vec![Command::new("PING"), Command::new("PING")]);
    for error in [
        connect_with(settings()).await.unwrap_err(),
        degrade(Degrade::new(), settings()).await.unwrap_err(),
        lazy.ping().await.unwrap_err(),
        lazy.batch(batch).await.unwrap_err(),
        User::get(&lazy, 1).await.unwrap_err(),
    ] {
        assert_eq!(error.server_kind(), Some(ServerErrorKind::UnknownCommand), "{}", chain(&error));
        let asked = if protocol == Protocol::Resp2 { "AUTH" } else { "HELLO" };
        assert!(chain(&error).contains(&format!("unknown command '{asked}'")), "{}", chain(&error));
        without_secret(&error);
    }
    without_secret(&lenient.ping().await.unwrap_err());
}

/// In RESP2 it is asked what it can do by `INFO` and `MODULE LIST`.
async fn a_server_that_knows_no_hello_is_spoken_to_in_resp2(protocol: Protocol) {
    let (server, url) = without_commands(&["HELLO"]).await;
    let settings = || RedisSettings::new(&url).protocol(protocol);
    if protocol == Protocol::Resp3 {
        let lazy = connect_lazy(settings()).unwrap().ping().await.unwrap_err();
        for error in [connect_with(settings()).await.unwrap_err(), lazy] {
            assert!(error.to_string().contains("`?protocol=resp2`"), "{}", chain(&error));
        }
        return;
    }
    let usual = private_server().await;
    let usual = connect(&usual.url(), protocol).await;
    for cache in [
        connect_with(settings()).await.unwrap_or_else(|error| panic!("{}", chain(&error))),
        connect_lazy(settings()).unwrap(),
        degrade(Degrade::new(), settings()).await.unwrap(),
    ] {
        cache.ping().await.unwrap();
        assert_eq!(cache.capabilities(), usual.capabilities());
        migrator().run(&cache).await.unwrap();
        let _ = user().save(&cache).await.unwrap();
        assert_eq!(User::find_by_name("Ann").count(&cache).await.unwrap(), 1);
    }
    // Who may not ask is told what for.
    let admin = connect(&server.url(), protocol).await;
    for (rule, command) in [("-info", "INFO"), ("-module|list", "MODULE")] {
        admin.command(Command::new("ACL").args_from(["SETUSER", "app", "+@all", rule])).await.unwrap();
        let error = connect_with(settings()).await.unwrap_err();
        assert!(error.is_access_denied(), "{}", chain(&error));
        assert!(error.to_string().contains(command), "{}", chain(&error));
    }
}

async fn a_server_that_takes_no_writes_says_why(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    let config = async |name: &str, value: &str| {
        cache.command(Command::new("CONFIG").args_from(["SET", name, value])).await.unwrap();
    };
    for (name, value, usual, advice) in [
        ("maxmemory", "1", "0", "raise its `maxmemory`"),
        ("min-replicas-to-write", "1", "0", "start its replicas, or lower `min-replicas-to-write`"),
    ] {
        config(name, value).await;
        let error = user().save(&cache).await.unwrap_err();
        assert!(error.is_write_refused() && !error.is_unavailable(), "{}", chain(&error));
        assert!(error.to_string().contains(advice), "{}", chain(&error));
        let error = migrator().run(&cache).await.unwrap_err();
        assert!(matches!(&error, MigrateError::ReadOnly(_)), "{}", chain(&error));
        assert!(chain(&error).contains(advice), "{}", chain(&error));
        config(name, usual).await;
    }
}

async fn a_server_whose_disk_fails_says_so(protocol: Protocol) {
    let server = Server::options().arg("--enable-protected-configs").arg("yes").start().await.unwrap();
    let cache = connect(&server.url(), protocol).await;
    let config = async |name: &str, value: &str| {
        cache.command(Command::new("CONFIG").args_from(["SET", name, value])).await.unwrap();
    };
    migrator().run(&cache).await.unwrap();
    let gone = tempfile::tempdir().unwrap();
    config("dir", gone.path().to_str().unwrap()).await;
    gone.close().unwrap();
    config("save", "3600 1").await;
    cache.command(Command::new("BGSAVE")).await.unwrap();
    let began = Instant::now();
    let failed = async || {
        let info = cache.command(Command::new("INFO").arg("persistence")).await.unwrap();
        info.as_str().unwrap().contains("rdb_last_bgsave_status:err")
    };
    while !failed().await {
        assert!(began.elapsed() < Duration::from_secs(20), "the server saves all the same");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let error = user().save(&cache).await.unwrap_err();
    assert_eq!((error.server_kind(), error.is_write_refused()), (Some(ServerErrorKind::NotPersisting), true));
    assert!(
        error.to_string().contains("see in its log why it cannot write to its disk"),
        "{}",
        chain(&error)
    );
    // Whoever finds everything done can go on.
    // With RESP2 `fred` opens its connections with `PING`, which such a server refuses.
    let cache = connect_redis(&server.url(), protocol).await;
    migrator().run(&cache).await.unwrap();
    assert_eq!(User::find().count(&cache).await.unwrap(), 0);
}

async fn keys_that_a_user_may_not_touch_are_named(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    let acl = async |rules: &[&str]| {
        admin.command(Command::new("ACL").args_from(["SETUSER", "app"]).args_from(rules)).await.unwrap();
    };
    admin.command(Command::new("FLUSHALL")).await.unwrap();
    acl(&["reset", "on", ">p", "&*", "+@all", "~cache:user:*"]).await;
    let cache = connect(&format!("redis://app:p@127.0.0.1:{}", server.port().unwrap()), protocol).await;
    let keys = |error: &MigrateError| match error {
        MigrateError::KeyPermission { patterns, user, .. } => {
            assert_eq!((patterns.join(" ").as_str(), user.as_str()), ("cache:~user:*", "app"));
            let says = error.to_string();
            assert!(says.ends_with("allow it with `ACL SETUSER app ~cache:~user:*`"), "{says}");
        }
        other => panic!("{}", chain(other)),
    };
    // Neither reading nor writing is enough.
    for rules in [&[][..], &["%W~cache:~user:*"]] {
        acl(&["resetkeys", "~cache:user:*"]).await;
        acl(rules).await;
        keys(&migrator().plan(&cache).await.unwrap_err());
        keys(&migrator().run(&cache).await.unwrap_err());
        keys(&migrator().collect(&cache).await.unwrap_err());
    }
    acl(&["resetkeys", "~cache:user:*", "%R~cache:~user:*"]).await;
    migrator().plan(&cache).await.unwrap();
    keys(&migrator().run(&cache).await.unwrap_err());
    // What commands are lacking, and what keys, is told at once; and of the names of indexes, which count as keys.
    acl(&["-zadd", "-ft.create", "-set"]).await;
    let error = migrator().run(&cache).await.unwrap_err();
    match &error {
        MigrateError::Permission { commands, patterns, .. } => {
            assert_eq!(
                (commands.join(" ").as_str(), patterns.join(" ").as_str()),
                ("FT.CREATE ZADD", "cache:~user:*")
            );
        }
        other => panic!("{}", chain(other)),
    }
    let rules = "allow it with `ACL SETUSER app +ft.create +zadd ~cache:~user:*`";
    assert!(error.to_string().ends_with(rules), "{error}");
    acl(&["+zadd", "+ft.create", "resetkeys", "~cache:~user:*", "%R~cache:user:*"]).await;
    let error = migrator().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::KeyPermission { patterns, .. } if *patterns == ["cache:user:*"]),
        "{}",
        chain(&error)
    );
    assert!(!chain(&error).contains('<'), "{}", chain(&error));
    acl(&["+set", "resetkeys", "~cache:user:*"]).await;
    acl(&["~cache:~user:*"]).await;
    migrator().run(&cache).await.unwrap();

    let error = user().save(&cache.clone().namespace("other")).await.unwrap_err();
    assert!(error.is_access_denied(), "{}", chain(&error));
    assert!(error.to_string().contains("the rule that `acl` of the command line prints"), "{error}");
}

cache_tests::both! {
    modules_that_a_server_lacks_are_named,
    what_a_connection_begins_with_is_in_no_error,
    a_server_that_knows_no_hello_is_spoken_to_in_resp2,
    a_server_that_takes_no_writes_says_why,
    a_server_whose_disk_fails_says_so,
    keys_that_a_user_may_not_touch_are_named,
}
