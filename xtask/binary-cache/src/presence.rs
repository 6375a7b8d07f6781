//! Which substituter has which of some paths: all are asked side by side, and what is wrong with one hides nothing of the others.

use std::sync::{Mutex, PoisonError};

use cache_protocol::{Fault, FaultKind, PresenceRequest, Presences, Seen, SubstituterPresence};

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
    let substituters = std::thread::scope(|scope| {
        let threads: Vec<_> = asked
            .map(|(cache, opened)| {
                let thread = scope.spawn(move || match opened {
                    Ok(backend) => ask(*backend, &cache.public_keys, request),
                    Err(fault) => failed(cache.url.clone(), fault.clone()),
                });
                (cache, thread)
            })
            .collect();
        let joined = threads.into_iter().map(|(cache, thread)| {
            let broken = |_| failed(cache.url.clone(), Fault::new(FaultKind::Local, "asking it failed unexpectedly"));
            thread.join().unwrap_or_else(broken)
        });
        joined.collect()
    });
    Ok(Presences { substituters })
}

fn failed(url: String, fault: Fault) -> SubstituterPresence {
    SubstituterPresence { url, fault: Some(fault), ..SubstituterPresence::default() }
}

fn ask(backend: &dyn Backend, public_keys: &[String], request: &PresenceRequest) -> SubstituterPresence {
    let greeting = match backend.greet() {
        Ok(greeting) => greeting,
        Err(fault) => return failed(backend.shown(), fault),
    };
    let presence = SubstituterPresence { url: backend.shown(), priority: greeting.priority, ..Default::default() };
    if !greeting.exists {
        return presence;
    }
    let found = Mutex::new(presence);
    let locked = || found.lock().unwrap_or_else(PoisonError::into_inner);
    let walked = walk(request.paths.iter().collect(), request.in_flight, |path: &String| {
        match backend.narinfo(store_path::hash(path).unwrap_or_default()) {
            Ok(None) => {}
            Ok(Some(narinfo)) if narinfo.store_path == *path => locked().seen.push(seen(&narinfo, public_keys)),
            Ok(Some(narinfo)) => {
                let what = format!("what should be the narinfo of `{path}` is that of `{}`", narinfo.store_path);
                locked().fault.get_or_insert(Fault::new(FaultKind::NotACache, what));
            }
            Err(fault) if is_about_the_cache(fault.kind) => return Err(fault),
            // The first of them says that the count is not all of it.
            Err(fault) => {
                locked().fault.get_or_insert(fault);
            }
        }
        Ok(Vec::new())
    });
    let mut presence = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    presence.fault = walked.err().or(presence.fault);
    presence.seen.sort_by(|one, other| one.path.cmp(&other.path));
    presence
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
        PresenceRequest { substituters, paths: names.iter().map(|name| path(name)).collect(), in_flight: 4 }
    }

    fn shown(presence: &SubstituterPresence) -> String {
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
        assert_eq!(found.substituters.iter().map(shown).collect::<Vec<_>>(), expected);
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
            assert_eq!(shown(&found.substituters[0]), format!("memory://one:  but {kind:?}"));
            assert_eq!(shown(&found.substituters[1]), "memory://two: b");
        }
        // A cache that fails in the middle, and one that has a single narinfo wrong.
        let one = Planted::new("one", "a; b; c");
        one.content().faults.insert(hash("b"), fault(FaultKind::Overloaded));
        let found = presence(&request(&[&one], &["b"]), &[Ok(&one)]).unwrap();
        assert_eq!(shown(&found.substituters[0]), "memory://one:  but Overloaded");
        one.content().faults.insert(hash("b"), fault(FaultKind::NotACache));
        check(&[&one], &["memory://one: a c but NotACache"]);
        let one = Planted::new("one", "a; b; c");
        let other = one.content().narinfos[&hash("a")].clone();
        one.content().narinfos.insert(hash("b"), other);
        let what = format!("what should be the narinfo of `{}` is that of `{}`", path("b"), path("a"));
        check(&[&one], &[&format!("memory://one: a c but {what}")]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let one = Planted::new("one", "");
        let request = PresenceRequest { paths: vec!["/etc/passwd".to_owned()], ..request(&[&one], &[]) };
        assert_eq!(presence(&request, &[Ok(&one)]).unwrap_err().what, "`/etc/passwd` is no store path");
    }
}
