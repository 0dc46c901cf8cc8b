//! Where variables come from.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The `.env` file and the process's own environment, which wins.
#[derive(Default)]
pub struct Environment {
    path: Option<PathBuf>,
    file: HashMap<String, String>,
}

/// A `.env` file that cannot be used. Its lines are never quoted: they hold secrets.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", self.fault(), self.remedy())]
pub enum EnvFileError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not `NAME=value`.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

impl EnvFileError {
    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        match self {
            Self::Unreadable { path, source } => format!("{}: {source}", path.display()),
            Self::Line { path, line } => {
                format!("{}: line {line} is not NAME=value", path.display())
            }
        }
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "Check its path and rights, and that it is a text file in UTF-8"
            }
            Self::Line { .. } => "Put values with spaces, #, $ or quotes into single quotes",
        }
    }
}

impl Environment {
    /// Reads `file`; without one `.env` in the working folder, or else the one that lies beside the
    /// program, if there is either.
    ///
    /// # Errors
    /// When the file cannot be read or has a line that is not `NAME=value`.
    pub fn load(file: Option<&Path>) -> Result<Self, EnvFileError> {
        let path = &match file {
            Some(file) => file.to_owned(),
            None => default_file(),
        };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(source) => {
                return Err(EnvFileError::Unreadable {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        // Some editors on Windows put a byte order mark first.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        let mut values = HashMap::new();
        for item in dotenvy::from_read_iter(text) {
            let (name, value) = item.map_err(|error| unreadable(path, text, error))?;
            values.insert(name, value);
        }
        Ok(Self {
            path: Some(path.to_owned()),
            file: values,
        })
    }

    /// The file that was read, if there was one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The value of a variable; an empty one is given as it is.
    pub fn get(&self, name: &str) -> Option<String> {
        match std::env::var_os(name) {
            Some(value) => Some(value.to_string_lossy().into_owned()),
            None => self.file.get(name).cloned(),
        }
    }
}

/// A program that is started by a scheduler or a double click may find itself in any folder.
fn default_file() -> PathBuf {
    let here = PathBuf::from(".env");
    let beside = || Some(std::env::current_exe().ok()?.with_file_name(".env"));
    match here.try_exists() {
        Ok(false) => beside().filter(|file| file.exists()).unwrap_or(here),
        _ => here,
    }
}

fn unreadable(path: &Path, text: &[u8], error: dotenvy::Error) -> EnvFileError {
    let path = path.to_owned();
    match error {
        dotenvy::Error::LineParse(..) => {
            let line = bad_line(text);
            EnvFileError::Line { path, line }
        }
        dotenvy::Error::Io(source) => EnvFileError::Unreadable { path, source },
        _ => {
            let source = std::io::Error::other("it cannot be read");
            EnvFileError::Unreadable { path, source }
        }
    }
}

/// The number of the line that cannot be read: the one after the longest beginning that can be.
/// The parser quotes the text, but does not say where it stands.
fn bad_line(text: &[u8]) -> usize {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let reads = |count: &usize| {
        let beginning: Vec<u8> = lines
            .iter()
            .take(*count)
            .copied()
            .flatten()
            .copied()
            .collect();
        dotenvy::from_read_iter(beginning.as_slice()).all(|item| item.is_ok())
    };
    (0..lines.len()).rev().find(reads).unwrap_or_default() + 1
}
