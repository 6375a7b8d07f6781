//! Which substituter has which of some paths: all are asked side by side, and what is wrong with one hides nothing of the others.
//! What is found may be followed to what it refers to, which is then asked of all of them too.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use cache_protocol::{Fault, FaultKind, PresenceRequest, Presences, Seen, SubstituterPresence, shown};

use crate::backend::Backend;
use crate::narinfo::NarInfo;
use crate::signature::Trust;
use crate::store_path;
use crate::verify::{is_about_the_cache, trust};
use crate::walk::walk;

/// Asks each of `substituters`: opened in the order of the request, or why it could not be.
///
/// # Errors
/// When the request makes no sense: the fault names the path.
pub fn presence(request: &PresenceRequest, substituters: &[Result<&dyn Backend, Fault>]) -> Result<Presences, Fault> {
    if let Some(stray) = request.paths.iter().find(|path| store_path::hash(path).is_none()) {
        return Err(Fault::new(FaultKind::Usage, format!("`{stray}` is no store path")));
    }
    let asked = request.substituters.iter().zip(substituters);
    let substituters: Vec<Substituter<'_>> = std::thread::scope(|scope| {
        let threads: Vec<_> = asked
            .map(|(cache, opened)| {
                let thread = scope.spawn(move || match opened {
                    Ok(backend) => Substituter::greeted(*backend, &cache.public_keys),
                    Err(fault) => Substituter::failed(shown(&cache.url), fault.clone()),
                });
                (cache, thread)
            })
            .collect();
        let joined = threads.into_iter().map(|(cache, thread)| {
            let fault = Fault::new(FaultKind::Local, "asking it failed unexpectedly");
            thread.join().unwrap_or_else(|_| Substituter::failed(shown(&cache.url), fault))
        });
        joined.collect()
    });
    let told = Mutex::new(request.paths.iter().cloned().collect::<BTreeSet<String>>());
    let first: Vec<String> = told.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
    let live: Vec<&Substituter<'_>> = substituters.iter().filter(|substituter| substituter.backend.is_some()).collect();
    let of_all = |paths: Vec<String>| -> Vec<(usize, String)> {
        paths.into_iter().flat_map(|path| (0..live.len()).map(move |number| (number, path.clone()))).collect()
    };
    let threads = request.in_flight.max(1).saturating_mul(live.len());
    walk(of_all(first), threads, |(number, path)| {
        let found = live.get(number).and_then(|substituter| substituter.ask(&path));
        let references = found.filter(|_| request.follow).unwrap_or_default();
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(of_all(references.into_iter().filter(|reference| told.insert(reference.clone())).collect()))
    })?;
    Ok(Presences { substituters: substituters.into_iter().map(Substituter::presence).collect() })
}

/// One that is asked, and what it has said so far.
struct Substituter<'a> {
    /// None for one that has nothing, or cannot be asked.
    backend: Option<&'a dyn Backend>,
    public_keys: &'a [String],
    found: Mutex<Found>,
}

struct Found {
    presence: SubstituterPresence,
    /// It is asked nothing more.
    is_lost: bool,
}

impl<'a> Substituter<'a> {
    fn new(backend: Option<&'a dyn Backend>, public_keys: &'a [String], presence: SubstituterPresence) -> Self {
        Self { backend, public_keys, found: Mutex::new(Found { presence, is_lost: false }) }
    }

    fn failed(url: String, fault: Fault) -> Self {
        Self::new(None, &[], SubstituterPresence { url, fault: Some(fault), ..Default::default() })
    }

    fn greeted(backend: &'a dyn Backend, public_keys: &'a [String]) -> Self {
        match backend.greet() {
            Ok(greeting) => {
                let priority = greeting.priority;
                let presence = SubstituterPresence { url: backend.shown(), priority, ..Default::default() };
                Self::new(Some(backend).filter(|_| greeting.exists), public_keys, presence)
            }
            Err(fault) => Self::failed(backend.shown(), fault),
        }
    }

    /// Asks for `path`, and returns what it refers to if it can be fetched.
    fn ask(&self, path: &str) -> Option<Vec<String>> {
        let locked = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if locked().is_lost {
            return None;
        }
        let fault = match self.backend?.narinfo(store_path::hash(path).unwrap_or_default()) {
            Ok(None) => return None,
            Ok(Some(narinfo)) if narinfo.store_path == path => {
                let seen = seen(&narinfo, self.public_keys);
                let references = Some(seen.references.clone()).filter(|_| seen.trusted);
                locked().presence.seen.push(seen);
                return references;
            }
            Ok(Some(narinfo)) => {
                let what = format!("what should be the narinfo of `{path}` is that of `{}`", narinfo.store_path);
                Fault::new(FaultKind::NotACache, what)
            }
            Err(fault) if is_about_the_cache(fault.kind) => {
                let mut found = locked();
                if !found.is_lost {
                    found.is_lost = true;
                    found.presence.fault = Some(fault);
                }
                return None;
            }
            Err(fault) => fault,
        };
        // The first of them says that the count is not all of it.
        locked().presence.fault.get_or_insert(fault);
        None
    }

    fn presence(self) -> SubstituterPresence {
        let mut presence = self.found.into_inner().unwrap_or_else(PoisonError::into_inner).presence;
        presence.seen.sort_by(|one, other| one.path.cmp(&other.path));
        presence
    }
}

fn seen(narinfo: &NarInfo, public_keys: &[String]) -> Seen {
    Seen {
        path: narinfo.store_path.clone(),
        file_size: narinfo.file_size,
        nar_size: narinfo.nar_size,
        references: narinfo.references.iter().map(|base| format!("{}/{base}", folder(&narinfo.store_path))).collect(),
        trusted: matches!(trust(narinfo, public_keys), Trust::Signed(_)),
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::{Planted, fault, hash, path};

    fn request(caches: &[&Planted], names: &[&str]) -> PresenceRequest {
        let substituters = caches.iter().map(|cache| cache.cache()).collect();
        let paths = names.iter().map(|name| path(name)).collect();
        PresenceRequest { substituters, paths, in_flight: 4, patience: 1000, follow: false }
    }

    fn told(presence: &SubstituterPresence) -> String {
        let mut seen: Vec<String> = presence
            .seen
            .iter()
            .map(|seen| {
                let name = store_path::name(&seen.path).unwrap();
                format!("{name}{}", if seen.trusted { "" } else { "?" })
            })
            .collect();
        seen.sort();
        let fault = presence.fault.as_ref().map(|fault| format!(" but {fault}")).unwrap_or_default();
        format!("{}: {}{fault}", presence.url, seen.join(" "))
    }

    fn check(caches: &[&Planted], expected: &[&str]) {
        let opened: Vec<Result<&dyn Backend, Fault>> = caches.iter().map(|it| Ok(*it as &dyn Backend)).collect();
        let found = presence(&request(caches, &["a", "b", "c"]), &opened).unwrap();
        assert_eq!(found.substituters.iter().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_says_what_it_has() {
        let (one, two) = (Planted::new("one", "a; b; d"), Planted::new("two", "b; c"));
        two.tamper("c", |narinfo| narinfo.signatures.clear());
        check(&[&one, &two], &["memory://one: a b", "memory://two: b c?"]);
        one.content().greeting.priority = Some(30);
        let found = presence(&request(&[&one], &["a", "x"]), &[Ok(&one)]).unwrap();
        let size = one.content().files["nar/a.nar.zst"].len() as u64;
        let nar_size = one.nar("a").len() as u64;
        let seen = Seen { path: path("a"), file_size: Some(size), nar_size, references: vec![], trusted: true };
        assert_eq!((found.substituters[0].priority, &found.substituters[0].seen), (Some(30), &vec![seen]));
        one.content().greeting.exists = false;
        check(&[&one], &["memory://one: "]);
    }

    #[test]
    fn what_is_wrong_with_one_hides_nothing_of_the_others() {
        for kind in [FaultKind::Unreachable, FaultKind::Unauthorised, FaultKind::Missing, FaultKind::NotACache] {
            let (one, two) = (Planted::new("one", "a"), Planted::new("two", "b"));
            one.content().faults.insert("greet".to_owned(), fault(kind));
            check(&[&one, &two], &[&format!("memory://one:  but {kind:?}"), "memory://two: b"]);
            let opened: [Result<&dyn Backend, Fault>; 2] = [Err(fault(kind)), Ok(&two)];
            let found = presence(&request(&[&one, &two], &["a", "b"]), &opened).unwrap();
            assert_eq!(told(&found.substituters[0]), format!("memory://one:  but {kind:?}"));
            // One that cannot be opened may be written with its password.
            let mut secret = request(&[&one, &two], &["a", "b"]);
            secret.substituters[0].url = "https://me:hunter2@one?token=hunter2".to_owned();
            let found = presence(&secret, &opened).unwrap();
            assert_eq!(found.substituters[0].url, "https://one");
            assert_eq!(told(&found.substituters[1]), "memory://two: b");
        }
        // A cache that fails in the middle, and one that has a single narinfo wrong.
        let one = Planted::new("one", "a; b; c");
        one.content().faults.insert(hash("b"), fault(FaultKind::Overloaded));
        let found = presence(&request(&[&one], &["b"]), &[Ok(&one)]).unwrap();
        assert_eq!(told(&found.substituters[0]), "memory://one:  but Overloaded");
        one.content().faults.insert(hash("b"), fault(FaultKind::NotACache));
        check(&[&one], &["memory://one: a c but NotACache"]);
        let one = Planted::new("one", "a; b; c");
        let other = one.content().narinfos[&hash("a")].clone();
        one.content().narinfos.insert(hash("b"), other);
        let what = format!("what should be the narinfo of `{}` is that of `{}`", path("b"), path("a"));
        check(&[&one], &[&format!("memory://one: a c but {what}")]);
    }

    #[test]
    fn what_is_found_is_followed_through_all_of_them_and_asked_once() {
        let one = Planted::new("one", "a -> a b c; c -> d; x -> y; y");
        let two = Planted::new("two", "b -> d e; d -> e; e; x -> z; z");
        one.tamper("x", |narinfo| narinfo.signatures.clear());
        two.tamper("x", |narinfo| narinfo.signatures.clear());
        let check = |follow: bool, expected: [&str; 2]| {
            let request = PresenceRequest { follow, ..request(&[&one, &two], &["a", "x"]) };
            let found = presence(&request, &[Ok(&one), Ok(&two)]).unwrap();
            assert_eq!(found.substituters.iter().map(told).collect::<Vec<_>>(), expected);
        };
        check(false, ["memory://one: a x?", "memory://two: x?"]);
        for planted in [&one, &two] {
            planted.content().asked.clear();
        }
        // Nobody fetches what nobody trusted signed, nor what it refers to.
        check(true, ["memory://one: a c x?", "memory://two: b d e x?"]);
        for planted in [&one, &two] {
            let mut asked = planted.content().asked.clone();
            asked.sort();
            let mut expected: Vec<String> = ["a", "b", "c", "d", "e", "x"].map(hash).into();
            expected.push("greet".to_owned());
            expected.sort();
            assert_eq!(asked, expected);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let one = Planted::new("one", "");
        let request = PresenceRequest { paths: vec!["/etc/passwd".to_owned()], ..request(&[&one], &[]) };
        assert_eq!(presence(&request, &[Ok(&one)]).unwrap_err().what, "`/etc/passwd` is no store path");
    }
}
