//! The models of the binary, which the derive puts on a list before `main`, and which of them a command is about, as its
//! key or its index says.

use cache_index::{Command, IndexSchema, Schema};

/// A model that `#[derive(CacheModel)]` stands at, somewhere in the binary.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredModel {
    schema: fn() -> &'static Schema,
    /// The name of its type, with the modules that it is in.
    path: fn() -> &'static str,
}

inventory::collect!(RegisteredModel);

impl RegisteredModel {
    /// The model as an entry of the list.
    pub const fn of<M: IndexSchema>() -> Self {
        Self { schema: M::schema, path: std::any::type_name::<M> }
    }
}

/// The schemas of the models on the list, in the linker's order.
pub(crate) fn registered_schemas() -> impl Iterator<Item = &'static Schema> {
    inventory::iter::<RegisteredModel>.into_iter().map(|model| (model.schema)())
}

/// The type of the model of this schema, with its modules; only its name if it is not on the list.
pub(crate) fn path_of(schema: &Schema) -> &'static str {
    let known = inventory::iter::<RegisteredModel>.into_iter();
    let model = known.into_iter().find(|model| std::ptr::eq((model.schema)(), schema));
    model.map_or(schema.model(), |model| (model.path)())
}

/// What a command is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct About<'a> {
    pub(super) model: &'static str,
    /// An index of that model.
    pub(super) index: Option<&'a str>,
}

/// What a command is about; `None`: nothing that is known, or several models have this prefix.
///
/// A name is told only when it is one that a schema makes: what users give as a name may be anything.
pub(super) fn about<'a>(command: &'a Command, global: &str) -> Option<About<'a>> {
    let name = subject(command)?;
    let rest = name.strip_prefix(global.as_bytes())?.strip_prefix(b":")?;
    let rest = rest.strip_prefix(b"~").unwrap_or(rest);
    let mut found: Option<(&'static Schema, &[u8])> = None;
    for schema in registered_schemas() {
        let Some(rest) = rest.strip_prefix(schema.prefix().as_bytes()) else { continue };
        if !rest.is_empty() && !rest.starts_with(b":") {
            continue;
        }
        match found {
            // Prefixes within each other are no prefixes of one program: the longer one is meant.
            Some((known, _)) if known.prefix().len() > schema.prefix().len() => {}
            Some((known, _)) if known.prefix() == schema.prefix() && known.model() != schema.model() => {
                return None;
            }
            _ => found = Some((schema, rest)),
        }
    }
    let (schema, rest) = found?;
    let index = command.name().starts_with("FT.") && is_index(rest);
    let index = if index { std::str::from_utf8(name).ok() } else { None };
    Some(About { model: schema.model(), index })
}

/// The key or the index that a command names first.
fn subject(command: &Command) -> Option<&[u8]> {
    if let Some(key) = command.route_key() {
        return Some(key);
    }
    match command.name() {
        // Behind what is to be done with the cursor.
        "FT.CURSOR" => command.args().nth(2),
        name if name.starts_with("FT.") => command.args().nth(1),
        _ => None,
    }
}

/// Whether this follows the prefix in the name of an index, or in an alias.
fn is_index(rest: &[u8]) -> bool {
    rest.strip_prefix(b":idx").is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix(b":")
                .is_some_and(|print| print.len() == 12 && print.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_schema_makes_are_indexes() {
        assert!(is_index(b":idx") && is_index(b":idx:0123456789ab"));
        for other in [&b""[..], b":id", b":idx:", b":idx:hunter2", b":idx:0123456789abc", b":7"] {
            assert!(!is_index(other), "{other:?}");
        }
    }

    #[test]
    fn what_a_command_is_about_is_its_key_or_its_index() {
        let subject = |command: Command| subject(&command).map(<[u8]>::to_vec);
        assert_eq!(subject(Command::new("JSON.GET").key("a:b:c")), Some(b"a:b:c".to_vec()));
        assert_eq!(subject(Command::new("FT.SEARCH").arg("i").arg("*")), Some(b"i".to_vec()));
        assert_eq!(subject(Command::new("FT.CURSOR").arg("READ").arg("i").arg("7")), Some(b"i".to_vec()));
        assert_eq!(subject(Command::new("PING")), None);
    }
}
