//! The report in the JUnit form that CI services read: one suite a job, one case for the job itself, each problem and each output.
//!
//! There is no standard but what readers accept; elements and attributes are those of Ant's and Jenkins' schema.

use std::io;

use anyhow::{Context as _, Result};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{outcome, problems};
use crate::ci::{JobName, JobResult, JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};

/// How a case ended that did not succeed.
struct Unsuccessful {
    /// `failure`, `error` or `skipped`.
    element: &'static str,
    message: String,
    text: String,
}

struct Case {
    class: String,
    name: String,
    seconds: f64,
    unsuccessful: Option<Unsuccessful>,
}

/// The whole document.
///
/// # Errors
/// When it cannot be written, which memory alone could cause.
pub fn document(result: &RunResult) -> Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let write = |writer: &mut Writer<Vec<u8>>| -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let suites = writer.create_element("testsuites").with_attribute(("name", name(result)));
        suites
            .with_attribute(("time", time(result.seconds).as_str()))
            .write_inner_content(|writer| result.jobs.iter().try_for_each(|job| suite(writer, result, job)))?;
        Ok(())
    };
    write(&mut writer).context("write the JUnit report")?;
    Ok(writer.into_inner())
}

fn name(result: &RunResult) -> &'static str {
    if result.is_stand_in() { "cargo xtask ci (stand-in inputs)" } else { "cargo xtask ci" }
}

fn suite(writer: &mut Writer<Vec<u8>>, result: &RunResult, job: &JobResult) -> io::Result<()> {
    let cases = cases(result, job);
    let count = |element: &str| {
        let of = |case: &&Case| case.unsuccessful.as_ref().is_some_and(|how| how.element == element);
        cases.iter().filter(of).count().to_string()
    };
    let suite = writer.create_element("testsuite").with_attribute(("name", job.name.word()));
    let suite = suite.with_attributes([
        ("tests", cases.len().to_string().as_str()),
        ("failures", count("failure").as_str()),
        ("errors", count("error").as_str()),
        ("skipped", count("skipped").as_str()),
        ("time", time(job.seconds).as_str()),
    ]);
    suite.write_inner_content(|writer| cases.iter().try_for_each(|case| write_case(writer, case)))?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    let element = writer.create_element("testcase").with_attributes([
        ("classname", printable(&case.class).as_str()),
        ("name", printable(&case.name).as_str()),
        ("time", time(case.seconds).as_str()),
    ]);
    match &case.unsuccessful {
        None => element.write_empty()?,
        Some(how) => element.write_inner_content(|writer| {
            let message = printable(&how.message);
            let inner = writer.create_element(how.element).with_attribute(("message", message.as_str()));
            inner.write_text_content(BytesText::new(&printable(&how.text)))?;
            Ok(())
        })?,
    };
    Ok(())
}

/// The job's own case, then one for each problem, or for each output where the job is about outputs.
fn cases(result: &RunResult, job: &JobResult) -> Vec<Case> {
    let reason = job.reason.clone().unwrap_or_default();
    let unsuccessful = |element| Some(Unsuccessful { element, message: reason.clone(), text: reason.clone() });
    let own = match job.status {
        JobStatus::Ok | JobStatus::Failed => None,
        JobStatus::Skipped => unsuccessful("skipped"),
        JobStatus::CouldNotCheck | JobStatus::Interrupted => unsuccessful("error"),
    };
    let word = job.name.word();
    let mut cases =
        vec![Case { class: word.to_owned(), name: word.to_owned(), seconds: job.seconds, unsuccessful: own }];
    // There is no element for a warning: it is in the other reports.
    cases.extend(job.problems.iter().filter(|problem| problem.fails()).map(|problem| Case {
        class: word.to_owned(),
        name: problem.fault.lines().next().unwrap_or_default().to_owned(),
        seconds: 0.0,
        unsuccessful: Some(Unsuccessful {
            element: "failure",
            message: problem.fault.lines().next().unwrap_or_default().to_owned(),
            text: problems::text(problem),
        }),
    }));
    if job.name == JobName::Build {
        let outputs = result.fleet.iter().flat_map(|fleet| &fleet.results);
        cases.extend(outputs.map(|output| output_case(output, &result.flags)));
    }
    cases
}

fn output_case(output: &OutputResult, flags: &str) -> Case {
    let words = output.status.words();
    let reason = output.reason.as_deref().map(|reason| reason.lines().next().unwrap_or_default().to_owned());
    let message = reason.map_or_else(|| words.to_owned(), |reason| format!("{words}: {reason}"));
    let unsuccessful = match output.status {
        Status::Interrupted => Some("error"),
        status if status.is_failure() => Some("failure"),
        Status::Skipped | Status::NothingToBuild => Some("skipped"),
        _ => None,
    };
    Case {
        class: format!("build.{}", output.output.kind),
        name: output.output.attr.to_string(),
        seconds: output.seconds(),
        unsuccessful: unsuccessful.map(|element| Unsuccessful {
            element,
            text: if element == "skipped" { message.clone() } else { outcome::failure(output, flags) },
            message,
        }),
    }
}

fn time(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// XML 1.0 has no form at all for most control characters; a log may hold them.
fn printable(text: &str) -> String {
    let allowed = |c: char| c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}' || "\t\n\r".contains(c);
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn every_ending_has_its_element() {
        let text = String::from_utf8(document(&example::run()).unwrap()).unwrap();
        expect_test::expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="cargo xtask ci (stand-in inputs)" time="3.250">
              <testsuite name="bootstrap" tests="1" failures="0" errors="1" skipped="0" time="3.000">
                <testcase classname="bootstrap" name="bootstrap" time="3.000">
                  <error message="the store is gone">the store is gone</error>
                </testcase>
              </testsuite>
              <testsuite name="lock" tests="2" failures="1" errors="0" skipped="0" time="3.000">
                <testcase classname="lock" name="lock" time="3.000"/>
                <testcase classname="lock" name="the input `a` is not pinned" time="0.000">
                  <failure message="the input `a` is not pinned">flake.nix:7: the input `a` is not pinned
                fix: run `nix flake lock`</failure>
                </testcase>
              </testsuite>
              <testsuite name="build" tests="5" failures="2" errors="0" skipped="1" time="3.000">
                <testcase classname="build" name="build" time="3.000"/>
                <testcase classname="build.nixos" name="nixosConfigurations.db" time="0.500">
                  <failure message="build failed: builder failed with exit code 3">nixosConfigurations.db: build failed
                builder failed with exit code 3
                │ checking &lt;a&gt; &amp; &quot;b&quot;
                │ �[31mwrong
                log: nix log /nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a.drv
                reproduce: cargo xtask build nixosConfigurations.db --inputs standin</failure>
                </testcase>
                <testcase classname="build.home" name="homeConfigurations.&quot;a@b|c&quot;" time="0.000">
                  <failure message="evaluation failed: attribute &apos;x&apos; missing">homeConfigurations.&quot;a@b|c&quot;: evaluation failed
                at configurations/home/a.nix:3
                attribute &apos;x&apos; missing
                reproduce: cargo xtask build &apos;homeConfigurations.&quot;a@b|c&quot;&apos; --inputs standin</failure>
                </testcase>
                <testcase classname="build.nixos" name="nixosConfigurations.web" time="2.500"/>
                <testcase classname="build.darwin" name="darwinConfigurations.mac" time="0.500">
                  <skipped message="skipped: no builder for aarch64-darwin">skipped: no builder for aarch64-darwin</skipped>
                </testcase>
              </testsuite>
            </testsuites>"#]].assert_eq(&text);
    }

    #[test]
    fn what_xml_has_no_form_for_is_replaced() {
        assert_eq!(printable("a\u{1b}[31m\0\tb\n"), "a\u{fffd}[31m\u{fffd}\tb\n");
    }
}
