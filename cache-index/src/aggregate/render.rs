//! Aggregations written as the stages of `FT.AGGREGATE`.

use super::column::{Column, Holds};
use super::node::{self, Node, Operand, Scope, ValueType, presence_of_field, presence_of_key};
use super::plan::AggregatePlan;
use super::reducer::{Function, Reduce};
use super::rendered::RenderedAggregate;
use crate::aggregate_error::AggregateError;
use crate::error::QueryError;
use crate::kind::FieldKind;
use crate::schema::FieldDef;

/// `SORTASCMAP_MAXFIELDS` of RediSearch.
const MOST_SORT_KEYS: usize = 8;

/// A number whose eight bytes are in no string of UTF-8, and which stands behind each string among several keys: the
/// server tells groups apart by a hash over the bytes of the keys without anything between them, for which `ab`, `c` is
/// the same group as `a`, `bc`.
const SEPARATOR: &str = "(-1.7976931348623157e308)";

pub(super) fn render<M>(plan: &AggregatePlan<M>) -> Result<RenderedAggregate, QueryError> {
    let mut documents = Documents::default();
    for filter in &plan.filters {
        let text = documents.text(filter)?;
        documents.filters.push(text);
        let implied = node::implied(filter, &mut documents)?;
        documents.present.extend(implied);
    }
    let mut groups = Groups::default();
    let mut keys = Vec::new();
    for (number, key) in plan.keys.iter().enumerate() {
        let operand = documents.key(&key.node)?;
        groups.add_key(&key.name, &operand, key.value)?;
        let is_last = number + 1 == plan.keys.len();
        let separated = !is_last && key.value == ValueType::Text;
        keys.push(operand.text);
        if separated {
            let separator = format!("s{number}");
            keys.push(format!("@{separator}"));
            documents.separators.push(separator);
        }
    }
    for (name, reduce) in &plan.reducers {
        groups.reduce(name, reduce, &mut documents)?;
    }
    for (name, expr, value) in &plan.applied {
        let text = groups.text(expr)?;
        groups.apply(name, &text, *value)?;
    }
    for expr in &plan.having {
        let text = groups.text(expr)?;
        groups.stages.extend(["FILTER".to_owned(), text]);
        let implied = node::implied(expr, &mut groups)?;
        groups.present.extend(implied);
    }
    let mut sort = Vec::new();
    for (name, direction) in &plan.sort {
        let (column, operand) = groups.find(name)?;
        if let Holds::List(_) = column.holds {
            let (wanted, found) = ("values to sort by", column.holds.name());
            return Err(AggregateError::ColumnType { column: column.name.clone(), wanted, found }.into());
        }
        if operand.presence.is_some() {
            sort.extend([groups.presence(name)?, "DESC".to_owned()]);
        }
        sort.extend([operand.text, direction.keyword().to_owned()]);
    }
    if sort.len() > 2 * MOST_SORT_KEYS {
        return Err(AggregateError::SortKeys { keys: sort.len() / 2, most: MOST_SORT_KEYS }.into());
    }
    // Of an error in a stage behind the groups, RESP2 shows nothing but the rows before it. A sorter reads all of them
    // before it answers, so that the error is the answer.
    let computes = !plan.applied.is_empty() || !plan.having.is_empty();
    if sort.is_empty()
        && computes
        && let Some(column) = groups.columns.first()
    {
        sort = vec![format!("@{}", column.alias), "ASC".to_owned()];
    }
    let after = groups.rests();
    let mut before = documents.stages();
    before.extend(["GROUPBY".to_owned(), keys.len().to_string()]);
    before.extend(keys);
    before.extend(groups.reducers);
    before.extend(groups.stages);
    Ok(RenderedAggregate { before, sort, page: plan.page, after, columns: groups.columns })
}

/// What is read of the documents, and what is computed of each.
#[derive(Default)]
struct Documents {
    loaded: Vec<String>,
    filters: Vec<String>,
    separators: Vec<String>,
    applied: Vec<String>,
    present: Vec<Operand>,
}

impl Scope for Documents {
    fn field(&mut self, field: &FieldDef) -> Result<Operand, QueryError> {
        let name = field.name().to_string();
        let number = position(&mut self.loaded, &name);
        let text = format!("@f{number}");
        let presence = field.may_be_absent().then(|| presence_of_field(&text));
        Ok(Operand { text, name, presence })
    }

    fn column(&mut self, name: &str, _: Option<ValueType>) -> Result<Operand, QueryError> {
        Err(AggregateError::UnknownColumn { column: name.to_owned() }.into())
    }
}

/// Whether a reducer or a key can have the field as the server keeps it to sort by, digit for digit: to load it from each
/// document is a third more work where one other field is loaded.
///
/// Not where it may be missing: `null` is nothing there, and no longer told from a member that is not. The name must be
/// one that expressions can have, since columns are computed of keys, and no alias of ours.
fn is_at_hand(field: &FieldDef, name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_alias = || {
        let numbered = name.trim_end_matches(|last: char| last.is_ascii_digit());
        name.starts_with("e_") || numbered.len() < 2
    };
    field.kind() == FieldKind::Numeric
        && field.is_sortable()
        && !field.may_be_absent()
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(is_word)
        && !is_alias()
}

/// Where it is in the list, at the end if it was not.
fn position(list: &mut Vec<String>, text: &str) -> usize {
    list.iter().position(|known| known == text).unwrap_or_else(|| {
        list.push(text.to_owned());
        list.len() - 1
    })
}

impl Documents {
    /// A key, which may be missing: `null` is a group.
    fn key(&mut self, key: &Node) -> Result<Operand, QueryError> {
        self.operand(key, false)
    }

    /// A field as it is, anything else computed before the documents are grouped.
    fn operand(&mut self, of: &Node, must_be_present: bool) -> Result<Operand, QueryError> {
        if let Node::Field(def) = of {
            let name = def.name().to_string();
            if is_at_hand(def, &name) {
                return Ok(Operand { text: format!("@{name}"), name, presence: None });
            }
            let mut operand = self.field(def)?;
            if self.present.contains(&operand) {
                operand.presence = None;
            }
            if must_be_present && operand.presence.is_some() {
                return Err(AggregateError::MayBeMissing { name: operand.name }.into());
            }
            return Ok(operand);
        }
        let text = self.text(of)?;
        Ok(Operand { text: self.apply(&text), name: String::new(), presence: None })
    }

    fn text(&mut self, of: &Node) -> Result<String, QueryError> {
        let present = self.present.clone();
        node::render(of, self, &present)
    }

    fn apply(&mut self, text: &str) -> String {
        format!("@x{}", position(&mut self.applied, text))
    }

    /// A number in a list, with the digits that the server would leave out.
    fn whole(&mut self, of: &Node) -> Result<String, QueryError> {
        let text = self.operand(of, true)?.text;
        Ok(self.apply(&format!("format(\"%s %s\",{text},{})", rest(&text))))
    }

    fn stages(&self) -> Vec<String> {
        let mut stages = Vec::new();
        if !self.loaded.is_empty() {
            stages.extend(["LOAD".to_owned(), (self.loaded.len() * 3).to_string()]);
            for (number, name) in self.loaded.iter().enumerate() {
                stages.extend([format!("@{name}"), "AS".to_owned(), format!("f{number}")]);
            }
        }
        stages.extend(self.filters.iter().flat_map(|text| ["FILTER".to_owned(), text.clone()]));
        for (number, text) in self.applied.iter().enumerate() {
            stages.extend(apply(text, &format!("x{number}")));
        }
        stages.extend(self.separators.iter().flat_map(|alias| apply(SEPARATOR, alias)));
        stages
    }
}

fn apply(text: &str, alias: &str) -> [String; 4] {
    ["APPLY".to_owned(), text.to_owned(), "AS".to_owned(), alias.to_owned()]
}

/// What the amount of a number has beyond the twelve digits that the server writes. `abs` makes NaN of `null`, where
/// everything else would be an error.
fn rest(text: &str) -> String {
    format!("abs({text})-abs(to_number(to_str({text})))")
}

/// The columns of the groups, and what is computed of them.
#[derive(Default)]
struct Groups {
    columns: Vec<Column>,
    reducers: Vec<String>,
    stages: Vec<String>,
    present: Vec<Operand>,
}

impl Scope for Groups {
    fn field(&mut self, field: &FieldDef) -> Result<Operand, QueryError> {
        Err(AggregateError::UnknownColumn { column: field.name().to_string() }.into())
    }

    fn column(&mut self, name: &str, wanted: Option<ValueType>) -> Result<Operand, QueryError> {
        let (column, operand) = self.find(name)?;
        if wanted.is_some_and(|wanted| column.holds != Holds::One(wanted)) {
            let wanted = wanted.map_or("values", ValueType::name);
            let found = column.holds.name();
            return Err(AggregateError::ColumnType { column: operand.name, wanted, found }.into());
        }
        Ok(operand)
    }
}

impl Groups {
    fn text(&mut self, expr: &Node) -> Result<String, QueryError> {
        let present = self.present.clone();
        node::render(expr, self, &present)
    }

    fn find(&self, name: &str) -> Result<(&Column, Operand), QueryError> {
        let unknown = || AggregateError::UnknownColumn { column: name.to_owned() };
        let column = self.columns.iter().find(|column| column.name == name).ok_or_else(unknown)?;
        let text = format!("@{}", column.alias);
        let presence = column.presence.as_ref().map(|presence| format!("@{presence}"));
        Ok((column, Operand { text, name: name.to_owned(), presence }))
    }

    fn presence(&self, name: &str) -> Result<String, QueryError> {
        Ok(self.find(name)?.1.presence.unwrap_or_default())
    }

    fn add(
        &mut self,
        name: &str,
        alias: String,
        holds: Holds,
        presence: Option<String>,
    ) -> Result<(), QueryError> {
        if self.columns.iter().any(|column| column.name == name) {
            return Err(AggregateError::RepeatedColumn { column: name.to_owned() }.into());
        }
        self.columns.push(Column {
            name: name.to_owned(),
            alias,
            holds,
            presence,
            is_count: false,
            rest: None,
        });
        Ok(())
    }

    fn add_key(&mut self, name: &str, key: &Operand, value: ValueType) -> Result<(), QueryError> {
        let presence = key.presence.as_ref().map(|_| {
            let alias = format!("q{}", self.columns.len());
            self.stages.extend(apply(&presence_of_key(&key.text), &alias));
            alias
        });
        self.add(name, key.text.trim_start_matches('@').to_owned(), Holds::One(value), presence)
    }

    fn apply(&mut self, name: &str, text: &str, value: ValueType) -> Result<(), QueryError> {
        let alias = format!("a{}", self.columns.len());
        self.stages.extend(apply(text, &alias));
        self.add(name, alias, Holds::One(value), None)
    }

    /// `REDUCE keyword n arguments AS alias`.
    fn call(&mut self, keyword: &str, arguments: &[&str], alias: &str) {
        self.reducers.extend(["REDUCE", keyword, &arguments.len().to_string()].map(str::to_owned));
        self.reducers.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self.reducers.extend(["AS".to_owned(), alias.to_owned()]);
    }

    fn reduce(&mut self, name: &str, reduce: &Reduce, documents: &mut Documents) -> Result<(), QueryError> {
        let alias = format!("r{}", self.columns.len());
        let (holds, presence) = match reduce {
            Reduce::Invalid(error) => return Err(error.clone().into()),
            Reduce::Count => {
                self.call("COUNT", &[], &alias);
                (Holds::One(ValueType::Number), None)
            }
            Reduce::Distinct { keyword, of } => {
                let of = documents.operand(of, false)?.text;
                self.call(keyword, &[&of], &alias);
                (Holds::One(ValueType::Number), None)
            }
            Reduce::Numeric { function, of } => {
                let of = documents.operand(of, false)?;
                (Holds::One(ValueType::Number), self.numeric(*function, of, &alias, documents)?)
            }
            Reduce::FirstBy { of, value, by, direction } => {
                let (of, by) = (documents.operand(of, true)?.text, documents.operand(by, true)?.text);
                self.call("FIRST_VALUE", &[&of, "BY", &by, direction.keyword()], &alias);
                (Holds::One(*value), None)
            }
            Reduce::List { of, value } => {
                let of = match value {
                    ValueType::Number => documents.whole(of)?,
                    _ => documents.operand(of, false)?.text,
                };
                self.call("TOLIST", &[&of], &alias);
                (Holds::List(*value), None)
            }
            Reduce::Sample { of, value, size } => {
                let of = match value {
                    ValueType::Number => documents.whole(of)?,
                    _ => documents.operand(of, true)?.text,
                };
                self.call("RANDOM_SAMPLE", &[&of, &size.to_string()], &alias);
                (Holds::List(*value), None)
            }
        };
        self.add(name, alias, holds, presence)?;
        if let Some(column) = self.columns.last_mut() {
            column.is_count = matches!(reduce, Reduce::Count | Reduce::Distinct { .. });
        }
        Ok(())
    }

    /// A reducer of a number, which may be missing: the server answers 0 where all are, and divides by all documents where
    /// some are. So those that have it are counted. The answer is the column that says whether there are any.
    fn numeric(
        &mut self,
        function: Function,
        of: Operand,
        alias: &str,
        documents: &mut Documents,
    ) -> Result<Option<String>, QueryError> {
        let Some(presence) = of.presence.filter(|_| function != Function::Sum) else {
            let quantile =
                if let Function::Quantile(quantile) = function { Some(quantile.to_string()) } else { None };
            let arguments: Vec<&str> = std::iter::once(of.text.as_str()).chain(quantile.as_deref()).collect();
            self.call(function.keyword(), &arguments, alias);
            return Ok(None);
        };
        let (number, present) = (self.columns.len(), documents.apply(&presence));
        let (count, total) = (format!("n{number}"), format!("t{number}"));
        self.call("SUM", &[&present], &count);
        match function {
            Function::Avg => {
                self.call("SUM", &[&of.text], &total);
                self.stages.extend(apply(&format!("@{total}/(@{count}+(@{count}==0))"), alias));
            }
            other => {
                self.numeric(other, Operand { presence: None, ..of }, alias, documents)?;
            }
        }
        let some = format!("q{number}");
        self.stages.extend(apply(&format!("@{count}>0"), &some));
        Ok(Some(some))
    }

    /// The stages that compute what is left out of the columns' digits.
    fn rests(&mut self) -> Vec<String> {
        let mut stages = Vec::new();
        for column in &mut self.columns {
            if column.holds != Holds::One(ValueType::Number) || column.is_count {
                continue;
            }
            let alias = format!("e_{}", column.alias);
            stages.extend(apply(&rest(&format!("@{}", column.alias)), &alias));
            column.rest = Some(alias);
        }
        stages
    }
}
