//! Tables of small uploads, and many random ones that are watched at every step.

use super::*;

const ALL: [Step; 3] = [Step::Publish, Step::Upload, Step::Pack];
const ORDINARY: Manner = Manner { publishes_with_upload: false, waiting: 1 };
const AT_ONCE: Manner = Manner { publishes_with_upload: true, waiting: 1 };

fn letter(step: Step) -> char {
    match step {
        Step::Pack => 'p',
        Step::Upload => 'u',
        Step::Publish => 'v',
    }
}

fn schedule(references: &[&[usize]], manner: Manner) -> Schedule {
    Schedule::new(references.iter().map(|references| references.to_vec()).collect(), manner)
}

/// All that one worker does, in order, where the actions named in `fails` fail: `p0 u0 v0` packs, uploads and publishes the first
/// path, `-0` loses it.
#[track_caller]
fn check(references: &[&[usize]], manner: Manner, fails: &[&str], expected: &str) {
    let mut schedule = schedule(references, manner);
    let mut log = Vec::new();
    while let Some(action) = schedule.next(&ALL) {
        let name = format!("{}{}", letter(action.step), action.path);
        if fails.contains(&name.as_str()) {
            let lost = schedule.failed(action);
            log.push(format!("{name}!"));
            log.extend(lost.iter().map(|path| format!("-{path}")));
        } else {
            schedule.done(action);
            log.push(name);
        }
    }
    assert_eq!(log.join(" "), expected);
    assert!(schedule.is_over() && schedule.unfinished().is_empty());
}

#[test]
fn a_path_becomes_visible_once_all_that_it_refers_to_is() {
    check(&[], ORDINARY, &[], "");
    check(&[&[]], ORDINARY, &[], "p0 u0 v0");
    check(&[&[], &[]], ORDINARY, &[], "p0 u0 v0 p1 u1 v1");
    check(&[&[1], &[]], ORDINARY, &[], "p0 u0 p1 u1 v1 v0");
    check(&[&[1, 2], &[2], &[]], ORDINARY, &[], "p0 u0 p1 u1 p2 u2 v2 v1 v0");
    check(&[&[1, 1, 1], &[]], ORDINARY, &[], "p0 u0 p1 u1 v1 v0");
}

#[test]
fn where_an_upload_is_visible_it_waits_for_what_the_path_refers_to() {
    check(&[&[1], &[]], AT_ONCE, &[], "p1 u1 p0 u0");
    check(&[&[1, 2], &[2], &[]], AT_ONCE, &[], "p2 u2 p1 u1 p0 u0");
    check(&[&[], &[0]], AT_ONCE, &["u0"], "p0 u0! -0 -1");
}

#[test]
fn references_to_itself_and_circles_do_no_harm() {
    check(&[&[0]], ORDINARY, &[], "p0 u0 v0");
    check(&[&[0]], AT_ONCE, &[], "p0 u0");
    check(&[&[1], &[0]], ORDINARY, &[], "p0 u0 p1 u1 v0 v1");
    check(&[&[1], &[0]], AT_ONCE, &[], "p0 u0 p1 u1");
    // The first refers to a circle, and the third belongs to it.
    check(&[&[1], &[2], &[1]], ORDINARY, &[], "p0 u0 p1 u1 p2 u2 v1 v0 v2");
    check(&[&[1], &[2], &[1]], ORDINARY, &["p2"], "p0 u0 p1 u1 p2! -0 -1 -2");
}

#[test]
fn what_fails_takes_along_what_refers_to_it_and_nothing_else() {
    check(&[&[1], &[], &[]], ORDINARY, &["p1"], "p0 u0 p1! -0 -1 p2 u2 v2");
    check(&[&[], &[0], &[1], &[]], ORDINARY, &["p0"], "p0! -0 -1 -2 p3 u3 v3");
    check(&[&[], &[0], &[1], &[]], ORDINARY, &["v0"], "p0 u0 v0! -0 -1 -2 p3 u3 v3");
    check(&[&[1, 2], &[], &[]], ORDINARY, &["u1", "p2"], "p0 u0 p1 u1! -0 -1 p2! -2");
}

#[test]
fn what_is_lost_while_it_is_worked_on_is_not_wanted_any_more() {
    let mut schedule = schedule(&[&[], &[0]], Manner { waiting: 9, ..ORDINARY });
    let [first, second] = [0, 1].map(|path| Action { path, step: Step::Pack });
    assert_eq!([schedule.next(&ALL), schedule.next(&ALL)], [Some(first), Some(second)]);
    assert_eq!(schedule.failed(first), [0, 1]);
    assert!(!schedule.is_over(), "the second is still being packed");
    assert_eq!(schedule.done(second), Done::Lost);
    assert!(schedule.is_over());
    // Failing by itself, it is not lost a second time.
    let mut schedule = super::tests::schedule(&[&[], &[0]], ORDINARY);
    assert_eq!([schedule.next(&ALL), schedule.next(&ALL)], [Some(first), Some(second)]);
    schedule.failed(first);
    assert_eq!(schedule.failed(second), Vec::<usize>::new());
    assert!(schedule.is_over());
}

#[test]
fn no_more_is_packed_than_may_wait() {
    let mut schedule = schedule(&[&[], &[], &[], &[]], Manner { waiting: 2, ..ORDINARY });
    let mut packed = Vec::new();
    while let Some(action) = schedule.next(&[Step::Pack]) {
        schedule.done(action);
        packed.push(action.path);
    }
    assert_eq!(packed, [0, 1]);
    let sent = schedule.next(&[Step::Upload]).unwrap();
    assert_eq!(sent, Action { path: 0, step: Step::Upload });
    assert_eq!(schedule.next(&[Step::Pack]), Some(Action { path: 2, step: Step::Pack }));
    assert_eq!(schedule.ready(&[Step::Upload]), 1);
}

#[test]
fn what_is_stopped_begins_nothing_more() {
    let mut schedule = schedule(&[&[], &[0]], ORDINARY);
    let action = schedule.next(&ALL).unwrap();
    schedule.stop();
    assert_eq!(schedule.next(&ALL), None);
    assert!(!schedule.is_over(), "one is being packed");
    assert_eq!(schedule.done(action), Done::Goes);
    assert!(schedule.is_over());
    assert_eq!(schedule.unfinished(), [0, 1]);
}

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

/// Random paths, workers and failures: at every step the cache is closed, and at the end all that can be there is.
#[test]
fn the_cache_is_closed_at_every_moment() {
    for seed in 0..2_000 {
        let mut chance = Chance(seed);
        let count = 1 + chance.below(12);
        // Each refers to some of those that come later, in a random order of names.
        let mut names: Vec<usize> = (0..count).collect();
        (1..count).for_each(|index| names.swap(index, chance.below(index + 1)));
        let mut references = vec![Vec::new(); count];
        for index in 0..count {
            for other in index + 1..count {
                if chance.below(4) == 0 {
                    references[names[index]].push(names[other]);
                }
            }
        }
        let manner = Manner { publishes_with_upload: chance.below(2) == 0, waiting: 1 + chance.below(3) };
        let mut schedule = Schedule::new(references.clone(), manner);
        let workers = 1 + chance.below(4);
        let (mut running, mut visible, mut failed) = (Vec::new(), vec![false; count], vec![false; count]);
        loop {
            let action = if running.len() < workers { schedule.next(&ALL) } else { None };
            if let Some(action) = action {
                let publishes = if manner.publishes_with_upload { Step::Upload } else { Step::Publish };
                let closed = references[action.path].iter().all(|path| visible[*path]);
                assert!(action.step != publishes || closed, "seed {seed}");
                running.push(action);
                continue;
            }
            if running.is_empty() {
                break;
            }
            let action = running.swap_remove(chance.below(running.len()));
            if chance.below(15) == 0 {
                failed[action.path] = true;
                schedule.failed(action);
            } else if schedule.done(action) == Done::Visible {
                visible[action.path] = true;
            }
        }
        assert!(schedule.is_over() && schedule.unfinished().is_empty(), "seed {seed}");
        for name in names.iter().rev() {
            let possible = !failed[*name] && references[*name].iter().all(|path| visible[*path]);
            assert!(!possible || visible[*name], "seed {seed}: path {name} was left behind");
        }
    }
}
