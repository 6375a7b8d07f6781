//! Opens many files at once, and does not wait for the same key again and again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::session::cores;
use crate::sops::closed::Why;

/// What became of the files of one recipient.
#[derive(Debug, Clone, Copy, Default)]
struct Answers {
    opened: usize,
    late: usize,
}

/// What `open` makes of each file, as many at once as there are cores. Where as many files of one recipient were waited for in vain,
/// whatever they wait for is in the way of its other files as well: these are not tried, unless another of their recipients opened one.
pub fn side_by_side<T: Sync, O: Send>(
    files: &[T],
    recipients: &(dyn Fn(&T) -> Vec<String> + Sync),
    open: &(dyn Fn(&T) -> Result<O, Why> + Sync),
) -> Vec<Result<O, Why>> {
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(HashMap::<String, Answers>::new()));
    // Whoever died while it counted leaves numbers all the same.
    let counted = || answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let in_vain = |file: &T| {
        let counted = counted();
        let known: Vec<Answers> = recipients(file).iter().filter_map(|who| counted.get(who).copied()).collect();
        known.iter().any(|one| one.late >= cores()) && known.iter().all(|one| one.opened == 0)
    };
    let work = || {
        let mut opened = Vec::new();
        while let Some((index, file)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, files.get(index)?)))
        {
            let result = if in_vain(file) { Err(Why::NotTried) } else { open(file) };
            let (is_open, is_late) = (result.is_ok(), matches!(result, Err(Why::TookTooLong)));
            for who in recipients(file) {
                let mut counted = counted();
                let answers = counted.entry(who).or_default();
                answers.opened += usize::from(is_open);
                answers.late += usize::from(is_late);
            }
            opened.push((index, result));
        }
        opened
    };
    // What a thread that died has opened is not known any more.
    let unknown = || Err(Why::Otherwise("it is not known what became of it".to_owned()));
    let mut opened: Vec<Result<O, Why>> = files.iter().map(|_| unknown()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores().min(files.len())).map(|_| scope.spawn(work)).collect();
        for (index, result) in threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()) {
            if let Some(place) = opened.get_mut(index) {
                *place = result;
            }
        }
    });
    opened
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::time::Duration;

    use super::*;

    /// Nobody is waited for any longer.
    const PATIENCE: Duration = Duration::from_secs(10);

    fn nobody<T>(_: &T) -> Vec<String> {
        Vec::new()
    }

    #[test]
    fn as_many_are_opened_at_once_as_there_are_cores() {
        let files: Vec<usize> = (0..20).collect();
        let most = cores().min(files.len());
        let (now, changed) = (Mutex::new((0, 0)), Condvar::new());
        let opened = side_by_side(&files, &nobody, &|file| {
            let mut count = now.lock().unwrap();
            *count = (count.0 + 1, (count.0 + 1).max(count.1));
            // Each waits until as many are at work as may be.
            changed.notify_all();
            let (count, _) = changed.wait_timeout_while(count, PATIENCE, |count| count.1 < most).unwrap();
            // One more would come now.
            let moment = Duration::from_millis(20);
            let (mut count, _) = changed.wait_timeout_while(count, moment, |count| count.1 <= most).unwrap();
            count.0 -= 1;
            if file % 2 == 0 { Ok(*file) } else { Err(Why::NoKey) }
        });
        assert_eq!(now.lock().unwrap().1, most);
        let expected = files.iter().map(|file| if file % 2 == 0 { Ok(*file) } else { Err(Why::NoKey) });
        assert_eq!(opened, expected.collect::<Vec<_>>());
    }

    #[test]
    fn what_all_wait_for_is_not_waited_for_again_and_again() {
        let tried = AtomicUsize::new(0);
        let opened: Vec<Result<(), Why>> = side_by_side(&[(); 1000], &|()| vec!["a".to_owned()], &|()| {
            tried.fetch_add(1, Ordering::Relaxed);
            Err(Why::TookTooLong)
        });
        let tried = tried.into_inner();
        assert!((cores()..2 * cores()).contains(&tried), "{tried}");
        // Of one that was not tried nobody says that it was slow.
        let count = |why: &Why| opened.iter().filter(|result| result.as_ref() == Err(why)).count();
        assert_eq!((count(&Why::TookTooLong), count(&Why::NotTried)), (tried, 1000 - tried));
    }

    #[test]
    fn a_key_that_does_not_answer_is_in_the_way_of_its_own_files_alone() {
        let late = 4 * cores();
        // The first ones are for a key that never answers, the last ones for it and for one that does.
        let files: Vec<usize> = (0..late + 200).collect();
        let recipients = |file: &usize| match *file {
            file if file < late => vec!["kms".to_owned()],
            file if file < late + 100 => vec!["age".to_owned()],
            _ => vec!["kms".to_owned(), "age".to_owned()],
        };
        let open = |file: &usize| if *file < late { Err(Why::TookTooLong) } else { Ok(*file) };
        let opened = side_by_side(&files, &recipients, &open);
        assert_eq!(opened.get(late..), Some((late..late + 200).map(Ok).collect::<Vec<_>>().as_slice()));
        assert!(opened.iter().take(late).any(|result| *result == Err(Why::NotTried)));
    }

    #[test]
    fn a_thread_that_dies_takes_no_file_along() {
        let opened =
            side_by_side(&[1, 2, 3], &nobody, &|file| if *file == 2 { panic!("on purpose") } else { Ok(*file) });
        assert_eq!(opened.len(), 3);
        assert!(matches!(&opened[1], Err(Why::Otherwise(said)) if said == "it is not known what became of it"));
    }
}
