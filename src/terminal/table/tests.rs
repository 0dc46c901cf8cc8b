use proptest::prelude::*;

use super::*;

const COLUMNS: [Column; 5] = [
    Column::whole("KIND", ""),
    Column::whole("ADDRESS", "").or_wrapped(12),
    Column::whole("ID", "account "),
    Column::whole("TAGS", "tags ").or_wrapped(8),
    Column::whole("REASON", "").or_beneath(),
];

fn screen(width: Option<usize>) -> Screen {
    Screen {
        width,
        colour: false,
        utf8: true,
    }
}

fn rows() -> Vec<[Cell; 5]> {
    let row = |cells: [&str; 5]| cells.map(Cell::from);
    vec![
        row([
            "SMTP",
            "dana@one.example",
            "7",
            "pool-a, warm",
            "login rejected",
        ]),
        row(["BOTH", "山田太郎@二.example", "1234567", "", ""]),
    ]
}

fn render(width: Option<usize>) -> String {
    Table::new(COLUMNS, rows()).render(&screen(width))
}

#[test]
fn what_fits_has_a_line_each() {
    insta::assert_snapshot!(render(Some(80)));
}

#[test]
fn what_does_not_fit_is_wrapped_and_the_longest_stands_beneath() {
    insta::assert_snapshot!(render(Some(48)));
}

#[test]
fn what_cannot_be_columns_is_a_list() {
    insta::assert_snapshot!(render(Some(28)));
}

#[test]
fn a_terminal_gets_no_empty_column_and_a_pipe_always_the_same() {
    let empty = || {
        let rows = rows()
            .into_iter()
            .map(|[kind, who, id, ..]| [kind, who, id, Cell::default(), Cell::default()]);
        Table::new(COLUMNS, rows.collect())
    };
    let titles = |width| {
        let text = empty().render(&screen(width));
        let titles = text.lines().next().unwrap().split_whitespace();
        titles.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(titles(Some(80)), ["KIND", "ADDRESS", "ID"]);
    assert_eq!(titles(None), ["KIND", "ADDRESS", "ID", "TAGS", "REASON"]);
}

#[test]
fn in_a_pipe_a_row_is_a_line_that_nothing_is_cut_from() {
    let long = "x".repeat(500);
    let mut rows = rows();
    rows[0][1] = long.as_str().into();
    let columns = COLUMNS.map(|column| column.or_cut(10));
    let text = Table::new(columns, rows).render(&screen(None));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[2].contains(&long));
    assert!(lines[3].len() < 100, "one long value widens every line");
    let text = Table::new(columns, self::rows()).render(&screen(Some(80)));
    assert!(text.contains("login rej…"), "{text}");
}

#[test]
fn without_utf8_a_terminal_gets_ascii_and_a_pipe_the_text_as_it_is() {
    let on = |width| {
        let screen = Screen {
            utf8: false,
            ..screen(width)
        };
        Table::new(COLUMNS.map(|column| column.or_cut(13)), rows()).render(&screen)
    };
    let text = on(Some(80));
    assert!(text.is_ascii(), "{text}");
    assert!(
        text.contains("????@?.examp...") && text.contains("----"),
        "{text}"
    );
    let text = on(None);
    assert!(
        text.contains("山田太郎@二.example") && !text.contains('─'),
        "{text}"
    );
}

#[test]
fn colours_change_no_width() {
    let rows = || {
        let [_, who, id, tags, reason] = rows().remove(0);
        vec![[Cell::painted("SMTP", Paint::Bad), who, id, tags, reason]]
    };
    for width in [None, Some(28), Some(48), Some(80)] {
        let plain = screen(width);
        let coloured = Screen {
            colour: true,
            ..plain
        };
        let shown = Table::new(COLUMNS, rows()).render(&coloured);
        assert!(shown.contains("\u{1b}[31mSMTP"), "{shown}");
        let bare = console::strip_ansi_codes(&shown).into_owned();
        assert_eq!(bare, Table::new(COLUMNS, rows()).render(&plain));
    }
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_character_is_lost(
        texts in prop::collection::vec(prop::array::uniform5("[a-z日😀é ]{0,60}"), 0..4),
        width in 0_usize..200,
    ) {
        let rows: Vec<[Cell; 5]> = texts
            .iter()
            .map(|row| row.each_ref().map(|text| Cell::from(text::clean(text, usize::MAX))))
            .collect();
        let text = Table::new(COLUMNS, rows).render(&screen(Some(width)));
        for line in text.lines() {
            prop_assert!(display_width(line) <= width.max(20), "{line:?}");
        }
        for c in ['日', '😀', 'é', 'z'] {
            let given = texts.iter().flatten().flat_map(|text| text.chars());
            prop_assert_eq!(
                text.matches(c).count(),
                given.filter(|given| *given == c).count()
            );
        }
    }
}
