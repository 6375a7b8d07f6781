//! A workflow or an action, read: its jobs, its steps, its events, and every text in it.

use std::path::Path;

use crate::rules::Problem;
use crate::rules::yaml::{Comment, Key, Node};

/// A file, read.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    pub path: &'a Path,
    pub text: &'a str,
    pub root: &'a Node,
    pub comments: &'a [Comment],
}

impl<'a> Document<'a> {
    /// The jobs of a workflow; none of an action.
    pub fn jobs(&self) -> &'a [(Key, Node)] {
        self.root.get("jobs").map(Node::entries).unwrap_or_default()
    }

    /// The steps of all jobs, or of an action that is made of steps.
    pub fn steps(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        let own = self.root.get("runs").and_then(|runs| runs.get("steps"));
        let of_jobs = self.jobs().iter().filter_map(|(_, job)| job.get("steps"));
        own.into_iter().chain(of_jobs).flat_map(Node::items)
    }

    /// The events that start a workflow, each with its line and what is said of it; nothing where it is only named.
    pub fn events(&self) -> Vec<(&'a str, u32, Option<&'a Node>)> {
        let Some(on) = self.root.get("on") else { return Vec::new() };
        let named = on.text().map(|name| (name, on.line, None)).into_iter();
        let listed = on.items().iter().filter_map(|item| Some((item.text()?, item.line, None)));
        let said = on.entries().iter().map(|(key, node)| (key.text.as_str(), key.line, Some(node)));
        named.chain(listed).chain(said).collect()
    }

    /// The line at or after `from` that says `what`; else `from`.
    pub fn line_of(&self, from: u32, what: &str) -> u32 {
        let mut lines = (1..).zip(self.text.lines()).filter(|(number, _)| *number >= from);
        lines.find(|(_, line)| line.contains(what)).map_or(from, |(number, _)| number)
    }

    /// The line that holds the line `at` of the script `run`, counted from 0.
    pub fn line_in(&self, run: &Node, at: u32) -> u32 {
        let said = run.text().unwrap_or_default().lines().nth(at as usize).unwrap_or_default();
        self.line_of(run.line, said.trim())
    }

    /// A problem at `line` of this file.
    pub fn problem(&self, line: u32, fault: impl Into<String>, fix: impl Into<String>) -> Problem {
        super::at(self.path, line, fault, fix)
    }
}

/// Every text at or below `node`, keys aside.
pub fn texts<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    if node.text().is_some() {
        found.push(node);
    }
    node.items().iter().for_each(|item| texts(item, found));
    node.entries().iter().for_each(|(_, value)| texts(value, found));
}
