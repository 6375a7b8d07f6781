//! Expressions of GitHub, `${{ matrix.system == 'x86_64-linux' && 'a' || 'b' }}`, as far as a workflow alone tells their values.

/// What stands where a value is known at run time only.
pub const UNKNOWN: char = '\u{0}';

/// What a name such as `matrix.system` stands for.
pub type Scope<'a> = &'a dyn Fn(&str) -> Option<String>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Truth(bool),
    Unknown,
}

impl Value {
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) => Some(!text.is_empty()),
            Self::Truth(truth) => Some(*truth),
            Self::Unknown => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Truth(truth) => truth.to_string(),
            Self::Unknown => UNKNOWN.to_string(),
        }
    }
}

/// `text` with its expressions replaced by their values; by [`UNKNOWN`] where nothing tells them.
#[must_use]
pub fn fill(text: &str, scope: Scope<'_>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((expression, after)) = after.split_once("}}") else { break };
        filled.push_str(before);
        filled.push_str(&value(expression, scope).text());
        rest = after;
    }
    filled + rest
}

/// Whether the condition holds where everything before it went well; nothing if only a run can tell.
#[must_use]
pub fn holds(condition: &str, scope: Scope<'_>) -> Option<bool> {
    let bare = condition.trim();
    let bare = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    value(bare, scope).truth()
}

fn value(expression: &str, scope: Scope<'_>) -> Value {
    let mut parser = Parser { rest: expression.trim(), scope };
    let value = parser.either();
    // What was not read to its end was not understood.
    if parser.rest.trim().is_empty() { value } else { Value::Unknown }
}

struct Parser<'a> {
    rest: &'a str,
    scope: Scope<'a>,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn either(&mut self) -> Value {
        let mut left = self.both();
        while self.takes("||") {
            let right = self.both();
            left = match left.truth() {
                Some(true) => left,
                Some(false) => right,
                None => Value::Unknown,
            };
        }
        left
    }

    fn both(&mut self) -> Value {
        let mut left = self.compared();
        while self.takes("&&") {
            let right = self.compared();
            left = match (left.truth(), right.truth()) {
                (Some(true), _) => right,
                (Some(false), _) => left,
                (None, Some(false)) => right,
                (None, _) => Value::Unknown,
            };
        }
        left
    }

    fn compared(&mut self) -> Value {
        let left = self.one();
        let same = if self.takes("==") {
            true
        } else if self.takes("!=") {
            false
        } else {
            return left;
        };
        let right = self.one();
        if left == Value::Unknown || right == Value::Unknown {
            return Value::Unknown;
        }
        Value::Truth(left.text().eq_ignore_ascii_case(&right.text()) == same)
    }

    fn one(&mut self) -> Value {
        if self.takes("!") {
            return self.one().truth().map_or(Value::Unknown, |truth| Value::Truth(!truth));
        }
        if self.takes("(") {
            let inner = self.either();
            return if self.takes(")") { inner } else { Value::Unknown };
        }
        if self.takes("'") {
            let Some((text, rest)) = self.rest.split_once('\'') else { return Value::Unknown };
            self.rest = rest;
            return Value::Text(text.to_owned());
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if self.takes("(") {
            return self.called(name);
        }
        match name {
            "true" => Value::Truth(true),
            "false" => Value::Truth(false),
            name => match (self.scope)(name) {
                Some(text) if text.contains(UNKNOWN) => Value::Unknown,
                Some(text) if text == "true" || text == "false" => Value::Truth(text == "true"),
                Some(text) => Value::Text(text),
                None => Value::Unknown,
            },
        }
    }

    /// The value of a function whose arguments begin here.
    fn called(&mut self, name: &str) -> Value {
        let mut depth = 1_u32;
        let end = self.rest.find(|c| {
            depth = match c {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let Some(end) = end else { return Value::Unknown };
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        match name {
            "always" | "success" => Value::Truth(true),
            "failure" | "cancelled" => Value::Truth(false),
            _ => Value::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str) -> Option<String> {
        match name {
            "matrix.system" => Some("aarch64-linux".to_owned()),
            "matrix.push" => Some("false".to_owned()),
            "matrix.none" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn expressions_have_the_values_that_a_workflow_tells() {
        let check = |text: &str, expected: &str| assert_eq!(fill(text, &scope), expected, "{text}");
        check("a ${{ matrix.system }} b", "a aarch64-linux b");
        check("${{ matrix.other }}", "\0");
        check(
            "${{ (matrix.system == 'x86_64-linux' && 'ubuntu-latest')\n || (matrix.system == 'aarch64-linux' && 'arm') }}",
            "arm",
        );
        check("${{ matrix.none || 'b' }}", "b");
        check("${{ fromJSON(needs.plan.outputs.m) }}x", "\0x");
        check("${{ 'open }}", "\0");
        check("${{ 'a' 'b' }}", "\0");
        check("a ${{ never closed", "a ${{ never closed");
    }

    #[test]
    fn conditions_hold_or_do_not_or_nobody_knows() {
        let check = |text: &str, expected: Option<bool>| assert_eq!(holds(text, &scope), expected, "{text}");
        check("matrix.system == 'AARCH64-linux'", Some(true));
        check("${{ matrix.system != 'aarch64-linux' }}", Some(false));
        check("matrix.push", Some(false));
        check("!matrix.push", Some(true));
        check("always()", Some(true));
        check("!cancelled() && success()", Some(true));
        check("failure()", Some(false));
        check("github.ref == 'refs/heads/main'", None);
        check("github.ref == 'a' && matrix.push", Some(false));
        check("github.ref == 'a' && !matrix.push", None);
        check("matrix.push || github.ref", None);
        check("github.ref || !matrix.push", None);
        check("contains(github.ref, 'x') || true", None);
        check("(true", None);
    }
}
