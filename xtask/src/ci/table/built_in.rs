//! The rows of the jobs that are built in, in an order in which they can run.

use std::borrow::Cow;
use std::time::Duration;

use super::{Extent, Inputs, Job, JobName, Machine, Phase};

const MINUTE: u64 = 60;
/// What tells whether the machine and the lock are as they should be.
const FLAKE_FILES: [&str; 3] = ["flake.nix", "flake.lock", "xtask.toml"];

/// The rows.
pub(super) fn rows() -> Vec<Job> {
    let flake_files = Inputs::Globs(FLAKE_FILES.map(str::to_owned).to_vec());
    vec![
        Job {
            inputs: flake_files.clone(),
            ..job(JobName::Bootstrap, Phase::Check, &[], "this machine has what the other jobs need")
        },
        Job {
            inputs: flake_files,
            ..check(
                JobName::Lock,
                "flake.lock fits flake.nix, is left alone, and its inputs come from owners on the list",
            )
        },
        // Before the first job that looks at outputs: what is missing for a push is said before they are built for it.
        Job {
            machine: Machine { opens_cache: true, ..Machine::USUAL },
            ..check(JobName::CachePolicy, "it is decided whether this run pushes, and what that needs is there")
        },
        check(JobName::Config, "hosts and homes are what every fleet's should be, and what xtask.toml expects of them"),
        check(
            JobName::Activation,
            "every host and home can be activated, users and hosts lead to the right one, and recipes name what exists",
        ),
        check(JobName::Autowiring, "files and flake attributes fit each other, by the layout of the repository"),
        // It evaluates every configuration once more: 1.7 s for 100 hosts with stand-in inputs (two cores, of which 0.2 s for
        // starting), and as long as the evaluation itself with real ones. So CI gives it a minute and takes a sample where that is
        // too short.
        check(JobName::Independence, "no configuration depends on the files of its siblings"),
        check(
            JobName::Secrets,
            "secrets are encrypted, for whom .sops.yaml says and nobody else, and what hosts declare is there",
        ),
        check(JobName::CacheConfig, "whatever is written about binary caches agrees with nixConfig of flake.nix"),
        // What it tells depends on the base as well, which is none of the files.
        Job {
            inputs: Inputs::Globs(vec![".github/**".to_owned(), "action.y*ml".to_owned(), "xtask.toml".to_owned()]),
            ..check(
                JobName::Workflow,
                "the workflows of GitHub are what the job table says, and pass nothing that should fail",
            )
        },
        Job {
            machine: Machine { compares: true, ..Machine::USUAL },
            ..check(
                JobName::Diff,
                "it is told what the change does to each output, where there is a base to compare with",
            )
        },
        Job {
            after: vec![JobName::CachePolicy],
            machine: per_system(120),
            ..job(
                JobName::Build,
                Phase::Build,
                &[JobName::Bootstrap],
                "every output evaluates, and those this machine has a builder for are built",
            )
        },
        Job {
            machine: per_system(15),
            ..job(
                JobName::CacheAnalytics,
                Phase::Verify,
                &[JobName::Build],
                "as much of what outputs need was in caches as xtask.toml wants",
            )
        },
        Job {
            machine: Machine { opens_cache: true, ..per_system(60) },
            ..job(
                JobName::CachePush,
                Phase::Publish,
                &[JobName::CachePolicy, JobName::Build],
                "what is built is in the cache, where the policy pushes it",
            )
        },
        Job {
            machine: Machine { opens_cache: true, ..per_system(15) },
            ..job(
                JobName::CacheVerify,
                Phase::Publish,
                &[JobName::CachePolicy, JobName::Build, JobName::CachePush],
                "what was pushed is in the cache: whole, signed, each file there",
            )
        },
    ]
}

fn job(name: JobName, phase: Phase, needs: &[JobName], about: &'static str) -> Job {
    Job { about: Cow::Borrowed(about), needs: needs.to_vec(), ..Job::bare(name, phase) }
}

fn check(name: JobName, about: &'static str) -> Job {
    job(name, Phase::Check, &[JobName::Bootstrap], about)
}

fn per_system(minutes: u64) -> Machine {
    Machine { extent: Extent::PerSystem, timeout: Duration::from_secs(minutes * MINUTE), ..Machine::USUAL }
}

#[cfg(test)]
mod tests {
    use super::super::added::disorder;
    use super::super::name::BUILT_IN;
    use super::*;

    #[test]
    fn the_built_in_rows_are_their_own_topological_order_and_all_there() {
        let rows = rows();
        assert_eq!(disorder(&rows), None);
        assert_eq!(rows.iter().map(|job| job.name).collect::<Vec<_>>(), BUILT_IN);
    }
}
