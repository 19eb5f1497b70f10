//! A filter as query text of dialect 2, with every value bound.

use std::collections::HashSet;
use std::fmt;
use std::ops::Bound;

use super::node::{Affix, Node, NumericRange, Test};
use super::reader::Reader;
use super::render_groups::Within;
use super::superset::{inexact, superset};
use crate::error::QueryError;
use crate::params::Params;
use crate::schema::FieldDef;
use crate::text::{self, Word};

/// A filter as the server reads it.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, i64, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// let rendered = User::AGE.between(18..65).render()?;
/// assert_eq!(rendered.to_string(), "@age:[$p0 ($p1]");
/// assert_eq!(rendered.params().values(), [b"18", b"65"]);
/// assert!(User::AGE.eq(i64::MAX).render()?.is_inexact(), "the index confuses it with its neighbours");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub(super) text: String,
    pub(super) params: Params,
    nothing: bool,
    inexact: Option<&'static str>,
    expansions: Expansions,
    pub(super) distance: Option<String>,
}

/// The parts of values of a query by themselves, as a query of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Expansions {
    text: String,
    params: Params,
}

impl Rendered {
    /// The query text. It holds field names, operators and references, never a value.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values behind the references.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Whether no document can pass, so that there is nothing to ask: the query language has no word for it.
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// Whether the server's answer may hold more than what is meant, so that each document is to be checked with
    /// [`Filter::confirms_json`](crate::Filter::confirms_json), and their number alone means nothing.
    pub fn is_inexact(&self) -> bool {
        self.inexact.is_some()
    }

    /// What of the filter the server decides only in part, in words; `None`: nothing.
    pub fn inexact(&self) -> Option<&'static str> {
        self.inexact
    }

    /// The name under which the server answers how far each document's vector is, and by which such answers are sorted;
    /// `None`: the query is not about the [nearest](crate::Nearest).
    pub fn distance(&self) -> Option<&str> {
        self.distance.as_deref()
    }

    /// The parts of values in the query, which the server expands into terms and stops at `MAXPREFIXEXPANSIONS`, as the text
    /// and the values of a query of their own; `None`: there are none.
    pub fn expansions(&self) -> Option<(&str, &Params)> {
        let Expansions { text, params } = &self.expansions;
        (!text.is_empty()).then_some((text, params))
    }
}

/// The query text, with references in place of values.
impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.nothing { "nothing" } else { &self.text })
    }
}

pub(super) fn render(node: &Node, reader: Reader<'_>) -> Result<Rendered, QueryError> {
    let mut out = Renderer {
        reader,
        text: String::new(),
        params: Params::default(),
        expansions: Expansions::default(),
        negated: false,
        within: Within::default(),
        lying: false,
        sounds: None,
    };
    let inexact = inexact(node, reader);
    let asked = superset(node, reader);
    let nothing = asked == Node::None;
    if !nothing {
        out.node(&asked)?;
    }
    let (text, params, expansions) = (out.text, out.params, out.expansions);
    Ok(Rendered { text, params, nothing, inexact, expansions, distance: None })
}

/// How many words stand side by side before they are put into groups: the server's parser gives up at 252.
pub(super) const WORDS_TOGETHER: usize = 100;

pub(super) struct Renderer<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) text: String,
    params: Params,
    expansions: Expansions,
    /// Within a negation, where the server does not look for a word's other inflections by itself.
    pub(super) negated: bool,
    /// What it stands in.
    pub(super) within: Within,
    /// Whether there was a condition on shapes already.
    lying: bool,
    /// What stands behind each word. Behind a group of words the server may overlook it (RediSearch 2.10.5).
    pub(super) sounds: Option<&'static str>,
}

impl Renderer<'_> {
    pub(super) fn node(&mut self, node: &Node) -> Result<(), QueryError> {
        match node {
            Node::Invalid(error) => return Err(error.clone()),
            // Constants stand alone or not at all; see `Node`.
            Node::All | Node::None => self.text.push('*'),
            Node::And(group) => self.all(group.nodes())?,
            // In dialect 2, what stands side by side holds together more closely than what `|` separates.
            Node::Or(group) => self.any(group.nodes())?,
            Node::Not(inner) => self.negation(inner)?,
            Node::Optional(inner) => self.optional(inner)?,
            Node::Weighted(weight, inner) => {
                self.nested(inner, |_| false)?;
                self.text.push_str(&format!("=>{{$weight:{weight}}}"));
            }
            Node::Raw(raw) => raw.render(&mut self.text, &mut self.params)?,
            // The tree that the server is asked for has none; see `superset`.
            Node::Any(_, inner) => self.node(inner)?,
            Node::Leaf(field, test @ Test::Lying(_)) if std::mem::replace(&mut self.lying, true) => {
                // RediSearch 2.10.5 loses documents where two conditions on shapes must hold; not where one of them is
                // the negation of a negation.
                self.text.push_str("-(-(");
                self.twice(field, test)?;
                self.text.push_str("))");
            }
            Node::Leaf(field, test) => self.leaf(field, test)?,
        }
        Ok(())
    }

    /// What is part of something, in parentheses if that would read otherwise without them.
    pub(super) fn nested(&mut self, node: &Node, is_looser: fn(&Node) -> bool) -> Result<(), QueryError> {
        // Nobody knows what is in a raw query.
        if !matches!(node, Node::Raw(_)) && !is_looser(node) {
            return self.node(node);
        }
        self.text.push('(');
        self.node(node)?;
        self.text.push(')');
        Ok(())
    }

    pub(super) fn leaf(&mut self, field: &FieldDef, test: &Test) -> Result<(), QueryError> {
        if *test == Test::Missing {
            self.text.push_str(&format!("ismissing(@{})", field.name()));
            return Ok(());
        }
        self.text.push_str(&format!("@{}:", field.name()));
        match test {
            Test::TagIn(tags) => {
                self.text.push('{');
                let mut seen = HashSet::new();
                for tag in tags {
                    if !seen.insert(tag) {
                        continue;
                    }
                    if seen.len() > 1 {
                        self.text.push('|');
                    }
                    self.params.bind(&mut self.text, escape_tag(tag));
                }
                self.text.push('}');
            }
            Test::TagLike(affix, part) => {
                let around = match affix {
                    Affix::Prefix => ["{", "*}"],
                    Affix::Suffix => ["{*", "}"],
                    Affix::Infix => ["{*", "*}"],
                };
                self.expanded(field, around, escape_tag(part).as_bytes());
            }
            Test::Range(range) => self.range(range),
            Test::Integer(number) => {
                let double = Bound::Included(*number as f64);
                self.range(&NumericRange { start: double, end: double });
            }
            Test::Words(words) => {
                self.quiet(field);
                self.words(field, words)?;
            }
            Test::Sounds(_) if self.reader.is_verbatim() => {
                return Err(QueryError::NotVerbatim { field: field.name() });
            }
            Test::Sounds(_) if self.negated => {
                return Err(QueryError::NotNegatable { field: field.name(), what: "`sounds_like`" });
            }
            Test::Sounds(words) => {
                self.sounds = Some("=>{$phonetic:true}");
                self.words(field, words)?;
            }
            Test::Empty => self.text.push_str("(\"\")"),
            Test::Radius(radius) => radius.render(&mut self.text, &mut self.params),
            Test::Lying(lying) => lying.render(&mut self.text, &mut self.params),
            Test::Similar(range) => range.render(&mut self.text, &mut self.params),
            // Have another form; see above, and `superset`.
            Test::Missing | Test::Wildcard(_) => {}
            Test::AnyWord(words) => self.any_word(field, words)?,
            Test::Phrase(phrase) => self.phrase(field, phrase)?,
            Test::Fuzzy(word, distance) => self.fuzzy(field, word, *distance)?,
            Test::WordLike(affix, part) => self.word_like(field, *affix, part)?,
        }
        Ok(())
    }

    /// A part of a value, which the server expands into the values that have it.
    pub(super) fn expanded(&mut self, field: &FieldDef, [before, behind]: [&str; 2], part: &[u8]) {
        let alone = &mut self.expansions;
        if !alone.text.is_empty() {
            alone.text.push('|');
        }
        alone.text.push_str(&format!("@{}:", field.name()));
        for (text, params) in [(&mut self.text, &mut self.params), (&mut alone.text, &mut alone.params)] {
            text.push_str(before);
            params.bind(text, part);
            text.push_str(behind);
        }
    }

    fn range(&mut self, range: &NumericRange) {
        self.text.push('[');
        self.bound(range.start, "-inf");
        self.text.push(' ');
        self.bound(range.end, "+inf");
        self.text.push(']');
    }

    fn bound(&mut self, bound: Bound<f64>, open: &str) {
        match bound {
            Bound::Unbounded => self.text.push_str(open),
            Bound::Included(number) => self.params.bind_number(&mut self.text, number),
            Bound::Excluded(number) => {
                // The parenthesis belongs to the text: the server ignores one within a bound value.
                self.text.push('(');
                self.params.bind_number(&mut self.text, number);
            }
        }
    }

    pub(super) fn words(&mut self, field: &FieldDef, text: &str) -> Result<(), QueryError> {
        let words = text::distinct_words(text, self.reader.schema.stopwords());
        if words.is_empty() {
            return Err(QueryError::NoTerms { field: field.name(), text: text.to_owned() });
        }
        if let [word] = &words[..] {
            return self.word(field, word);
        }
        self.text.push('(');
        if words.len() <= WORDS_TOGETHER {
            self.side_by_side(field, &words)?;
        } else {
            for some in words.chunks(WORDS_TOGETHER) {
                self.text.push('(');
                self.side_by_side(field, some)?;
                self.text.push(')');
            }
        }
        self.text.push(')');
        Ok(())
    }

    fn side_by_side(&mut self, field: &FieldDef, words: &[Word]) -> Result<(), QueryError> {
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                self.text.push(' ');
            }
            self.word(field, word)?;
        }
        Ok(())
    }

    pub(super) fn word(&mut self, field: &FieldDef, word: &Word) -> Result<(), QueryError> {
        if !text::is_searchable(&word.whole) {
            return Err(QueryError::UnsearchableTerm { field: field.name() });
        }
        let stemmer = self.negated.then(|| self.reader.stemmer()).flatten();
        let mut forms = text::terms(word, stemmer.as_ref());
        if let [form] = &mut forms[..] {
            self.form(std::mem::take(form));
            return Ok(());
        }
        self.text.push('(');
        for (number, form) in forms.into_iter().enumerate() {
            if number > 0 {
                self.text.push('|');
            }
            self.form(form);
        }
        self.text.push(')');
        Ok(())
    }

    fn form(&mut self, form: Vec<u8>) {
        self.params.bind(&mut self.text, form);
        self.text.push_str(self.sounds.unwrap_or_default());
    }
}

/// A tag as a parameter: the server drops a backslash before punctuation or blank, so each one is doubled.
fn escape_tag(tag: &str) -> String {
    tag.replace('\\', r"\\")
}
