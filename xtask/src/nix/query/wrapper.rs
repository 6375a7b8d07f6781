//! The wrapper flake itself: the repository as an input, and what may be asked of it.

use crate::nix::Reference;

/// The text of the wrapper's flake.nix, around the flake at `reference`; what is evaluated elsewhere gets the inputs of the flake at
/// `locked`, if that is another.
pub(super) fn wrapper(reference: &Reference, locked: Option<&Reference>) -> String {
    let input = |name: &str, reference: &Reference| {
        let attributes = reference.attributes().into_iter();
        let lines: String = attributes.map(|(name, value)| format!("    {name} = {value};\n")).collect();
        format!("  inputs.{name} = {{\n{lines}  }};\n")
    };
    let inputs = input("flake", reference) + &locked.map(|locked| input("locked", locked)).unwrap_or_default();
    let (locked, elsewhere) = match locked {
        Some(_) => (", locked", "(flake // { inherit (locked) inputs; })"),
        None => ("", "flake"),
    };
    format!(
        "{{\n{inputs}\n  outputs =\n    {{ flake{locked}, ... }}:\n    {{\n      \
         discover = import ./discover.nix flake;\n      elsewhere = import ./elsewhere.nix {elsewhere};\n      evaluate = import ./evaluate.nix (_: flake);\n    }};\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_is_a_flake_around_the_repository() {
        expect_test::expect![[r#"
            {
              inputs.flake = {
                url = "git+file:///r";
              };

              outputs =
                { flake, ... }:
                {
                  discover = import ./discover.nix flake;
                  elsewhere = import ./elsewhere.nix flake;
                  evaluate = import ./evaluate.nix (_: flake);
                };
            }
        "#]]
        .assert_eq(&wrapper(&Reference::Url("git+file:///r".to_owned()), None));
    }

    #[test]
    fn the_inputs_may_be_those_of_another_flake() {
        let url = |url: &str| Reference::Url(url.to_owned());
        let text = wrapper(&url("git+file:///r"), Some(&url("git+file:///r?rev=1")));
        for part in [
            "  inputs.locked = {\n    url = \"git+file:///r?rev=1\";\n  };\n",
            "{ flake, locked, ... }:",
            "import ./elsewhere.nix (flake // { inherit (locked) inputs; });",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}
