//! Servers that cannot, or may not, hold the indexes: what is said, and that nothing was written.

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, Dictionary, Error, MigrateError, Migrator, Protocol, RedisSettings, Step,
    Strategy,
};
use cache_tests::clients::is_fred;
use cache_tests::releases::{changed, first, global, index, indexes, save, second, third};
use cache_tests::{chain, cluster, connect, connect_lazy, private_server};

type Old = first::User;
type New = second::User;

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

async fn config(cache: &Cache, name: &str, value: &str) {
    cache.command(Command::new("CONFIG").args_from(["SET", name, value])).await.unwrap();
}

async fn keys(cache: &Cache) -> usize {
    let keys = cache.command(Command::new("KEYS").arg("*")).await.unwrap();
    keys.into_items().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_memory_for_a_second_index() {
    let server = private_server().await;
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let cache = connect(&server.url(), protocol).await.project(&format!("{protocol:?}"));
        save(&cache, 5_000).await;
        Migrator::new().register::<Old>().run(&cache).await.unwrap();
        let info = cache.command(Command::new("INFO").arg("memory")).await.unwrap();
        let used = info.as_str().unwrap().lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
        let used: u64 = used.trim().parse().unwrap();
        config(&cache, "maxmemory", &(used + 10_000).to_string()).await;

        let error = new().run(&cache).await.unwrap_err();
        match &error {
            MigrateError::Memory { models, estimate, memory } => {
                assert_eq!(*models, ["User"]);
                assert!(*estimate > memory.free() && memory.most == used + 10_000, "{error}");
            }
            other => panic!("{other}"),
        }
        assert!(error.to_string().contains("skip_memory_check"), "{error}");
        assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);

        // Without the check the server itself decides; with enough memory there is nothing to decide.
        config(&cache, "maxmemory", &(used * 4).to_string()).await;
        new().run(&cache).await.unwrap();
        config(&cache, "maxmemory", "0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_memory_can_be_skipped() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 5_000).await;
    Migrator::new().register::<Old>().run(&cache).await.unwrap();
    config(&cache, "maxmemory-policy", "noeviction").await;
    config(&cache, "maxmemory", "1000").await;
    assert!(matches!(new().run(&cache).await, Err(MigrateError::Memory { .. })));
    // Then it is the server that refuses: the lease is the first thing that is written.
    let error = new().skip_memory_check().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::ReadOnly(_)), "{error}");
    assert!(chain(&error).contains("raise its `maxmemory`"), "{}", chain(&error));
    assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);
}

/// What the server says of its memory when documents expired is no size, and no reason to refuse the next release.
#[tokio::test(flavor = "multi_thread")]
async fn documents_that_expired_take_no_memory() {
    let server = private_server().await;
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let cache = connect(&server.url(), protocol).await.project(&format!("{protocol:?}"));
        Migrator::new().register::<Old>().run(&cache).await.unwrap();
        let name = index::<Old>(&cache);
        let fell = async || {
            let told = cache.command(Command::new("FT.INFO").arg(&name)).await.unwrap().into_pairs().unwrap();
            let size = told.iter().find(|(what, _)| what.as_str() == Some("key_table_size_mb")).unwrap();
            size.1.as_double().unwrap() > 1e12
        };
        let began = std::time::Instant::now();
        loop {
            save(&cache, 500).await;
            for id in 0..500 {
                let key = format!("{}:user:{id}", global(&cache));
                cache.command(Command::new("PEXPIRE").key(key).arg("1")).await.unwrap();
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            // What is there makes up for some that expired.
            save(&cache, 20).await;
            if fell().await {
                break;
            }
            assert!(began.elapsed() < std::time::Duration::from_secs(60), "the server counts as it should");
        }
        config(&cache, "maxmemory", "500000000").await;
        let seen = Migrator::new().register::<Old>().inspect(&cache).await.unwrap();
        assert!(seen[0].indexes[0].memory < 100_000_000, "{}", seen[0].indexes[0].memory);
        let migration = new().run(&cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(migration.indexes()[0].documents, 20);
        config(&cache, "maxmemory", "0").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    cache.command(Command::new("REPLICAOF").args_from(["127.0.0.1", "1"])).await.unwrap();
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::ReadOnly(_)), "{}", chain(&error));
    assert!(new().plan(&cache).await.unwrap()[0].makes_index(), "a plan only reads");
    cache.command(Command::new("REPLICAOF").args_from(["NO", "ONE"])).await.unwrap();
    assert_eq!(keys(&cache).await, 0);
    new().run(&cache).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), Protocol::Resp3).await;
    let port = server.port().unwrap();
    let user = async |name: &str, rules: &[&str]| {
        let set = Command::new("ACL")
            .args_from(["SETUSER", name, "on", ">p", "~*", "&*", "+@all"])
            .args_from(rules);
        admin.command(set).await.unwrap();
        connect(&format!("redis://{name}:p@127.0.0.1:{port}"), Protocol::Resp3).await
    };
    let refused = async |cache: &Cache| match new().run(cache).await.unwrap_err() {
        MigrateError::Permission { commands, user, .. } => {
            assert_eq!((keys(&admin).await, indexes(&admin).await.len()), (0, 0), "{commands:?}");
            (commands.join(" "), user)
        }
        other => panic!("{}", chain(&other)),
    };
    let told = |commands: &str, user: &str| (commands.to_owned(), user.to_owned());
    let ann = user("ann", &["-ft.create", "-ft.aliasupdate"]).await;
    assert_eq!(refused(&ann).await, told("FT.ALIASUPDATE FT.CREATE", "ann"));
    let joe = user("joe", &["-scan"]).await;
    assert_eq!(refused(&joe).await, told("SCAN", "joe"), "a first index is compared with the documents");
    let kim = user("kim", &["-ft.search", "-scan"]).await;
    assert_eq!(refused(&kim).await, told("FT.SEARCH SCAN", "kim"));
    let bob = user("bob", &["-ft._list"]).await;
    assert_eq!(refused(&bob).await, told("FT._LIST", "bob"));
    let eve = user("eve", &["-evalsha"]).await;
    assert_eq!(refused(&eve).await, told("EVALSHA", "eve"));
    let amy = user("amy", &["-evalsha", "-eval"]).await;
    assert_eq!(refused(&amy).await, told("EVAL EVALSHA", "amy"), "then nothing else can be asked");
    // Whatever is met first, all that is lacking is named.
    let liz = user("liz", &["-ft._list", "-zadd", "-hgetall", "-evalsha", "-time"]).await;
    assert_eq!(refused(&liz).await, told("EVALSHA FT._LIST HGETALL TIME ZADD", "liz"));
    let pam = user("pam", &["-zadd", "-hset", "-incr", "-ft.aliasadd", "-exec", "-pexpire"]).await;
    assert_eq!(refused(&pam).await, told("EXEC FT.ALIASADD HSET INCR PEXPIRE ZADD", "pam"));
    // Whoever only looks is told as much.
    let gus = user("gus", &["-ft._list", "-ft.info"]).await;
    let error = new().readiness(&gus).await.unwrap_err().to_string();
    assert!(error.ends_with("allow it with `ACL SETUSER gus +ft.info +ft._list`"), "{error}");
    let error = new().run(&ann).await.unwrap_err();
    assert!(error.to_string().contains("ACL SETUSER ann +ft.aliasupdate +ft.create"), "{error}");

    // Whoever may not drop indexes needs not to, and whoever may make none can use those that are there.
    let dan = user("dan", &["-ft.dropindex", "-ft.alter"]).await;
    new().run(&dan).await.unwrap();
    new().run(&ann).await.unwrap();
    new().strategy(Strategy::Manual).run(&ann).await.unwrap();
    let nobody = user(
        "nobody",
        &["-@all", "+evalsha", "+hello", "+ft._list", "+ft.info", "+time", "+zrange", "+hgetall"],
    )
    .await;
    let error = new().run(&nobody).await.unwrap_err();
    assert!(matches!(error, MigrateError::Permission { .. }), "{}", chain(&error));

    // A field that is added in place needs other ones.
    let sam = user("sam", &["-ft.alter", "-hset", "-hsetnx", "-hdel", "-incrby"]).await;
    let next = || Migrator::new().register::<third::User>().strategy(Strategy::InPlaceAdditive);
    assert!(matches!(&next().plan(&sam).await.unwrap()[0].steps[0], Step::AlterAdd { .. }));
    let commands = match next().run(&sam).await.unwrap_err() {
        MigrateError::Permission { commands, .. } => commands,
        other => panic!("{}", chain(&other)),
    };
    assert_eq!(commands, ["FT.ALTER", "HDEL", "HSET", "HSETNX", "INCRBY"]);
    // What it says is all that is needed.
    let given = Command::new("ACL").args_from(["SETUSER", "sam"]);
    let given =
        commands.iter().fold(given, |given, command| given.arg(format!("+{}", command.to_lowercase())));
    admin.command(given).await.unwrap();
    next().run(&sam).await.unwrap();
    // So it is from nothing at all.
    let ray = user("ray", &["-@all", "+hello", "+eval"]).await;
    let another = || Migrator::new().register::<changed::User>();
    for round in 0..3 {
        match another().run(&ray).await {
            Ok(_) => {
                assert!(round > 0);
                break;
            }
            Err(MigrateError::Permission { commands, user, .. }) => {
                assert!(round < 2 && user == "ray", "{round}: {commands:?}");
                let given = Command::new("ACL").args_from(["SETUSER", "ray"]);
                let give =
                    |given: Command, command: &String| given.arg(format!("+{}", command.to_lowercase()));
                admin.command(commands.iter().fold(given, give)).await.unwrap();
            }
            Err(other) => panic!("{}", chain(&other)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_than_0() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let cache = connect(&format!("redis://127.0.0.1:{}/1", server.port().unwrap()), Protocol::Resp3).await;
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unsupported(_)), "{}", chain(&error));
    assert!(
        chain(&error).contains("database 0, the only one that is indexed; the URL says 1"),
        "{}",
        chain(&error)
    );
    assert_eq!(keys(&cache).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_search_module_has_no_coordinator() {
    let server = cluster::one_node().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::NoCoordinator { masters: 1 }), "{}", chain(&error));
    assert_eq!(keys(&cache).await, 0);
    assert_eq!(indexes(&cache).await, [""; 0]);
}

/// The first call of a cache that connects with it is refused as all others are, and so is whoever may not ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_which_it_is_not_known_whether_it_has_a_coordinator() {
    let server = cluster::one_node().await;
    let admin = connect(&server.url(), Protocol::Resp3).await;
    let asks = if is_fred() { "-command|getkeys" } else { "-command|info" };
    let user = Command::new("ACL").args_from(["SETUSER", "shy", "on", ">p", "~*", "+@all", asks]);
    admin.command(user).await.unwrap();
    let anybody = || RedisSettings::new(server.url());
    let shy = || anybody().username("shy").password("p");
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        for settings in [&anybody as &dyn Fn() -> RedisSettings, &shy] {
            let lazy = || connect_lazy(settings().protocol(protocol)).unwrap();
            let error = new().run(&lazy()).await.unwrap_err();
            assert!(matches!(error, MigrateError::NoCoordinator { masters: 1 }), "{}", chain(&error));
            let errors = [
                New::find_by_name("n7").all(&lazy()).await.unwrap_err(),
                New::find_by_name("n7").count(&lazy()).await.unwrap_err(),
                New::find().aggregate().row::<serde_json::Value>(&lazy()).await.unwrap_err(),
                Dictionary::new("words").add(&lazy(), ["one"]).await.unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, Error::Unsupported { .. }), "{}", chain(&error));
            }
        }
    }
    assert_eq!(keys(&admin).await, 0);
    assert_eq!(indexes(&admin).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_forgets_in_the_middle_is_made_again() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 100).await;
    Migrator::new().register::<Old>().run(&cache).await.unwrap();
    // FLUSHDB of another database drops all indexes and leaves the documents; here behind each boundary of a run.
    for boundary in ["leased", "created", "filled", "verified"] {
        let (once, at) =
            (std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)), boundary.to_owned());
        let url = server.url();
        let flush = move |step: &str| {
            if step == at && !once.swap(true, std::sync::atomic::Ordering::SeqCst) {
                flush_another_database(&url);
            }
        };
        new().observe_steps(std::sync::Arc::new(flush)).run(&cache).await.unwrap();
        assert_eq!(New::find().count(&cache).await.unwrap(), 100, "{boundary}");
        assert_eq!(new().plan(&cache).await.unwrap()[0].steps, [], "{boundary}");
        cache.command(Command::new("FT.DROPINDEX").arg(index::<New>(&cache))).await.unwrap();
        Migrator::new().register::<Old>().run(&cache).await.unwrap();
    }
}

/// From a thread and a runtime of its own: it is called within another one's.
fn flush_another_database(url: &str) {
    let url = url.to_owned();
    let flush = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let other = connect(&format!("{url}?db=1"), Protocol::Resp3).await;
            other.command(Command::new("FLUSHDB")).await.unwrap();
        });
    };
    std::thread::spawn(flush).join().unwrap();
}
