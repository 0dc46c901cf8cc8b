//! Tells what names something from what says something: URLs, host names, addresses, paths and ids.

use super::has;

/// A run before, in and after its first URL.
pub(super) fn split_url(run: &str) -> Option<(&str, &str, &str)> {
    let (head, _) = run.split_once("://")?;
    let scheme = head
        .char_indices()
        .rfind(|(_, c)| !c.is_ascii_alphanumeric());
    let start = scheme.map_or(0, |(at, c)| at + c.len_utf8());
    let (before, url) = run.split_at(start);
    // Where the scheme is missing the URL begins with its colon, so it is never empty.
    let end = url.find([')', '}', '\'', '`', '|', '\\']);
    let end = end.unwrap_or(url.len());
    let (url, rest) = url.split_at(end);
    Some((before, url, rest))
}

/// Whether a run is a time of day, an IPv6 address, or a line and a column: hexadecimal digits and
/// colons.
pub(super) fn is_time_or_address(run: &str) -> bool {
    let run = run.trim_start_matches(['[', '(']);
    let run = run.trim_end_matches([']', ')', ',', ';', ':', '.']);
    run.matches(':').count() >= 2
        && run
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%'))
}

/// Whether a piece is a host name, an address, a path or an id, whose words mean nothing.
pub(super) fn says_nothing(piece: &str, bits: u8) -> bool {
    if bits & has::AT != 0 {
        return piece
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    }
    if bits & has::SLASH != 0 {
        let mut parts = piece.split('/');
        return piece.starts_with(['/', '.', '~'])
            || parts.clone().next_back().is_some_and(is_file)
            || parts.next().is_some_and(is_host);
    }
    if bits & has::DOT != 0 {
        return is_file(piece) || is_host(piece);
    }
    is_id(piece, bits)
}

/// Extensions of the files that stand in stack traces and logs.
const EXTENSIONS: [&str; 22] = [
    "c", "cc", "cjs", "conf", "cpp", "cs", "dll", "exe", "go", "h", "html", "java", "js", "json",
    "log", "mjs", "pem", "php", "py", "rb", "so", "ts",
];

fn is_file(piece: &str) -> bool {
    piece.rsplit_once('.').is_some_and(|(name, extension)| {
        !name.is_empty()
            && EXTENSIONS
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Top-level domains of more than two letters that mail hosts have. With one dot alone, a name ends
/// in one of these or in a country's; else it is two sentences without a space between.
const TOP_LEVEL: [&str; 36] = [
    "agency",
    "app",
    "arpa",
    "biz",
    "cloud",
    "club",
    "com",
    "consulting",
    "corp",
    "dev",
    "digital",
    "edu",
    "email",
    "example",
    "gov",
    "group",
    "host",
    "info",
    "internal",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "mail",
    "media",
    "mobi",
    "net",
    "online",
    "org",
    "pro",
    "shop",
    "site",
    "store",
    "tech",
    "test",
    "tld",
];

/// Whether a piece is a host name; names of exceptions look the same, but say something.
fn is_host(piece: &str) -> bool {
    let is_exception = |label: &str| {
        let label = label.as_bytes();
        label
            .windows(9)
            .any(|part| part.eq_ignore_ascii_case(b"exception"))
            || label.len() >= 5
                && label
                    .iter()
                    .rev()
                    .take(5)
                    .rev()
                    .copied()
                    .map(|b| b.to_ascii_lowercase())
                    .eq(*b"error")
    };
    let mut labels = 0;
    let mut last = "";
    for label in piece.split('.') {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if label.is_empty() || !label.chars().all(is_name) || is_exception(label) {
            return false;
        }
        labels += 1;
        last = label;
    }
    let is_known = || {
        last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            || TOP_LEVEL
                .iter()
                .any(|known| last.eq_ignore_ascii_case(known))
    };
    let is_number = piece
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match labels {
        0 | 1 => false,
        // An id with a number at its end, but no version of TLS.
        2 => is_known() || !is_number && last.bytes().all(|byte| byte.is_ascii_digit()),
        3 => !is_number,
        _ => true,
    }
}

/// The shortest run of letters and digits that is taken for an id.
const ID: usize = 20;

/// Whether a piece without dots is an id: letters and digits mixed, in parts or at length.
fn is_id(piece: &str, bits: u8) -> bool {
    if bits & has::DIGIT == 0 || bits & has::OTHER != 0 {
        return false;
    }
    if bits & has::HYPHEN == 0 {
        return piece.len() >= ID;
    }
    piece.split('-').any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits >= 5 || digits > 0 && digits < part.len() && part.len() >= 4
    })
}
