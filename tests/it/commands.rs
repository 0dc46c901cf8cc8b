//! The commands that only print.

use crate::support::{Ran, monitor};

fn print(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = monitor(folder.path()).args(arguments).output().unwrap();
    let ran = Ran::from(output).assert(0);
    assert_eq!(ran.stderr, "");
    ran.stdout
}

#[test]
fn completions_know_commands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = print(&["completions", shell]);
        for word in ["first-run", "baseline", "demo", "log-format"] {
            assert!(script.contains(word), "{word} is not completed in {shell}");
        }
    }
}

#[test]
fn the_manual_has_every_command() {
    let page = print(&["man"]);
    for words in [
        ".TH monitor",
        "monitor\\-demo",
        "monitor\\-status",
        "monitor\\-history",
        "\\-\\-accept\\-shrink",
    ] {
        assert!(page.contains(words), "{words} is not in:\n{page}");
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["man"][..], &["status", "--json"], &["history"]] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = monitor(folder.path()).args(arguments).stdout(full).output();
        let ran = Ran::from(output.unwrap()).assert(1);
        assert!(
            ran.stderr.contains("the output cannot be written"),
            "{}",
            ran.stderr
        );
    }
}
