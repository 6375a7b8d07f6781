//! What became of outputs, in words for a terminal: pure text, marked up for whoever prints it.

use std::collections::BTreeMap;

use super::console::Mark;
use super::words::{bytes, count, seconds, store_name};
use crate::fleet::{OutputResult, Status};
use crate::rules::Problem;
use crate::session::Report;

/// The command that does it again, with the inputs that were used.
#[must_use]
pub fn reproduce(result: &OutputResult, flags: &str) -> String {
    let attr = crate::process::quoted(&result.output.attr.to_string());
    match result.output.kind.as_str() {
        "set" | "flake" => format!("cargo xtask outputs{flags}"),
        _ => format!("cargo xtask build {attr}{flags}"),
    }
}

/// The mark in front of a result.
#[must_use]
pub fn mark(result: &OutputResult) -> Mark {
    match result.status {
        status if status.is_failure() => Mark::Failed,
        Status::Skipped | Status::NothingToBuild => Mark::Skipped,
        _ => Mark::Ok,
    }
}

/// One line for one result.
#[must_use]
pub fn line(result: &OutputResult) -> String {
    let mut line = format!("{}  {}", result.output.attr, result.status.words());
    match (&result.reason, result.status) {
        (Some(reason), Status::Skipped | Status::Cached) => line.push_str(&format!(": {}", first_line(reason))),
        (_, Status::Built | Status::Evaluated) => line.push_str(&format!("  {}", seconds(result.seconds()))),
        _ => {}
    }
    line
}

/// Everything a person needs to mend a failed result.
#[must_use]
pub fn failure(result: &OutputResult, flags: &str) -> String {
    let mut text = format!("{}: {}", result.output.attr, result.status.words());
    if let (Status::DependencyFailed, Some(drv)) = (result.status, &result.failed_drv) {
        text.push_str(&format!(": `{}`, which it needs", store_name(drv)));
    }
    text.push('\n');
    if let Some(place) = &result.place {
        text.push_str(&format!("    at {place}\n"));
    }
    for line in result.reason.iter().flat_map(|reason| reason.lines()).take(30) {
        text.push_str(&format!("    {line}\n"));
    }
    for line in &result.log_tail {
        text.push_str(&format!("    │ {line}\n"));
    }
    if let Some(drv) = &result.failed_drv {
        text.push_str(&format!("    log: nix log {drv}\n"));
    }
    text.push_str(&format!("    reproduce: {}", reproduce(result, flags)));
    text
}

/// A failed result as a problem: what is marked in the change under review.
#[must_use]
pub fn problem(result: &OutputResult, flags: &str) -> Problem {
    let reason = result.reason.iter().flat_map(|reason| reason.lines()).take(5).map(|line| format!("\n{line}"));
    let fault = format!("{}: {}{}", result.output.attr, result.status.words(), reason.collect::<String>());
    Problem::new(result.place.clone(), fault, format!("reproduce it with `{}`", reproduce(result, flags)))
}

/// What a run noticed that fails nothing, a line each: broken outputs of systems that were not asked for, warnings of the
/// evaluation, files that Nix did not see, and what could not be remembered.
#[must_use]
pub fn warnings(report: &Report) -> Vec<String> {
    // What is skipped for want of a builder is evaluated.
    let broken = report.results.iter().filter(|result| result.status == Status::Skipped && result.evaluated.is_none());
    let broken = broken.map(|result| {
        let place = result.place.as_ref().map(|place| format!(" (at {place})")).unwrap_or_default();
        format!("{}{place}", line(result))
    });
    let of_outputs = report.results.iter().flat_map(|result| {
        let said = result.evaluated.iter().flat_map(|evaluated| &evaluated.warnings);
        said.map(|warning| format!("{}: warning: {}", result.output.attr, warning.replace('\n', "\n    ")))
    });
    let invisible = report.invisible.iter().map(|file| {
        let name = file.display().to_string();
        format!("`{name}`: git does not know it, so Nix does not see it: git add -N {}", crate::process::quoted(&name))
    });
    broken.chain(of_outputs).chain(invisible).chain(report.troubles.iter().cloned()).collect()
}

/// One line a kind: how many, and what became of them; then why some were skipped.
#[must_use]
pub fn table(results: &[OutputResult]) -> String {
    let mut rows: Vec<(&str, BTreeMap<Status, usize>)> = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for result in results {
        let kind = result.output.kind.as_str();
        let at = rows.iter().position(|row| row.0 == kind).unwrap_or_else(|| {
            rows.push((kind, BTreeMap::new()));
            rows.len() - 1
        });
        *rows[at].1.entry(result.status).or_default() += 1;
        if result.status == Status::Skipped {
            *reasons.entry(result.reason.as_deref().map(first_line).unwrap_or_default()).or_default() += 1;
        }
    }
    let width = rows.iter().map(|(kind, _)| kind.len()).max().unwrap_or(0);
    let row = |(kind, tally): &(&str, BTreeMap<Status, usize>)| {
        let total: usize = tally.values().sum();
        let parts: Vec<String> = tally.iter().map(|(status, number)| format!("{number} {}", status.words())).collect();
        format!("  {kind:width$} {total:>4}  {}\n", parts.join(" · "))
    };
    let mut table: String = rows.iter().map(row).collect();
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.iter().map(|(reason, number)| format!("{number} × {reason}")).collect();
        table.push_str(&format!("  skipped: {}\n", reasons.join(", ")));
    }
    table
}

/// The verdict in one line.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let failed = report.failures().filter(|result| result.status != Status::Interrupted).count();
    let unfinished = report.results.iter().filter(|result| result.status == Status::Interrupted).count();
    let mut parts = vec![count(report.results.len(), "output")];
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if unfinished > 0 {
        parts.push(format!("{unfinished} not finished"));
    }
    parts.push(seconds(report.seconds));
    if report.kept > 0 {
        parts.push(format!("{} unchanged since the last evaluation", report.kept));
    } else if report.peak_mib > 0 {
        parts.push(format!("evaluation took {} at most", bytes(report.peak_mib << 20)));
    }
    parts.join(" · ")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, Output, Place};
    use expect_test::expect;

    fn result(attr: &str, kind: &str, status: Status) -> OutputResult {
        let attr = AttrPath::parse(attr).unwrap();
        OutputResult::new(Output { attr, kind: kind.to_owned(), system: None }, status)
    }

    #[test]
    fn a_failed_evaluation() {
        let mut failed = result("nixosConfigurations.\"web.example\"", "nixos", Status::EvaluationFailed);
        failed.place = Some(Place { file: "configurations/nixos/web.nix".into(), line: 3 });
        failed.reason = Some("attribute 'nope' missing".to_owned());
        expect![[r#"
            nixosConfigurations."web.example": evaluation failed
                at configurations/nixos/web.nix:3
                attribute 'nope' missing
                reproduce: cargo xtask build 'nixosConfigurations."web.example"' --inputs standin"#]]
        .assert_eq(&failure(&failed, " --inputs standin"));
    }

    #[test]
    fn a_failed_dependency() {
        let mut failed = result("nixosConfigurations.web", "nixos", Status::DependencyFailed);
        failed.reason = Some("builder failed with exit code 3".to_owned());
        failed.failed_drv = Some("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-dep.drv".to_owned());
        failed.log_tail = vec!["checking".to_owned(), "no such file".to_owned()];
        expect![[r#"
            nixosConfigurations.web: dependency failed: `dep`, which it needs
                builder failed with exit code 3
                │ checking
                │ no such file
                log: nix log /nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-dep.drv
                reproduce: cargo xtask build nixosConfigurations.web"#]]
        .assert_eq(&failure(&failed, ""));
    }

    #[test]
    fn the_table_groups_by_kind_status_and_reason() {
        let skipped = |attr: &str, kind: &str, system: &str| {
            let mut skipped = result(attr, kind, Status::Skipped);
            skipped.reason = Some(format!("no builder for {system}"));
            skipped
        };
        let results = [
            result("nixosConfigurations.a", "nixos", Status::Built),
            result("nixosConfigurations.b", "nixos", Status::Built),
            skipped("nixosConfigurations.c", "nixos", "aarch64-linux"),
            result("homeConfigurations.a", "home", Status::BuildFailed),
            skipped("homeConfigurations.b", "home", "aarch64-darwin"),
            skipped("homeConfigurations.c", "home", "aarch64-linux"),
            skipped("homeConfigurations.d", "home", "aarch64-linux"),
        ];
        expect![[r#"
            kinds:
              nixos    3  2 built · 1 skipped
              home     4  1 build failed · 3 skipped
              skipped: 1 × no builder for aarch64-darwin, 3 × no builder for aarch64-linux
        "#]]
        .assert_eq(&format!("kinds:\n{}", table(&results)));
    }
}
