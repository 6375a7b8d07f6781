//! Every fault that xtask.toml may have is told with its line, its column, and what would be right.

use serde_json::Value;

use crate::config::Config;

fn fault(text: &str) -> String {
    format!("{:#}", Config::parse(text).unwrap_err())
}

/// The text, of lines parted by ` / `, is refused with these words.
fn check(text: &str, expected: &str) {
    assert_eq!(fault(&text.replace(" / ", "\n")), format!("xtask.toml:{expected}"), "{text}");
}

#[test]
fn what_is_no_toml() {
    check("[lock", "1:6: unclosed table, expected `]`");
    check("[lock] / max_age_days = ", "2:16: string values must be quoted, expected literal string");
    check("[lock] / [lock]", "2:2: duplicate key");
    check("[lock] / max_age_days = 1 / max_age_days = 2", "3:1: duplicate key");
    check("a = \"b", "1:7: invalid basic string, expected `\"`");
}

#[test]
fn unknown_keys() {
    check("lok = 1", "1:1: unknown key `lok`: did you mean `lock`?");
    check(" / [lock] / allowed_owner = []", "3:1: unknown key `allowed_owner`: did you mean `allowed_owners`?");
    check("[secrets] / zzz = 1", "2:1: unknown key `zzz`: known are `ignore`");
    check("[[expect]] / eqals = 3", "2:1: unknown key `eqals`: did you mean `equals`?");
    check("[autowiring] / layot = 3", "2:1: unknown key `layot`: did you mean `layout`?");
}

#[test]
fn values_of_another_type() {
    check("[lock] / allowed_owners = 3", "2:18: expected a list in brackets, not integer `3`");
    check("[lock] / allowed_owners = [ / \"a\", / 3]", "4:1: expected a text in quotes, not integer `3`");
    check("[lock] / max_age_days = \"90\"", "2:16: expected a whole number from 0, not string \"90\"");
    check("[lock] / max_age_days = -1", "2:16: expected a whole number from 0, not integer `-1`");
    check("lock = true", "1:8: expected a table, not boolean `true`");
    check("[cache] / allow_dirty = 1", "2:15: expected `true` or `false`, not integer `1`");
    check(
        "[autowiring] / layout = 3",
        "2:10: expected the name of a layout, or a table of folders and sets, not integer `3`",
    );
    check("[autowiring.layout] / hosts = 3", "2:9: expected a text in quotes, not integer `3`");
    check("[[kind]] / name = \"image\"", "1:1: the key `set` is missing here");
}

#[test]
fn kinds() {
    let kind = |text: &str| format!("[[kind]] / name = \"a\" / set = \"as.*\" /  / [[kind]] / {text}");
    check(&kind("name = \"nixos\" / set = \"x.*\""), "6:8: the kind `nixos` exists already: choose another name");
    check(&kind("name = \"a\" / set = \"x.*\""), "6:8: the kind `a` exists already: choose another name");
    check(&kind("name = \"b\" / set = \"x\""), "7:7: the set `x` of kind `b` must end in `*` or `**`");
    let path = "`a..b` is not an attribute path: a component is empty";
    check(&kind("name = \"b\" / set = \"x.*\" / derivation = \"a..b\""), &format!("8:14: {path}"));
}

#[test]
fn layouts() {
    check("[autowiring] / layout = \"blueprnt\"", "2:10: unknown value `blueprnt`: did you mean `blueprint`?");
    let star = "the set `nixosConfigurations.*` of the folder `hosts` must not hold `*`: it is a set, such as \
                `nixosConfigurations`";
    check(
        "[autowiring.layout] / homes = \"homeConfigurations\" / hosts = \"nixosConfigurations.*\"",
        &format!("3:9: {star}"),
    );
    check("[autowiring] / layout = { \"/\" = \"a\" }", "2:18: the set `a` needs a folder below the repository");
    let path = "`a..b` is not an attribute path: a component is empty";
    check("[autowiring] / unexpected = [ / \"a.b\", / \"a..b\", / ]", &format!("4:1: {path}"));
    check("[autowiring.expected] / a = [] / \"a..b\" = [\"c\"]", &format!("3:1: {path}"));
}

#[test]
fn expectations() {
    let path = |text: &str| format!("`{text}` is not an attribute path: a component is empty");
    let expect = |select: &str, attribute: &str, rest: &str| {
        format!("[[expect]] / select = \"{select}\" / attribute = \"{attribute}\" / {rest}")
    };
    check(&expect("a..b", "x", "count = 1"), &format!("2:10: {}", path("a..b")));
    check(&expect("a", "x..y", "count = 1"), &format!("3:13: {}", path("x..y")));
    let error = fault(&expect("a", "x", "matches = \"(\"").replace(" / ", "\n"));
    assert!(error.starts_with("xtask.toml:4:11: `(` is no regular expression: "), "{error}");
    let one = "an expectation has exactly one of `equals`, `contains`, `subset`, `matches`, `absent` and `count`";
    check(&expect("a", "x", ""), &format!("1:1: {one}"));
    check(&expect("a", "x", "count = 1 / absent = true"), &format!("1:1: {one}"));
    check("[[expect]] / select = \"a\"", "1:1: the key `attribute` is missing here");
}

#[test]
fn elements_of_lists() {
    check(
        "[cache] / token_env = [ / \"A\", / \"b-c\" / ]",
        "4:1: this is no name of an environment variable, such as \
        `CACHIX_AUTH_TOKEN`; a token itself never goes here",
    );
    check(
        "[cache.content] / exclude = [ / \"-a$\", / \".*\", / ]",
        "4:1: `.*` fits every store path: bind it to what is meant, \
        such as `-source$`",
    );
    let rule = "[[cache.rule]] / event = [\"push\"] / action = \"push\"";
    check(
        &format!("{rule} / ref = [ / \"main\"]"),
        "5:1: `main` in `ref` is no whole ref: write `refs/heads/main` or `refs/tags/main`",
    );
    check(
        &format!("{rule} / systems = [ / \"darwin\"]"),
        "5:1: `darwin` is no system and no glob of systems: write `x86_64-linux` \
        or `*-darwin`",
    );
    check(
        "[cache] / url = \"ftp7://a\"",
        "2:7: no cache is known by `ftp7://`: write for example `file:///srv/cache` or \
        `cachix://name`",
    );
}

#[test]
fn what_is_no_text_at_all() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("xtask.toml"), b"[lock]\n# caf\xe9\n").unwrap();
    let error = format!("{:#}", Config::read(folder.path()).unwrap_err());
    assert_eq!(error, "xtask.toml:2:6: this is no UTF-8: write the file anew as UTF-8");
}

/// A setting of the schema, and what it may be.
struct Setting {
    /// What stands before its value, from the top of the file, and what then closes it.
    around: (String, String),
    /// Its schema.
    schema: Value,
}

/// Each key of `schema`, and of what is below it.
fn settings(schema: &Value, around: &(String, String), definitions: &Value, all: &mut Vec<Setting>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        return settings(&definitions[name], around, definitions, all);
    }
    for alternative in ["anyOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
        settings(alternative, around, definitions, all);
    }
    let within = |open: &str, close: &str| (format!("{}{open}", around.0), format!("{close}{}", around.1));
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let around = within(&format!("{{ {key} = "), " }");
        all.push(Setting { around: around.clone(), schema: schema.clone() });
        settings(schema, &around, definitions, all);
    }
    if schema["items"].is_object() {
        settings(&schema["items"], &within("[", "]"), definitions, all);
    }
    if schema["additionalProperties"].is_object() {
        settings(&schema["additionalProperties"], &within("{ a = ", " }"), definitions, all);
    }
    // A table refuses what it does not know.
    if schema["additionalProperties"] == Value::Bool(false) {
        all.push(Setting { around: within("{ unheard-of = ", " }"), schema: Value::Null });
    }
}

/// The types that a value of `schema` may have.
fn types_of<'a>(schema: &'a Value, definitions: &'a Value, all: &mut Vec<&'a str>) {
    match &schema["type"] {
        Value::String(name) => all.push(name),
        names => all.extend(names.as_array().into_iter().flatten().filter_map(Value::as_str)),
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        types_of(&definitions[name], definitions, all);
    }
    for alternative in ["anyOf", "oneOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
        types_of(alternative, definitions, all);
    }
}

#[test]
fn every_setting_refuses_what_is_no_value_of_it_where_it_stands() {
    let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
    let (mut all, definitions) = (Vec::new(), &schema["$defs"]);
    for (section, of_section) in schema["properties"].as_object().unwrap() {
        let around = (format!("\n\n{section} = "), String::new());
        settings(of_section, &around, definitions, &mut all);
        all.push(Setting { around, schema: of_section.clone() });
    }
    assert!(all.len() > 60, "{}", all.len());
    for Setting { around: (before, after), schema } in &all {
        let mut types = Vec::new();
        types_of(schema, definitions, &mut types);
        // What may be anything says nothing of its type; a key that is unknown may not even be null.
        let wrong = match types.as_slice() {
            [] if !schema.is_null() => continue,
            types if types.iter().any(|name| ["integer", "number"].contains(name)) => "\"x\"",
            _ => "7",
        };
        let text = format!("{before}{wrong}{after}\n");
        let error = fault(&text);
        let place = error.strip_prefix("xtask.toml:3:").and_then(|rest| rest.split_once(": "));
        assert!(
            place.is_some_and(|(column, what)| column.parse::<usize>().is_ok() && !what.is_empty()),
            "{text}{error}"
        );
    }
}
