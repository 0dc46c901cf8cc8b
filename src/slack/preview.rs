//! A message as lines of text, for the terminal.

use serde_json::Value;

/// The blocks of a message as the channel would show it, more or less. Control characters were taken out when
/// the message was rendered.
pub fn lines(blocks: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        match block.get("rows").and_then(Value::as_array) {
            Some(rows) => lines.extend(table(rows)),
            None => {
                let text = block
                    .pointer("/text/text")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                match block.pointer("/text/type").and_then(Value::as_str) {
                    Some("mrkdwn") => lines.extend(text.lines().map(without_markup)),
                    _ => lines.extend(text.lines().map(str::to_owned)),
                }
            }
        }
        lines.push(String::new());
    }
    lines.pop();
    lines
}

/// A line of our own markup, which has bold words and links with a label.
fn without_markup(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        let (link, behind) = after.split_once('>').unwrap_or((after, ""));
        let (url, label) = link.split_once('|').unwrap_or((link, ""));
        plain.push_str(&format!("{before}{label} ({url})"));
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace('*', "")
}

fn table(rows: &[Value]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.as_array().into_iter().flatten().map(cell).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let padded = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

fn cell(cell: &Value) -> String {
    let text = cell
        .get("text")
        .or_else(|| cell.pointer("/elements/0/elements/0/text"));
    text.and_then(Value::as_str).unwrap_or_default().to_owned()
}
