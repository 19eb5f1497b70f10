//! The command line, as processes of the example that mounts it, on a real server.

mod health;
mod hostile;
#[cfg(unix)]
mod links;
mod rights;
mod service;
mod warnings;

use std::fs;
use std::process::Command;

use cache_core::Cache;
use cache_tests::live;
use health::{
    a_plan_that_is_left_to_somebody_says_so, an_index_that_is_another_one_is_not_ready,
    health_names_what_cannot_be_indexed,
};
use hostile::nothing_of_others_reaches_the_terminal;
use serde_json::Value;
use service::{ALIAS, Ended, Service, ended};
use warnings::warnings_are_told_and_end_it_on_request;

async fn from_plan_to_apply(cache: Cache) {
    let service = Service::of(&cache).await;
    let Ended { code, out, err } = service.run("migrate plan");
    assert_eq!((code, err.as_str()), (2, ""), "{out}");
    assert!(out.starts_with("User\n"), "{out}");
    assert!(out.contains(&format!("\n  + {}{ALIAS}:", service.project)), "{out}");
    assert!(out.ends_with("\nrun `migrate apply` to do it\n"), "{out}");

    let health = service.run("index health");
    assert_eq!(health.code, 2);
    assert!(health.out.starts_with("User: missing; run `migrate apply`\n"), "{}", health.out);
    let status = service.run("migrate status");
    assert_eq!(status.code, 0);
    assert!(
        status.out.contains(" is missing\n") && status.out.contains(" points nowhere\n"),
        "{}",
        status.out
    );

    let Ended { code, out, err } = service.run("migrate apply");
    // Nobody sees a bar that is written into a pipe.
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with(&format!("User\n  + {}{ALIAS}:", service.project)), "{out}");
    assert_eq!(service.run("save 1 Bern 30").code, 0);
    assert_eq!(service.run("count Bern").out, "1\n");

    let Ended { code, out, err } = service.run("migrate plan");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("\nthere is nothing to do\n"), "{out}");
    let Ended { code, out, .. } = service.run("migrate apply");
    assert_eq!(code, 0);
    assert!(out.starts_with("User\n  = ") && out.contains(": 1 document\n"), "{out}");
    let status = service.run("migrate status");
    assert!(status.out.contains(": 1 document, ") && status.out.contains(", active\n"), "{}", status.out);
    assert!(!status.out.contains("migrate plan"), "{}", status.out);
    let Ended { code, out, .. } = service.run("index health");
    assert_eq!(code, 0);
    assert!(out.starts_with("User: ready\n") && out.contains(": 1 document, "), "{out}");
}

async fn machines_read_one_line_of_json(cache: Cache) {
    let service = Service::of(&cache).await;
    let (code, plan) = service.json("migrate plan");
    assert_eq!((code, &plan["pending"]), (2, &Value::Bool(true)));
    assert_eq!(plan["plans"][0]["model"], "User");
    assert_eq!(plan["plans"][0]["steps"][0]["step"], "create");
    let index = plan["plans"][0]["index"].as_str().unwrap().to_owned();
    assert_eq!(service.index(plan["plans"][0]["fingerprint"].as_str().unwrap()), index);

    let (code, health) = service.json("index health");
    assert_eq!((code, &health["indexes"][0]["readiness"]), (2, &Value::from("missing")));

    let (code, applied) = service.json("migrate apply");
    assert_eq!((code, &applied["indexes"][0]["created"]), (0, &Value::Bool(true)));
    assert_eq!(applied["indexes"][0]["name"], *index);

    let (code, plan) = service.json("migrate plan");
    assert_eq!((code, &plan["pending"]), (0, &Value::Bool(false)));
    let (code, status) = service.json("migrate status");
    let model = &status["models"][0];
    assert_eq!((code, &model["steps"], &model["active"]), (0, &Value::from(0), &Value::from(index.clone())));
    assert_eq!(model["indexes"][0]["own"], true);
    assert_eq!(model["indexes"][0]["filled"], true);
    let (code, collected) = service.json("migrate collect");
    assert_eq!((code, collected), (0, serde_json::json!({ "dropped": [] })));
    let (code, health) = service.json("index health");
    let own = &health["indexes"][0];
    assert_eq!((code, &own["readiness"], &own["documents"]), (0, &Value::from("ready"), &Value::from(0)));
    assert!(own["memory"].is_u64() && own["failed_fields"] == serde_json::json!([]), "{own}");
}

/// The index of a release that is gone.
async fn old_indexes_are_collected_and_documents_stay(cache: Cache) {
    let service = Service::of(&cache).await;
    assert_eq!(service.run("save 1 Bern 30").code, 0);
    let old = service.index("0123456789ab");
    let prefix = format!("{}:cache:user:", service.project);
    let words = ["ON", "JSON", "PREFIX", "1", &*prefix, "SCHEMA", "$.city", "AS", "city", "TAG"];
    let create = cache_core::Command::new("FT.CREATE").arg(&old);
    cache.command(words.into_iter().fold(create, cache_core::Command::arg)).await.unwrap();
    let status = service.run("migrate status");
    assert!(status.out.contains(&format!("    {old}: ")), "{}", status.out);
    assert!(status.out.contains("nobody is known to use it"), "{}", status.out);

    // Nobody knows how long it has not been used, so that begins to count now.
    let kept = service.run("migrate collect");
    assert_eq!(kept.code, 0);
    assert!(kept.out.starts_with("nothing to drop: "), "{}", kept.out);
    let status = service.run("migrate status");
    assert!(status.out.contains("unused for "), "{}", status.out);
    let dropped = service.run("migrate collect --retain 0s");
    assert_eq!((dropped.code, dropped.out), (0, format!("- {old}\n")), "{}", dropped.err);
    assert_eq!(service.run("count Bern").out, "1\n");
    assert!(!service.run("migrate status").out.contains(&old));
}

live!(
    from_plan_to_apply,
    machines_read_one_line_of_json,
    health_names_what_cannot_be_indexed,
    an_index_that_is_another_one_is_not_ready,
    a_plan_that_is_left_to_somebody_says_so,
    warnings_are_told_and_end_it_on_request,
    nothing_of_others_reaches_the_terminal,
    old_indexes_are_collected_and_documents_stay,
);

#[test]
fn the_lock_is_written_and_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, file) = (folder.path(), folder.path().join("schema.lock"));
    let service = Service::lost();
    let none = service.run_in(folder, "migrate check");
    assert_eq!(none.code, 1);
    assert_eq!(
        none.err,
        "error: there is no `schema.lock`; make it with `migrate lock`, or name another one with `--file`\n"
    );

    let made = service.run_in(folder, "migrate lock");
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().last().unwrap().to_owned();
    let fingerprint = line.strip_prefix("user ").unwrap();
    assert_eq!(made.out, format!("schema.lock\n  + {line}\n"));
    // A model without an index has no line.
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 1, "{text}");
    let checked = service.run_in(folder, "migrate check");
    assert_eq!((checked.code, checked.out), (0, format!("schema.lock\n  = {line}\n")));
    let again = service.run_in(folder, "migrate lock");
    assert_eq!((again.code, again.out.as_str()), (0, "schema.lock has all schemas\n"));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    // Another release's schema is the last one: what is there stays, comments too.
    let behind = format!("{text}order 0123456789ab\n# the next\nuser 0123456789ab\n");
    fs::write(&file, &behind).unwrap();
    let checked = service.run_in(folder, "migrate check");
    assert_eq!((checked.code, checked.err.as_str()), (2, ""));
    assert_eq!(
        checked.out,
        format!(
            "schema.lock\n  ! the schema of `User` is {fingerprint}, and the last one of `user` is 0123456789ab\n  \
             ? order, which no model of this binary has\nrun `migrate lock` and commit the file\n"
        )
    );
    let checked = service.run_in(folder, "migrate check --json");
    let said: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!((checked.code, &said["unlocked"][0]["last"]), (2, &Value::from("0123456789ab")));
    assert_eq!(service.run_in(folder, "migrate lock").code, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{behind}{line}\n"));
    assert_eq!(service.run_in(folder, "migrate check").code, 0);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing is left beside it");

    // As editors of Windows leave it.
    let windows = format!("\u{feff}{}", text.replace('\n', " \r\n"));
    fs::write(&file, &windows).unwrap();
    let checked = service.run_in(folder, "migrate check");
    assert_eq!((checked.code, checked.out), (0, format!("schema.lock\n  = {line}\n")));
    assert_eq!(service.run_in(folder, "migrate lock").code, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), windows, "there was nothing to write");
    let behind = format!("{windows}user 0123456789ab\r\n  ");
    fs::write(&file, &behind).unwrap();
    assert_eq!(service.run_in(folder, "migrate lock").code, 0);
    let appended = fs::read_to_string(&file).unwrap();
    assert_eq!(appended, format!("{behind}\r\n{line}\r\n"), "what is there stays as it is");
    fs::write(&file, b"\xff\xfeu\0s\0").unwrap();
    let refused = service.run_in(folder, "migrate check");
    let said = "error: `schema.lock` cannot be read: it is no text in UTF-8; save it as one\n";
    assert_eq!((refused.code, refused.err.as_str()), (1, said));

    fs::write(&file, format!("{text}<<<<<<< HEAD\n")).unwrap();
    for command in ["migrate check", "migrate lock"] {
        let refused = service.run_in(folder, command);
        assert_eq!(refused.code, 1);
        let place = format!("line {} of the schema lock", text.lines().count() + 1);
        assert!(refused.err.contains(&place) && refused.err.contains("a merge left it"), "{}", refused.err);
        let said: Value =
            serde_json::from_str(&service.run_in(folder, &format!("{command} --json")).out).unwrap();
        assert_eq!(said["error"]["kind"], "lock");
    }
    assert_eq!(service.run_in(folder, "migrate lock --file none/schema.lock").code, 1);
    assert_eq!(service.run_in(folder, "migrate lock --file other.lock --json").code, 0);
    assert!(folder.join("other.lock").exists());
}

/// A service whose lock this is fails its own test when a schema changes; this is the example's.
#[test]
fn the_lock_of_the_example_is_its_own() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../cache-core/examples/data/schema.lock");
    let checked = Service::lost().run(&format!("migrate check --file {file}"));
    assert_eq!(checked.code, 0, "{}", checked.out);
}

#[test]
fn the_least_rights_are_a_line_to_paste() {
    let service = Service::lost();
    let said = service.run("acl --user app --of-project shop --feature queries,dictionaries");
    let line = "ACL SETUSER app on resetkeys resetchannels clearselectors -@all ~shop:cache:user:* ~shop:cache:visit:* \
                ~shop:cache:~user:* ~shop:cache:~visit:* +client|caching +client|setinfo";
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with(line) && said.out.ends_with(" +scan\n"), "{}", said.out);
    assert!(said.out.contains(" +ft.dictadd ") && !said.out.contains("zadd"), "{}", said.out);
    // For servers that do not know a word of it.
    let gate = service.run("acl --user app --of-project shop --feature gate").out;
    assert!(!gate.contains("+ft.") && !gate.contains("+json."), "{gate}");
    let without = "acl --user app --of-project shop --feature gate --without clearselectors,+client|setinfo";
    let expected = gate.replace(" clearselectors", "").replace(" +client|setinfo", "");
    assert!(expected.len() < gate.len() - 20, "{gate}");
    assert_eq!(service.run(without).out, expected);
    // The project's keys, and everything else.
    let (code, all) = service.json("acl --user app --of-project shop");
    assert_eq!((code, all["keys"][0].as_str()), (0, Some("shop:*:leader")), "{all}");
    assert!(all["commands"].as_array().unwrap().contains(&Value::from("zadd")), "{all}");
    assert_eq!(service.run("acl --user app").code, 1, "whose project it is, the service's cache knows");
    for mistake in [
        "acl",
        "acl --user app --of-project shop --feature flying",
        "acl --user a'b --of-project shop",
        "acl --user app --of-project shop --feature gate --without get",
    ] {
        let Ended { code, out, err } = service.run(mistake);
        assert_eq!((code, out.as_str()), (1, ""), "{mistake}: {err}");
    }
}

#[test]
fn without_a_server_the_error_says_so() {
    for command in ["migrate plan", "migrate apply", "migrate status", "migrate collect", "index health"] {
        let Ended { code, out, err } = Service::lost().run(command);
        assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{command}: {err}");
        assert!(err.starts_with("error: no connection to the server: the server cannot be reached"), "{err}");
        assert_eq!(err.matches("refused").count(), 1, "{err}");
        // In the place where machines read, and in one shape.
        let (code, said) = Service::lost().json(command);
        assert_eq!((code, said.as_object().unwrap().len()), (1, 1), "{said}");
        let error = &said["error"];
        assert_eq!(
            (&error["kind"], &error["message"]),
            (&"connect".into(), &"no connection to the server".into())
        );
        assert!(error["causes"][0].as_str().unwrap().starts_with("the server cannot be reached"), "{said}");
        let members = ["causes", "differences", "keys", "kind", "message"];
        assert_eq!(error.as_object().unwrap().keys().collect::<Vec<_>>(), members, "{said}");
    }
}

#[test]
fn mistakes_end_with_1_and_help_with_0() {
    let service = Service::lost();
    for mistake in
        ["migrate", "migrate plann", "migrate collect --retain soon", "migrate plan --strategy drop"]
    {
        let Ended { code, out, err } = service.run(mistake);
        assert_eq!((code, out.as_str()), (1, ""), "{mistake}: {err}");
    }
    assert!(service.run("--help").out.starts_with("A service with a cache\n"));
    let help = service.run("migrate --help");
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.starts_with("Make the indexes of the models, and look after them\n"), "{}", help.out);
    for command in ["plan", "apply", "status", "collect", "lock", "check"] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(command)), "{}", help.out);
    }
}

/// The bar is drawn where somebody sees it: `script` gives a process a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar() {
    cache_tests::run("bar", cache_core::Protocol::Resp3, async |cache: Cache| {
        let service = Service::of(&cache).await;
        let line = format!(
            "{} migrate apply --response-timeout 30 --url '{}' --project '{}'",
            env!("CARGO_BIN_EXE_cli"),
            service.url,
            service.project
        );
        let script = ["--quiet", "--return", "--command", &line, "/dev/null"];
        // A machine that runs tests need not have a terminal.
        let seen = Command::new("script").args(script).env("TERM", "xterm").output();
        let seen = ended(&seen.unwrap());
        assert_eq!(seen.code, 0, "{}", seen.out);
        assert!(seen.out.contains("User [") && seen.out.contains("documents, 0 a second"), "{:?}", seen.out);
        // It goes, and leaves the place to the answer.
        let (before, _) = seen.out.split_once("User\r\n  + ").unwrap();
        assert!(!before.ends_with(' '), "{:?}", seen.out);
    });
}

/// A server that takes no writes, and an alias that is to be moved: no query needs it.
#[tokio::test(flavor = "multi_thread")]
async fn an_alias_waits_for_a_server_that_takes_writes() {
    let server = cache_tests::private_server().await;
    let cache = cache_tests::connect(&server.url(), cache_core::Protocol::Resp3).await;
    let service = Service { url: server.url(), project: "shop".to_owned() };
    assert_eq!(service.run("save 1 Bern 30").code, 0);
    let alias = format!("shop{ALIAS}");
    for words in [vec!["FT.ALIASDEL", &alias], vec!["REPLICAOF", "127.0.0.1", "1"]] {
        cache.command(cache_core::Command::new(words[0]).args_from(&words[1..])).await.unwrap();
    }
    let plan = service.run("migrate plan");
    assert_eq!(plan.code, 2);
    assert!(plan.out.ends_with("run `migrate apply` to do it\n"), "{}", plan.out);
    let applied = service.run("migrate apply");
    assert_eq!(applied.code, 2, "{}{}", applied.out, applied.err);
    assert!(applied.out.contains("takes no writes now, and the alias points nowhere"), "{}", applied.out);
    let back = cache_core::Command::new("REPLICAOF").args_from(["NO", "ONE"]);
    cache.command(back).await.unwrap();
    assert_eq!(service.run("migrate apply").code, 0);
    assert_eq!(service.run("migrate plan").code, 0);
}
