//! Outputs that a run evaluates and does not build.

use std::collections::BTreeSet;

use super::{AttrPath, Output};

/// Which outputs are not built, though a run builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Spared {
    /// None.
    #[default]
    None,
    /// All but those at these paths, or below.
    AllBut(BTreeSet<AttrPath>),
    /// Those whose derivation is one of these.
    Derivations(BTreeSet<String>),
}

impl Spared {
    /// Whether `output`, whose derivation is `drv`, is not built.
    #[must_use]
    pub fn spares(&self, output: &Output, drv: &str) -> bool {
        match self {
            Self::None => false,
            Self::AllBut(wanted) => !wanted.iter().any(|path| output.attr.components().starts_with(path.components())),
            Self::Derivations(drvs) => drvs.contains(drv),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spared() {
        let check = |spared: &Spared, attr: &str, drv: &str, expected: bool| {
            let output = Output { attr: AttrPath::parse(attr).unwrap(), kind: "nixos".to_owned(), system: None };
            assert_eq!(spared.spares(&output, drv), expected, "{spared:?} {attr} {drv}");
        };
        check(&Spared::None, "a.b", "/d", false);
        let all_but = Spared::AllBut(["a.b", "sets"].map(|path| AttrPath::parse(path).unwrap()).into());
        check(&all_but, "a.b", "/d", false);
        check(&all_but, "a.bc", "/d", true);
        check(&all_but, "sets.web", "/d", false);
        check(&all_but, "a", "/d", true);
        let drvs = Spared::Derivations(BTreeSet::from(["/d".to_owned()]));
        check(&drvs, "a.b", "/d", true);
        check(&drvs, "a.b", "/e", false);
    }
}
