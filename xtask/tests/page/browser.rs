//! A headless Chromium, asked over the pipe of its DevTools: no port, no driver, and what it shows is what people see.
//!
//! The messages are those of the protocol that it publishes (<https://chromedevtools.github.io/devtools-protocol/>), each ended by
//! a zero byte, as `--remote-debugging-pipe` has it.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The programs that can be asked, the first that is there: those that `cargo xtask test` looks for.
const PROGRAMS: [&str; 3] = ["chromium-headless-shell", "chromium", "google-chrome"];
/// How long one answer may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is asked of a page that has been loaded.
const LOOK: &str = include_str!("look.js");

/// For what a page is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// In pixels of the page.
    pub width: u32,
    /// Whether who looks prefers light on dark.
    pub dark: bool,
    /// `screen` or `print`.
    pub medium: &'static str,
}

/// What there was to see, and what the page did.
#[derive(Debug)]
pub struct Seen {
    /// The answer of `look.js`.
    pub page: Value,
    /// What a developer would see in the console: errors, refusals of the page's policy, exceptions.
    pub console: Vec<String>,
    /// What was asked for beside the page itself.
    pub requests: Vec<String>,
}

/// A running browser, ended when it is dropped.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Events that came while an answer was waited for.
    events: VecDeque<Value>,
    asked: u64,
    home: TempDir,
}

impl Browser {
    /// Starts one with a home of its own.
    pub fn start() -> Self {
        let program = PROGRAMS.iter().find_map(|name| which::which(name).ok());
        let program =
            program.expect("no Chromium: run `apt-get install chromium-headless-shell` or `cargo xtask test`");
        let home = tempfile::tempdir().unwrap();
        // The pipe's ends have the numbers 3 and 4, which only a shell gives without unsafe code.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-quic", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(home.path().join("log")).unwrap());
        let mut process = command.spawn().unwrap();
        let output = process.stdout.take().unwrap();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in messages_of(output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { input: process.stdin.take(), process, messages, events: VecDeque::new(), asked: 0, home }
    }

    /// Opens the page in a tab of its own, looks at it, and takes a picture of it if a file is named.
    pub fn look(&mut self, page: &Path, view: View, picture: Option<&Path>) -> Seen {
        let tab = self.ask(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": tab["targetId"], "flatten": true });
        let attached = self.ask(None, "Target.attachToTarget", target.clone());
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let session = Some(session.as_str());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.ask(session, &format!("{domain}.enable"), json!({}));
        }
        let size = json!({ "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.ask(session, "Emulation.setDeviceMetricsOverride", size);
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask(session, "Emulation.setEmulatedMedia", json!({ "media": view.medium, "features": media }));
        self.events.clear();
        let url = format!("file://{}", page.display());
        let opened = self.ask(session, "Page.navigate", json!({ "url": url }));
        assert_eq!(opened["errorText"], Value::Null, "{url}");
        let mut events = self.until("Page.loadEventFired");
        // The event may be that of the empty page before.
        while self.value(session, "document.readyState + location.protocol") != "completefile:" {
            std::thread::sleep(Duration::from_millis(20));
        }
        let answer = self.ask(session, "Runtime.evaluate", json!({ "expression": LOOK, "returnByValue": true }));
        assert_eq!(answer["exceptionDetails"], Value::Null, "look.js");
        if let Some(file) = picture {
            let shot = self.ask(session, "Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
            let bytes = data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        self.ask(None, "Target.closeTarget", target);
        events.extend(self.events.drain(..));
        let of = |told: fn(&Value) -> Option<String>| events.iter().filter_map(told).collect();
        let requests: Vec<String> = of(requested);
        Seen {
            page: answer["result"]["value"].clone(),
            console: of(said),
            requests: requests.into_iter().filter(|request| *request != url).collect(),
        }
    }

    /// What an expression is worth in a tab.
    fn value(&mut self, session: Option<&str>, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        self.ask(session, "Runtime.evaluate", asked)["result"]["value"].clone()
    }

    /// The answer to one question, to the browser itself or to a tab.
    fn ask(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": parameters });
        if let Some(session) = session {
            question["sessionId"] = session.into();
        }
        let written = self.input.as_mut().unwrap().write_all(format!("{question}\0").as_bytes());
        assert!(written.is_ok(), "{method}: {}", self.log());
        loop {
            let message = self.next(method);
            if message["id"] == self.asked {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    /// Everything that happens until `method`.
    fn until(&mut self, method: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.events.pop_front().unwrap_or_else(|| self.next(method));
            let last = event["method"] == method;
            events.push(event);
            if last {
                return events;
            }
        }
    }

    fn next(&self, awaited: &str) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{awaited}: {error}: {}", self.log()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without its pipe it ends, and its children with it; one that hangs is not waited for.
        self.input = None;
        for _ in 0..100 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What comes out of the pipe, until it ends.
fn messages_of(output: ChildStdout) -> impl Iterator<Item = Value> {
    let whole = BufReader::new(output).split(0).map_while(Result::ok);
    whole.map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

/// What an event says in the console.
fn said(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Log.entryAdded" => Some(parameters["entry"]["text"].to_string()),
        "Runtime.consoleAPICalled" => Some(parameters["args"].to_string()),
        "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
        _ => None,
    }
}

/// What an event says is asked for, also where it never leaves the browser.
fn requested(event: &Value) -> Option<String> {
    let asked = event["method"] == "Network.requestWillBeSent";
    asked.then(|| event["params"]["request"]["url"].as_str().unwrap().to_owned())
}
