//! `[[expect]]` of xtask.toml: what the owner of a fleet wants to be true of hosts and homes.

use anyhow::{Result, bail};
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::fleet::{Asked, AttrPath, Output, Selector};

/// One expectation, read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Table")]
pub struct Expectation {
    /// The hosts and homes that it is about.
    #[cfg_attr(test, schemars(skip))]
    pub select: Selector,
    /// Where the value is below their `config`.
    #[cfg_attr(test, schemars(skip))]
    pub attribute: AttrPath,
    /// What must be true of it.
    #[cfg_attr(test, schemars(skip))]
    pub operator: Operator,
}

/// What must be true of a value.
#[derive(Debug, Clone)]
pub enum Operator {
    /// It is this.
    Equals(Value),
    /// It holds each of these.
    Contains(Vec<Value>),
    /// It holds none but these.
    Subset(Vec<Value>),
    /// It is a text that fits.
    Matches(Regex),
    /// It is not there, or is there.
    Absent(bool),
    /// It holds as many.
    Count(usize),
}

/// What hosts or homes must be. Exactly one of `equals`, `contains`, `subset`, `matches`, `absent` and `count` says what. Of the value,
/// a package counts as its name and a function as `<function>`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Table {
    /// The hosts and homes that this is about, as on the command line: `nixos:web*`, `darwin:*`, `homeConfigurations`. One that
    /// names none is a problem.
    select: SelectorText,
    /// Where the value is below the configuration's `config`: `system.primaryUser`.
    attribute: AttributeText,
    /// The value is this.
    equals: Option<Value>,
    /// The value holds this, or each of a list: elements of a list, names of a set, a part of a text.
    contains: Option<Value>,
    /// The value, a list or a set, holds no elements or names but these.
    subset: Option<Vec<Value>>,
    /// The value is a text with a part that fits this regular expression; `^` and `$` bind it to the beginning and the end.
    matches: Option<PatternText>,
    /// `true`: the value is not there, or null; `false`: it is there.
    absent: Option<bool>,
    /// The value is a list or a set of as many elements or names.
    count: Option<usize>,
}

impl TryFrom<Table> for Expectation {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        read(table).map_err(|error| format!("{error:#}"))
    }
}

fn read(table: Table) -> Result<Expectation> {
    let (select, attribute) = (table.select.0, table.attribute.0);
    let contains = table.contains.map(|value| match value {
        Value::Array(values) => values,
        value => vec![value],
    });
    let given = [
        table.equals.map(Operator::Equals),
        contains.map(Operator::Contains),
        table.subset.map(Operator::Subset),
        table.matches.map(|pattern| Operator::Matches(pattern.0)),
        table.absent.map(Operator::Absent),
        table.count.map(Operator::Count),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(operator), None) => Ok(Expectation { select, attribute, operator }),
        _ => bail!("an expectation has exactly one of `equals`, `contains`, `subset`, `matches`, `absent` and `count`"),
    }
}

/// A selector of hosts and homes.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "String"))]
pub struct SelectorText(Selector);

impl TryFrom<String> for SelectorText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: anyhow::Error| format!("{error:#}"))
    }
}

/// A place below a configuration.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "String"))]
pub struct AttributeText(AttrPath);

impl TryFrom<String> for AttributeText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        AttrPath::parse(&text).map(Self).map_err(|error| format!("{error:#}"))
    }
}

/// A regular expression for values.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "String"))]
pub struct PatternText(Regex);

impl TryFrom<String> for PatternText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Regex::new(&text).map(Self).map_err(|error| format!("`{text}` is no regular expression: {error}"))
    }
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Equals(one), Self::Equals(other)) => one == other,
            (Self::Contains(one), Self::Contains(other)) | (Self::Subset(one), Self::Subset(other)) => one == other,
            (Self::Matches(one), Self::Matches(other)) => one.as_str() == other.as_str(),
            (Self::Absent(one), Self::Absent(other)) => one == other,
            (Self::Count(one), Self::Count(other)) => one == other,
            _ => false,
        }
    }
}

/// What must be read of `output` to tell whether it is as expected; each attribute once.
#[must_use]
pub fn asked(expectations: &[Expectation], output: &Output) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    for expectation in expectations.iter().filter(|expectation| expectation.select.matches(output)) {
        let deep = matches!(expectation.operator, Operator::Equals(_));
        match all.iter_mut().find(|asked| asked.path == expectation.attribute) {
            Some(asked) => asked.deep |= deep,
            None => all.push(Asked { path: expectation.attribute.clone(), deep }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn check(text: &str, expected: Result<Operator, &str>) {
        let text = format!("[[expect]]\nselect = \"nixos:web\"\nattribute = \"a.b\"\n{text}");
        let read = Config::parse(&text).map(|mut config| config.expect.remove(0).operator);
        assert_eq!(read.map_err(|error| format!("{error:#}")), expected.map_err(str::to_owned));
    }

    #[test]
    fn exactly_one_operator_is_read() {
        check("equals = 3", Ok(Operator::Equals(3.into())));
        check("contains = \"a\"", Ok(Operator::Contains(vec!["a".into()])));
        check("contains = [\"a\", \"b\"]", Ok(Operator::Contains(vec!["a".into(), "b".into()])));
        check("subset = []", Ok(Operator::Subset(Vec::new())));
        check("matches = \"^a\"", Ok(Operator::Matches(Regex::new("^a").unwrap())));
        check("absent = true", Ok(Operator::Absent(true)));
        check("count = 2", Ok(Operator::Count(2)));
        let one = "xtask.toml:1:1: an expectation has exactly one of `equals`, `contains`, `subset`, `matches`, `absent` and `count`";
        check("", Err(one));
        check("count = 2\nequals = 3", Err(one));
    }

    #[test]
    fn each_attribute_is_asked_once_and_only_of_what_is_selected() {
        let expectation = |select: &str, attribute: &str, operator| Expectation {
            select: select.parse().unwrap(),
            attribute: AttrPath::parse(attribute).unwrap(),
            operator,
        };
        let expectations = [
            expectation("nixos:web", "a", Operator::Count(1)),
            expectation("nixos:*", "a", Operator::Equals(Value::Null)),
            expectation("nixos:*", "b", Operator::Count(1)),
            expectation("darwin:*", "c", Operator::Count(1)),
        ];
        let attr = AttrPath::new(["nixosConfigurations", "web"]);
        let output = Output { attr, kind: "nixos".to_owned(), system: None };
        let path = |name: &str| AttrPath::new([name]);
        let expected = [Asked { path: path("a"), deep: true }, Asked { path: path("b"), deep: false }];
        assert_eq!(asked(&expectations, &output), expected);
    }
}
