//! How many instructions the pure parts of a check take, which no other load of the machine
//! changes; compared with a baseline that is committed. Run by `scripts/bench.sh --instructions`,
//! which brings valgrind; `--write` behind it takes the baseline anew.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark may stop at anything unexpected"
)]

mod parts;

use std::fmt::Write as _;
use std::process::{Command, ExitCode};

/// The baseline: what it was taken with, and a line a part.
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

const HEAD: &str = "\
# What scripts/bench.sh --instructions and scripts/test.sh compare with. A change that is meant to
# change a count takes it anew: scripts/bench.sh --instructions --write
";

/// How far a count may be off, either way, in percent. What is better is to be written down, too,
/// or the next loss hides in it.
const TOLERANCE: f64 = 5.0;

/// The function in which instructions count; callgrind knows it by its name.
#[inline(never)]
fn measured_part(work: &parts::Work) {
    work();
}

fn main() -> ExitCode {
    // Cargo says that this is a benchmark.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["--write"] => {
            std::fs::write(BASELINE, baseline()).unwrap();
            ExitCode::SUCCESS
        }
        ["--part", name] => {
            let mut parts = parts::PARTS.into_iter();
            let (_, prepare) = parts.find(|(part, _)| *part == name).unwrap();
            measured_part(&prepare());
            ExitCode::SUCCESS
        }
        _ => panic!("only --write is known, not {arguments:?}"),
    }
}

/// Counts the instructions of a part.
fn count(name: &str) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*measured_part*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--part", name])
        .output()
        .expect("valgrind is missing");
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    let count = count.and_then(|count| count.trim().parse().ok());
    // A name that callgrind does not find counts nothing.
    count
        .filter(|count| *count > 0)
        .unwrap_or_else(|| panic!("{name}: {said}"))
}

/// What the counts depend on beside the code.
/// What the counts depend on beside our own code: allocation and copying are of the C library.
fn toolchain() -> String {
    let said = |program: &str| {
        let output = Command::new(program).arg("--version").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let arch = std::env::consts::ARCH;
    format!("{} and {} on {arch}", said("rustc"), said("ldd"))
}

fn baseline() -> String {
    let mut text = format!("{HEAD}{}\n", toolchain());
    for (name, _) in parts::PARTS {
        let count = count(name);
        println!("{count:>12}  {name}");
        writeln!(text, "{count:>12}  {name}").unwrap();
    }
    text
}

fn compare() -> ExitCode {
    let text = std::fs::read_to_string(BASELINE).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let (taken_with, here) = (lines.next().unwrap_or_default(), toolchain());
    if taken_with != here {
        println!("instructions are NOT compared: the baseline is of {taken_with}, this is {here}");
        return ExitCode::SUCCESS;
    }
    let known: Vec<(u64, &str)> = lines
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(count, name)| (count.parse().unwrap(), name))
        .collect();
    let mut all_near = known.len() == parts::PARTS.len();
    println!("{:>12}  {:>12}  {:>8}", "counted", "baseline", "off by");
    for (name, _) in parts::PARTS {
        let counted = count(name);
        let Some((baseline, _)) = known.iter().find(|(_, part)| *part == name) else {
            println!("{counted:>12}  {:>12}  {:>8}  {name}", "none", "");
            all_near = false;
            continue;
        };
        let off = (counted as f64 / *baseline as f64 - 1.0) * 100.0;
        let is_near = off.abs() <= TOLERANCE;
        let verdict = if is_near { "" } else { "  TOO FAR" };
        println!("{counted:>12}  {baseline:>12}  {off:>+7.1}%  {name}{verdict}");
        all_near &= is_near;
    }
    if all_near {
        return ExitCode::SUCCESS;
    }
    println!(
        "The counts and benches/instructions.txt differ by more than {TOLERANCE} %, or in their parts. \
         If that is meant: scripts/bench.sh --instructions --write"
    );
    ExitCode::FAILURE
}
