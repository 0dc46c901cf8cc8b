use super::*;

/// The texts that are known, with their class.
const KNOWN: &str = include_str!("../../../tests/data/provider-errors.tsv");

#[test]
fn known_texts_have_their_class() {
    let mut misses = Vec::new();
    let mut total = 0;
    for line in KNOWN.lines().skip(1) {
        let mut cells = line.splitn(4, '\t');
        let mut cell = || cells.next().unwrap();
        let (class, link, provider, text) = (cell(), cell(), cell(), cell());
        let class: Class = class.parse().unwrap();
        let text = text.replace("\\n", "\n");
        let found = classify(&text, link.parse().ok(), Some(provider)).class;
        total += 1;
        if found != class {
            misses.push(format!("{class} but {found}: {text}"));
        }
    }
    assert!(
        misses.len() * 100 <= total * 3,
        "{} of {total} missed:\n{}",
        misses.len(),
        misses.join("\n")
    );
}
