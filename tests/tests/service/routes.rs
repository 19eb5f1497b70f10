//! What is answered where: the page, settings, their schema, and what is refused.

use serde_json::json;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};

/// A path, a host, the status, and what has to be in the answer.
const GETS: [(&str, &str, u16, &str); 21] = [
    ("/", HOST, 200, "1 to 20 of 90</span> <a href=\"/?q=&amp;page=2\">Next</a>"),
    ("/?page=5", HOST, 200, "81 to 90 of 90</span> <span>Next</span>"),
    ("/?page=99", HOST, 200, "Nobody is found"),
    ("/?q=ada", HOST, 200, "Ada "),
    ("/?q=LINDQ", HOST, 200, " Lindqvist</td>"),
    ("/?q=O%27Brien", HOST, 200, "O&#39;Brien</td>"),
    ("/?q=grace.hopper%40acme", HOST, 200, "1 to 1 of 1</span>"),
    ("/?q=hopper&device=tablet", HOST, 200, "aria-current=\"true\">tablet</a>"),
    ("/?q=%3Cscript%3E", HOST, 200, "value=\"&lt;script&gt;\""),
    ("/?q=%2A%3A%7B%7D%7C%40%28%24", HOST, 200, "Nobody is found"),
    ("/?device=toaster", HOST, 400, "{\"error\":\"Failed"),
    ("/nowhere", HOST, 404, "{\"error\""),
    ("/", "globex.example:8443, proxy.internal", 200, "1 to 10 of 90</span>"),
    ("/tenant_settings", "WWW.Initech.Example.", 200, "\"accent\":\"plum\""),
    ("/tenant_settings", "nobody.example", 404, "no tenant has the host `nobody.example`"),
    ("/tenant_settings", "not a host", 400, "error"),
    // What a proxy leaves empty says nothing: that is the host of the address.
    ("/tenant_settings", "", 200, "Acme, logged in"),
    ("/tenant_settings", " ", 200, "Acme, logged in"),
    ("/tenant_schema", HOST, 200, "\"required\":[\"title\",\"accent\",\"page_size\",\"support\"]"),
    ("/tenant_schema", HOST, 200, "\"maximum\":100"),
    ("/healthcheck", HOST, 200, "\"status\":\"ready\""),
];

pub(crate) async fn ours(_: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    let seeded = fleet.all("/", PATIENCE, |page| page.status == 200 && page.body.contains(" of 90</span>"));
    found.check(seeded.await.is_some(), || "nobody seeded".to_owned());
    for (path, host, status, text) in GETS {
        found.runs += 1;
        let answer = fleet.anywhere.get(path, host).await;
        let right = answer.as_ref().is_ok_and(|answer| answer.status == status && answer.body.contains(text));
        found.check(right, || format!("{path} of {host} is not {status} with {text}: {answer:?}"));
        let hostile = answer.is_ok_and(|answer| answer.body.contains("<script"));
        found.check(!hostile, || format!("{path} has a script"));
    }
    let settings = |title: &str, size: i64| json!({ "title": title, "accent": "teal", "page_size": size, "support": null });
    let long = "x".repeat(81);
    let posts = [
        (settings("New", 5), 200, "\"copies\":\"dropped\""),
        (settings("", 5), 422, "`title` has 1 to 80 characters"),
        (settings(&long, 5), 422, "`title` has 1 to 80 characters"),
        (settings("New", 101), 422, "`page_size` is from 1 to 100"),
        (settings("New", -1), 422, "page_size"),
        (json!({ "title": "New" }), 422, "accent"),
        (json!({ "title": "New", "accent": "teal", "page_size": 5 }), 422, "support"),
        (settings("New\0", 5), 422, "no control characters"),
        (
            json!({ "title": "New", "accent": "teal", "page_size": 5, "support": "\0" }),
            422,
            "no control characters",
        ),
        (json!([]), 422, ""),
    ];
    for (body, status, text) in posts {
        found.runs += 1;
        let answer = fleet.anywhere.post("/tenant_settings", HOST, &body).await;
        let right = answer.as_ref().is_ok_and(|answer| {
            let told = status == 200 || answer.json()["error"].is_string();
            answer.status == status && answer.body.contains(text) && told
        });
        found.check(right, || format!("{body} is not {status} with {text}: {answer:?}"));
    }
    let elsewhere = fleet.anywhere.post("/healthcheck", HOST, &json!({})).await;
    found.check(
        elsewhere.as_ref().is_ok_and(|answer| answer.status == 405 && answer.json()["error"].is_string()),
        || format!("a POST where there is none: {elsewhere:?}"),
    );
    // What was not set is that of the file still, hosts among it; what was set is that of this tenant alone.
    let changed = fleet.anywhere.get("/", HOST).await;
    found.check(changed.as_ref().is_ok_and(|page| page.body.contains("1 to 5 of 90</span>")), || {
        format!("{changed:?}")
    });
    let other = fleet.anywhere.get("/tenant_settings", "globex.example").await;
    found.check(other.as_ref().is_ok_and(|other| other.json()["page_size"] == 10), || format!("{other:?}"));
    found
}
