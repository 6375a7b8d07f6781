//! The report of a change, in all of its forms.

use super::example::example;
use super::*;
use crate::diff::FileChange;
use crate::fleet::AttrPath;

#[test]
fn everything_on_a_terminal() {
    expect_test::expect![[r#"
        base main (0123456789ab) · head 89abcdef0123-dirty · stand-in inputs
        4 files changed
        ! something to know
        ✗ homeConfigurations."a@b|c"  does not evaluate now
            now: attribute 'x' *missing*
        ~ nixosConfigurations.www  renamed from nixosConfigurations.web, and changed
            by modules/motd.nix, hosts/www.nix (was hosts/web.nix)
            by some of these together: a.nix (added), b.nix (removed)
            by some of these, for which there was no time (--files-within): b.nix (removed)
            in motd-1.1 (was motd-1.0): builder, text, source hello.sh, +vim, -nano
            in 8 more
            closure 1.0 GiB → 1.0 GiB (+1.0 MiB)
            packages: git 2.43 → 2.44, + perl 5.40
            packages: curl 8.2 → 8.1 (older)
            packages: + vim 9.1, + unit-a.service
            packages: - nano 7
        ~ nixosConfigurations.db  changed
            by none of the changed files: it holds the flake's revision, or its source as a whole
            closure 2.0 KiB now
        ~ checks.x86_64-linux.a  changed
            by files that could not be told: no copy
        + nixosConfigurations.fresh  added
        - nixosConfigurations.gone  removed
        ? nixosConfigurations.c  base does not evaluate
            in the base: fetch https://host/x
        ~ nixosConfigurations.new  renamed from nixosConfigurations.old, otherwise unchanged
    "#]]
    .assert_eq(&text(&example()));
}

#[test]
fn everything_in_markdown() {
    expect_test::expect![[r###"
        ## 9 outputs: 1 does not evaluate now, 3 changed, 1 added, 1 removed, 1 base does not evaluate, 1 unchanged, 1 only renamed

        > [!WARNING]
        > **Stand-in inputs.** Every input of the flake was replaced by an embedded one.

        > [!NOTE]
        > something to know

        | output | change | by | closure |
        |---|---|---|---:|
        | <code>homeConfigurations."a@b&#124;c"</code> | ✗ does not evaluate now |  |  |
        | <code>nixosConfigurations.www</code> | \~ renamed from nixosConfigurations.web, and changed | modules/motd.nix, hosts/www.nix (was hosts/web.nix); some of these together: a.nix (added), b.nix (removed); some of these, for which there was no time (--files-within): b.nix (removed) | 1.0 GiB → 1.0 GiB (+1.0 MiB) |
        | <code>nixosConfigurations.db</code> | \~ changed | none of the changed files: it holds the flake's revision, or its source as a whole | 2.0 KiB now |
        | <code>checks.x86&#95;64-linux.a</code> | \~ changed | files that could not be told: no copy |  |
        | <code>nixosConfigurations.fresh</code> | + added |  |  |
        | <code>nixosConfigurations.gone</code> | - removed |  |  |
        | <code>nixosConfigurations.c</code> | ? base does not evaluate |  |  |
        | <code>nixosConfigurations.new</code> | \~ renamed from nixosConfigurations.old, otherwise unchanged |  |  |

        <details><summary>4 files changed</summary>

        - <code>modules/motd.nix</code>
        - <code>a.nix (added)</code>
        - <code>b.nix (removed)</code>
        - <code>hosts/www.nix (was hosts/web.nix)</code>

        </details>
        <details><summary>homeConfigurations."a@b|c"</summary>

        - now: attribute 'x' \*missing\*

        </details>
        <details><summary>nixosConfigurations.www</summary>

        - by modules/motd.nix, hosts/www.nix (was hosts/web.nix)
        - by some of these together: a.nix (added), b.nix (removed)
        - by some of these, for which there was no time (--files-within): b.nix (removed)
        - in motd-1.1 (was motd-1.0): builder, text, source hello.sh, +vim, -nano
        - in 8 more
        - packages: git 2.43 → 2.44, + perl 5.40
        - packages: curl 8.2 → 8.1 (older)
        - packages: + vim 9.1, + unit-a.service
        - packages: - nano 7

        </details>
        <details><summary>nixosConfigurations.db</summary>

        - by none of the changed files: it holds the flake's revision, or its source as a whole

        </details>
        <details><summary>checks.x86_64-linux.a</summary>

        - by files that could not be told: no copy

        </details>
        <details><summary>nixosConfigurations.c</summary>

        - in the base: fetch https://host/x

        </details>

        <sub>base main (0123456789ab) · head 89abcdef0123-dirty · stand-in inputs</sub>
    "###]].assert_eq(&markdown(&example()));
}

#[test]
fn everything_as_json() {
    let json: serde_json::Value = serde_json::from_str(&json(&example()).unwrap()).unwrap();
    let www = json["outputs"].as_array().unwrap().iter().find(|output| output["attr"] == "nixosConfigurations.www");
    expect_test::expect![[r#"
        {
          "attr": "nixosConfigurations.www",
          "base": {
            "closure_bytes": 1073741824,
            "drv": null,
            "reason": null
          },
          "by": {
            "files": [
              "modules/motd.nix",
              "hosts/www.nix"
            ],
            "not_told": null,
            "together": [
              [
                "a.nix",
                "b.nix"
              ]
            ],
            "undecided": [
              "b.nix"
            ]
          },
          "causes": [
            {
              "added": [
                "vim"
              ],
              "base_drv": "/nix/store/a.drv",
              "head_drv": "/nix/store/b.drv",
              "name": "motd-1.1",
              "removed": [
                "nano"
              ],
              "sources": [
                "hello.sh"
              ],
              "texts": [
                "builder",
                "text"
              ],
              "was": "motd-1.0"
            }
          ],
          "causes_total": 9,
          "change": "changed",
          "differing_derivations": 12,
          "head": {
            "closure_bytes": 1074790400,
            "drv": null,
            "reason": null
          },
          "kind": "nixos",
          "packages": {
            "added": [
              {
                "name": "vim",
                "versions": [
                  "9.1"
                ]
              },
              {
                "name": "unit-a.service",
                "versions": []
              }
            ],
            "downgraded": [
              {
                "from": [
                  "8.2"
                ],
                "name": "curl",
                "to": [
                  "8.1"
                ]
              }
            ],
            "removed": [
              {
                "name": "nano",
                "versions": [
                  "7"
                ]
              }
            ],
            "upgraded": [
              {
                "from": [
                  "2.43"
                ],
                "name": "git",
                "to": [
                  "2.44"
                ]
              },
              {
                "from": [],
                "name": "perl",
                "to": [
                  "5.40"
                ]
              }
            ]
          },
          "packages_of": "closure",
          "system": "x86_64-linux",
          "was": "nixosConfigurations.web"
        }"#]]
    .assert_eq(&format!("{:#}", www.unwrap()));
    let mut document = json.clone();
    document["outputs"].as_array_mut().unwrap().clear();
    expect_test::expect![[r#"
        {
          "base": {
            "asked": "main",
            "commit": "0123456789abcdef0123456789abcdef01234567"
          },
          "files": [
            {
              "path": "modules/motd.nix",
              "status": "changed"
            },
            {
              "path": "a.nix",
              "status": "added"
            },
            {
              "path": "b.nix",
              "status": "removed"
            },
            {
              "path": "hosts/www.nix",
              "status": "renamed",
              "was": "hosts/web.nix"
            }
          ],
          "head": "89abcdef0123456789abcdef0123456789abcdef-dirty",
          "inputs": "stand-in",
          "notes": [
            "something to know"
          ],
          "outputs": [],
          "schema": 1
        }"#]]
    .assert_eq(&format!("{document:#}"));
    let reason = &json["outputs"][2]["base"]["reason"];
    assert!(reason.as_str().is_some_and(|reason| reason.starts_with("fetch https://host/x")), "{reason}");
}

#[test]
fn a_summary_stays_small_whatever_changed() {
    let mut difference = example();
    let www = difference.outputs[5].clone();
    for number in 0..3000 {
        let mut output = www.clone();
        output.compared.output.attr = AttrPath::new(["nixosConfigurations".to_owned(), format!("host-{number}")]);
        difference.outputs.push(output);
        let file = FileChange { path: format!("modules/module-{number}.nix").into(), ..difference.files[0].clone() };
        difference.files.push(file);
    }
    let text = markdown(&difference);
    assert!(text.len() < 60_000 && text.len() > 40_000, "{}", text.len());
    assert!(text.starts_with("## 3009 outputs: 1 does not evaluate now, 3003 changed"), "{}", &text[..80]);
    // The table is cut and says so, and some details still follow, as does the footer.
    for part in ["| … | 2", "<details><summary>nixosConfigurations.host-", "outputs more: `--json` tells all", "<sub>"]
    {
        assert!(text.contains(part), "{part:?} is missing");
    }
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}
