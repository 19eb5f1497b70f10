//! The text of a `tenants.yaml`: a section `default` and one a tenant, with the line that everything stands at.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use saphyr::{MarkedYaml, Scalar, ScalarStyle, YamlData, YamlLoader};
use saphyr_parser::Parser;
use serde::Serialize;
use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

use super::overlay::is_reserved;
use crate::model::JsonMap;

/// The section that the others are put over.
pub(super) const DEFAULT: &str = "default";

/// How deep a file may be nested.
const DEEPEST: usize = 64;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sections {
    pub(super) default: JsonMap,
    pub(super) tenants: BTreeMap<String, JsonMap>,
    lines: Lines,
    /// Names what a tenant's settings are made of, by tenant; that of the default alone for others.
    digests: BTreeMap<String, String>,
    /// Names all of it.
    whole: String,
}

/// Where it stands: by section and path.
type Lines = BTreeMap<(String, String), usize>;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Flaw {
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
    pub(super) section: Option<String>,
    pub(super) field: Option<String>,
    pub(super) reason: String,
}

impl Sections {
    pub(super) fn read(text: &str) -> Result<Self, Flaw> {
        let mut loader = YamlLoader::<MarkedYaml<'_>>::default();
        // Numbers are read here: what does not fit the parser's signed 64 bits would become a float.
        loader.early_parse(false);
        let refused = |error: &saphyr::ScanError| Flaw {
            line: Some(error.marker().line()),
            column: Some(error.marker().col() + 1),
            reason: error.info().to_owned(),
            ..Flaw::default()
        };
        Parser::new_from_str(text).load(&mut loader, true).map_err(|error| refused(&error))?;
        if let Some(error) = loader.error() {
            return Err(refused(error));
        }
        let mut documents = loader.into_documents().into_iter();
        let (document, more) = (documents.next(), documents.next());
        if let Some(more) = more {
            return Err(Flaw::at(&more, "there is a second document in it; a file is one"));
        }
        let Some(document) = document else {
            return Err(Flaw::of("it is empty, and needs a section `default`"));
        };
        let YamlData::Mapping(members) = &document.data else {
            return Err(Flaw::at(&document, "it has to be a mapping, of `default` and of tenants"));
        };
        let mut sections = Self::default();
        let mut has_default = false;
        for (key, node) in members {
            let name = key_of(key).map_err(|reason| Flaw::at(key, reason))?;
            let mut reader = Reader { section: &name, lines: &mut sections.lines };
            let members = match reader.value(node, "", 0)? {
                Value::Null => JsonMap::new(),
                Value::Object(members) => members,
                _ => return Err(reader.flaw(node, "", "a section has to be a mapping")),
            };
            let twice = if name == DEFAULT {
                sections.default = members;
                std::mem::replace(&mut has_default, true)
            } else {
                sections.tenants.insert(name.clone(), members).is_some()
            };
            if twice {
                return Err(Flaw {
                    section: Some(name),
                    ..Flaw::at(key, "it has two sections of this name")
                });
            }
        }
        if !has_default {
            return Err(Flaw::of("it has no section `default`, which is required; `default: {}` will do"));
        }
        if is_reserved(&sections.default) {
            return Err(Flaw {
                section: Some(DEFAULT.to_owned()),
                ..Flaw::of("`~absent` leaves out what the defaults have; it cannot stand in them")
            });
        }
        sections.digests = sections.digested();
        sections.whole = digest(&(&sections.default, &sections.tenants));
        Ok(sections)
    }

    fn digested(&self) -> BTreeMap<String, String> {
        let of = |section: Option<&JsonMap>| digest(&(&self.default, section));
        let tenants = self.tenants.iter().map(|(tenant, section)| (tenant.clone(), of(Some(section))));
        tenants.chain([(DEFAULT.to_owned(), of(None))]).collect()
    }

    /// Names what of the file a tenant's settings are made of.
    pub(super) fn digest(&self, tenant: &str) -> &str {
        self.digests.get(tenant).or_else(|| self.digests.get(DEFAULT)).map_or("", String::as_str)
    }

    /// Names what of the file decides which tenant has a host: all of it, since sections may give and take away hosts.
    pub(super) fn digest_of_all(&self) -> &str {
        &self.whole
    }

    /// The line at which a field of a tenant stands: its own, that of what is around it, or that of the default.
    pub(super) fn line(&self, tenant: &str, field: Option<&str>) -> Option<usize> {
        let mut path = field.unwrap_or_default();
        loop {
            for section in [tenant, DEFAULT] {
                if let Some(line) = self.lines.get(&(section.to_owned(), path.to_owned()))
                    && (!path.is_empty() || section == tenant)
                {
                    return Some(*line);
                }
            }
            if path.is_empty() {
                return None;
            }
            path = path.rfind(['.', '[']).and_then(|end| path.get(..end)).unwrap_or_default();
        }
    }
}

fn digest(what: &impl Serialize) -> String {
    // JSON of strings, numbers and the like is always written.
    let bytes = serde_json::to_vec(what).unwrap_or_default();
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Flaw {
    fn of(reason: &str) -> Self {
        Self { reason: reason.to_owned(), ..Self::default() }
    }

    fn at(node: &MarkedYaml<'_>, reason: &str) -> Self {
        Self {
            line: Some(node.span.start.line()),
            column: Some(node.span.start.col() + 1),
            ..Self::of(reason)
        }
    }
}

/// Reads one section.
struct Reader<'a> {
    section: &'a str,
    lines: &'a mut Lines,
}

impl Reader<'_> {
    fn flaw(&self, node: &MarkedYaml<'_>, path: &str, reason: &str) -> Flaw {
        Flaw {
            section: Some(self.section.to_owned()),
            field: (!path.is_empty()).then(|| path.to_owned()),
            ..Flaw::at(node, reason)
        }
    }

    fn value(&mut self, node: &MarkedYaml<'_>, path: &str, depth: usize) -> Result<Value, Flaw> {
        if depth > DEEPEST {
            return Err(self.flaw(node, path, "it is nested too deep"));
        }
        self.lines.insert((self.section.to_owned(), path.to_owned()), node.span.start.line());
        match &node.data {
            YamlData::Representation(..) | YamlData::Value(_) => {
                scalar(&node.data).map_err(|reason| self.flaw(node, path, reason))
            }
            YamlData::Sequence(items) => {
                let item = |(number, item)| self.value(item, &format!("{path}[{number}]"), depth + 1);
                Ok(Value::Array(items.iter().enumerate().map(item).collect::<Result<_, _>>()?))
            }
            YamlData::Mapping(members) => {
                let (mut read, mut merged) = (JsonMap::new(), Vec::new());
                for (key, value) in members {
                    let name = key_of(key).map_err(|reason| self.flaw(key, path, reason))?;
                    if name == "<<" && is_plain(key) {
                        merged.push(value);
                        continue;
                    }
                    let inside = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    if read.contains_key(&name) {
                        return Err(self.flaw(key, &inside, "it stands there twice"));
                    }
                    let value = self.value(value, &inside, depth + 1)?;
                    read.insert(name, value);
                }
                for value in merged {
                    self.merge_key(value, path, depth, &mut read)?;
                }
                Ok(Value::Object(read))
            }
            YamlData::Tagged(_, inner) => self.value(inner, path, depth + 1),
            YamlData::Alias(_) => Err(self.flaw(node, path, "the anchor that it refers to is not before it")),
            YamlData::BadValue => Err(self.flaw(node, path, "it is no value")),
        }
    }

    /// What `<<` brings, where nothing stands already: <https://yaml.org/type/merge.html>.
    fn merge_key(
        &mut self,
        node: &MarkedYaml<'_>,
        path: &str,
        depth: usize,
        read: &mut JsonMap,
    ) -> Result<(), Flaw> {
        let brought: Vec<&MarkedYaml<'_>> = match &node.data {
            YamlData::Sequence(items) => items.iter().collect(),
            _ => vec![node],
        };
        for item in brought {
            // The lines of what stands already are not those of what is brought.
            let mut lines = Lines::new();
            let mut reader = Reader { section: self.section, lines: &mut lines };
            let Value::Object(members) = reader.value(item, path, depth + 1)? else {
                return Err(self.flaw(item, path, "`<<` takes a mapping, or a list of mappings"));
            };
            for (place, line) in lines {
                self.lines.entry(place).or_insert(line);
            }
            for (name, value) in members {
                if let serde_json::map::Entry::Vacant(vacant) = read.entry(name) {
                    vacant.insert(value);
                }
            }
        }
        Ok(())
    }
}

fn is_plain(key: &MarkedYaml<'_>) -> bool {
    matches!(&key.data, YamlData::Representation(_, ScalarStyle::Plain, _))
}

/// A key as a name: what is written there, also for numbers.
fn key_of(key: &MarkedYaml<'_>) -> Result<String, &'static str> {
    match &key.data {
        YamlData::Representation(text, ..) if text.is_empty() => Err("a key cannot be empty"),
        YamlData::Representation(text, ..) => Ok(text.to_string()),
        _ => Err("a key has to be a string"),
    }
}

fn scalar<'a>(data: &YamlData<'a, MarkedYaml<'a>>) -> Result<Value, &'static str> {
    let read = match data {
        YamlData::Representation(text, style, tag) => {
            if *style == ScalarStyle::Plain && tag.is_none() && text.bytes().all(|byte| byte.is_ascii_digit())
            {
                if let Ok(number) = text.parse::<u64>() {
                    return Ok(Value::Number(number.into()));
                }
                if !text.is_empty() {
                    return Err("the number is larger than 64 bits; quote it to have it as text");
                }
            }
            Scalar::parse_from_cow_and_metadata(text.clone(), *style, tag.as_ref())
                .ok_or("it is not what its tag says")?
        }
        YamlData::Value(scalar) => scalar.clone(),
        _ => return Err("it is no value"),
    };
    Ok(match read {
        Scalar::Null => Value::Null,
        Scalar::Boolean(truth) => Value::Bool(truth),
        Scalar::Integer(number) => Value::Number(number.into()),
        Scalar::FloatingPoint(number) => {
            let number = Number::from_f64(*number).ok_or("settings cannot hold infinite numbers and NaN")?;
            Value::Number(number)
        }
        Scalar::String(text) => Value::String(text.into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flaw(text: &str) -> Flaw {
        Sections::read(text).unwrap_err()
    }

    #[test]
    fn a_file_is_read_with_its_lines() {
        let text = "default: &d\n  theme: light\n  limits: {users: 10, big: 18446744073709551615}\n\
                    acme:\n  <<: *d\n  theme: ~\n  list:\n    - 1\n    - {x: 'yes'}\n42:\nempty: {}\n";
        let sections = Sections::read(text).unwrap();
        assert_eq!(
            Value::Object(sections.default.clone()),
            json!({"theme": "light", "limits": {"users": 10, "big": u64::MAX}})
        );
        assert_eq!(sections.tenants.keys().collect::<Vec<_>>(), ["42", "acme", "empty"]);
        let acme =
            json!({"theme": null, "list": [1, {"x": "yes"}], "limits": {"users": 10, "big": u64::MAX}});
        assert_eq!(Value::Object(sections.tenants["acme"].clone()), acme);
        let line = |tenant, field| sections.line(tenant, field);
        assert_eq!(line("acme", Some("theme")), Some(6));
        assert_eq!(line("acme", Some("list[1].x")), Some(9));
        assert_eq!(line("acme", Some("list[1].y.z")), Some(9));
        assert_eq!(line("acme", Some("missing")), line("acme", None));
        assert_eq!(line("empty", Some("limits.users")), Some(3), "where it inherits it from");
        assert_eq!(line("nobody", None), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let of = |flaw: Flaw| (flaw.line, flaw.section, flaw.field, flaw.reason);
        let (line, .., reason) = of(flaw("default:\n  a: [1\n"));
        assert!(line.is_some() && !reason.is_empty(), "{line:?} {reason}");
        assert!(flaw("").reason.contains("`default`"));
        assert!(flaw("acme: {}").reason.contains("no section `default`"));
        assert_eq!(flaw("- a").line, Some(1));
        let (line, section, field, reason) = of(flaw("default: {}\nacme:\n  a:\n    b: .nan\n"));
        assert_eq!((line, section.as_deref(), field.as_deref()), (Some(4), Some("acme"), Some("a.b")));
        assert!(reason.contains("NaN"), "{reason}");
        assert_eq!(flaw("default: {}\nacme: 5\n").section.as_deref(), Some("acme"));
        assert_eq!(flaw("default: {}\nacme:\n  a: 1\n  'a': 2\n").line, Some(4));
        assert_eq!(flaw("default: {}\nacme: {}\nacme: {}\n").line, Some(3));
        assert!(flaw("default: {}\n---\nacme: {}\n").reason.contains("second document"));
        assert!(flaw("default: {~absent: [a]}\n").reason.contains("~absent"));
        assert_eq!(flaw("default: {}\na: 99999999999999999999\n").line, Some(2));
        let deep = format!("default: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(flaw(&deep).reason.contains("deep"));
        // Each anchor ten times the one before.
        let mut bomb = "default:\n  a0: &a0 [1]\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("  a{level}: &a{level} [{items}]\n"));
        }
        assert!(flaw(&bomb).line.is_some());
    }
}
