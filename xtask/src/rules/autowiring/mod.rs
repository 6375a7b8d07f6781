//! Files and attributes fit each other: what is in the folders of a layout is in the flake, and the other way round.

mod entries;
mod imports;
mod pinned;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::Problem;
use crate::fleet::layout::{Entry, Layout, Preset, SeenFile, Signs, Wiring, stray_files};
use crate::fleet::{AttrPath, Place};

/// What the rule looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The layout; none if none is configured and none shows.
    pub layout: Option<&'a Layout>,
    /// Every file that git tracks or might track.
    pub files: &'a [SeenFile],
    /// The text of each tracked Nix file.
    pub texts: &'a BTreeMap<PathBuf, String>,
    /// Every attribute that the flake declares, evaluated or not.
    pub declared: &'a [AttrPath],
    /// Sets whose names could not be had, which is told elsewhere; an empty path is the whole flake.
    pub unknown: &'a [AttrPath],
    /// Sets and the names they must have.
    pub expected: &'a [(AttrPath, &'a [String])],
    /// Attributes that must not be there, with globs.
    pub unexpected: &'a [AttrPath],
    /// The text of xtask.toml, for places.
    pub config_text: &'a str,
}

/// Every way in which files and attributes do not fit.
#[must_use]
pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = match facts.layout {
        Some(layout) => fitting(facts, layout),
        None => vec![unrecognised()],
    };
    problems.extend(pinned::missing_or_unexpected(facts));
    problems
}

/// Nothing tells which files should be attributes.
#[must_use]
pub fn unrecognised() -> Problem {
    let fault =
        "no layout is configured, and the repository shows none that is known: files and attributes were not compared";
    let fix = "write `[autowiring]` into xtask.toml, with `layout = { hosts = \"nixosConfigurations\" }` or the name of a layout";
    Problem::warning(None, fault, fix)
}

/// The layout that a repository shows: by the inputs of its flake, the folders of its tracked files, and what they say.
#[must_use]
pub fn recognised(inputs: &BTreeSet<String>, files: &[SeenFile], texts: &BTreeMap<PathBuf, String>) -> Option<Layout> {
    let folders = folders(files);
    let says_auto_wire = texts.values().any(|text| memmem::find(text.as_bytes(), b"autoWire").is_some());
    let preset = Preset::recognised(&Signs { inputs, folders: &folders, says_auto_wire })?;
    Some(preset.layout(&preset.root_in(&folders).unwrap_or_default()))
}

/// Every folder that a tracked file is in, relative to the repository.
#[must_use]
pub fn folders(files: &[SeenFile]) -> BTreeSet<String> {
    let above = files.iter().filter(|file| file.tracked).flat_map(|file| file.path.ancestors().skip(1));
    above.filter(|folder| !folder.as_os_str().is_empty()).filter_map(Path::to_str).map(str::to_owned).collect()
}

fn fitting(facts: &Facts<'_>, layout: &Layout) -> Vec<Problem> {
    let found = layout.entries(facts.files);
    let mut problems: Vec<Problem> = strays(layout, facts.files);
    let mut without_attribute = Vec::new();
    for (index, wiring) in layout.wirings.iter().enumerate() {
        let entries: Vec<&Entry> = found.iter().filter(|entry| entry.wiring == index).collect();
        let (own, lacking) = entries::problems(facts, layout, wiring, &entries);
        problems.extend(own);
        without_attribute.extend(lacking);
    }
    problems.extend(entries::lacking(facts, layout, &found, &without_attribute));
    problems.extend(imports::unused(facts, layout, &found));
    problems
}

/// Nix files in a folder of the layout that a flake does not see.
fn strays(layout: &Layout, files: &[SeenFile]) -> Vec<Problem> {
    let told = |file: &Path| {
        let name = file.display().to_string();
        let fault = format!("git does not track `{name}`, so the flake does not see it");
        Problem::new(first_line(file), fault, format!("run `git add --intent-to-add {}`", quoted(&name)))
    };
    stray_files(layout, files).into_iter().map(told).collect()
}

impl<'a> Facts<'a> {
    /// The names that the flake has in a wiring's sets, each once; nothing where they could not be had.
    fn names(&self, wiring: &Wiring) -> Option<BTreeSet<&'a str>> {
        let hidden = |unknown: &AttrPath| {
            let unknown = unknown.components();
            wiring
                .sets
                .iter()
                .any(|set| set.len() >= unknown.len() && set.iter().zip(unknown).all(|(step, name)| step.may_be(name)))
        };
        if self.unknown.iter().any(hidden) {
            return None;
        }
        Some(self.declared.iter().filter_map(|attr| wiring.name_of(attr)).collect())
    }

    /// The first line of a tracked Nix file outside of the layout's folders that says `name`, as the name of an attribute.
    fn line_that_says(&self, name: &str) -> Option<Place> {
        let layout = self.layout?;
        let inside: BTreeSet<PathBuf> = layout.entries(self.files).into_iter().flat_map(|entry| entry.files).collect();
        let starts = |line: &str| {
            let line = line.trim_start();
            [name.to_owned(), format!("\"{name}\"")].iter().any(|name| {
                line.strip_prefix(name.as_str()).is_some_and(|rest| rest.trim_start().starts_with('='))
                    || line.contains(&format!("Configurations.{name} ="))
                    || line.contains(&format!("Modules.{name} ="))
            })
        };
        let outside = self.texts.iter().filter(|(file, _)| !inside.contains(*file));
        outside.into_iter().find_map(|(file, text)| {
            let line = text.lines().position(starts)?;
            Some(Place { file: file.clone(), line: u32::try_from(line + 1).ok()? })
        })
    }
}

/// The place of a problem with a file as a whole.
fn first_line(file: &Path) -> Option<Place> {
    Some(Place { file: file.to_owned(), line: 1 })
}

/// `name`, in single quotes if a POSIX shell would not read it as itself.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@%,".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::layout::SeenKind;

    /// What is found of tracked `files`, each as `path` or `path: text`, and of what the flake declares.
    #[track_caller]
    pub fn check(files: &[&str], declared: &[&str], unknown: &[&str], expected: &[&str]) {
        let split = |file: &&str| {
            file.split_once(": ").map_or((file.to_string(), String::new()), |(a, b)| (a.into(), b.into()))
        };
        let files: Vec<(String, String)> = files.iter().map(split).collect();
        let seen =
            |(path, _): &(String, String)| SeenFile { path: path.into(), kind: SeenKind::Regular, tracked: true };
        let texts = files.iter().map(|(path, text)| (PathBuf::from(path), text.clone())).collect();
        let attrs = |texts: &[&str]| texts.iter().map(|text| AttrPath::parse(text).unwrap()).collect::<Vec<_>>();
        let layout = Preset::Configurations.layout("");
        let found = problems(&Facts {
            layout: Some(&layout),
            files: &files.iter().map(seen).collect::<Vec<_>>(),
            texts: &texts,
            declared: &attrs(declared),
            unknown: &attrs(unknown),
            expected: &[],
            unexpected: &[],
            config_text: "",
        });
        let found: Vec<String> = found.into_iter().map(|problem| problem.fault).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn both_ways() {
        let web = "configurations/nixos/web.nix";
        check(&[web], &["nixosConfigurations.web"], &[], &[]);
        check(
            &[web],
            &[],
            &[],
            &["`configurations/nixos/web.nix` is wired to nothing: the flake has no `nixosConfigurations.web`"],
        );
        check(&[web], &[], &["nixosConfigurations"], &[]);
        // What is wrong with a file by itself is why it has no attribute.
        let case = "`configurations/nixos/Web.nix` and `configurations/nixos/web.nix` differ only in case, and are one file on some systems";
        check(&["configurations/nixos/Web.nix", web], &["nixosConfigurations.web"], &[], &[case]);
        let hidden = "`configurations/nixos/.web.nix` is hidden, and not wired";
        check(&["configurations/nixos/.web.nix"], &[], &[], &[hidden]);
        check(
            &[],
            &["nixosConfigurations.web"],
            &[],
            &["`nixosConfigurations.web` has no file: there is no `web` in `configurations/nixos`"],
        );
        let home = "legacyPackages.x86_64-linux.homeConfigurations.\"a@b\"";
        check(&["configurations/home/a@b.nix"], &["homeConfigurations.\"a@b\"", home], &[], &[]);
        check(&["configurations/home/a@b.nix"], &[home], &[], &[]);
    }

    #[test]
    fn modules_are_reached_from_what_is_no_module() {
        let check = |text: &str, expected: &[&str]| {
            let host = format!("configurations/nixos/a.nix: {text}");
            let files = [host.as_str(), "modules/nixos/m.nix: imports = [ ./n.nix ];", "modules/nixos/n.nix"];
            let declared = ["nixosConfigurations.a", "nixosModules.m", "nixosModules.n"];
            super::tests::check(&files, &declared, &[], expected);
        };
        check("imports = [ inputs.self.nixosModules.m ];", &[]);
        check("imports = [ ../../modules/nixos/m.nix ];", &[]);
        check("imports = attrValues inputs.self.nixosModules;", &[]);
        let unused = |name: &str| {
            format!("no configuration imports `nixosModules.{name}`, the module `modules/nixos/{name}.nix`")
        };
        check("imports = [ inputs.self.nixosModules.n ];", &[&unused("m")]);
        check("", &[&unused("m"), &unused("n")]);
        check("imports = [ ../../modules/nixos/m ];", &[&unused("m"), &unused("n")]);
        check("imports = [ ../modules/nixos/m.nix ../../../../m.nix ];", &[&unused("m"), &unused("n")]);
        check("imports = readDir ./.;", &[&unused("m"), &unused("n")]);
        check("imports = [ inputs.self.homeModules.m ];", &[&unused("m"), &unused("n")]);
        check("imports = [ ezModules.m ];", &[]);
        // What is wrong with a module by itself is why nobody imports it.
        let lost = "`modules/nixos/m.nix` is wired to nothing: the flake has no `nixosModules.m`";
        super::tests::check(&["modules/nixos/m.nix"], &[], &[], &[lost]);
        let hidden = "`modules/nixos/.m.nix` is hidden, and wired as `nixosModules.\".m\"`";
        super::tests::check(&["modules/nixos/.m.nix"], &["nixosModules.\".m\""], &[], &[hidden]);
        check("imports = mapAttrsToList inputs.self.nixosModules;", &[]);
    }

    fn seen(path: &str, tracked: bool) -> SeenFile {
        SeenFile { path: path.into(), kind: SeenKind::Regular, tracked }
    }

    #[test]
    fn the_layout_that_shows_is_that_of_tracked_files() {
        let files = [seen("nix/configurations/nixos/a.nix", true), seen("hosts/b.nix", false), seen("flake.nix", true)];
        assert_eq!(
            folders(&files).into_iter().collect::<Vec<_>>(),
            ["nix", "nix/configurations", "nix/configurations/nixos"]
        );
        let recognised = |input: &str, text: &str| {
            let texts = BTreeMap::from([(PathBuf::from("flake.nix"), text.to_owned())]);
            super::recognised(&BTreeSet::from([input.to_owned()]), &files, &texts)
        };
        assert_eq!(recognised("nixpkgs", ""), Some(Preset::Configurations.layout("nix")));
        assert_eq!(recognised("nixos-unified", "autoWire"), Some(Preset::NixosUnified.layout("nix")));
        assert_eq!(recognised("nixos-unified", ""), None);
    }

    #[test]
    fn what_git_does_not_track_is_named_with_its_command() {
        let check = |name: &str, fix: &str| {
            let path = format!("modules/nixos/{name}");
            let files = [seen(&path, false), seen("notes.nix", false), seen("overlays/a.nix", true)];
            let found = strays(&Preset::Configurations.layout(""), &files);
            let told: Vec<_> =
                found.iter().map(|problem| (problem.place.as_ref().unwrap().to_string(), &problem.fix)).collect();
            assert_eq!(told, [(format!("{path}:1"), &format!("run `git add --intent-to-add {fix}`"))]);
        };
        check("a-b_c.nix", "modules/nixos/a-b_c.nix");
        check("it's mine.nix", r"'modules/nixos/it'\''s mine.nix'");
    }

    /// Where an attribute without a file is said, in files of these texts.
    fn check_said(name: &str, files: &[(&str, &str)], expected: Option<&str>) {
        let seen: Vec<SeenFile> = files.iter().map(|(path, _)| seen(path, true)).collect();
        let texts = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        let (layout, declared) = (Preset::Configurations.layout(""), [AttrPath::new(["nixosConfigurations", name])]);
        let found = problems(&Facts {
            layout: Some(&layout),
            files: &seen,
            texts: &texts,
            declared: &declared,
            unknown: &[AttrPath::new(["darwinConfigurations"])],
            expected: &[],
            unexpected: &[],
            config_text: "",
        });
        let problem = found.last().unwrap();
        assert_eq!(problem.place.as_ref().map(ToString::to_string).as_deref(), expected, "{files:?}");
    }

    #[test]
    fn an_attribute_without_a_file_is_placed_where_it_is_said() {
        check_said("web", &[("flake.nix", "{\n  inputs = { };\n  web = 1;\n}")], Some("flake.nix:3"));
        check_said("a@b", &[("flake.nix", "{\n  \"a@b\" = 1;\n}")], Some("flake.nix:2"));
        check_said("web", &[("flake.nix", "{\n  outputs.nixosConfigurations.web = 1;\n}")], Some("flake.nix:2"));
        check_said("web", &[("flake.nix", "{ a.nixosModules.web = 1; }")], Some("flake.nix:1"));
        check_said("web", &[("flake.nix", "{\n  webs = 1;\n  # of web\n}")], None);
        // What is in a folder of the layout makes another attribute.
        check_said("web", &[("packages/a.nix", "web = 1;"), ("parts.nix", "\nweb = 1;")], Some("parts.nix:2"));
    }
}
