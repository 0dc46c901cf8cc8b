//! What one run of a program costs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a program took, with the processes that it is measured through: about 2 ms of CPU.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Its exit code.
    pub code: i32,
    pub wall: Duration,
    /// Of the user and of the system.
    pub cpu: Duration,
    /// Largest resident memory, in bytes.
    pub peak: u64,
    /// What it had written to disk, in whole blocks.
    pub written: u64,
    /// The last words of its log.
    pub said: String,
}

/// `time` is of the shell for its milliseconds, and of the system for the memory. The shell's own
/// account of what was written takes in the processes that it has waited for. A process begins with
/// the memory of the one that starts it, so that should be small.
const MEASURED: &str = r#"
TIMEFORMAT="spent %3R %3U %3S"
time /usr/bin/time --quiet --format="peak %M" "$@"
code=$?
/bin/cat "/proc/$$/io" >&2
exit $code
"#;

/// Runs a program in a folder, in the environment that it brings.
pub fn run(program: &Command, folder: &Path) -> Cost {
    let mut shell = Command::new("/bin/bash");
    shell
        .args(["-c", MEASURED, "measured"])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(folder)
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null());
    let output = shell.output().expect("/bin/bash is missing");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let after = |label: &str| {
        stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_else(|| panic!("no {label:?} in: {stderr}"))
            .trim()
    };
    let times: Vec<Duration> = after("spent ")
        .split(' ')
        .map(|seconds| Duration::from_secs_f64(seconds.parse().unwrap()))
        .collect();
    let log = stderr
        .lines()
        .take_while(|line| !line.starts_with("peak "))
        .last();
    Cost {
        code: output.status.code().unwrap_or(-1),
        wall: times[0],
        cpu: times[1] + times[2],
        peak: after("peak ").parse::<u64>().unwrap() * 1_024,
        written: after("write_bytes:").parse().unwrap(),
        said: log.unwrap_or_default().to_owned(),
    }
}
