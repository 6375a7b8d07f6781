//! What `[ci.jobs]` may say, and what it may not.

use super::added::disorder;
use super::*;
use crate::config::Config;

/// The table of an xtask.toml with `text`, in the words of its rows.
fn table(text: &str) -> Table {
    let table = Config::parse(text).unwrap().ci.table;
    assert_eq!(disorder(table.jobs()), None);
    table
}

/// The error that xtask.toml with `text` is refused with.
#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = format!("{:#}", Config::parse(text).unwrap_err());
    assert_eq!(error, format!("xtask.toml:{expected}"));
}

fn words(names: &[JobName]) -> Vec<&'static str> {
    names.iter().map(|name| name.word()).collect()
}

#[test]
fn nothing_written_is_what_is_built_in() {
    assert_eq!(table(""), Table::default());
}

#[test]
fn a_job_stands_behind_those_of_its_phase_and_its_needs() {
    let table = table(
        "[ci.jobs.lint]\nshell = ['treefmt', '--ci']\n\
         [ci.jobs.deploy]\nphase = 'publish'\nneeds = ['build', 'lint']\napp = 'deploy'\n\
         [ci.jobs.again]\ncommand = ['make', 'again']\nafter = ['lint']\n",
    );
    let all: Vec<&str> = table.jobs().iter().map(Job::word).collect();
    let at = |word| all.iter().position(|other| *other == word).unwrap();
    assert_eq!((at("lint"), at("again"), at("build")), (11, 12, 13));
    assert_eq!(all.last(), Some(&"deploy"));
    let job = |word: &str| table.named(word).unwrap();
    assert_eq!(words(&job("deploy").needs), ["build", "lint"]);
    assert_eq!(words(&job("again").after), ["lint"]);
    assert_eq!(job("lint").work, Work::Shell(vec!["treefmt".to_owned(), "--ci".to_owned()]));
    assert_eq!(job("lint").about, "`treefmt --ci` succeeds in the development shell");
    assert_eq!(job("deploy").about, "the app `deploy` of the flake succeeds");
    assert_eq!(job("again").about, "`make again` succeeds");
    assert_eq!(job("deploy").place.as_ref().map(|place| place.line), Some(3));
}

#[test]
fn everything_at_once() {
    let table = table(
        "[ci.jobs.deploy]\nabout = 'the sites are up'\nphase = 'verify'\ncommand = ['./deploy', \"a\\nb\"]\nper_system = true\n\
         timeout = '90s'\nsecrets = ['DEPLOY_KEY', 'GITHUB_TOKEN']\npermissions = { id-token = 'write', contents = 'write' }\n\
         inputs = ['sites/**', 'deploy']\nartifacts = ['out/*.log']\n",
    );
    let job = table.named("deploy").unwrap();
    assert_eq!((job.phase, job.machine.extent, &*job.about), (Phase::Verify, Extent::PerSystem, "the sites are up"));
    assert_eq!(job.machine.timeout.as_secs(), 90);
    assert_eq!(job.machine.secrets, ["DEPLOY_KEY", "GITHUB_TOKEN"]);
    let permissions: Vec<_> = job.machine.permissions.iter().map(|asked| (asked.scope, asked.access)).collect();
    assert_eq!(permissions, [("contents", "write"), ("id-token", "write")]);
    assert_eq!(job.inputs, Inputs::Globs(vec!["sites/**".to_owned(), "deploy".to_owned()]));
    assert_eq!(job.artifacts, ["out/*.log"]);
}

#[test]
fn built_in_jobs_take_another_time_and_runner() {
    let table =
        table("[ci.jobs.build]\ntimeout = '4h'\n[ci.jobs.lock]\nrunner = ['self-hosted', 'x']\nenabled = true\n");
    assert_eq!(table.get(JobName::Build).unwrap().machine.timeout.as_secs(), 4 * 3600);
    let runner = Some(Runner::Labels(vec!["self-hosted".to_owned(), "x".to_owned()]));
    assert_eq!(table.get(JobName::Lock).unwrap().machine.runner, runner);
    assert_eq!(table.jobs().len(), Table::default().jobs().len());
}

#[test]
fn what_is_switched_off_is_gone_and_remembered() {
    let table = table(
        "[ci.jobs.cache-policy]\nenabled = false\n[ci.jobs]\ncache-push.enabled = false\ncache-verify.enabled = false\n",
    );
    assert_eq!(table.get(JobName::CachePolicy), None);
    assert_eq!(words(&table.get(JobName::Build).unwrap().after), [""; 0]);
    let off: Vec<_> = table.off().iter().map(|off| (off.job.word(), off.line)).collect();
    assert_eq!(off, [("cache-policy", 2), ("cache-push", 4), ("cache-verify", 5)]);
    let refused = table.named("cache-push").unwrap_err();
    assert_eq!(refused, "the job `cache-push` is switched off: xtask.toml:4 says `enabled = false`");
    assert_eq!(table.row(JobName::CachePush).map(|row| row.phase), Some(Phase::Publish));
}

#[test]
fn a_job_that_is_called_must_be_there() {
    let table = table("[ci.jobs.deploy]\ncommand = ['x']\n");
    let check = |word: &str, expected: &str| {
        let error = table.named(word).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(error.contains("There are bootstrap, lock, ") && error.contains(", deploy, build, "), "{error}");
    };
    check("lok", "no job is called `lok`: did you mean `lock`? There are ");
    check("deplyo", "no job is called `deplyo`: did you mean `deploy`? There are ");
    check("zzz", "no job is called `zzz`: There are ");
}

#[test]
fn needs_must_be_earlier() {
    refused("[ci.jobs.a]\ncommand = ['x']\nneeds = ['a']\n", "3:10: `a` needs itself: leave that out");
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nneeds = ['lock', 'b']\n[ci.jobs.b]\ncommand = ['x']\n",
        "3:18: `a` needs `b`, which comes later: move `[ci.jobs.b]` in front of `[ci.jobs.a]`",
    );
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nneeds = ['b']\n[ci.jobs.b]\ncommand = ['x']\nafter = ['c']\n\
         [ci.jobs.c]\ncommand = ['x']\nneeds = ['lock', 'a']\n",
        "3:10: `a` needs itself, by `a` → `b` → `c` → `a`: leave one of these out",
    );
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nafter = ['b']\n[ci.jobs.b]\ncommand = ['x']\nneeds = ['c']\n\
         [ci.jobs.c]\ncommand = ['x']\nneeds = ['b']\n",
        "3:10: `a` waits for `b`, which comes later: move `[ci.jobs.b]` in front of `[ci.jobs.a]`",
    );
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nneeds = ['build']\n",
        "3:10: `a` of the phase `check` needs `build` of the later phase `build`: give it `phase = \"build\"`",
    );
    refused("[ci.jobs.a]\ncommand = ['x']\nneeds = ['lock', 'lock']\n", "3:18: `lock` is there twice: leave it out");
    let text = "[ci.jobs.a]\ncommand = ['x']\nneeds = ['lok']\n";
    let error = format!("{:#}", Config::parse(text).unwrap_err());
    let expected = "xtask.toml:3:10: no job is called `lok`: did you mean `lock`? There are bootstrap, lock, ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn names_must_be_free_and_fit_github() {
    let unfit = |name: &str| {
        format!(
            "1:10: `{name}` is no name for a job, on GitHub as here: begin with a letter, go on with letters, digits, `-` and \
             `_`, all of them small, 64 at most"
        )
    };
    for name in ["a b", "Deploy", "-a", "1a", "ä", "a.b"] {
        refused(&format!("[ci.jobs.\"{name}\"]\ncommand = ['x']\n"), &unfit(name));
    }
    let long = "a".repeat(65);
    refused(&format!("[ci.jobs.{long}]\ncommand = ['x']\n"), &unfit(&long[1..]));
    for name in ["plan", "ci", "all"] {
        let expected = format!("1:10: `{name}` is a job of the workflow itself: give yours another name");
        refused(&format!("[ci.jobs.{name}]\ncommand = ['x']\n"), &expected);
    }
    refused(
        "[ci.jobs.matrix]\ncommand = ['x']\n",
        "1:10: `cargo xtask ci matrix` is something else: give the job another name",
    );
    refused(
        "[ci.jobs.lock]\ntimeout = '1m'\ncommand = ['x']\n",
        "3:11: `lock` is built in, and `command` cannot be said of it, only `enabled`, `timeout` and `runner`: give a job of \
         your own another name",
    );
    let twice = Config::parse("[ci.jobs.a]\ncommand = ['x']\n[ci.jobs.a]\ncommand = ['x']\n").unwrap_err();
    assert!(format!("{twice:#}").starts_with("xtask.toml:3:10: duplicate key"), "{twice:#}");
}

#[test]
fn a_job_does_one_thing() {
    refused(
        "[ci.jobs.lok]\nenabled = false\n",
        "1:10: no job that is built in is called `lok`: did you mean `lock`? A job of your own says what it does: `app`, `shell` \
         or `command`",
    );
    refused(
        "[ci.jobs.zzzzzz]\nenabled = false\n",
        "1:10: no job that is built in is called `zzzzzz`. A job of your own says what it does: `app`, `shell` or `command`",
    );
    refused(
        "[ci.jobs.a]\nneeds = ['lock']\n",
        "1:10: `a` does nothing: say what it runs with one of `app`, `shell` and `command`",
    );
    refused(
        "[ci.jobs.a]\ncommand = ['x']\napp = 'x'\n",
        "3:7: `a` does exactly one of `app`, `shell` and `command`: keep one",
    );
    for empty in ["command = []", "command = ['']"] {
        let text = "`a` has a command without a program: write it as `[\"cargo\", \"test\"]`";
        refused(&format!("[ci.jobs.a]\n{empty}\n"), &format!("2:11: {text}"));
    }
    refused("[ci.jobs.a]\napp = 'a..b'\n", "2:7: `a..b` is no name of an app: write it as behind `nix run .#`");
    refused("[ci.jobs.a]\ncommand = 'make'\n", "2:11: expected a list in brackets, not string \"make\"");
    refused("[ci.jobs.a]\ncomand = ['make']\n", "2:1: unknown key `comand`: did you mean `command`?");
}

#[test]
fn what_goes_to_github_is_what_github_takes() {
    let check = |line: &str, expected: &str| refused(&format!("[ci.jobs.a]\ncommand = ['x']\n{line}\n"), expected);
    check("phase = 'deploy'", "3:9: unknown value `deploy`: known are `check`, `build`, `verify`, `publish`");
    check("timeout = '6d'", "3:11: `6d` is no time: write it as `12m44s`, `90s` or `1h30m`");
    check("timeout = '121h'", "3:11: no job may take longer than 5 days: GitHub ends it");
    let sentence = "3:9: `about` is one sentence on one line: what is true once the job succeeded";
    check("about = \"a\\nb: c\"", sentence);
    check("about = ''", sentence);
    check(
        "secrets = ['A TOKEN']",
        "3:12: this is no name of an environment variable, such as `CACHIX_AUTH_TOKEN`; a token \
         itself never goes here",
    );
    for name in ["PATH", "LD_PRELOAD", "XTASK_SKIP", "GITHUB_ENV"] {
        let expected = "is a variable that programs go by, and no secret: give the secret another name";
        check(&format!("secrets = ['{name}']"), &format!("3:12: `{name}` {expected}"));
    }
    check("secrets = ['A_TOKEN', 'A_TOKEN']", "3:23: `A_TOKEN` is there twice: leave it out");
    check("permissions = { package = 'write' }", "3:17: unknown value `package`: did you mean `packages`?");
    check(
        "permissions = { id-token = 'read' }",
        "3:15: GitHub knows no `id-token = \"read\"`: write `id-token = \"write\"`",
    );
    for glob in ["/etc/**", "../x", "a/../b", "", "!a", "~/x", "${{ secrets.A }}", "a\\nb"] {
        let expected = format!("3:11: `{glob}` is no glob of files in the repository, such as `docs/**`");
        check(&format!("inputs = [\"{glob}\"]"), &expected);
        check(&format!("artifacts = [\"{glob}\"]"), &expected.replace("3:11", "3:14"));
    }
    check("inputs = []", "3:10: `inputs` names no file: leave it out, or name what it is about");
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nper_system = true\nrunner = 'x'\n",
        "4:10: `a` runs on machines of each system, and `[ci.runners]` says which those are: leave `runner` out",
    );
    refused(
        "[ci.jobs.build]\nrunner = 'x'\n",
        "2:10: `build` runs on machines of each system, and `[ci.runners]` says which those are: leave `runner` out",
    );
}

#[test]
fn what_others_need_is_not_switched_off() {
    refused(
        "[ci.jobs.cache-push]\nenabled = false\n",
        "2:11: `cache-verify` needs `cache-push`: switch `cache-verify` off too, or leave it on",
    );
    refused(
        "[ci.jobs.build]\nenabled = false\n[ci.jobs.cache-analytics]\nenabled = false\n",
        "2:11: `cache-push`, `cache-verify` need `build`: switch them off too, or leave it on",
    );
    refused(
        "[ci.jobs.a]\ncommand = ['x']\nenabled = false\n[ci.jobs.b]\ncommand = ['x']\nneeds = ['a']\n",
        "3:11: `b` needs `a`: switch `b` off too, or leave it on",
    );
}

#[test]
fn a_wrong_table_is_seen() {
    let job = |word: &str, phase, needs: &[&str]| Job {
        needs: needs.iter().map(|need| JobName::of(need)).collect(),
        ..Job::bare(JobName::of(word), phase)
    };
    let check = |jobs: &[Job], expected: &str| assert_eq!(disorder(jobs).as_deref(), Some(expected));
    let forward = [job("lock", Phase::Check, &["build"]), job("build", Phase::Build, &[])];
    check(&forward, "`lock` needs `build`, which is not earlier");
    check(&[job("a", Phase::Check, &[]), job("a", Phase::Check, &[])], "`a` is there twice");
    let early = [job("build", Phase::Build, &[]), job("lock", Phase::Check, &[])];
    check(&early, "`lock` is of an earlier phase than the job before it");
    check(&[job("plan", Phase::Check, &[])], "`plan` is a job of the workflow itself");
}
