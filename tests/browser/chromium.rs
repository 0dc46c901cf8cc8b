//! A headless Chromium, driven over its DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>) through a pair of pipes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing here takes seconds; Chromium that does not answer for so long never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// Chromium reads commands from descriptor 3 and answers on 4; the shell puts our pipes there. It
/// may run as root in a container, where its sandbox cannot.
const START: &str = "exec chromium --headless --no-sandbox --disable-gpu --disable-quic \
    --disable-dev-shm-usage --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --remote-debugging-pipe \
    --user-data-dir=\"$1\" 3<&0 4>&1 0</dev/null 1>&2";

pub struct Browser {
    chromium: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// What happened and was not asked for yet.
    events: Vec<Value>,
    session: Value,
    last_id: u64,
    _profile: TempDir,
}

impl Browser {
    /// A browser with one empty page, which tells of everything that a test may want to know.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", START, "sh"]).arg(profile.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut chromium = command.spawn().unwrap();
        let (sender, messages) = channel();
        let answers = BufReader::new(chromium.stdout.take().unwrap());
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            commands: chromium.stdin.take().unwrap(),
            chromium,
            messages,
            events: Vec::new(),
            session: Value::Null,
            last_id: 0,
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": page["targetId"], "flatten": true});
        browser.session = browser.call("Target.attachToTarget", target)["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Gives a command, and what came of it.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut command = json!({"id": self.last_id, "method": method, "params": params});
        if !self.session.is_null() {
            command["sessionId"] = self.session.clone();
        }
        let sent = write!(self.commands, "{command}\0").and_then(|()| self.commands.flush());
        sent.expect("Chromium is not running: is it installed (apt-get install chromium)?");
        loop {
            let message = self.next();
            if message["id"] == self.last_id {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.expect("Chromium did not answer: is it installed (apt-get install chromium)?")
    }

    /// Opens a file, and waits until it is loaded and painted.
    pub fn open(&mut self, file: &Path) {
        self.call("Page.navigate", json!({"url": address(file)}));
        let is_loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_loaded) {
            let event = self.next();
            self.events.push(event);
        }
        self.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))",
        );
    }

    /// Sees the page on a screen of this width, in `light` or `dark`.
    pub fn set_screen(&mut self, width: u32, scheme: &str) {
        let screen =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", screen);
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
    }

    /// The value of an expression, which is waited for if it is a promise.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let expression =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", expression);
        assert_eq!(result["exceptionDetails"], Value::Null);
        result["result"]["value"].clone()
    }

    /// Takes out what has happened so far.
    pub fn events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }
}

/// The address of a file.
pub fn address(file: &Path) -> String {
    url::Url::from_file_path(file).unwrap().into()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It keeps its profile until all its processes have ended, which they do with the first.
        let _ = self.chromium.kill();
        let _ = self.chromium.wait();
    }
}
