//! What xtask.toml expects of hosts and homes, and what they are.

use serde_json::Value;

use super::{Clue, Facts, is_configuration, places_of_expectations};
use crate::config::{Expectation, Operator};
use crate::fleet::{Configuration, OutputResult, Read};
use crate::rules::Problem;
use crate::rules::finding::Finding;

/// The longest that an actual value is shown.
const LONGEST: usize = 200;

pub fn findings<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let places = places_of_expectations(facts.config_text);
    let mut findings = Vec::new();
    for (at, expectation) in facts.expectations.iter().enumerate() {
        let place = places.get(at).map(|place| format!(" at {place}")).unwrap_or_default();
        let selected = facts.results.iter().filter(|result| expectation.select.matches(&result.output));
        findings.extend(selected.filter_map(|result| unmet(expectation, result, &place)));
    }
    findings
}

/// Expectations of nothing at all.
pub fn selecting_nothing(facts: &Facts<'_>) -> Vec<Problem> {
    let places = places_of_expectations(facts.config_text);
    // A set that could not be listed may hold what is meant, and has failed by itself.
    let selects = |expectation: &Expectation| {
        facts
            .results
            .iter()
            .any(|result| is_configuration(&result.output) && expectation.select.matches(&result.output))
    };
    let empty = facts.expectations.iter().enumerate();
    let empty = empty.filter(|(_, expectation)| facts.all_hosts_known() && !selects(expectation));
    let problem = |(at, expectation): (usize, &Expectation)| {
        let fault = format!("the selector `{}` of this expectation fits no host and no home", expectation.select);
        Problem::new(places.get(at).cloned(), fault, "correct it: `cargo xtask outputs` lists hosts and homes")
    };
    empty.map(problem).collect()
}

fn unmet<'a>(expectation: &Expectation, result: &'a OutputResult, place: &str) -> Option<Finding<'a>> {
    // One that does not evaluate, or whose facts cannot be read, is told as that.
    let configuration = Configuration::of(result).ok().flatten()?;
    let attribute = expectation.attribute.to_string();
    let read = configuration.told.attributes.get(&attribute);
    let text = match read {
        None => format!("`{attribute}` was not read"),
        Some(Read::Throws) => format!("`{attribute}` cannot be read: it throws an error"),
        Some(read) if holds(&expectation.operator, read) => return None,
        Some(read) => {
            let (actual, expected) = (shown(read, &expectation.operator), expected(&expectation.operator));
            format!("`{attribute}` is {actual}, and is expected {expected}")
        }
    };
    let fix = format!("configure it so, or change the expectation{place}");
    Some(Finding::new((&result.output).into(), Clue::Option(attribute, value(read)), text, fix))
}

/// The value as the text of a file would say it.
fn value(read: Option<&Read>) -> Option<String> {
    match read {
        Some(Read::Value(Value::String(text))) => Some(text.clone()),
        Some(Read::Value(value @ (Value::Bool(_) | Value::Number(_)))) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether what was read is as expected.
fn holds(operator: &Operator, read: &Read) -> bool {
    let value = match read {
        Read::Value(value) => Some(value),
        Read::Absent | Read::Throws => None,
    };
    match operator {
        Operator::Equals(expected) => value == Some(expected),
        Operator::Contains(expected) => value.is_some_and(|value| expected.iter().all(|part| contains(value, part))),
        Operator::Subset(allowed) => match value {
            Some(Value::Array(elements)) => elements.iter().all(|element| allowed.contains(element)),
            Some(Value::Object(set)) => set.keys().all(|name| allowed.iter().any(|allowed| allowed == name)),
            _ => false,
        },
        Operator::Matches(pattern) => value.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text)),
        Operator::Absent(absent) => value.is_none_or(Value::is_null) == *absent,
        Operator::Count(count) => match value {
            Some(Value::Array(elements)) => elements.len() == *count,
            Some(Value::Object(set)) => set.len() == *count,
            _ => false,
        },
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.contains(part),
        Value::Object(set) => part.as_str().is_some_and(|name| set.contains_key(name)),
        Value::String(text) => part.as_str().is_some_and(|part| text.contains(part)),
        _ => false,
    }
}

fn expected(operator: &Operator) -> String {
    match operator {
        Operator::Equals(value) => format!("to equal {value}"),
        Operator::Contains(values) => format!("to contain {}", listed(values)),
        Operator::Subset(values) if values.is_empty() => "to be empty".to_owned(),
        Operator::Subset(values) => format!("to hold nothing but {}", listed(values)),
        Operator::Matches(pattern) => format!("to match `{pattern}`"),
        Operator::Absent(true) => "not to be there".to_owned(),
        Operator::Absent(false) => "to be there".to_owned(),
        Operator::Count(1) => "to hold 1 element".to_owned(),
        Operator::Count(count) => format!("to hold {count} elements"),
    }
}

fn listed(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

/// The actual value: of a set, of which only the names matter, the names.
fn shown(read: &Read, operator: &Operator) -> String {
    let text = match read {
        Read::Value(Value::Object(set)) if !matches!(operator, Operator::Equals(_)) => {
            let names: Vec<String> = set.keys().map(|name| Value::from(name.as_str()).to_string()).collect();
            format!("the set of {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") })
        }
        Read::Value(value) => value.to_string(),
        Read::Absent | Read::Throws => "not there".to_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operators() {
        let check = |table: &str, value: Value, expected: bool| {
            let text = format!("[[expect]]\nselect = \"nixos:*\"\nattribute = \"a\"\n{table}");
            let config = crate::config::Config::parse(&text).unwrap();
            let holds = holds(&config.expect[0].operator, &Read::Value(value.clone()));
            assert_eq!(holds, expected, "{table}, {value}");
        };
        check("equals = \"a\"", json!("a"), true);
        check("equals = \"a\"", json!("b"), false);
        check("equals = { a = [1] }", json!({"a": [1]}), true);
        check("equals = true", json!(1), false);
        check("contains = \"a\"", json!(["b", "a"]), true);
        check("contains = [\"a\", \"c\"]", json!(["b", "a"]), false);
        check("contains = \"a\"", json!({"a": "<not read>"}), true);
        check("contains = \"b\"", json!({"a": "b"}), false);
        check("contains = \"b\"", json!("abc"), true);
        check("contains = \"d\"", json!("abc"), false);
        check("contains = 3", json!(3), false);
        check("subset = [\"a\", \"b\"]", json!(["a"]), true);
        check("subset = [\"a\"]", json!(["a", "b"]), false);
        check("subset = [\"a\"]", json!({"a": "<not read>"}), true);
        check("subset = [\"a\"]", json!({"b": "a"}), false);
        check("subset = [\"a\"]", json!("a"), false);
        check("matches = \"^2[56]\\\\.\"", json!("25.11"), true);
        check("matches = \"^5\"", json!("25.11"), false);
        check("matches = \"3\"", json!(3), false);
        check("absent = true", json!(null), true);
        check("absent = true", json!(3), false);
        check("absent = false", json!(3), true);
        check("absent = false", json!(null), false);
        check("count = 2", json!([1, 2]), true);
        check("count = 2", json!({"a": 1}), false);
        check("count = 1", json!({"a": 1}), true);
        check("count = 1", json!("a"), false);
    }

    #[test]
    fn what_is_expected_is_said_in_words() {
        let check = |operator: Operator, text: &str| assert_eq!(expected(&operator), text);
        check(Operator::Equals(json!(["a"])), "to equal [\"a\"]");
        check(Operator::Contains(vec![json!("a"), json!(3)]), "to contain \"a\", 3");
        check(Operator::Subset(vec![json!("a"), json!("b")]), "to hold nothing but \"a\", \"b\"");
        check(Operator::Subset(Vec::new()), "to be empty");
        check(Operator::Matches(regex_lite::Regex::new("^a").unwrap()), "to match `^a`");
        check(Operator::Absent(true), "not to be there");
        check(Operator::Absent(false), "to be there");
        check(Operator::Count(1), "to hold 1 element");
        check(Operator::Count(2), "to hold 2 elements");
    }

    #[test]
    fn what_is_not_there() {
        let expected = |expected: Operator| holds(&expected, &Read::Absent);
        assert!(expected(Operator::Absent(true)) && !expected(Operator::Absent(false)));
        assert!(!expected(Operator::Equals(Value::Null)) && !expected(Operator::Count(0)));
        assert!(!expected(Operator::Contains(Vec::new())) && !expected(Operator::Subset(Vec::new())));
    }

    #[test]
    fn values_are_shown_as_far_as_they_matter() {
        let check = |value: Value, operator: Operator, expected: &str| {
            assert_eq!(shown(&Read::Value(value), &operator), expected);
        };
        check(json!({"a": 1, "b": 2}), Operator::Count(3), "the set of \"a\", \"b\"");
        check(json!({}), Operator::Count(3), "the set of nothing");
        check(json!({"a": 1}), Operator::Equals(json!(3)), "{\"a\":1}");
        check(json!("a".repeat(500)), Operator::Count(3), &format!("\"{}…", "a".repeat(LONGEST - 1)));
    }
}
