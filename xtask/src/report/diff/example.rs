//! A change that shows every kind of thing that can be said.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diff::{
    Cause, Causes, Change, Compared, Described, Difference, FileChange, FileStatus, Files, Influence, Moved, Named,
    Package, PackageChanges, Packages,
};
use crate::fleet::{AttrPath, Output};

fn described(attr: &str, change: Change) -> Described {
    let output = Output { attr: AttrPath::parse(attr).unwrap(), kind: "nixos".to_owned(), system: None };
    let (was, base_drv, head_drv, base_reason, head_reason) = (None, None, None, None, None);
    let compared = Compared { change, output, was, base_drv, head_drv, base_reason, head_reason };
    Described::new(compared, Some("x86_64-linux".to_owned()))
}

fn cause(name: &str) -> Arc<Cause> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Arc::new(Cause {
        name: name.to_owned(),
        was: Some("motd-1.0".to_owned()),
        base_drv: "/nix/store/a.drv".to_owned(),
        head_drv: "/nix/store/b.drv".to_owned(),
        texts: texts(&["builder", "text"]),
        sources: texts(&["hello.sh"]),
        added: texts(&["vim"]),
        removed: texts(&["nano"]),
    })
}

/// The change.
pub fn example() -> Difference {
    let file = |status, path: &str, was: Option<&str>| FileChange {
        status,
        path: path.into(),
        was: was.map(Into::into),
        submodule: false,
    };
    let files = vec![
        file(FileStatus::Changed, "modules/motd.nix", None),
        file(FileStatus::Added, "a.nix", None),
        file(FileStatus::Removed, "b.nix", None),
        file(FileStatus::Renamed, "hosts/www.nix", Some("hosts/web.nix")),
    ];
    let moved = |name: &str, from: &[&str], to: &[&str]| {
        let versions = |versions: &[&str]| versions.iter().map(|version| (*version).to_owned()).collect();
        Moved { name: name.to_owned(), from: versions(from), to: versions(to) }
    };
    let package = |name: &str, versions: &[&str]| {
        let versions = versions.iter().map(|version| (*version).to_owned()).collect();
        Package { name: name.to_owned(), versions }
    };
    let mut www = described("nixosConfigurations.www", Change::Changed);
    www.compared.was = Some(AttrPath::new(["nixosConfigurations", "web"]));
    www.causes = Some(Causes { nearest: vec![cause("motd-1.1")], total: 9, differing: 12 });
    www.closure = (Some(1 << 30), Some((1 << 30) + (1 << 20)));
    www.packages = Some(Packages {
        named: Named::Closure,
        changes: PackageChanges {
            added: vec![package("vim", &["9.1"]), package("unit-a.service", &[])],
            removed: vec![package("nano", &["7"])],
            upgraded: vec![moved("git", &["2.43"], &["2.44"]), moved("perl", &[], &["5.40"])],
            downgraded: vec![moved("curl", &["8.2"], &["8.1"])],
        },
    });
    let influence =
        Influence { files: BTreeSet::from([0, 3]), together: vec![vec![1, 2]], undecided: BTreeSet::from([2]) };
    www.files = Some(Files::Told(influence));
    let mut db = described("nixosConfigurations.db", Change::Changed);
    db.files = Some(Files::NoneOfThem);
    db.closure = (None, Some(2048));
    let mut old = described("nixosConfigurations.new", Change::Unchanged);
    old.compared.was = Some(AttrPath::new(["nixosConfigurations", "old"]));
    let mut broken = described("homeConfigurations.\"a@b|c\"", Change::Broken);
    broken.compared.head_reason = Some("attribute 'x' *missing*\nsecond line".to_owned());
    let mut unknown = described("nixosConfigurations.c", Change::BaseDoesNotEvaluate);
    unknown.compared.base_reason = Some("fetch https://me:secret@host/x\u{1b}[31m".to_owned());
    let mut checks = described("checks.x86_64-linux.a", Change::Changed);
    checks.files = Some(Files::NotTold("no copy\nof it".to_owned()));
    Difference {
        base: "main".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        head: Some("89abcdef0123456789abcdef0123456789abcdef-dirty".to_owned()),
        inputs: "stand-in",
        is_stand_in: true,
        files,
        outputs: vec![
            described("nixosConfigurations.same", Change::Unchanged),
            old,
            unknown,
            described("nixosConfigurations.gone", Change::Removed),
            described("nixosConfigurations.fresh", Change::Added),
            www,
            db,
            checks,
            broken,
        ],
        notes: vec!["something to know".to_owned()],
    }
}
