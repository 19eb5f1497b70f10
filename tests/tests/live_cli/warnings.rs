//! What is done and has a drawback.

use cache_core::{Cache, Command};
use serde_json::{Value, json};

use super::service::Service;

pub(super) async fn warnings_are_told_and_end_it_on_request(cache: Cache) {
    let service = Service::of(&cache).await;
    let (code, plan) = service.json("migrate plan --strict");
    assert_eq!((code, &plan["warnings"]), (2, &json!([])), "something is to be done");
    assert_eq!(plan["plans"][0]["sample"]["documents"], 0, "{plan}");
    let (code, applied) = service.json("migrate apply --strict");
    assert_eq!((code, &applied["warnings"]), (0, &json!([])));

    // A document that cannot be indexed is one for whoever looks for it.
    let key = format!("{}:cache:user:2", service.project);
    let write = Command::new("JSON.SET").key(&key).arg("$");
    cache.command(write.arg(r#"{"id":2,"city":"Bern","age":"old"}"#)).await.unwrap();
    let index = applied["indexes"][0]["name"].as_str().unwrap();
    let missing = format!("{index} lacks 1 document for a value of another type: {key}; mend or delete it");
    let warnings = json!([{ "model": "User", "message": missing }]);
    let (code, applied) = service.json("migrate apply");
    assert_eq!((code, &applied["warnings"]), (0, &warnings));
    let (code, applied) = service.json("migrate apply --strict");
    assert_eq!((code, &applied["warnings"]), (3, &warnings));
    assert_eq!(applied["indexes"][0]["missing"], 1, "it is done all the same");

    // An index of somebody else is one for everybody.
    let prefix = format!("{}:cache:user:", service.project);
    let name = format!("{}-others", service.project);
    let words = ["ON", "JSON", "PREFIX", "1", &*prefix, "SCHEMA", "$.city", "AS", "city", "TAG"];
    cache.command(Command::new("FT.CREATE").arg(&name).args_from(words)).await.unwrap();
    // The plan knows what is missing, too.
    for (command, warnings) in [("migrate plan", 2), ("migrate apply", 2)] {
        let (code, said) = service.json(command);
        let told = said["warnings"].as_array().unwrap();
        assert_eq!((code, told.len()), (0, warnings), "{said}");
        let mut messages = told.iter().map(|warning| warning["message"].as_str().unwrap());
        let message = messages.find(|message| message.contains(&name)).unwrap();
        let strict = service.run(&format!("{command} --strict"));
        assert_eq!(strict.code, 3, "{}", strict.out);
        for message in [message, &missing] {
            assert!(strict.out.contains(&format!("  ! {message}\n")), "{}", strict.out);
        }
    }
    // What would be refused is more than a warning.
    let dropped = Command::new("FT.DROPINDEX").arg(applied["indexes"][0]["name"].as_str().unwrap());
    cache.command(dropped).await.unwrap();
    let (code, plan) = service.json("migrate plan --strategy manual --strict");
    assert_eq!((code, &plan["refused"]["kind"]), (2, &Value::from("missing")));
    assert_eq!(service.run("migrate plan --strict").code, 3, "nor is what is to be done");
}
