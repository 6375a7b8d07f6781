//! What every home `user@host` should be: that user's, on a host there is, in that user's folder.

use super::{Clue, Declared, Facts};
use crate::fleet::Configuration;
use crate::rules::finding::Finding;

pub fn findings<'a>(facts: &Facts<'a>) -> Vec<Finding<'a>> {
    let homes = facts.configurations.iter().filter(|configuration| configuration.kind == "home");
    // A home that names no host is for any.
    let named = homes.filter_map(|home| Some((home, home.name().split_once('@')?)));
    named.flat_map(|(home, (user, host))| of_home(facts, home, user, host)).collect()
}

fn of_home<'a>(facts: &Facts<'a>, home: &'a Configuration, user: &str, host: &str) -> Vec<Finding<'a>> {
    let mut findings: Vec<Finding<'a>> = other_user(home, user).into_iter().collect();
    let hosts = facts.hosts_called(host);
    if hosts.is_empty() {
        findings.extend(facts.all_hosts_known().then(|| no_host(facts, home, host)));
    } else if findings.is_empty() {
        // What is wrong with the user's name is wrong with all that goes by it.
        findings.extend(of_user(home, user, &hosts));
    }
    findings
}

fn other_user<'a>(home: &'a Configuration, user: &str) -> Option<Finding<'a>> {
    let other = home.told.user_name.as_ref().filter(|name| *name != user)?;
    let text = format!("its user is `{other}`, and not `{user}` as its name says");
    let clue = Clue::Option("home.username".to_owned(), Some(other.clone()));
    Some(Finding::new(home.into(), clue, text, format!("set `home.username = \"{user}\"`, or rename the home")))
}

fn no_host<'a>(facts: &Facts<'a>, home: &'a Configuration, host: &str) -> Finding<'a> {
    let hosts = facts.hosts();
    let likeness = |name: &str| strsim::jaro_winkler(name, host);
    let nearest = hosts.iter().max_by(|one, other| likeness(one.name).total_cmp(&likeness(other.name)));
    // How alike is alike enough is a matter of taste: no test asks for a name that is exactly so.
    let hint = nearest.filter(|host| likeness(host.name) > 0.7).map(|host| format!(" (did you mean `{}`?)", host.name));
    let text = format!("there is no host `{host}`{}", hint.unwrap_or_default());
    let fix = format!("rename the home, or say which host `{host}` is in `config.aliases` of xtask.toml");
    Finding::new(home.into(), Clue::Nothing, text, fix)
}

/// What the hosts say of the user: those of the home's own operating system, if there are any; the others share its users.
fn of_user<'a>(home: &'a Configuration, user: &str, hosts: &[Declared<'_>]) -> Vec<Finding<'a>> {
    let on_mac = home.system.ends_with("-darwin");
    let (fitting, others): (Vec<Declared<'_>>, Vec<_>) =
        hosts.iter().partition(|host| (host.kind == "darwin") == on_mac);
    let asked = if fitting.is_empty() { &others } else { &fitting };
    let known: Vec<&Configuration> = asked.iter().filter_map(|host| host.evaluated).collect();
    // Hosts that do not evaluate say nothing, and have failed by themselves. Everybody has a root, which is no normal user.
    let has_user = |host: &&Configuration| user == "root" || host.told.users.contains_key(user);
    if !known.is_empty() && !known.iter().any(has_user) {
        let hosts: Vec<String> = known.iter().map(|host| format!("`{}`", host.attr)).collect();
        let text = format!("`{user}` is no user of {}", hosts.join(" or "));
        let fix = format!("declare `users.users.{user}` there, or rename the home");
        return vec![Finding::new(home.into(), Clue::Nothing, text, fix)];
    }
    let told = fitting.iter().filter_map(|host| host.evaluated?.told.users.get(user));
    let told: Vec<&str> = told.map(|user| user.home.as_str()).filter(|home| !home.is_empty()).collect();
    let usual = usual_home(user, on_mac);
    let folder = home.told.home_directory.as_deref().unwrap_or_default();
    if told.contains(&folder) || (told.is_empty() && folder == usual) {
        return Vec::new();
    }
    let wanted = told.first().copied().unwrap_or(&usual);
    let text = format!("its folder is `{folder}`, and that of `{user}` on such a host is `{wanted}`");
    let clue = Clue::Option("home.homeDirectory".to_owned(), Some(folder.to_owned()));
    vec![Finding::new(home.into(), clue, text, format!("set `home.homeDirectory = \"{wanted}\"`"))]
}

/// The home folder of a user of whom the host says none.
fn usual_home(user: &str, on_mac: bool) -> String {
    match (user, on_mac) {
        ("root", true) => "/var/root".to_owned(),
        ("root", false) => "/root".to_owned(),
        (user, true) => format!("/Users/{user}"),
        (user, false) => format!("/home/{user}"),
    }
}

impl<'a> Facts<'a> {
    /// The hosts that go by `name`: as attribute, as attribute less the word of their kind (`stibnite-nixos` is the NixOS of
    /// stibnite), as host name, or as an alias of xtask.toml.
    pub(super) fn hosts_called(&self, name: &str) -> Vec<Declared<'a>> {
        let alias = self.conventions.aliases.get(name);
        let goes_by = |host: &Declared<'_>| {
            let less_kind = host.name.strip_suffix(host.kind).and_then(|name| name.strip_suffix('-'));
            let host_name = host.evaluated.and_then(|host| host.told.host_name.as_deref());
            let by_alias = alias.is_some_and(|alias| alias == host.name);
            host.name == name || less_kind == Some(name) || host_name == Some(name) || by_alias
        };
        self.hosts().into_iter().filter(goes_by).collect()
    }
}
