//! UI tests: what the compiler says about what does not compile. One rule a file; what does compile is in `accepted`.
//!
//! The `.stderr` files hold what rustc 1.95 says; `TRYBUILD=overwrite` writes them anew.

use trybuild::TestCases;

/// What the derive refuses.
#[test]
fn derive() {
    TestCases::new().compile_fail("tests/ui/derive/*.rs");
}

/// What the type checker refuses.
#[test]
fn types() {
    TestCases::new().compile_fail("tests/ui/types/*.rs");
}

/// What is refused of embedded structs and of values.
#[test]
fn parts() {
    TestCases::new().compile_fail("tests/ui/parts/*.rs");
}

/// What is refused of points, shapes, vectors, and of options.
#[test]
fn kinds() {
    TestCases::new().compile_fail("tests/ui/kinds/*.rs");
}

/// What is refused of versions and of unique fields.
#[test]
fn writes() {
    TestCases::new().compile_fail("tests/ui/writes/*.rs");
}

/// What is refused of types that are written in a form of their own.
#[test]
fn forms() {
    TestCases::new().compile_fail("tests/ui/forms/*.rs");
}

/// A mistake is one message. Files that hold several mistakes, or whose one mistake the compiler repeats, say so in
/// their name.
#[test]
fn one_message_per_mistake() {
    for folder in ["aggregates", "derive", "forms", "gates", "kinds", "parts", "types", "views", "writes"]
        .map(|topic| format!("tests/ui/{topic}"))
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if path.extension().is_some_and(|extension| extension == "stderr")
                && !name.starts_with("several_")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let messages = text.lines().filter(|line| line.starts_with("error")).count();
                assert_eq!(messages, 1, "{}", path.display());
            }
        }
    }
}

/// What is refused of aggregations.
#[test]
fn aggregates() {
    TestCases::new().compile_fail("tests/ui/aggregates/*.rs");
}

/// What is refused of views.
#[test]
fn views() {
    TestCases::new().compile_fail("tests/ui/views/*.rs");
}

/// What is refused of functions with a gate.
#[test]
fn gates() {
    TestCases::new().compile_fail("tests/ui/gates/*.rs");
}
