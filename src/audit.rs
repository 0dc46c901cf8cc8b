//! The audit trail: one CSV file a month, one row a transition, for people with spreadsheets.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

use crate::disk;
use crate::domain::{AuditLine, RunId, Transition, text};

/// The first line of every file.
pub const HEADER: &str = "timestamp,check_run_id,account_id,from_name,from_email,account_type,\
disconnection_type,tags,message_per_day,daily_sent_count,event,client_id,smtp_error,imap_error,\
cause";

/// Most lines are shorter than this; each takes a buffer of the size.
const USUAL_LINE: usize = 512;

/// The end of a line, as RFC 4180 has it.
const END: &str = "\r\n";

/// What a formula begins with; some spreadsheets take the full-width forms for it, too.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// So many files of one month with other headers are stepped over before it is an error.
const MOST_SIBLINGS: u32 = 100;

/// The audit trail could not be written. The text names the file and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", self.fault(), self.remedy())]
pub struct AuditError {
    path: PathBuf,
    source: io::Error,
}

impl AuditError {
    fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self { path, source }
    }

    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        format!(
            "the CSV audit trail cannot be written: {}: {}",
            self.path.display(),
            self.source
        )
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> String {
        disk::remedy("CSV_DIR", &self.source)
    }
}

/// The name of the file for what happened at `at`.
pub fn file_name(at: DateTime<Utc>) -> String {
    format!("disconnections_{}.csv", month(at))
}

fn month(at: DateTime<Utc>) -> String {
    format!("{:04}{:02}", at.year(), at.month())
}

/// The line that records this transition, which the run found `at`.
pub fn line(transition: &Transition, run_id: &RunId, at: DateTime<Utc>) -> AuditLine {
    let disconnection = &transition.disconnection;
    let mailbox = &disconnection.mailbox;
    let number =
        |number: Option<i64>| Cow::Owned(number.map(|n| n.to_string()).unwrap_or_default());
    let count = |count: Option<u32>| number(count.map(Into::into));
    let cells = [
        at.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
        run_id.as_str().into(),
        mailbox.id.to_string().into(),
        text(mailbox.name.as_deref()),
        text(mailbox.address.as_deref()),
        text(mailbox.account_type.as_deref()),
        disconnection.kind.as_str().into(),
        cell(&mailbox.tags),
        count(mailbox.daily_cap),
        count(mailbox.sent_today),
        transition.event.as_str().into(),
        number(mailbox.client_id),
        text(disconnection.smtp_error.as_deref()),
        text(disconnection.imap_error.as_deref()),
        disconnection.cause.as_str().into(),
    ];
    let mut writer = csv::WriterBuilder::new()
        .buffer_capacity(USUAL_LINE)
        .from_writer(Vec::with_capacity(USUAL_LINE));
    // Writing to memory does not fail, and every cell is UTF-8.
    let written = writer
        .write_record(cells.iter().map(|cell| cell.as_bytes()))
        .map(|()| writer.into_inner().unwrap_or_default());
    let line = String::from_utf8(written.unwrap_or_default()).unwrap_or_default();
    AuditLine {
        month: month(at),
        line: line.trim_end_matches('\n').to_owned(),
    }
}

fn text(text: Option<&str>) -> Cow<'_, str> {
    cell(text.unwrap_or_default())
}

/// A cell that is one line and that no spreadsheet takes for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
pub fn cell(text: &str) -> Cow<'_, str> {
    let is_formula = |text: &str| text.chars().next().is_some_and(|c| FORMULA.contains(&c));
    let cleaned = text::cleaned(text, usize::MAX);
    if is_formula(text) || is_formula(&cleaned) {
        return format!("'{cleaned}").into();
    }
    cleaned
}

/// The folder of the monthly files.
#[derive(Debug)]
pub struct AuditTrail {
    folder: PathBuf,
}

impl AuditTrail {
    /// The trail in `folder`, which is made if need be and proved writable, so that a wrong path
    /// shows in the first second and not after the work.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn open(folder: &Path) -> Result<Self, AuditError> {
        let fault = |source| AuditError::new(folder, source);
        fs::create_dir_all(folder).map_err(fault)?;
        tempfile::Builder::new()
            .prefix(".monitor-writable-")
            .tempfile_in(folder)
            .and_then(tempfile::NamedTempFile::close)
            .map_err(fault)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Makes sure that what happens at `at` could be appended to the trail in `folder`, and makes
    /// nothing. Gives whether the folder exists.
    ///
    /// # Errors
    /// When the folder cannot be made, or it or its file of that month cannot be written to.
    pub fn examine(folder: &Path, at: DateTime<Utc>) -> Result<bool, AuditError> {
        let exists = disk::try_folder(folder).map_err(|source| AuditError::new(folder, source))?;
        let trail = Self {
            folder: folder.to_owned(),
        };
        let file = trail.file(&month(at))?;
        disk::try_file(&file).map_err(|source| AuditError::new(&file, source))?;
        Ok(exists)
    }

    /// Appends those of these lines that are not in their files yet: an earlier run may have got
    /// some of them there, and so may another one that took over meanwhile. Gives the last file
    /// looked at. Those that are `left` of earlier runs come first; `new` are of one run, and made
    /// as they are written, so that not all of them are in memory.
    ///
    /// # Errors
    /// When a file cannot be read or written. It may then end in half a line, which the next call
    /// closes; all lines have to be given again.
    pub fn append(
        &self,
        left: &[AuditLine],
        new: impl Iterator<Item = AuditLine>,
    ) -> Result<Option<PathBuf>, AuditError> {
        let mut months: BTreeMap<&str, Vec<&AuditLine>> = BTreeMap::new();
        for entry in left {
            months.entry(&entry.month).or_default().push(entry);
        }
        let mut last = None;
        for (month, entries) in months {
            let runs = entries
                .iter()
                .map(|entry| beginning(&entry.line).to_owned());
            let lines = entries.iter().map(|entry| Cow::Borrowed(&*entry.line));
            last = Some(self.append_to(month, &runs.collect(), lines)?);
        }
        let mut new = new.peekable();
        if let Some(first) = new.peek().cloned() {
            let run = HashSet::from([beginning(&first.line).to_owned()]);
            let lines = new.map(|entry| Cow::Owned(entry.line));
            last = Some(self.append_to(&first.month, &run, lines)?);
        }
        Ok(last)
    }

    /// Appends lines to the file of their month; they are of these runs.
    fn append_to<'l>(
        &self,
        month: &str,
        runs: &HashSet<String>,
        lines: impl Iterator<Item = Cow<'l, str>>,
    ) -> Result<PathBuf, AuditError> {
        let path = self.file(month)?;
        append(&path, runs, lines).map_err(|source| AuditError::new(&path, source))?;
        Ok(path)
    }

    /// The file of a month: the first name that is free or whose file has today's header. A file
    /// with another header was made by something else and is left alone.
    fn file(&self, month: &str) -> Result<PathBuf, AuditError> {
        let mut path = self.folder.join(format!("disconnections_{month}.csv"));
        for sibling in 2..=MOST_SIBLINGS {
            if is_ours(&path).map_err(|source| AuditError::new(&path, source))? {
                return Ok(path);
            }
            path = self
                .folder
                .join(format!("disconnections_{month}_{sibling}.csv"));
        }
        let error =
            io::Error::other("every name for this month is taken by a file with another header");
        Err(AuditError::new(&path, error))
    }
}

/// Whether a file is free to be written to: absent, empty, torn inside its header, or with
/// today's header.
fn is_ours(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut first = Vec::new();
    BufReader::new(file.take(4096)).read_until(b'\n', &mut first)?;
    Ok(match first.strip_suffix(b"\n") {
        Some(line) => line.trim_ascii_end() == HEADER.as_bytes(),
        None => [HEADER, END].concat().as_bytes().starts_with(&first),
    })
}

/// What all lines of one run begin with, and no others: its time and its id.
fn beginning(line: &str) -> &str {
    let second = line.match_indices(',').nth(1);
    second.map_or(line, |(end, _)| line.get(..end).unwrap_or(line))
}

fn append<'l>(
    path: &Path,
    runs: &HashSet<String>,
    lines: impl Iterator<Item = Cow<'l, str>>,
) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let mut text = String::new();
    let mut present = HashSet::new();
    let length = file.metadata()?.len();
    let header = u64::try_from(HEADER.len()).unwrap_or(u64::MAX);
    if length <= header {
        // Empty, or torn inside the header: there is nothing in it to lose.
        if length > 0 {
            file.set_len(0)?;
        }
        text.push_str(HEADER);
        text.push_str(END);
    } else {
        present = lines_of(&mut file, runs)?;
        text.push_str(&closing(&mut file)?);
    }
    // Not opened for appending, which on Windows would forbid to shorten it. The lease keeps other
    // writers away.
    file.seek(SeekFrom::End(0))?;
    let mut writer = BufWriter::new(&file);
    writer.write_all(text.as_bytes())?;
    for line in lines.filter(|line| !present.contains(&**line)) {
        writer.write_all(line.as_bytes())?;
        writer.write_all(END.as_bytes())?;
    }
    writer.flush()?;
    drop(writer);
    file.sync_data()
}

/// What ends a last line that a crash tore: a quote if one is open, and the end of the line.
fn closing(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(&*file);
    let (mut place, mut torn) = (Place::Start, Vec::new());
    loop {
        let bytes = reader.fill_buf()?;
        for byte in bytes {
            place = place.after(*byte);
            if *byte == b'\n' {
                torn.clear();
            } else {
                torn.push(*byte);
            }
        }
        match bytes.len() {
            0 => break,
            length => reader.consume(length),
        }
    }
    // Half a character at the end would make the whole file unreadable for strict programs.
    if let Err(error) = std::str::from_utf8(&torn)
        && error.error_len().is_none()
    {
        let half = torn.split_off(error.valid_up_to());
        let half = u64::try_from(half.len()).unwrap_or_default();
        file.set_len(file.metadata()?.len() - half)?;
    }
    Ok(match torn[..] {
        _ if place == Place::Quoted => format!("\"{END}"),
        [] => String::new(),
        [.., b'\r'] => "\n".to_owned(),
        _ => END.to_owned(),
    })
}

/// Where in a CSV file its reader is. Our lines hold no line breaks, but whoever edits the file may
/// have left a quote open in any of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a cell.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Inside of quotes.
    Quoted,
    /// Behind a quote that closes the cell, unless another one follows.
    Closed,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Start | Self::Closed, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closed,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',' | b'\r' | b'\n') => Self::Start,
            _ => Self::Plain,
        }
    }
}

/// The lines of these runs that the file holds.
fn lines_of(file: &mut File, runs: &HashSet<String>) -> io::Result<HashSet<String>> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut lines = HashSet::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if let Ok(text) = std::str::from_utf8(line.trim_ascii_end())
            && runs.contains(beginning(text))
        {
            lines.insert(text.to_owned());
        }
        line.clear();
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
