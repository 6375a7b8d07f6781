//! The legs of a job: one for each row of its matrix, as GitHub makes them of lists, `include` and `exclude`.

use crate::rules::yaml::Node;

/// The values of one row, in order: `system` is `x86_64-linux`.
pub type Row = Vec<(String, String)>;

/// The rows of a job; one without values for a job without a matrix, nothing for a matrix that is made at run time.
#[must_use]
pub fn rows(job: &Node) -> Option<Vec<Row>> {
    let Some(matrix) = job.get("strategy").and_then(|strategy| strategy.get("matrix")) else {
        return Some(vec![Row::new()]);
    };
    if matrix.text().is_some() {
        return None;
    }
    let mut rows = vec![Row::new()];
    let axes = matrix.entries().iter().filter(|(key, _)| key.text != "include" && key.text != "exclude");
    let mut own = false;
    for (key, values) in axes {
        own = true;
        // A list that is an expression is made at run time.
        if values.text().is_some() {
            return None;
        }
        let values: Vec<Row> = values.items().iter().map(|value| flat(&key.text, value)).collect();
        rows = rows.iter().flat_map(|row| values.iter().map(move |value| [&row[..], value].concat())).collect();
    }
    if !own {
        rows.clear();
    }
    let listed = |key: &str| matrix.get(key).map(Node::items).unwrap_or_default().iter().map(entries);
    if ["include", "exclude"].iter().any(|key| matrix.text_at(key).is_some()) {
        return None;
    }
    rows.retain(|row| !listed("exclude").any(|excluded| excluded.iter().all(|value| row.contains(value))));
    let original = rows.clone();
    for included in listed("include") {
        // It completes the rows with which it shares all values that they had from the start, else it is a row of its own.
        let fits = |row: &Row| {
            let fits = |(key, value): &(String, String)| row.iter().all(|(own, is)| own != key || is == value);
            included.iter().all(fits)
        };
        let mut found = false;
        for (row, before) in rows.iter_mut().zip(&original) {
            if fits(before) {
                found = true;
                row.retain(|(key, _)| {
                    before.iter().any(|(own, _)| own == key) || !included.iter().any(|(new, _)| new == key)
                });
                row.extend(included.iter().filter(|value| !before.contains(value)).cloned());
            }
        }
        if !found {
            rows.push(included);
        }
    }
    Some(rows)
}

fn entries(node: &Node) -> Row {
    node.entries().iter().flat_map(|(key, value)| flat(&key.text, value)).collect()
}

/// A value by its name; what is inside of a map goes by dotted names.
fn flat(name: &str, value: &Node) -> Row {
    match value.text() {
        Some(text) => vec![(name.to_owned(), text.to_owned())],
        None => value.entries().iter().flat_map(|(key, inner)| flat(&format!("{name}.{}", key.text), inner)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::yaml;

    #[test]
    fn rows_are_those_of_github() {
        let check = |matrix: &str, expected: Option<&[&str]>| {
            let yaml = yaml::parse(&format!("strategy:\n  matrix: {matrix}\n")).unwrap();
            let rows = rows(&yaml.documents[0]);
            let shown = rows.map(|rows| {
                let row =
                    |row: &Row| row.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
                rows.iter().map(row).collect::<Vec<_>>()
            });
            assert_eq!(
                shown.as_deref(),
                expected.map(|rows| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{matrix}"
            );
        };
        check("{a: [1, 2], b: [x]}", Some(&["a=1 b=x", "a=2 b=x"]));
        check("{a: [1, 2], exclude: [{a: 2}]}", Some(&["a=1"]));
        check("{a: [1, 2], include: [{a: 2, c: 3}]}", Some(&["a=1", "a=2 c=3"]));
        check("{a: [1], include: [{c: 3}, {c: 4}]}", Some(&["a=1 c=4"]));
        check("{a: [1], include: [{a: 2}]}", Some(&["a=1", "a=2"]));
        check("{include: [{a: 1, b: 2}, {a: 3}]}", Some(&["a=1 b=2", "a=3"]));
        check("{host: [{name: web, system: s}]}", Some(&["host.name=web host.system=s"]));
        check("'${{ fromJSON(x) }}'", None);
        check("{a: '${{ fromJSON(x) }}'}", None);
        check("{include: '${{ fromJSON(x) }}'}", None);
        let without = yaml::parse("steps: []").unwrap();
        assert_eq!(super::rows(&without.documents[0]), Some(vec![Row::new()]));
    }
}
