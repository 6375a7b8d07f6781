//! Expectations on real configurations: each Nix reads what is asked, and nothing that was kept stands in for what was not.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use sandbox::{Sandbox, TestNix, program, ran, tool};

const FLAKE: &str = r#"{
  outputs = { self }: {
    nixosConfigurations.web.config = {
      networking.hostName = "web";
      system.stateVersion = "25.11";
      system.build.toplevel = derivation { name = "web"; system = "x86_64-linux"; builder = "/bin/sh"; };
      values = {
        package = derivation { name = "tool"; system = "x86_64-linux"; builder = "/bin/sh"; };
        function = x: x;
        functor = { __functor = _: x: x; };
        path = /a/b;
        fails = throw "no";
        holds.error = throw "no";
        deep.a.b.c.d.e.f = 1;
        wide = builtins.listToAttrs (builtins.genList (n: { name = "n${toString n}"; value = throw "no"; }) 1000);
        endless = { self = endless; a = 1; };
        aborts = { x = abort "no"; };
      };
    };
  };
}
"#;

fn expect(attribute: &str, operator: &str) -> String {
    format!("[[expect]]\nselect = \"nixos:web\"\nattribute = \"values.{attribute}\"\n{operator}\n\n")
}

#[test]
fn values_are_read_as_far_as_they_are_data() {
    let met = [
        expect("package", "equals = \"tool\""),
        expect("function", "equals = \"<function>\""),
        expect("functor", "equals = \"<function>\""),
        expect("path", "equals = \"/a/b\""),
        expect("holds", "equals = { error = \"<an error>\" }"),
        expect("deep", "equals = { a = { b = { c = { d = \"<set>\" } } } }"),
        expect("wide", "count = 1000"),
        expect("endless", "contains = \"self\""),
        expect("endless.self.self.a", "equals = 1"),
        // Nobody asks for more than its names.
        expect("aborts", "subset = [\"x\"]"),
        expect("nothing.here", "absent = true"),
    ];
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write(
            "flake.nix",
            &FLAKE.replace(
                "outputs = { self }: {",
                "outputs = { self }: let\n    endless = { self = endless; a = 1; };\n  in {",
            ),
        );
        sandbox.write("xtask.toml", &met.concat());
        sandbox.run(&["config"]).ends(0).says(&["config: no problem"]);
        sandbox.write("xtask.toml", &expect("fails", "absent = true"));
        sandbox.run(&["config"]).ends(1).says(&["`values.fails` cannot be read: it throws an error", "1 problem"]);
        sandbox.write("xtask.toml", &expect("aborts", "equals = 1"));
        sandbox.run(&["config"]).ends(1).says(&["its facts cannot be read: evaluation aborted", "1 problem"]);
    }
}

#[test]
fn another_expectation_is_another_question() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.write("flake.nix", &FLAKE.replace("endless = { self = endless; a = 1; };", ""));
    // Git does not know this file, so the tree stays the same.
    sandbox.write_untracked("xtask.toml", &expect("path", "equals = \"/a/b\""));
    sandbox.run(&["config"]).ends(0);
    sandbox.write_untracked("xtask.toml", &expect("package", "equals = \"tool\""));
    sandbox.run(&["config"]).ends(0);
    sandbox.write_untracked("xtask.toml", &expect("package", "equals = \"other\""));
    sandbox.run(&["config"]).ends(1).says(&["`values.package` is \"tool\", and is expected to equal \"other\""]);
}

#[test]
fn editors_find_in_the_schema_what_is_refused() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let editor = |text: &str, status: i32, words: &str| {
        sandbox.write("xtask.toml", text);
        let mut command = sandbox.command(program("python3", "apt-get install python3"));
        command.env("PYTHONPATH", tool("check-jsonschema")).args(["-m", "check_jsonschema", "--schemafile"]);
        command.arg(repository.join("xtask/xtask.schema.json")).arg("xtask.toml");
        let said = ran(command.current_dir(sandbox.repository())).ends(status);
        assert!(said.stdout.contains(words), "{}", said.stdout);
    };
    let check = |text: &str, words: &str| {
        editor(text, 1, words);
        sandbox.run(&["config", "--offline"]).ends(2).says(&["xtask.toml:"]);
    };
    sandbox.write("flake.nix", &FLAKE.replace("endless = { self = endless; a = 1; };", ""));
    let own = std::fs::read_to_string(repository.join("xtask.toml")).unwrap();
    editor(&own, 0, "ok -- validation done");
    check("[lock]\nallowed_owner = []\n", "'allowed_owner' was unexpected");
    check("[lock]\nmax_age_days = \"90\"\n", "'90' is not of type 'integer'");
    check("[cache]\npreset = \"main\"\n", "'main' is not valid");
    check("[[kind]]\nname = \"image\"\n", "'set' is a required property");
}
