//! A finished run as GitHub tells it: `gh run view ID --json jobs`, or the answer of its interface for the jobs of a run.

use serde::Deserialize;

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The name of its workflow, if it is told.
    pub workflow: Option<String>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<RunJob>,
}

/// A job of a run, or one leg of its matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct RunJob {
    /// The name, as shown.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Which attempt of the run this is, counted from 1, if it is told.
    pub attempt: Option<u32>,
    /// When it began, in seconds since 1970.
    pub started: Option<i64>,
    /// When it ended, in seconds since 1970.
    pub ended: Option<i64>,
    /// Name and seconds of its steps, where both times are told.
    pub steps: Vec<(String, f64)>,
}

/// What became of a job: GitHub's `conclusion`, or its `status` where it is not done.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "word")]
pub enum Outcome {
    /// `success`.
    Succeeded,
    /// `failure`.
    Failed,
    /// `cancelled`: by hand, or by a newer run.
    Cancelled,
    /// `skipped`: its condition did not hold, or a job that it needs did not succeed.
    Skipped,
    /// `timed_out`.
    TimedOut,
    /// `neutral`: neither success nor failure.
    Neutral,
    /// Not done: `queued`, `in_progress`, `waiting` and the like.
    Running(String),
    /// Another word, such as `action_required`, `stale` or `startup_failure`.
    Other(String),
}

impl Outcome {
    /// The words for it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Succeeded => "succeeded".to_owned(),
            Self::Failed => "failed".to_owned(),
            Self::Cancelled => "was cancelled".to_owned(),
            Self::Skipped => "was skipped".to_owned(),
            Self::TimedOut => "timed out".to_owned(),
            Self::Neutral => "ended neutral, which is no success".to_owned(),
            Self::Running(status) => format!("is not done: {}", status.replace('_', " ")),
            Self::Other(word) => format!("ended as `{word}`"),
        }
    }
}

impl RunJob {
    /// How long it took, in seconds.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        Some((self.ended? - self.started?).max(0) as f64)
    }
}

#[derive(Deserialize)]
struct RawRun {
    #[serde(alias = "workflowName")]
    workflow_name: Option<String>,
    attempt: Option<u32>,
    jobs: Vec<RawJob>,
}

#[derive(Deserialize)]
struct RawJob {
    name: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(alias = "startedAt")]
    started_at: Option<String>,
    #[serde(alias = "completedAt")]
    completed_at: Option<String>,
    run_attempt: Option<u32>,
    steps: Option<Vec<RawStep>>,
}

#[derive(Deserialize)]
struct RawStep {
    name: String,
    #[serde(alias = "startedAt")]
    started_at: Option<String>,
    #[serde(alias = "completedAt")]
    completed_at: Option<String>,
}

impl Run {
    /// Reads the JSON of a run.
    ///
    /// # Errors
    /// When it is no JSON, with line and column; when it has no jobs, or a time in it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = "`gh run view ID --json jobs,workflowName,attempt` writes one";
        let raw: RawRun = serde_json::from_str(text).map_err(|error| format!("not a run: {error}; {wanted}"))?;
        if raw.jobs.is_empty() {
            return Err(format!("the run has no jobs; {wanted}"));
        }
        let jobs = raw.jobs.into_iter().map(|job| read(job, raw.attempt)).collect::<Result<_, _>>()?;
        Ok(Self { workflow: raw.workflow_name.filter(|name| !name.is_empty()), jobs })
    }
}

fn read(raw: RawJob, attempt: Option<u32>) -> Result<RunJob, String> {
    let name = raw.name;
    let moment = |key: &str, text: &Option<String>| {
        let fault = || format!("job `{name}`: `{key}` is `{}`, which is no time", text.as_deref().unwrap_or_default());
        seconds(text.as_deref().unwrap_or_default()).map_err(|()| fault())
    };
    let started = moment("startedAt", &raw.started_at)?;
    let ended = moment("completedAt", &raw.completed_at)?;
    let mut steps = Vec::new();
    for step in raw.steps.unwrap_or_default() {
        let times = (moment("startedAt", &step.started_at)?, moment("completedAt", &step.completed_at)?);
        if let (Some(started), Some(ended)) = times {
            steps.push((step.name, (ended - started).max(0) as f64));
        }
    }
    let status = raw.status.unwrap_or_default();
    let outcome = match raw.conclusion.as_deref().unwrap_or_default() {
        "success" => Outcome::Succeeded,
        "failure" => Outcome::Failed,
        "cancelled" => Outcome::Cancelled,
        "skipped" => Outcome::Skipped,
        "timed_out" => Outcome::TimedOut,
        "neutral" => Outcome::Neutral,
        "" => Outcome::Running(if status.is_empty() { "nothing is said of how it ended".to_owned() } else { status }),
        other => Outcome::Other(other.to_owned()),
    };
    Ok(RunJob { name, outcome, attempt: raw.run_attempt.or(attempt), started, ended, steps })
}

/// `2025-10-03T20:53:54Z` in seconds since 1970; nothing for what has not come yet, which GitHub writes as nothing or as year 1.
fn seconds(text: &str) -> Result<Option<i64>, ()> {
    if text.is_empty() || text.starts_with("0001-01-01T") {
        return Ok(None);
    }
    let body = text.strip_suffix('Z').ok_or(())?;
    let body = body.split('.').next().unwrap_or(body);
    let numbers: Vec<i64> = body.split(['-', 'T', ':']).map(str::parse).collect::<Result<_, _>>().map_err(drop)?;
    let &[year, month, day, hour, minute, second] = &numbers[..] else { return Err(()) };
    // A year that begins in March ends with the day that not every year has; 719468 days lie before 1970.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Ok(Some(((days * 24 + hour) * 60 + minute) * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Ok(Some(0))),
            ("2025-10-03T20:53:54Z", Ok(Some(1_759_524_834))),
            ("2024-02-29T00:00:01.5Z", Ok(Some(1_709_164_801))),
            ("0001-01-01T00:00:00Z", Ok(None)),
            ("", Ok(None)),
            ("yesterday", Err(())),
            ("2025-10-03T20:53:54+02:00", Err(())),
            ("2025-10-03Z", Err(())),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn both_forms_of_github_are_read() {
        let tool = r#"{"workflowName": "CI", "attempt": 2, "jobs": [{"name": "a", "status": "completed", "conclusion": "success",
            "startedAt": "2025-10-03T10:00:00Z", "completedAt": "2025-10-03T10:01:30Z",
            "steps": [{"name": "s", "startedAt": "2025-10-03T10:00:00Z", "completedAt": "2025-10-03T10:00:07Z"},
                      {"name": "never", "startedAt": null, "completedAt": null}]}]}"#;
        let run = Run::parse(tool).unwrap();
        let job = &run.jobs[0];
        assert_eq!((run.workflow.as_deref(), job.attempt, job.seconds()), (Some("CI"), Some(2), Some(90.0)));
        assert_eq!((&job.outcome, &job.steps[..]), (&Outcome::Succeeded, &[("s".to_owned(), 7.0)][..]));
        let interface = r#"{"total_count": 1, "jobs": [{"name": "a", "status": "in_progress", "conclusion": null,
            "run_attempt": 3, "started_at": "2025-10-03T10:00:00Z", "completed_at": null}]}"#;
        let job = &Run::parse(interface).unwrap().jobs[0];
        assert_eq!(
            (&job.outcome, job.attempt, job.seconds()),
            (&Outcome::Running("in_progress".to_owned()), Some(3), None)
        );
    }

    #[test]
    fn outcomes_are_told_apart() {
        for (conclusion, expected) in [
            ("success", "succeeded"),
            ("failure", "failed"),
            ("cancelled", "was cancelled"),
            ("skipped", "was skipped"),
            ("timed_out", "timed out"),
            ("neutral", "ended neutral, which is no success"),
            ("action_required", "ended as `action_required`"),
            ("", "is not done: queued"),
        ] {
            let text = format!(r#"{{"jobs": [{{"name": "a", "status": "queued", "conclusion": "{conclusion}"}}]}}"#);
            assert_eq!(Run::parse(&text).unwrap().jobs[0].outcome.words(), expected);
        }
    }

    #[test]
    fn what_is_no_run_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = Run::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        };
        check("{\"jobs\": [\n", "not a run: EOF while parsing a list at line 2 column 0; `gh run view ID --json jobs");
        check("{}", "not a run: missing field `jobs` at line 1 column 2");
        check("{\"jobs\": []}", "the run has no jobs; `gh run view");
        check(r#"{"jobs": [{"name": "a", "startedAt": "noon"}]}"#, "job `a`: `startedAt` is `noon`, which is no time");
    }
}
