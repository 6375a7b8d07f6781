//! What was measured, counted: by where paths come from, by class, and against the targets of xtask.toml.

use std::collections::BTreeMap;

use serde::Serialize;

use super::walk::{Measured, Origin, Why};
use crate::rules::Problem;

/// How many of the largest paths are named.
const LARGEST: usize = 10;

/// How much of what is needed comes from where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tally {
    /// Paths that are needed.
    pub paths: usize,
    /// Those in the store of this machine.
    pub local: usize,
    /// Those that substituters have, by substituter, in the order in which they are asked.
    pub substituters: Vec<SubstituterTally>,
    /// Those that must be built.
    pub build: usize,
    /// What must be built, and why, sorted.
    pub builds: Vec<Build>,
    /// The largest of what is here or in a cache, at most ten, the largest first.
    pub largest: Vec<Large>,
    /// By class: the names of `[[cache.content.priority]]`, and `overall`.
    pub classes: Vec<ClassTally>,
}

/// A path that is here or in a cache, and how much room it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Large {
    /// The path.
    pub path: String,
    /// Bytes in the store.
    pub nar_bytes: u64,
    /// The substituter that it would be fetched from; none for what is here.
    pub substituter: Option<String>,
}

/// What one substituter has of what is needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubstituterTally {
    /// The substituter, as it is shown.
    pub url: String,
    /// Paths that would be fetched from it.
    pub paths: usize,
    /// Bytes to fetch, as far as it says.
    pub file_bytes: u64,
    /// Bytes in the store.
    pub nar_bytes: u64,
    /// Why it could not be asked.
    pub fault: Option<String>,
}

/// A path that must be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The path.
    pub path: String,
    /// Why, in words.
    pub why: String,
}

/// How much of a class need not be built.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassTally {
    /// Its name.
    pub name: String,
    /// Paths of it that are needed.
    pub paths: usize,
    /// Those that are here or in a cache.
    pub had: usize,
    /// What xtask.toml wants, in percent.
    pub target: Option<u8>,
}

impl ClassTally {
    /// How much of it need not be built, in percent; all of nothing.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.paths == 0 { 100.0 } else { self.had as f64 / self.paths as f64 * 100.0 }
    }
}

/// A class of paths, as the configuration has it.
pub struct Class<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether a path is of it.
    pub holds: &'a dyn Fn(&str) -> bool,
    /// What is wanted of it, in percent.
    pub target: Option<u8>,
}

/// Counts what was measured. `substituters` are the addresses and the faults of those that were asked.
#[must_use]
pub fn tally(measured: &Measured, substituters: &[(String, Option<String>)], classes: &[Class<'_>]) -> Tally {
    let mut tally = Tally {
        paths: measured.paths.len(),
        local: 0,
        substituters: substituters.iter().map(|(url, fault)| empty(url, fault.clone())).collect(),
        build: 0,
        builds: Vec::new(),
        largest: largest(measured, substituters),
        classes: Vec::new(),
    };
    for (path, (origin, nar_size)) in &measured.paths {
        match origin {
            Origin::Local => tally.local += 1,
            Origin::Substituter(number, file_size) => {
                if let Some(substituter) = tally.substituters.get_mut(*number) {
                    substituter.paths += 1;
                    substituter.file_bytes += file_size.unwrap_or(0);
                    substituter.nar_bytes += nar_size.unwrap_or(0);
                }
            }
            Origin::Build(why) => {
                tally.build += 1;
                tally.builds.push(Build { path: path.clone(), why: words(why, substituters) });
            }
        }
    }
    tally.classes = classes.iter().map(|class| of_class(measured, class)).collect();
    tally
}

fn largest(measured: &Measured, substituters: &[(String, Option<String>)]) -> Vec<Large> {
    let had = measured.paths.iter().filter_map(|(path, (origin, nar_size))| {
        let substituter = match origin {
            Origin::Local => None,
            Origin::Substituter(number, _) => substituters.get(*number).map(|(url, _)| url.clone()),
            Origin::Build(_) => return None,
        };
        Some(Large { path: path.clone(), nar_bytes: (*nar_size)?, substituter })
    });
    let mut largest: Vec<Large> = had.collect();
    largest.sort_by_key(|large| std::cmp::Reverse(large.nar_bytes));
    largest.truncate(LARGEST);
    largest
}

fn empty(url: &str, fault: Option<String>) -> SubstituterTally {
    SubstituterTally { url: url.to_owned(), paths: 0, file_bytes: 0, nar_bytes: 0, fault }
}

fn of_class(measured: &Measured, class: &Class<'_>) -> ClassTally {
    let of_class: BTreeMap<_, _> = measured.paths.iter().filter(|(path, _)| (class.holds)(path)).collect();
    let had = of_class.values().filter(|(origin, _)| !matches!(origin, Origin::Build(_))).count();
    ClassTally { name: class.name.to_owned(), paths: of_class.len(), had, target: class.target }
}

fn words(why: &Why, substituters: &[(String, Option<String>)]) -> String {
    match why {
        Why::Absent => "in no cache".to_owned(),
        Why::Untrusted(number) => {
            let url = substituters.get(*number).map(|(url, _)| url.as_str()).unwrap_or_default();
            format!("in {url}, signed by nobody who is trusted here")
        }
        Why::Changed(before) => format!("in no cache; it was {before} when this was last measured"),
    }
}

/// The substituters that could not be asked, which is no fault of the outputs, and the classes that fall short of their targets.
#[must_use]
pub fn problems(tally: &Tally) -> Vec<Problem> {
    let silent = tally.substituters.iter().filter_map(|substituter| {
        let fault = format!("could not ask {}: {}", substituter.url, substituter.fault.as_ref()?);
        let fix = "what it may have is counted as to be built: see what is wrong with it (cargo xtask cache doctor)";
        Some(Problem::warning(None, fault, fix))
    });
    let short = tally.classes.iter().filter_map(|class| {
        let target = class.target.filter(|target| class.percent() < f64::from(*target))?;
        let fault = format!(
            "{} of {} paths of `{}` are here or in a cache: {:.1}%, where xtask.toml wants {target}%",
            class.had,
            class.paths,
            class.name,
            class.percent()
        );
        let fix = "push what is built (cargo xtask cache push), or change `cache.targets` of xtask.toml".to_owned();
        Some(Problem::new(None, fault, fix))
    });
    silent.chain(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let paths = [
            ("kernel", Origin::Substituter(0, Some(5)), Some(50)),
            ("libc", Origin::Local, Some(7)),
            ("app-a", Origin::Build(Why::Absent), None),
            ("app-b", Origin::Substituter(1, None), Some(60)),
            ("app-c", Origin::Build(Why::Untrusted(1)), None),
            ("app-d", Origin::Build(Why::Changed("old".to_owned())), None),
        ];
        let paths = paths.into_iter().map(|(path, origin, size)| (path.to_owned(), (origin, size))).collect();
        Measured { paths }
    }

    #[test]
    fn the_largest_are_named() {
        let substituters = [("https://a".to_owned(), None), ("https://b".to_owned(), None)];
        let mut measured = measured();
        let largest = |measured: &Measured| tally(measured, &substituters, &[]).largest;
        let shown: Vec<_> = largest(&measured).into_iter().map(|l| (l.path, l.nar_bytes, l.substituter)).collect();
        let expected = [("app-b", 60, Some("https://b")), ("kernel", 50, Some("https://a")), ("libc", 7, None)];
        assert_eq!(shown, expected.map(|(path, bytes, url)| (path.to_owned(), bytes, url.map(str::to_owned))));
        let many = (0..99).map(|number| (number.to_string(), (Origin::Local, Some(number))));
        measured.paths.extend(many);
        assert_eq!(largest(&measured).iter().map(|l| l.nar_bytes).collect::<Vec<_>>(), Vec::from_iter((89..99).rev()));
    }

    #[test]
    fn counts_are_exact() {
        let substituters = [("https://a".to_owned(), None), ("https://b".to_owned(), Some("it hangs".to_owned()))];
        let apps = |path: &str| path.starts_with("app");
        let classes = [
            Class { name: "overall", holds: &|_| true, target: Some(50) },
            Class { name: "apps", holds: &apps, target: Some(26) },
            Class { name: "none", holds: &|_| false, target: Some(100) },
        ];
        let tally = tally(&measured(), &substituters, &classes);
        assert_eq!((tally.paths, tally.local, tally.build), (6, 1, 3));
        let counted: Vec<_> = tally.substituters.iter().map(|s| (s.paths, s.file_bytes, s.nar_bytes)).collect();
        assert_eq!(counted, [(1, 5, 50), (1, 0, 60)]);
        assert_eq!(tally.substituters[1].fault.as_deref(), Some("it hangs"));
        let whys: Vec<&str> = tally.builds.iter().map(|build| build.why.as_str()).collect();
        let changed = "in no cache; it was old when this was last measured";
        assert_eq!(whys, ["in no cache", "in https://b, signed by nobody who is trusted here", changed]);
        let faults: Vec<String> = problems(&tally).into_iter().map(|problem| problem.fault).collect();
        // Half is not less than half, and all of nothing is all.
        let short = "1 of 4 paths of `apps` are here or in a cache: 25.0%, where xtask.toml wants 26%";
        assert_eq!(faults, ["could not ask https://b: it hangs", short]);
        assert_eq!(problems(&tally).iter().map(Problem::fails).collect::<Vec<_>>(), [false, true]);
    }
}
