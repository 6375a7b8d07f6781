//! Files: there, of the right size, and holding what they should.

use super::*;

fn deep(store: &str) -> Case {
    Case { deep: true, ..fleet(store) }
}

#[test]
fn a_narinfo_without_its_file_is_found() {
    let case = fleet("app -> lib; lib -> doc");
    case.fleet.content().files.remove("nar/lib.nar.zst");
    // What it refers to is looked at all the same; and it is said once.
    let expected = "2+0: lib of app by app: NoFile(\"nar/lib.nar.zst\"), doc of app by lib: Absent; again lib";
    check(&case, expected);
    check(&Case { deep: true, ..case }, expected);
}

#[test]
fn a_file_of_another_size_is_found() {
    let case = fleet("app");
    let expected = case.fleet.content().files["nar/app.nar.zst"].len();
    case.fleet.content().files.get_mut("nar/app.nar.zst").unwrap().truncate(20);
    check(&case, &format!("1+0: app of app: FileSize {{ expected: {expected}, found: 20 }}; again app"));
}

#[test]
fn content_is_compared_only_when_asked() {
    let plant = |case: Case| {
        case.fleet.content().files.get_mut("nar/app.nar.zst").unwrap()[0] ^= 1;
        case
    };
    check(&plant(fleet("app")), "1+0: ");
    assert!(matches!(
        plant(deep("app")).verify().unwrap().problems[0].fault,
        VerifyFault::FileContent(ref what) if what.starts_with("it cannot be unpacked as `zstd`: ")
    ));
    check(&deep("app -> lib; lib"), "2+0: ");
}

#[test]
fn every_compression_is_unpacked_and_what_is_unknown_is_said() {
    let packed = |compression: &str, pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        let case = deep("app");
        let file = pack(&case.fleet.nar("app"));
        case.fleet.repack("app", compression, file);
        case
    };
    let xz = |nar: &[u8]| {
        let mut file = Vec::new();
        std::io::copy(&mut liblzma::read::XzEncoder::new(nar, 1), &mut file).unwrap();
        file
    };
    let zstd = |nar: &[u8]| zstd::encode_all(nar, 1).unwrap();
    check(&packed("xz", &xz), "1+0: ");
    check(&packed("none", &|nar| nar.to_vec()), "1+0: ");
    // Packed in parts, as several threads do it.
    check(&packed("zstd", &|nar| [zstd(&nar[..99]), zstd(&nar[99..])].concat()), "1+0: ");
    check(&packed("xz", &|nar| [xz(&nar[..99]), xz(&nar[99..])].concat()), "1+0: ");
    let content = |case: &Case, expected: &str| {
        check(case, &format!("1+0: app of app: FileContent({expected:?}); again app"));
    };
    let known = "only `zstd`, `xz` and `none` can be unpacked here";
    content(&packed("br", &|nar| nar.to_vec()), &format!("its compression is `br`: {known}"));
    content(&packed("xz", &|nar| nar.to_vec()), "it cannot be unpacked as `xz`: stream/file format not recognized");
    let half = |nar: &[u8]| zstd(nar)[..20].to_vec();
    content(&packed("zstd", &half), "it cannot be unpacked as `zstd`: incomplete frame");
}

#[test]
fn other_content_is_found() {
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let case = deep("app");
        let mut nar = case.fleet.nar("app");
        change(&mut nar);
        case.fleet.repack("app", "none", nar.clone());
        (case, nar)
    };
    let content = |case: &Case, expected: &str| {
        check(case, &format!("1+0: app of app: FileContent({expected:?}); again app"));
    };
    let size = deep("app").fleet.nar("app").len();
    let (case, nar) = with(&|nar| nar[7] ^= 1);
    let original = crate::planted::sha256(&deep("app").fleet.nar("app"));
    let hash = crate::planted::sha256(&nar);
    content(&case, &format!("the hash of its NAR is `{hash}`, and `{original}` by its narinfo"));
    let (case, _) = with(&|nar| nar.push(0));
    content(&case, &format!("its NAR has more than the {size} bytes of its narinfo"));
    let (case, _) = with(&|nar| nar.truncate(9));
    content(&case, &format!("its NAR has 9 bytes, and {size} by its narinfo"));
    // The NAR is the right one, and the file is not the one that was announced.
    let case = deep("app");
    case.fleet.edit("app", |narinfo| narinfo.file_hash = Some(crate::planted::sha256(b"")));
    let file = crate::planted::sha256(&case.fleet.content().files["nar/app.nar.zst"]);
    let nothing = crate::planted::sha256(b"");
    content(&case, &format!("the hash of the file is `{file}`, and `{nothing}` by its narinfo"));
    let case = deep("app");
    case.fleet.edit("app", |narinfo| narinfo.file_hash = None);
    check(&case, "1+0: ");
    let case = deep("app");
    case.fleet.edit("app", |narinfo| narinfo.file_size = None);
    check(&case, "1+0: ");
}

#[test]
fn what_unpacks_to_no_end_is_not_read_to_its_end() {
    let case = deep("app");
    // 40 gigabytes of zeros.
    let bomb = zstd::encode_all([0; 1 << 22].as_slice(), 1).unwrap().repeat(10_000);
    let size = case.fleet.nar("app").len();
    case.fleet.repack("app", "zstd", bomb);
    let begun = std::time::Instant::now();
    let expected = format!("its NAR has more than the {size} bytes of its narinfo");
    check(&case, &format!("1+0: app of app: FileContent({expected:?}); again app"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_breaks_off_is_fetched_again_and_then_called_unknown() {
    let case = deep("app");
    case.fleet.content().breaks.insert("nar/app.nar.zst".to_owned(), 2);
    let (verified, said) = case.run(&case.request(), &|_| {});
    assert_eq!(shown(&verified.unwrap()), "1+0: ");
    let broken = "get nar/app.nar.zst: it broke off: connection reset";
    assert_eq!(said, [format!("{broken}: again in 500 ms"), format!("{broken}: again in 1000 ms")]);
    case.fleet.content().breaks.insert("nar/app.nar.zst".to_owned(), 3);
    let not_asked = VerifyFault::NotAsked(Fault::new(FaultKind::Unreachable, broken));
    check(&case, &format!("1+0: app of app: {not_asked:?}"));
}
