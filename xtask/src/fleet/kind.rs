//! The kinds of outputs: where a flake keeps them, and which derivation of each is built.

use crate::fleet::AttrPath;

/// One kind of output, as data: the same table drives discovery, selection and the reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// The word for it, such as `nixos`.
    pub name: String,
    /// Where a flake keeps outputs of this kind.
    pub set: Vec<Step>,
    /// Where the derivation is below such an output, in order of preference; an empty path is the output itself.
    pub derivation: Vec<Vec<String>>,
    /// Whether it is a whole configuration, whose facts are worth reading.
    pub configuration: bool,
    /// Seconds one takes to evaluate, as long as nothing was measured.
    pub usual_seconds: f64,
}

/// One step on the way from a flake's outputs to the outputs of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The attribute of that name.
    Named(String),
    /// Every attribute: a system.
    System,
    /// Every attribute: an output.
    Any,
    /// Every attribute, deeper down to the derivations.
    Tree,
}

impl Step {
    /// Whether an attribute of that name is on the way.
    #[must_use]
    pub fn may_be(&self, name: &str) -> bool {
        !matches!(self, Self::Named(wanted) if wanted != name)
    }
}

impl Kind {
    /// Reads a kind that `xtask.toml` declares: its set as `images.<system>.*`.
    ///
    /// # Errors
    /// When the set or the path of the derivation cannot be read.
    pub fn declared(name: &str, set: &str, derivation: Option<&str>) -> anyhow::Result<Self> {
        let path = AttrPath::parse(set)?;
        let steps: Vec<Step> = path.components().iter().map(|component| step(component)).collect();
        if !matches!(steps.last(), Some(Step::Any | Step::Tree)) {
            anyhow::bail!("the set `{set}` of kind `{name}` must end in `*` or `**`");
        }
        let derivation = match derivation {
            Some(text) => vec![AttrPath::parse(text)?.components().to_vec()],
            None => vec![Vec::new()],
        };
        Ok(Self { name: name.to_owned(), set: steps, derivation, configuration: false, usual_seconds: 0.1 })
    }
}

impl Kind {
    /// Whether an output at `attr` is of this kind.
    #[must_use]
    pub fn holds(&self, attr: &AttrPath) -> bool {
        let given = attr.components();
        let long_enough = match self.set.last() {
            Some(Step::Tree) => given.len() >= self.set.len(),
            _ => given.len() == self.set.len(),
        };
        long_enough && self.may_be_below(attr)
    }

    /// Whether outputs of this kind may be at or below `attr`.
    #[must_use]
    pub fn may_be_below(&self, attr: &AttrPath) -> bool {
        self.set.iter().zip(attr.components()).all(|(step, component)| step.may_be(component))
    }

    /// The system that the place `attr` of such an output, or of a set of them, names.
    #[must_use]
    pub fn system_in(&self, attr: &AttrPath) -> Option<String> {
        let mut steps = self.set.iter().zip(attr.components());
        steps.find(|(step, _)| **step == Step::System).map(|(_, name)| name.clone())
    }
}

/// Reads one component of a set's path: a name, `<system>`, `*` or `**`.
pub(super) fn step(component: &str) -> Step {
    match component {
        "<system>" => Step::System,
        "*" => Step::Any,
        "**" => Step::Tree,
        name => Step::Named(name.to_owned()),
    }
}

/// The kinds every flake may have.
#[must_use]
pub fn built_in_kinds() -> Vec<Kind> {
    let toplevel = "config.system.build.toplevel";
    [
        ("nixos", "nixosConfigurations.*", &[toplevel][..], true, 2.0),
        ("darwin", "darwinConfigurations.*", &[toplevel, "system"], true, 1.5),
        ("home", "homeConfigurations.*", &["activationPackage"], true, 1.0),
        ("home", "legacyPackages.<system>.homeConfigurations.*", &["activationPackage"], true, 1.0),
        ("package", "packages.<system>.*", &[], false, 0.1),
        ("check", "checks.<system>.*", &[], false, 0.1),
        ("devshell", "devShells.<system>.*", &[], false, 0.1),
        ("app", "apps.<system>.*", &["program"], false, 0.1),
        ("formatter", "formatter.<system>", &[], false, 0.1),
        ("hydra-job", "hydraJobs.**", &[], false, 0.1),
    ]
    .into_iter()
    .map(|(name, set, derivation, configuration, usual_seconds)| {
        let split = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        let derivation = derivation.iter().map(|path| split(path)).collect::<Vec<_>>();
        Kind {
            name: name.to_owned(),
            set: split(set).iter().map(|component| step(component)).collect(),
            derivation: if derivation.is_empty() { vec![Vec::new()] } else { derivation },
            configuration,
            usual_seconds,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_kind_reads_like_a_built_in_one() {
        let kind = Kind::declared("image", "images.<system>.*", Some("config.build.image")).unwrap();
        assert_eq!(kind.set, [Step::Named("images".to_owned()), Step::System, Step::Any]);
        assert_eq!(kind.derivation, [vec!["config".to_owned(), "build".to_owned(), "image".to_owned()]]);
    }

    #[test]
    fn the_place_of_an_output_tells_its_kind() {
        let check = |attr: &str, expected: Option<&str>| {
            let attr = AttrPath::parse(attr).unwrap();
            let kinds = built_in_kinds();
            assert_eq!(kinds.iter().find(|kind| kind.holds(&attr)).map(|kind| kind.name.as_str()), expected, "{attr}");
        };
        check("nixosConfigurations.web", Some("nixos"));
        check("homeConfigurations.\"a@b\"", Some("home"));
        check("legacyPackages.x86_64-linux.homeConfigurations.\"a@b\"", Some("home"));
        check("legacyPackages.x86_64-linux.hello", None);
        check("packages.x86_64-linux.a", Some("package"));
        check("packages.a", None);
        check("hydraJobs.a.b.c", Some("hydra-job"));
        check("formatter.x86_64-linux", Some("formatter"));
    }

    #[test]
    fn a_declared_set_must_name_outputs() {
        assert!(Kind::declared("image", "images.<system>", None).is_err());
        assert!(Kind::declared("image", "", None).is_err());
    }
}
