//! Logging: to stderr, and appended to a file. Every line passes the redactor on its way out.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

use crate::progress::Progress;
use crate::redact::Redactor;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged, and where to.
#[derive(Clone)]
pub struct Logging<'a> {
    /// Shape of a line, on stderr and in the file.
    pub format: LogFormat,
    /// Less than 0: errors only on stderr, the file as with 0. 0: what a check does. 1: each request.
    /// 2: everything of ours. 3: that of the libraries too.
    pub verbosity: i8,
    /// Whether stderr shows colours.
    pub colour: bool,
    /// The file to append to.
    pub file: Option<&'a Path>,
    /// What stands at the foot of the terminal, and gives way to each line.
    pub progress: Progress,
}

/// Starts logging for the rest of the process. A log file that cannot be opened is a warning and
/// no reason to leave mailboxes unwatched.
pub fn start(logging: &Logging<'_>, redactor: &Redactor) {
    let file = logging.file.map(open);
    let (file, fault) = match file {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let stderr = Redacting {
        redactor: redactor.clone(),
        target: Stderr(logging.progress.clone()),
    };
    let file = file.map(|file| Redacting {
        redactor: redactor.clone(),
        target: Arc::new(file),
    });
    // One filter for all, and none of a layer's own: when sqlx asks whether it would be heard, and
    // then says nothing, such a filter keeps its answer and swallows the next line, whoever it is
    // from. Who wants a quiet terminal still wants to look up later what was done, so what stderr
    // does not show is left out there.
    let shown = if logging.verbosity < 0 {
        Level::ERROR
    } else {
        Level::TRACE
    };
    let layers = [
        Some(layer(
            stderr.with_max_level(shown),
            logging.format,
            logging.colour,
        )),
        file.map(|file| layer(file, logging.format, false)),
    ];
    let started = tracing_subscriber::registry()
        .with(layers.into_iter().flatten().collect::<Vec<_>>())
        .with(filter(logging.verbosity.max(0)))
        .try_init();
    if started.is_ok() {
        report_panics();
    }
    if let (Some(error), Some(path)) = (fault, logging.file) {
        tracing::warn!(
            "the log file {} cannot be opened ({error}); logging to stderr only. Check LOG_FILE, or set it to nothing",
            path.display()
        );
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new().append(true).create(true).open(path)
}

fn layer<W>(writer: W, format: LogFormat, colour: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer()
        .with_writer(writer)
        .with_ansi(colour)
        .with_target(false);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

fn filter(verbosity: i8) -> Targets {
    let (ours, libraries) = match verbosity {
        ..=0 => (LevelFilter::INFO, LevelFilter::OFF),
        1 => (LevelFilter::DEBUG, LevelFilter::WARN),
        2 => (LevelFilter::TRACE, LevelFilter::WARN),
        3.. => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new()
        .with_default(libraries)
        .with_target("monitor", ours)
}

/// A panic is a bug; it becomes one redacted line of the log instead of a backtrace.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("no message");
        tracing::event!(
            Level::ERROR,
            "internal error at {place}: {words}. Please report it"
        );
    }));
}

struct Stderr(Progress);

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = AboveProgress<'a>;

    fn make_writer(&'a self) -> AboveProgress<'a> {
        AboveProgress(&self.0)
    }
}

struct AboveProgress<'a>(&'a Progress);

impl Write for AboveProgress<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Writes what the redactor leaves. The log gives each event in one piece, so no secret is cut in
/// two between writes.
struct Redacting<T> {
    redactor: Redactor,
    target: T,
}

struct Writer<'a, W> {
    redactor: &'a Redactor,
    writer: W,
}

impl<'a, T: MakeWriter<'a>> MakeWriter<'a> for Redacting<T> {
    type Writer = Writer<'a, T::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Writer {
            redactor: &self.redactor,
            writer: self.target.make_writer(),
        }
    }
}

impl<W: Write> Write for Writer<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.writer
            .write_all(self.redactor.redact(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_line_passes_the_redactor() {
        let buffer = Mutex::new(Vec::new());
        let secret = "key-5b1f3c".into();
        let redacting = Redacting {
            redactor: Redactor::new([&secret]),
            target: buffer,
        };
        let line = b"GET /?api_key=key-5b1f3c and key-5b1f3c alone\n";
        redacting.make_writer().write_all(line).unwrap();
        let written = String::from_utf8(redacting.target.into_inner().unwrap()).unwrap();
        assert_eq!(written, "GET /?api_key=[redacted] and [redacted] alone\n");
    }
}
