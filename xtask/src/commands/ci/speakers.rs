//! In which order the jobs of a run are heard: that of the table, with what they share in front of the first that needs it.

use crate::ci::course::{Course, Task};
use crate::ci::{JobName, Planned};
use crate::report::Console;

/// Who speaks, in the order of their turns.
#[derive(Debug)]
pub struct Speakers {
    order: Vec<Task>,
    ended: Vec<bool>,
}

impl Speakers {
    /// Those of `rows`, and of what they share as far as `course` will have it.
    pub fn of(rows: &[Planned], course: &Course<'_>) -> Self {
        let mut order = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if course.waits_for(Task::Evaluation, index) && !order.contains(&Task::Evaluation) {
                order.push(Task::Evaluation);
            }
            let measures = matches!(row.job.name, JobName::Build | JobName::CacheAnalytics);
            if measures && course.waits_for(Task::Measurement, index) && !order.contains(&Task::Measurement) {
                order.push(Task::Measurement);
            }
            order.push(Task::Job(index));
        }
        let ended = order.iter().map(|_| false).collect();
        Self { order, ended }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// Who speaks for `task`.
    pub fn of_task(&self, task: Task) -> Option<usize> {
        self.order.iter().position(|speaker| *speaker == task)
    }

    /// `task` has nothing more to say.
    pub fn ended(&mut self, task: Task, console: &Console) {
        let Some(speaker) = self.of_task(task) else { return };
        if let Some(ended @ false) = self.ended.get_mut(speaker) {
            *ended = true;
            console.ended(speaker);
        }
    }

    /// What is shared and has ended, or will not begin any more, has nothing more to say.
    pub fn go_on(&mut self, course: &Course<'_>, console: &Console) {
        for task in [Task::Evaluation, Task::Measurement] {
            if course.is_settled(task) {
                self.ended(task, console);
            }
        }
    }

    /// Nobody has anything more to say.
    pub fn end(&mut self, console: &Console) {
        for task in self.order.clone() {
            self.ended(task, console);
        }
    }
}
