//! The names of jobs on the command line: those that are built in are told by help and completions, and those that xtask.toml adds are
//! known once it is read.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::ci::Table;

/// Takes any word; whether there is such a job, the table of the repository tells.
#[derive(Debug, Clone, Copy)]
pub struct JobWords;

impl TypedValueParser for JobWords {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let built_in = Table::default();
        let values: Vec<_> =
            built_in.jobs().iter().map(|job| PossibleValue::new(job.word()).help(job.about.to_string())).collect();
        Some(Box::new(values.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::ci::VERBS;
    use crate::context::Cli;

    #[test]
    fn no_job_may_have_the_name_of_something_else() {
        let mut command = Cli::command();
        command.build();
        let ci = command.find_subcommand("ci").unwrap();
        let mut verbs: Vec<&str> = ci.get_subcommands().map(clap::Command::get_name).collect();
        verbs.sort_unstable();
        assert_eq!(verbs, VERBS);
    }
}
