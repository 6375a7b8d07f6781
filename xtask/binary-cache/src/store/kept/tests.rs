//! What makes a store be asked again, as files that change.

use std::cell::Cell;
use std::fs::File;

use super::*;

/// Later than all that tests write has settled.
const LATER: Duration = Duration::from_secs(60);

/// A database, and what is kept of it.
struct Place {
    folder: tempfile::TempDir,
    /// When questions are asked.
    now: Cell<SystemTime>,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), now: Cell::new(SystemTime::now() + LATER) };
        place.write("db.sqlite", "pages");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes as another process does, at a time that no other write has.
    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
        let time = SystemTime::now() + Duration::from_nanos(fastrand::u64(0..1_000_000_000));
        File::options().write(true).open(self.path(name)).unwrap().set_modified(time).unwrap();
    }

    /// Whether the store is asked for the answer to `question`, while which `meanwhile` happens.
    fn asks_while(&self, question: &str, meanwhile: impl FnOnce()) -> bool {
        let (file, database) = (self.path("state/kept"), self.path("db.sqlite"));
        let kept = Kept { file: &file, database: &database, question: &question };
        let mut asked = false;
        let ask = || {
            asked = true;
            meanwhile();
            Ok(vec![question.to_owned()])
        };
        let answer: Vec<String> = kept.answer().unwrap_or_else(|| kept.asked_at(self.now.get(), ask).unwrap());
        assert_eq!(answer, [question]);
        asked
    }

    fn asks(&self, question: &str) -> bool {
        self.asks_while(question, || ())
    }

    /// Once `changed`, the store is asked once more, if `expected`, and then no more.
    #[track_caller]
    fn check(&self, changed: impl FnOnce(), expected: bool) {
        self.asks("what");
        assert!(!self.asks("what"), "before");
        changed();
        assert_eq!(self.asks("what"), expected);
        assert!(!self.asks("what"), "afterwards");
    }
}

#[test]
fn a_store_is_asked_again_once_its_database_changed() {
    let place = Place::new();
    place.check(|| (), false);
    place.check(|| place.write("db.sqlite", "pages"), true);
    place.check(|| place.write("db.sqlite", "more pages"), true);
    place.check(|| place.write("db.sqlite-wal", ""), false);
    place.check(|| place.write("db.sqlite-wal", "frame"), true);
    place.check(|| place.write("db.sqlite-wal", "other"), true);
    place.check(|| place.write("db.sqlite-wal", ""), true);
    place.check(|| place.write("db.sqlite-wal", "frame"), true);
    place.check(|| fs::remove_file(place.path("db.sqlite-wal")).unwrap(), true);
    // Another one in its place, with the same time and size.
    let replace = || {
        let time = place.path("db.sqlite").metadata().unwrap().modified().unwrap();
        fs::write(place.path("new"), "more pages").unwrap();
        File::options().write(true).open(place.path("new")).unwrap().set_modified(time).unwrap();
        fs::rename(place.path("new"), place.path("db.sqlite")).unwrap();
    };
    place.check(replace, true);
}

#[test]
fn the_log_lies_beside_what_a_link_leads_to() {
    let place = Place::new();
    fs::create_dir(place.path("elsewhere")).unwrap();
    fs::rename(place.path("db.sqlite"), place.path("elsewhere/db")).unwrap();
    std::os::unix::fs::symlink("elsewhere/db", place.path("db.sqlite")).unwrap();
    place.check(|| (), false);
    place.check(|| place.write("elsewhere/db-wal", "frame"), true);
    place.check(|| place.write("elsewhere/db-wal", "other"), true);
}

#[test]
fn an_answer_counts_for_its_question_alone() {
    let place = Place::new();
    assert!(place.asks("one"));
    assert!(place.asks("two"));
    assert!(!place.asks("two"));
    assert!(place.asks("one"));
}

#[test]
fn what_is_damaged_is_as_good_as_none() {
    let place = Place::new();
    let file = place.path("state/kept");
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = fs::read(&file).unwrap();
        change(&mut content);
        fs::write(&file, content).unwrap();
    };
    place.check(|| damaged(&|content| content.clear()), true);
    place.check(|| damaged(&|content| content.truncate(content.len() - 1)), true);
    place.check(|| damaged(&|content| content.truncate(64)), true);
    place.check(|| damaged(&|content| content[0] ^= 1), true);
    // The answer is `["what"]` still, as far as JSON goes, and `["whau"]`.
    place.check(|| damaged(&|content| content.push(b' ')), true);
    place.check(|| damaged(&|content| *content.iter_mut().rev().nth(2).unwrap() += 1), true);
    place.check(|| fs::remove_file(&file).unwrap(), true);
    // What somebody who was killed left is in nobody's way.
    place.check(|| fs::write(place.path("state/kept.new"), "half").unwrap(), false);
    place.check(|| fs::remove_file(&file).unwrap(), true);
    assert!(!place.path("state/kept.new").exists());
}

#[test]
fn an_answer_that_may_be_of_the_moment_before_is_not_kept() {
    let place = Place::new();
    // Just written: the next write may have the same time.
    place.now.set(SystemTime::now());
    assert!(place.asks("what"));
    assert!(place.asks("what"));
    place.now.set(SystemTime::now() + LATER);
    assert!(place.asks_while("what", || place.write("db.sqlite-wal", "frame")));
    assert!(place.asks_while("what", || place.write("db.sqlite", "pages")));
    assert!(place.asks("what"));
    assert!(!place.asks("what"));
    // A clock that was set back says nothing of what settled.
    place.write("db.sqlite", "pages");
    place.now.set(SystemTime::now() - LATER);
    assert!(place.asks("what") && place.asks("what"));
}

#[test]
fn where_nothing_can_be_kept_the_store_is_asked() {
    let place = Place::new();
    fs::write(place.path("state"), "a file where the folder should be").unwrap();
    assert!(place.asks("what") && place.asks("what"));
    fs::remove_file(place.path("state")).unwrap();
    assert!(place.asks("what") && !place.asks("what"));
    fs::remove_file(place.path("db.sqlite")).unwrap();
    assert!(place.asks("what") && place.asks("what"));
}

#[test]
fn what_is_kept_holds_nothing_of_the_question() {
    let place = Place::new();
    let (file, database) = (place.path("kept"), place.path("db.sqlite"));
    let kept = Kept { file: &file, database: &database, question: &"access-tokens = github.com=TOKEN" };
    assert_eq!(kept.asked_at(place.now.get(), || Ok(1)), Ok(1));
    assert!(fs::read_to_string(&file).unwrap().ends_with("\n1"));
    assert!(!fs::read_to_string(&file).unwrap().contains("TOKEN"));
}

#[test]
fn who_asks_anew_forgets_what_was_kept() {
    let place = Place::new();
    let (file, database) = (place.path("kept"), place.path("db.sqlite"));
    let kept = Kept { file: &file, database: &database, question: &"what" };
    assert_eq!(kept.asked_at(place.now.get(), || Ok(1)), Ok(1));
    assert_eq!(kept.answer(), Some(1));
    assert_eq!(kept.asked_at(place.now.get(), || Ok(2)), Ok(2));
    assert_eq!(kept.answer(), Some(2));
    let gone = Fault::new(cache_protocol::FaultKind::Local, "gone");
    assert_eq!(kept.asked_at::<u32>(place.now.get(), || Err(gone.clone())), Err(gone));
    assert_eq!(kept.answer::<u32>(), None);
}
