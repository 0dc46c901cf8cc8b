//! Faults at any one of the program's effects: shim.c, which says what an effect is, stands between
//! the program and the system.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::World;

/// What goes wrong, at the effect of this number; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program dies right before it.
    KillBefore(u64),
    /// The program dies right after it.
    KillAfter(u64),
    /// The program dies half-way through it, if it is a write; right before it otherwise.
    Torn(u64),
    /// From it on the disk takes no more bytes.
    Full(u64),
    /// The program stops right before it, as on a laptop that is closed.
    Stop(u64),
}

impl World {
    /// The program, ready to run into a fault. It does not, if it has fewer effects.
    pub fn command_with_fault(
        &self,
        arguments: &[&str],
        settings: &[(&str, &str)],
        fault: Fault,
    ) -> Command {
        let (name, number) = match fault {
            Fault::KillBefore(number) => ("kill-before", number),
            Fault::KillAfter(number) => ("kill-after", number),
            Fault::Torn(number) => ("torn", number),
            Fault::Full(number) => ("full", number),
            Fault::Stop(number) => ("stop", number),
        };
        let mut command = self.command(arguments, settings);
        preload(&mut command)
            .env("SHIM_FAULT", name)
            .env("SHIM_AT", number.to_string());
        command
    }

    /// Runs the program to its end, however it ends, and counts its effects.
    pub fn effects(&self, arguments: &[&str], settings: &[(&str, &str)]) -> u64 {
        let count = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.command(arguments, settings);
        preload(&mut command).env("SHIM_COUNT", count.path());
        let output = command.output().unwrap();
        let text = std::fs::read_to_string(count.path()).unwrap();
        text.parse()
            .unwrap_or_else(|_| panic!("there is no count: {output:?}"))
    }
}

/// Has the program believe that it is so many seconds later, or earlier if negative. How fast time
/// goes by does not change.
pub fn shift_clock(command: &mut Command, seconds: i64) {
    preload(command).env("SHIM_CLOCK", seconds.to_string());
}

fn preload(command: &mut Command) -> &mut Command {
    static LIBRARY: LazyLock<PathBuf> = LazyLock::new(compile);
    command.env("LD_PRELOAD", LIBRARY.as_path())
}

/// Each test process compiles it anew, so that none is left of an older source; the new one takes
/// the place of the old one at once, for other processes may be about to load it.
fn compile() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = tempfile::NamedTempFile::new_in(folder).unwrap();
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"])
        .arg("-o")
        .arg(library.path())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/shim.c"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let path = folder.join("shim.so");
    library.persist(&path).unwrap();
    path
}
