//! An index and documents that the real redis-om 1.2 made, from PyPI: read, searched, and the index retired.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Command, Migrator, Notice, Protocol};
use cache_tests::connect;
use cache_tests::releases::{global, index, indexes, second, target};

type User = second::User;

/// redis-om and what it needs to run, pinned; what it only mentions is left out.
const PACKAGES: [&str; 9] = [
    "redis-om==1.2.0",
    "redis==7.1.0",
    "pydantic==2.12.5",
    "pydantic-core==2.41.5",
    "typing-extensions==4.15.0",
    "annotated-types==0.7.0",
    "typing-inspection==0.4.2",
    "python-ulid==3.1.0",
    "more-itertools==10.8.0",
];

const SCRIPT: &str = r#"
import sys
from redis_om import Field, JsonModel, Migrator, get_redis_connection

url, namespace = sys.argv[1:]
connection = get_redis_connection(url=url)

class User(JsonModel, index=True):
    id: int = Field(primary_key=True)
    name: str = Field(index=True)
    age: int = Field(index=True, sortable=True)

    class Meta:
        global_key_prefix = namespace
        model_key_prefix = "user"
        database = connection

for number in range(300):
    User(id=number, name=f"n{number % 10}", age=number).save()
Migrator().run()
while User.find(User.name == "n7").count() != 30:
    pass
print(User.Meta.index_name)
"#;

/// Where redis-om is; installed once.
fn redis_om() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis-om-1.2.0");
    if !place.exists() {
        let new = place.with_extension(format!("new-{}", std::process::id()));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
        let output = Process::new("python3").args(pip).arg(&new).args(PACKAGES).output();
        let output = output.unwrap_or_else(|error| panic!("this test needs python3 and pip: {error}"));
        assert!(
            output.status.success(),
            "this test needs redis-om from PyPI; pip said: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // Somebody else may have been faster.
        if std::fs::rename(&new, &place).is_err() {
            std::fs::remove_dir_all(&new).unwrap();
        }
    }
    place
}

/// All documents, as they are stored.
async fn documents(cache: &Cache) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    let mut keys = User::keys(cache);
    while let Some(key) = keys.next().await {
        let key = key.unwrap();
        let json = cache.command(Command::new("JSON.GET").key(&key)).await.unwrap();
        documents.push((key, json.as_str().unwrap().to_owned()));
    }
    documents.sort();
    documents.dedup();
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_om_left_is_taken_over_and_its_index_retired() {
    let server = Server::options().tcp(true).start().await.unwrap();
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let cache = connect(&server.url(), protocol).await.project(&format!("shop-{protocol:?}"));
        let python = Process::new("python3")
            .args(["-c", SCRIPT, &server.url(), &global(&cache)])
            .env("PYTHONPATH", redis_om())
            .env("REDIS_OM_URL", server.url())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&python.stdout).into_owned();
        assert!(python.status.success(), "{said}{}", String::from_utf8_lossy(&python.stderr));
        let theirs = format!("{}:user:index", global(&cache));
        assert_eq!(said.trim(), theirs);
        let before = documents(&cache).await;
        assert_eq!(before.len(), 300);
        assert!(before[0].1.contains(r#""pk":""#), "{}", before[0].1);

        let migration = Migrator::new().register::<User>().run(&cache).await.unwrap();
        let notices: Vec<_> = migration.notices().map(|(_, notice)| notice.clone()).collect();
        assert_eq!(notices, [Notice::RedisOm { index: theirs.clone() }]);
        let migration = Migrator::new().register::<User>().retire_redis_om().run(&cache).await.unwrap();
        assert_eq!(migration.indexes()[0].dropped, [theirs.as_str()]);
        assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (300, 0));
        assert_eq!(indexes(&cache).await, [index::<User>(&cache)]);
        assert_eq!(target(&cache, &theirs).await, None);
        let keys = cache.command(Command::new("KEYS").arg(format!("{theirs}*"))).await.unwrap();
        assert_eq!(keys.into_items().unwrap(), []);

        assert_eq!(documents(&cache).await, before, "documents are as they were");
        assert_eq!(User::find_by_name("n7").count(&cache).await.unwrap(), 30);
        assert_eq!(User::find_by_age(290..).all(&cache).await.unwrap().len(), 10);
        assert_eq!(User::get(&cache, 7).await.unwrap().unwrap().name, "n7");
    }
}
