//! The workflow as text, read back.

mod machines;

use super::super::table::Machine;
use super::super::{JobName, Permission, Phase, Table};
use super::*;
use crate::config::Config;
use crate::rules::yaml::{Node, parse};

fn parsed(jobs: &[Job], config: &CiConfig) -> Node {
    parse(&workflow(jobs, config, &["CACHE_TOKEN".to_owned()], "")).unwrap().documents.remove(0)
}

#[test]
fn every_job_of_the_table_is_one_line_of_this_program() {
    let table = Table::default();
    let root = parsed(table.jobs(), &CiConfig::default());
    let choice = root.get("on").unwrap().get("workflow_dispatch").unwrap().get("inputs").unwrap().get("job").unwrap();
    let choices: Vec<&str> = choice.get("options").unwrap().items().iter().filter_map(Node::text).collect();
    let gated = root.get("jobs").unwrap().get("ci").unwrap().get("needs").unwrap();
    let gated: Vec<&str> = gated.items().iter().filter_map(Node::text).collect();
    let words: Vec<&str> = table.jobs().iter().map(Job::word).collect();
    assert_eq!((choices[0], &choices[1..]), ("all", &words[..]));
    // Each is on a machine that the gate waits for.
    assert_eq!(gated[0], "plan");
    assert_eq!(gated[1..], words[..words.len() - 3]);
    let jobs = root.get("jobs").unwrap().entries();
    let steps = jobs.iter().filter_map(|(_, job)| job.get("steps")).flat_map(Node::items);
    let lines: Vec<&str> = steps.filter_map(|step| step.text_at("run")).collect();
    for job in table.jobs() {
        let line = format!("cargo xtask ci {0} --report-dir report/{0}", job.word());
        assert_eq!(lines.iter().filter(|other| **other == line).count(), 1, "{line}");
    }
}

#[test]
fn a_later_phase_waits_for_the_earlier_ones_and_gets_what_its_row_says() {
    let publish = Machine {
        permissions: vec![Permission { scope: "id-token", access: "write", why: "the cache".into() }],
        opens_cache: true,
        timeout: std::time::Duration::from_secs(7 * 60 - 1),
        ..Machine::USUAL
    };
    let jobs = [
        Job::bare(JobName::of("a"), Phase::Check),
        Job::bare(JobName::of("b"), Phase::Check),
        Job { machine: Machine { compares: true, ..Machine::USUAL }, ..Job::bare(JobName::of("d"), Phase::Check) },
        Job { machine: publish, ..Job::bare(JobName::of("p"), Phase::Publish) },
    ];
    let config: CiConfig = toml::from_str("branch = \"trunk\"\n[runners]\nx86_64-linux = [\"a b\", \"c\"]").unwrap();
    let root = parsed(&jobs, &config);
    let branches = root.get("on").unwrap().get("push").unwrap().get("branches").unwrap();
    assert_eq!(branches.items()[0].text(), Some("trunk"));
    let texts = |node: &Node| node.items().iter().filter_map(Node::text).collect::<Vec<_>>().join(",");
    let job = |word: &str| root.get("jobs").unwrap().get(word).unwrap();
    assert_eq!(job("a").get("needs"), None);
    assert_eq!(job("a").text_at("if"), Some("${{ !inputs.job || inputs.job == 'all' || inputs.job == 'a' }}"));
    // Nothing waits for a comparison but the gate, and it gets the history.
    assert_eq!(texts(job("p").get("needs").unwrap()), "a,b");
    assert_eq!(texts(job("ci").get("needs").unwrap()), "plan,a,b,d,p");
    let depth = |word: &str| job(word).get("steps").unwrap().items()[0].get("with").unwrap().text_at("fetch-depth");
    assert_eq!([depth("a"), depth("d"), depth("p")], [None, Some("0"), Some("0")]);
    assert_eq!(
        job("p").text_at("if"),
        Some("${{ inputs.job == 'p' && !cancelled() || (!inputs.job || inputs.job == 'all') && success() }}")
    );
    assert_eq!(texts(job("p").get("runs-on").unwrap()), "a b,c");
    assert_eq!(job("p").get("permissions").unwrap().text_at("id-token"), Some("write"));
    assert_eq!(job("p").text_at("timeout-minutes"), Some("22"));
    // As well where it is chosen by hand: its secrets may be kept there.
    let guarded = r#"${{ contains(fromJSON('["push", "workflow_dispatch"]'), github.event_name) && 'publish' || '' }}"#;
    assert_eq!(job("p").text_at("environment"), Some(guarded));
    assert_eq!(job("a").get("environment"), None);
    let run = job("p").get("steps").unwrap().items()[2].get("env").unwrap();
    assert_eq!(run.text_at("CACHE_TOKEN"), Some("${{ secrets.CACHE_TOKEN }}"));
}

#[test]
fn a_job_of_ones_own_gets_what_it_and_its_needs_want() {
    let text = "[ci.jobs.lock]\ntimeout = '59s'\nrunner = ['own', 'x']\n[ci.jobs.bootstrap]\ntimeout = '1m'\n\
         [ci.jobs.first]\ncommand = ['a']\ntimeout = '3m'\nsecrets = ['GITHUB_TOKEN', 'KEY']\npermissions.packages = 'read'\n\
         [ci.jobs.spread]\nphase = 'verify'\nneeds = ['build']\napp = 'a'\nper_system = true\nartifacts = ['a/*', 'b']\n\
         [ci.jobs.deploy]\nphase = 'publish'\nneeds = ['first']\napp = 'a'\ntimeout = '2m'\nsecrets = ['KEY', 'OTHER']\n\
         permissions = { packages = 'write', contents = 'write' }\n\
         [ci.jobs.announce]\nphase = 'publish'\nneeds = ['deploy', 'build']\ncommand = ['a']\n\
         [ci.jobs.tokens]\ncommand = ['a']\nsecrets = ['GITHUB_TOKEN']\n\
         [ci.jobs.config]\nenabled = false\n";
    let config = Config::parse(text).unwrap().ci;
    let root = parsed(config.table.jobs(), &config);
    let jobs = root.get("jobs").unwrap();
    let job = |word: &str| jobs.get(word).unwrap();
    let texts = |node: &Node| node.items().iter().filter_map(Node::text).collect::<Vec<_>>().join(",");
    assert_eq!(jobs.get("config"), None);
    assert!(!texts(job("ci").get("needs").unwrap()).contains(",config,"));
    assert_eq!(texts(job("lock").get("runs-on").unwrap()), "own,x");
    assert_eq!(job("lock").text_at("timeout-minutes"), Some("17"));
    // What it needs has run on a machine of its own.
    assert_eq!(job("deploy").text_at("timeout-minutes"), Some("17"));
    assert!(texts(job("deploy").get("needs").unwrap()).contains(",first,"));
    assert!(texts(job("announce").get("needs").unwrap()).ends_with(",build,deploy"));
    assert_eq!(
        (job("announce").text_at("environment"), job("announce").text_at("timeout-minutes")),
        (None, Some("45"))
    );
    assert_eq!(job("announce").get("permissions").unwrap().entries().len(), 1);
    assert_eq!(
        job("announce").text_at("if"),
        Some(
            "${{ inputs.job == 'announce' && !cancelled() && needs.build.result == 'success' && \
             needs.deploy.result == 'success' || (!inputs.job || inputs.job == 'all') && success() }}"
        )
    );
    let first = "${{ !inputs.job || inputs.job == 'all' || inputs.job == 'first' || inputs.job == 'deploy' || \
                 inputs.job == 'announce' }}";
    assert_eq!(job("first").text_at("if"), Some(first));
    let permissions = job("deploy").get("permissions").unwrap();
    assert_eq!((permissions.text_at("contents"), permissions.text_at("packages")), (Some("write"), Some("write")));
    assert!(job("deploy").text_at("environment").is_some() && job("tokens").text_at("environment").is_none());
    let run = |word: &str| {
        let skip = match word {
            "deploy" => " --skip first",
            "announce" => " --skip build,deploy",
            _ => "",
        };
        let line = format!("cargo xtask ci {word}{skip} --report-dir report/{word}");
        let steps = jobs.entries().iter().filter_map(|(_, job)| job.get("steps")).flat_map(Node::items);
        steps.into_iter().find(|step| step.text_at("run") == Some(&line)).unwrap()
    };
    let secrets = |word: &str| {
        let names = run(word).get("env").unwrap().entries().iter();
        names.map(|(name, _)| name.text.as_str()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(secrets("first"), "GITHUB_TOKEN,KEY");
    assert_eq!(secrets("deploy"), "KEY,OTHER");
    assert_eq!(run("announce").get("env"), None);
    assert_eq!(secrets("spread"), "XTASK_SYSTEM,XTASK_ONLY");
    let inputs = root.get("on").unwrap().get("workflow_dispatch").unwrap().get("inputs").unwrap();
    let choices = texts(inputs.get("job").unwrap().get("options").unwrap());
    assert!(
        choices.starts_with("all,bootstrap,")
            && choices.ends_with(",tokens,build,cache-analytics,spread,cache-push,cache-verify,deploy,announce"),
        "{choices}"
    );
    // Of several machines of a system all build, and the first runs what runs once.
    let chosen = |word: &str| format!("!inputs.job || inputs.job == 'all' || inputs.job == '{word}'");
    let of_build = format!("${{{{ {} || inputs.job == 'announce' }}}}", chosen("build"));
    assert_eq!(run("build").text_at("if"), Some(of_build.as_str()));
    let of_spread = format!("${{{{ matrix.first && ({}) }}}}", chosen("spread"));
    assert_eq!(run("spread").text_at("if"), Some(of_spread.as_str()));
    assert_eq!(run("deploy").text_at("if"), None);
    // It works on what the build left on its machine.
    assert_eq!(jobs.get("spread"), None);
    let kept = job("build").get("steps").unwrap().items().last().unwrap();
    assert_eq!(kept.text_at("if"), Some("${{ always() && matrix.first }}"));
    let kept = kept.get("with").unwrap();
    assert_eq!(kept.text_at("name"), Some("artifacts-spread-${{ matrix.name }}"));
    assert_eq!(kept.text_at("path"), Some("a/*\nb\n"));
}

#[test]
fn nothing_is_interpolated_into_a_script() {
    let all = generate(Table::default().jobs(), &CiConfig::default(), &[], |_| "");
    fn scripts(node: &Node, found: &mut Vec<String>) {
        found.extend(node.text_at("run").map(str::to_owned));
        node.entries().iter().for_each(|(_, value)| scripts(value, found));
        node.items().iter().for_each(|item| scripts(item, found));
    }
    let mut found = Vec::new();
    for file in all {
        scripts(&parse(&file.text).unwrap().documents[0], &mut found);
        assert!(file.text.starts_with(MARK), "{}", file.path);
        assert!(file.text.lines().all(|line| line.chars().count() <= 130), "{}", file.path);
    }
    assert!(found.len() > Table::default().jobs().len());
    assert!(found.iter().all(|script| !script.contains("${{")), "{found:?}");
}

#[test]
fn the_same_table_is_the_same_text_and_pins_stay() {
    let first = generate(Table::default().jobs(), &CiConfig::default(), &[], |_| "");
    let bumped: Vec<String> = first
        .iter()
        .map(|file| {
            file.text.replace("08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", &format!("{} # v9", "a".repeat(40)))
        })
        .collect();
    assert_ne!(bumped[1], first[1].text);
    let again = generate(Table::default().jobs(), &CiConfig::default(), &[], |path| {
        if path == SETUP { &bumped[0] } else { &bumped[1] }
    });
    assert_eq!(again.iter().map(|file| &file.text).collect::<Vec<_>>(), bumped.iter().collect::<Vec<_>>());
}
