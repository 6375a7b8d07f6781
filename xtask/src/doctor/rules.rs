//! What each fact means for later commands.

use super::facts::{Facts, Repository, Store};
use super::{Diagnosis, Standing};
use crate::bootstrap::{Outcome, StepReport};
use crate::nix::{self, Settings};
use crate::report::steps;

const GIB: u64 = 1 << 30;

/// Below this, builds are expected to run out of space.
const LEAST_SPACE: u64 = GIB;

/// Every diagnosis, in the order in which a person would fix things.
#[must_use]
pub fn diagnose(facts: &Facts) -> Vec<Diagnosis> {
    let mut all: Vec<Diagnosis> = facts.steps.iter().map(|report| step(report, facts.has_secrets)).collect();
    if let Some(bin) = &facts.off_path {
        let fix = format!("export PATH={}:$PATH", bin.display());
        all.push(noticed("path", "the Nix in use is not on PATH: a shell will not find it", &fix));
    }
    all.extend(facts.store.as_ref().map(store));
    match &facts.settings {
        Some(Ok(settings)) => all.extend(self::settings(settings, &facts.builder_systems)),
        Some(Err(reason)) => all.push(diagnosis("settings", Standing::Unknown, reason)),
        None => {}
    }
    all.extend(facts.substituters.iter().map(|(url, reachable)| substituter(url, *reachable)));
    all.extend(repository(&facts.repository, facts.owner_and_user));
    all.push(space(&facts.space.0.display().to_string(), facts.space.1));
    all
}

fn diagnosis(name: &str, standing: Standing, found: &str) -> Diagnosis {
    Diagnosis { name: name.to_owned(), standing, found: found.to_owned(), fix: None }
}

fn good(name: &str, found: &str) -> Diagnosis {
    diagnosis(name, Standing::Good, found)
}

fn noticed(name: &str, found: &str, fix: &str) -> Diagnosis {
    Diagnosis { fix: Some(fix.to_owned()), ..diagnosis(name, Standing::Notice, found) }
}

fn problem(name: &str, found: &str, fix: &str) -> Diagnosis {
    Diagnosis { fix: Some(fix.to_owned()), ..diagnosis(name, Standing::Problem, found) }
}

/// The steps without which every command works.
const COMFORT: [&str; 3] = ["direnv", "completions", "man"];

/// The steps that only secrets need.
const FOR_SECRETS: [&str; 2] = ["age-key", "sops"];

fn step(report: &StepReport, has_secrets: bool) -> Diagnosis {
    let standing = match &report.outcome {
        Outcome::Satisfied(_) | Outcome::Applied(_) => Standing::Good,
        Outcome::NotApplicable(_) => Standing::Skipped,
        Outcome::Unchecked(_) => Standing::Unknown,
        _ if COMFORT.contains(&report.name) => Standing::Notice,
        _ if !has_secrets && FOR_SECRETS.contains(&report.name) => Standing::Notice,
        _ => Standing::Problem,
    };
    Diagnosis { fix: steps::fix(report), ..diagnosis(report.name, standing, &steps::short(&report.outcome)) }
}

fn store(store: &Store) -> Diagnosis {
    let kind = match (&store.relocated, store.url.as_str()) {
        (Some(folder), _) => format!("relocated to `{}`: no binary cache fits its paths", folder.display()),
        (None, "local") => "local".to_owned(),
        (None, "daemon") => "of the daemon".to_owned(),
        (None, url) => format!("chroot or remote, `{url}`"),
    };
    match (store.url.as_str(), store.trusted) {
        ("daemon", Some(false)) => noticed(
            "store",
            &format!("{kind}; this user is not trusted, so the flake's own caches are ignored"),
            "add the caches to `trusted-substituters`, and their keys to `trusted-public-keys`, in the daemon's nix.conf",
        ),
        _ => good("store", &kind),
    }
}

fn settings(settings: &Settings, builder_systems: &[String]) -> Vec<Diagnosis> {
    let value = |name: &str| settings.all.get(name).map_or("unknown", String::as_str);
    let jobs = match (settings.max_jobs, builder_systems) {
        (0, []) => {
            problem("max-jobs", "0, and no remote builder: nothing can be built", "set `max-jobs = auto` in nix.conf")
        }
        (jobs, _) => good("max-jobs", &jobs.to_string()),
    };
    let own = std::iter::once(&settings.system).chain(&settings.extra_platforms);
    let mut systems: Vec<&str> = own.chain(builder_systems).map(String::as_str).collect();
    systems.sort_unstable();
    systems.dedup();
    vec![
        good("sandbox", value("sandbox")),
        jobs,
        good("systems", &format!("builds for {}; all others need a remote builder", systems.join(", "))),
    ]
}

fn substituter(url: &str, reachable: bool) -> Diagnosis {
    let name = format!("substituter {url}");
    match reachable {
        true => good(&name, "reachable"),
        false => noticed(&name, "not reachable within 2 s", "connect to the network, or work with `--offline`"),
    }
}

fn repository(state: &Result<Option<Repository>, String>, (owner, user): (u32, u32)) -> Vec<Diagnosis> {
    let name = "repository";
    let state = match state {
        Err(reason) if owner != user => {
            return vec![problem(name, reason, "git config --global --add safe.directory \"$PWD\"")];
        }
        Err(reason) => return vec![diagnosis(name, Standing::Unknown, reason)],
        Ok(None) => {
            let found = "no git repository: Nix copies the whole folder on every evaluation";
            return vec![noticed(name, found, "git init && git add --all")];
        }
        Ok(Some(state)) => state,
    };
    let mut all = Vec::new();
    if owner != user {
        let found = format!("belongs to user {owner}, and you are {user}: Nix refuses it");
        all.push(problem(name, &found, "git config --global --add safe.directory \"$PWD\""));
    }
    if !state.flake_tracked {
        all.push(problem(
            name,
            "flake.nix is not tracked by git, so Nix does not see it",
            "git add --intent-to-add flake.nix",
        ));
    }
    for file in &state.untracked_nix {
        let fix = format!("git add --intent-to-add {}", crate::process::quoted(file));
        all.push(problem(name, &format!("`{file}` is not tracked by git, so Nix does not see it"), &fix));
    }
    if state.shallow {
        all.push(noticed(name, "a shallow clone: what compares with earlier commits cannot", "git fetch --unshallow"));
    }
    if all.is_empty() {
        all.push(good(name, "every .nix file is tracked"));
    }
    all
}

fn space(folder: &str, free: u64) -> Diagnosis {
    let found = format!("{}.{} GiB free in `{folder}`", free / GIB, free % GIB * 10 / GIB);
    if free < LEAST_SPACE { problem("disk", &found, nix::FREE_SPACE) } else { good("disk", &found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(diagnoses: &[Diagnosis]) -> Vec<String> {
        diagnoses.iter().map(|d| format!("{:?} {}: {}", d.standing, d.name, d.found)).collect()
    }

    #[test]
    fn repository_states() {
        let check = |state: Repository, owner: u32, expected: &[&str]| {
            assert_eq!(told(&repository(&Ok(Some(state)), (owner, 0))), expected);
        };
        let fine = Repository { flake_tracked: true, ..Repository::default() };
        check(fine.clone(), 0, &["Good repository: every .nix file is tracked"]);
        let untracked = Repository { untracked_nix: vec!["a.nix".into(), "b c.nix".into()], ..fine.clone() };
        check(
            untracked,
            0,
            &[
                "Problem repository: `a.nix` is not tracked by git, so Nix does not see it",
                "Problem repository: `b c.nix` is not tracked by git, so Nix does not see it",
            ],
        );
        check(
            Repository::default(),
            0,
            &["Problem repository: flake.nix is not tracked by git, so Nix does not see it"],
        );
        check(
            Repository { shallow: true, ..fine.clone() },
            0,
            &["Notice repository: a shallow clone: what compares with earlier commits cannot"],
        );
        check(fine, 1000, &["Problem repository: belongs to user 1000, and you are 0: Nix refuses it"]);
        let unreadable = Err("git: dubious ownership".to_owned());
        assert_eq!(told(&repository(&unreadable, (1000, 0))), ["Problem repository: git: dubious ownership"]);
        assert_eq!(told(&repository(&unreadable, (0, 0))), ["Unknown repository: git: dubious ownership"]);
    }

    #[test]
    fn settings_that_build_nothing() {
        let check = |max_jobs: usize, builders: &[&str], expected: Standing| {
            let settings = Settings { max_jobs, system: "x86_64-linux".into(), ..Settings::default() };
            let builders: Vec<String> = builders.iter().map(|&system| system.to_owned()).collect();
            let all = self::settings(&settings, &builders);
            assert_eq!(all.iter().find(|d| d.name == "max-jobs").map(|d| d.standing), Some(expected));
        };
        check(0, &[], Standing::Problem);
        check(0, &["x86_64-linux"], Standing::Good);
        check(4, &[], Standing::Good);
    }

    #[test]
    fn a_full_disk_is_a_problem() {
        assert_eq!(space("/nix", 5 * GIB + GIB / 2).found, "5.5 GiB free in `/nix`");
        assert_eq!(space("/nix", 5 * GIB).standing, Standing::Good);
        assert_eq!(space("/nix", GIB - 1).standing, Standing::Problem);
    }

    #[test]
    fn what_secrets_need_is_a_problem_only_where_there_are_secrets() {
        let check = |name: &'static str, has_secrets: bool, expected: Standing| {
            let report = StepReport { name, outcome: Outcome::Missing(Vec::new()) };
            assert_eq!(step(&report, has_secrets).standing, expected, "{name}");
        };
        check("sops", false, Standing::Notice);
        check("age-key", false, Standing::Notice);
        check("sops", true, Standing::Problem);
        check("direnv", true, Standing::Notice);
        check("nix", false, Standing::Problem);
    }

    #[test]
    fn store_kinds() {
        let check = |url: &str, trusted: Option<bool>, relocated: Option<&str>, expected: &str| {
            let described = store(&Store { url: url.into(), trusted, relocated: relocated.map(Into::into) });
            assert!(told(std::slice::from_ref(&described))[0].starts_with(expected), "{described:?}");
        };
        check("local", Some(true), None, "Good store: local");
        check("daemon", Some(true), None, "Good store: of the daemon");
        check("daemon", Some(false), None, "Notice store: of the daemon; this user is not trusted");
        check("local", None, Some("/s"), "Good store: relocated to `/s`");
        check("/root/cs", None, None, "Good store: chroot or remote");
    }
}
