//! Says what error texts mean, for people and for other programs.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Cause, classify};

/// The bytes that are read and written at once.
const BUFFER: usize = 64 * 1024;

/// Why the lines were not all explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The input ended before its end.
    #[error("standard input cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The output takes no more, such as a file on a full disk.
    #[error("the output cannot be written: {0}")]
    Write(#[source] io::Error),
}

/// What another program asks.
#[derive(Debug, Deserialize)]
struct Question {
    text: String,
    /// A word that is no link is as good as none.
    link: Option<Value>,
    provider: Option<Value>,
}

/// What it is told.
#[derive(Debug, Serialize)]
struct Answer {
    class: &'static str,
    owner: &'static str,
    remedy: &'static str,
    transience: &'static str,
}

/// What it is told of a line that asks nothing.
#[derive(Debug, Serialize)]
struct Fault<'a> {
    error: &'a str,
}

/// The explanation of one text: a line each for class, owner and remedy, or a JSON object.
pub fn text(text: &str, json: bool) -> String {
    let cause = classify(text, None, None);
    if json {
        return object(&Answer::from(cause));
    }
    let Cause {
        class,
        owner,
        remedy,
        ..
    } = cause;
    format!("class   {class}\nowner   {owner}\nremedy  {remedy}\n")
}

/// Explains each line of `input` in one line of `output`: class, owner and remedy with a tab between
/// two, or with `json` an object for an object. Gives the number of lines that were no such objects;
/// of each `complain` is told, and an object with `error` stands in its place.
///
/// Bytes that are not UTF-8 are replaced. What is explained is written before the input is waited
/// for. A reader that has gone away is no error: it has what it wanted.
///
/// # Errors
/// When the input cannot be read or the output not be written.
pub fn lines(
    input: impl Read,
    output: impl Write,
    json: bool,
    mut complain: impl FnMut(&str),
) -> Result<usize, ExplainError> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut output = BufWriter::with_capacity(BUFFER, output);
    let mut line = Vec::new();
    let mut number: usize = 0;
    let mut faults = 0;
    let mut written = Ok(());
    while written.is_ok() {
        if input.buffer().is_empty() {
            written = output.flush();
        }
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        if read.map_err(ExplainError::Read)? == 0 {
            break;
        }
        number += 1;
        let text = String::from_utf8_lossy(line.trim_ascii_end());
        let explained = if json {
            answer(&text).unwrap_or_else(|error| {
                faults += 1;
                let error = format!("line {number}: {error}");
                complain(&error);
                object(&Fault { error: &error })
            })
        } else {
            let cause = classify(&text, None, None);
            format!("{}\t{}\t{}", cause.class, cause.owner, cause.remedy)
        };
        written = written.and_then(|()| writeln!(output, "{explained}"));
    }
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(faults),
        Err(error) => Err(ExplainError::Write(error)),
        Ok(()) => Ok(faults),
    }
}

/// The answer to a line of JSON.
fn answer(line: &str) -> Result<String, String> {
    let question: Question = serde_json::from_str(line)
        .map_err(|error| format!("not an object with a text: {error}"))?;
    let word = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let link = word(&question.link).and_then(|link| link.parse().ok());
    let provider = word(&question.provider);
    let cause = classify(&question.text, link, provider.as_deref());
    Ok(object(&Answer::from(cause)))
}

/// A JSON object on one line.
fn object(value: &impl Serialize) -> String {
    // Texts and numbers alone can always be written.
    serde_json::to_string(value).unwrap_or_default()
}

impl From<Cause> for Answer {
    fn from(cause: Cause) -> Self {
        Self {
            class: cause.class.as_str(),
            owner: cause.owner.as_str(),
            remedy: cause.remedy,
            transience: cause.transience.as_str(),
        }
    }
}
