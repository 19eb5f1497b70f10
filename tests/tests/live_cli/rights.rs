//! Users who may not do all that is needed, also where nothing is to be done.

use cache_core::embedded::Server;
use cache_core::{Command, Protocol};
use serde_json::Value;

use super::service::Service;

/// Who has exactly the rights that are printed is told the same as anybody, and nothing that is asked meanwhile is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_the_printed_rights_tells_that_no_writes_are_taken() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = cache_tests::connect(&server.url(), Protocol::Resp3).await;
    let say = |line: &str| {
        let mut words = line.split(' ');
        admin.command(Command::new(words.next().unwrap()).args_from(words))
    };
    for protocol in ["2", "3"] {
        let project = format!("shop{protocol}");
        let url = format!("redis://app:p@127.0.0.1:{}/?protocol=resp{protocol}", server.port().unwrap());
        let service = Service { url, project: project.clone() };
        let line = service.run(&format!("acl --user app --of-project {project} --feature migrator")).out;
        say(line.trim_end()).await.unwrap();
        say("ACL SETUSER app >p").await.unwrap();
        say("FLUSHALL").await.unwrap();
        for (refuse, take, advice) in [
            ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "connect to the master"),
            ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "raise its `maxmemory`"),
            (
                "CONFIG SET min-replicas-to-write 1",
                "CONFIG SET min-replicas-to-write 0",
                "start its replicas",
            ),
        ] {
            say(refuse).await.unwrap();
            let (code, plan) = service.json("migrate plan");
            assert_eq!((code, &plan["refused"]["kind"]), (2, &Value::from("read_only")), "{refuse}: {plan}");
            // What nobody sent is not named.
            let cause = plan["refused"]["causes"][0].as_str().unwrap();
            assert!(cause.starts_with("the server refused a write that would change nothing; "), "{cause}");
            assert!(cause.contains(advice), "{cause}");
            let (code, said) = service.json("migrate apply");
            assert_eq!((code, &said["error"]["kind"]), (1, &Value::from("read_only")), "{refuse}: {said}");
            say(take).await.unwrap();
            assert_eq!(say("DBSIZE").await.unwrap().as_int(), Some(0), "{refuse}");
        }
        let (code, plan) = service.json("migrate plan");
        assert_eq!((code, &plan["refused"]), (2, &Value::Null), "{plan}");
        assert_eq!(say("DBSIZE").await.unwrap().as_int(), Some(0), "a plan writes nothing");
        assert_eq!((service.run("migrate apply").code, service.run("migrate plan").code), (0, 0));
        let log = say("ACL LOG").await.unwrap();
        assert!(log.clone().into_items().unwrap().is_empty(), "{log:?}");
    }
}

/// What is said to be allowed is a line for `redis-cli`, also where a name has what ends a word there.
#[tokio::test(flavor = "multi_thread")]
async fn the_advice_can_be_pasted() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = cache_tests::connect(&server.url(), Protocol::Resp3).await;
    let project = "my \"shop's\" ä*";
    let set = Command::new("ACL").args_from(["SETUSER", "app", "on", ">p", "&*", "+@all", "%R~*"]);
    admin.command(set).await.unwrap();
    let url = format!("redis://app:p@127.0.0.1:{}", server.port().unwrap());
    let service = Service { url, project: project.to_owned() };
    let said = service.json("migrate plan").1;
    let failure = if said["error"].is_null() { &said["refused"] } else { &said["error"] };
    assert_eq!(failure["kind"], "key_permission", "{said}");
    let message = failure["message"].as_str().unwrap();
    let (_, advice) = message.rsplit_once("allow it with `").unwrap();
    // There is no quote in it, so that words end at blanks.
    let words: Vec<_> = advice.strip_suffix('`').unwrap().split(' ').collect();
    let patterns = [r"~my??shop?s??ä\*:cache:user:*", r"~my??shop?s??ä\*:cache:~user:*"];
    assert_eq!(words, [&["ACL", "SETUSER", "app"], &patterns[..]].concat(), "{message}");
    admin.command(Command::new(words[0]).args_from(&words[1..])).await.unwrap();
    let plan = service.json("migrate plan").1;
    let failure = if plan["error"].is_null() { &plan["refused"] } else { &plan["error"] };
    assert_eq!(failure, &Value::Null, "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_what_the_user_may_not_do() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = cache_tests::connect(&server.url(), Protocol::Resp3).await;
    let place = format!("127.0.0.1:{}", server.port().unwrap());
    let acl = async |rules: &[&str]| {
        let set = Command::new("ACL").args_from(["SETUSER", "app", "reset", "on", ">p", "&*"]);
        admin.command(set.args_from(rules)).await.unwrap();
    };
    let (global, all) = ("~shop:*", "+@all");
    for done in [false, true] {
        for protocol in ["2", "3"] {
            let url = format!("redis://app:p@{place}/?protocol=resp{protocol}");
            let service = Service { url, project: "shop".to_owned() };
            // What `plan` says is what `apply` says.
            let refused = |kind: &str, rules: &str| {
                let (code, plan) = service.json("migrate plan");
                let failure = if plan["error"].is_null() { &plan["refused"] } else { &plan["error"] };
                let expected = if plan["error"].is_null() { 2 } else { 1 };
                assert_eq!((code, &failure["kind"]), (expected, &Value::from(kind)), "{done}: {plan}");
                let message = failure["message"].as_str().unwrap();
                assert!(message.ends_with(&format!("allow it with `ACL SETUSER {rules}`")), "{message}");
                let (code, applied) = service.json("migrate apply");
                assert_eq!((code, &applied["error"]["kind"]), (1, &Value::from(kind)), "{applied}");
                assert_eq!(&applied["error"]["message"], message);
            };
            acl(&[global, all, "-evalsha"]).await;
            refused("permission", "app +evalsha");
            acl(&[global, all, "-eval", "-evalsha"]).await;
            refused("permission", "app +eval +evalsha");
            acl(&[global, all, "-zadd", "-acl|whoami"]).await;
            refused("permission", "app +zadd");
            acl(&["~shop:cache:user:*", "%R~shop:cache:~user:*", all]).await;
            refused("key_permission", "app ~shop:cache:~user:*");
            acl(&["~shop:cache:user:*", "%W~shop:cache:~user:*", all]).await;
            refused("key_permission", "app ~shop:cache:~user:*");
        }
        let service = Service { url: server.url(), project: "shop".to_owned() };
        assert_eq!(service.run("migrate apply").code, 0);
    }
    acl(&[global, all, "-@admin"]).await;
    let service = Service { url: format!("redis://app:p@{place}"), project: "shop".to_owned() };
    let (code, plan) = service.json("migrate plan");
    assert_eq!((code, &plan["refused"]), (0, &Value::Null), "{plan}");
}
