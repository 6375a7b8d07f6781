//! What is in the folders of a layout: its entries, and files that the flake does not see.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::{Layout, Naming, Part, Wiring};

/// A file of the repository, as far as a layout looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Where, relative to the repository.
    pub path: PathBuf,
    /// What it is.
    pub kind: SeenKind,
    /// Whether the flake sees it.
    pub tracked: bool,
}

/// What a file is to a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenKind {
    /// A file.
    Regular,
    /// A symbolic link, with what it says.
    Link(PathBuf),
}

/// A file or folder that a wiring makes an attribute of, or looks as if it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The index of its wiring.
    pub wiring: usize,
    /// What it is called, without `.nix`.
    pub name: String,
    /// The host that its path names.
    pub host: Option<String>,
    /// The file or folder, relative to the repository.
    pub path: PathBuf,
    /// What it is.
    pub form: Form,
    /// Its files that the flake sees, relative to the repository.
    pub files: Vec<PathBuf>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `X.nix`.
    File,
    /// A folder, with the file in it that counts; none if it has none.
    Folder(Option<PathBuf>),
    /// A symbolic link, which Nix reports as neither file nor folder.
    Link,
}

impl Entry {
    /// What its attribute is called; for [`Naming::PerHost`] the name without a host.
    #[must_use]
    pub fn attribute(&self, wiring: &Wiring) -> String {
        match (wiring.naming, &self.host) {
            (Naming::AtHost, Some(host)) => format!("{}@{host}", self.name),
            _ => self.name.clone(),
        }
    }

    /// Whether the attribute called `name` is this entry's.
    #[must_use]
    pub fn becomes(&self, wiring: &Wiring, name: &str) -> bool {
        let own = self.attribute(wiring);
        let at_host = || name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('@'));
        name == own || (wiring.naming == Naming::PerHost && at_host())
    }

    /// The file that a person opens first.
    #[must_use]
    pub fn main_file(&self) -> &Path {
        match &self.form {
            Form::Folder(Some(main)) => main,
            Form::Folder(None) => self.files.first().unwrap_or(&self.path),
            Form::File | Form::Link => &self.path,
        }
    }
}

impl Layout {
    /// Every entry of its folders among the tracked ones of `files`.
    #[must_use]
    pub fn entries(&self, files: &[SeenFile]) -> Vec<Entry> {
        let known: Known<'_> = files.iter().map(|file| (file.path.as_path(), file.tracked)).collect();
        let wirings = self.wirings.iter().enumerate();
        wirings.flat_map(|(index, wiring)| self.entries_of(index, wiring, files, &known)).collect()
    }

    fn entries_of(&self, index: usize, wiring: &Wiring, files: &[SeenFile], known: &Known<'_>) -> Vec<Entry> {
        let mut found: BTreeMap<PathBuf, Entry> = BTreeMap::new();
        let places = files.iter().filter_map(|file| Some((file, wiring.place(&self.root, &file.path)?)));
        let places: Vec<(&SeenFile, Place<'_>)> = places.collect();
        let mains = |folder: &Path| wiring.entries.mains.iter().map(|main| folder.join(main)).collect::<Vec<_>>();
        for (file, place) in places.iter().filter(|(file, _)| file.tracked) {
            let (name, path, form) = match place.rest.as_slice() {
                [only] => match file_entry(wiring, file, only, known) {
                    Some((name, form)) => (name, file.path.clone(), form),
                    None => continue,
                },
                [_, ..] => {
                    let all = place.rest.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
                    let depth = wiring.entries.folder_depth(&all);
                    let Some(depth) = depth else { continue };
                    let path: PathBuf = place.folder.join(all[..depth].join("/"));
                    let mains = mains(&path);
                    let main = mains.iter().find(|main| known.contains_key(main.as_path())).cloned();
                    let excused = |name: &str| files.iter().any(|file| file.path.starts_with(path.join(name)));
                    if main.is_none() && wiring.entries.excused.is_some_and(excused) {
                        continue;
                    }
                    // Where any folder counts, it is its own main file.
                    let main = main.or_else(|| wiring.entries.mains.is_empty().then(|| path.join("default.nix")));
                    (all[..depth].join("/"), path, Form::Folder(main))
                }
                [] => continue,
            };
            let host = place.host.map(str::to_owned);
            let entry = Entry { wiring: index, name, host, path: path.clone(), form, files: Vec::new() };
            found.entry(path).or_insert(entry).files.push(file.path.clone());
        }
        let tracked = |path: &Path| known.get(path).is_some_and(|tracked| *tracked);
        let visible = |entry: &Entry| match &entry.form {
            // A folder whose main file git does not know is not an entry yet: that file is told of.
            Form::Folder(Some(main)) => wiring.entries.mains.is_empty() || tracked(main),
            Form::Folder(None) => entry.files.iter().any(|file| is_nix(file)),
            Form::File | Form::Link => true,
        };
        found.into_values().filter(visible).collect()
    }
}

/// The Nix files in the folders of `layout` that the flake does not see, each once.
#[must_use]
pub fn stray_files<'a>(layout: &Layout, files: &'a [SeenFile]) -> Vec<&'a Path> {
    let wired = |file: &&SeenFile| layout.wirings.iter().any(|wiring| wiring.place(&layout.root, &file.path).is_some());
    files
        .iter()
        .filter(|file| !file.tracked && is_nix(&file.path))
        .filter(wired)
        .map(|file| file.path.as_path())
        .collect()
}

/// Every file, and whether the flake sees it.
type Known<'a> = HashMap<&'a Path, bool>;

/// Where a file is in a wiring's folder.
struct Place<'a> {
    folder: PathBuf,
    host: Option<&'a str>,
    rest: Vec<&'a str>,
}

impl Wiring {
    fn place<'a>(&self, root: &str, path: &'a Path) -> Option<Place<'a>> {
        let below = if root.is_empty() { path } else { path.strip_prefix(root).ok()? };
        let mut components = below.components();
        let mut folder = PathBuf::from(root);
        let mut host = None;
        for part in &self.folder {
            let name = text(components.next()?)?;
            let fits = match part {
                Part::Named(wanted) => wanted == name,
                Part::System(wanted) => name.contains(wanted),
                Part::Host => {
                    host = Some(name);
                    true
                }
            };
            if !fits {
                return None;
            }
            folder.push(name);
        }
        let rest = components.map(text).collect::<Option<Vec<_>>>()?;
        (!rest.is_empty()).then_some(Place { folder, host, rest })
    }
}

impl super::Entries {
    /// How many of a file's components below the folder name its entry.
    fn folder_depth(&self, rest: &[String]) -> Option<usize> {
        if !self.deep {
            return Some(1);
        }
        // Only the file that counts makes a deep entry; others belong to one above, or to nobody.
        let (last, above) = rest.split_last()?;
        (self.mains.contains(last) && !above.is_empty()).then_some(above.len())
    }
}

fn file_entry(wiring: &Wiring, file: &SeenFile, name: &str, known: &Known<'_>) -> Option<(String, Form)> {
    let stem = name.strip_suffix(".nix").filter(|_| wiring.entries.files).map(str::to_owned);
    match (&file.kind, stem) {
        (SeenKind::Regular, Some(stem)) => Some((stem, Form::File)),
        (SeenKind::Regular, None) => None,
        (SeenKind::Link(_), Some(stem)) => Some((stem, Form::Link)),
        (SeenKind::Link(target), None) => {
            let folder = resolved(file.path.parent()?, target)?;
            let is_main = |main: &String| known.contains_key(folder.join(main).as_path());
            wiring.entries.mains.iter().any(is_main).then(|| (name.to_owned(), Form::Link))
        }
    }
}

/// What a link in `folder` leads to, if that is in the repository.
fn resolved(folder: &Path, target: &Path) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for component in target.components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => path.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn is_nix(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "nix")
}

fn text(component: Component<'_>) -> Option<&str> {
    component.as_os_str().to_str()
}
