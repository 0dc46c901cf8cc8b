//! Numbers as people read them, and the arithmetic of charts.

pub(super) use crate::domain::text::grouped;

/// A number in four characters or little more, such as `950`, `1.2k` or `34M`; cut, not rounded.
pub(super) fn compact(number: u64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    let Some((unit, letter)) = UNITS.into_iter().find(|(unit, _)| number >= *unit) else {
        return number.to_string();
    };
    match (number / unit, number % unit / (unit / 10)) {
        (whole @ 0..10, tenth @ 1..) => format!("{whole}.{tenth}{letter}"),
        (whole, _) => format!("{whole}{letter}"),
    }
}

/// `1 account`, `2 accounts`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", grouped(number))
}

/// The distance of the lines of an axis that reaches `max`: 1, 2 or 5 times a power of ten, so that
/// there are at most so many lines above zero.
pub(super) fn step(max: u64, lines: u64) -> u64 {
    let least = max.div_ceil(lines.max(1)).max(1);
    let mut power: u64 = 1;
    loop {
        let fits = |factor: u64| Some(power.saturating_mul(factor)).filter(|step| *step >= least);
        if let Some(step) = [1, 2, 5].into_iter().find_map(fits) {
            return step;
        }
        power = power.saturating_mul(10);
    }
}

/// The lines of an axis from zero to the first multiple of `step` that is not less than `max`.
pub(super) fn ticks(max: u64, step: u64) -> Vec<u64> {
    let step = step.max(1);
    let lines = max.div_ceil(step);
    (0..=lines).map(|line| line.saturating_mul(step)).collect()
}

/// The part of a whole, in `scale`ths of it; nothing of nothing.
pub(super) fn share(part: u64, whole: u64, scale: f64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64 * scale
}

/// A coordinate with at most two decimals.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// A coordinate in percent.
pub(super) fn percent(value: f64) -> String {
    place(value) + "%"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_or_compact() {
        for (number, long, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1k"),
            (1_290, "1,290", "1.2k"),
            (12_345, "12,345", "12k"),
            (999_999, "999,999", "999k"),
            (2_500_000, "2,500,000", "2.5M"),
            (u64::MAX, "18,446,744,073,709,551,615", "18E"),
        ] {
            assert_eq!(
                (grouped(number), compact(number)),
                (long.into(), short.into())
            );
        }
        assert_eq!(counted(1, "account", "accounts"), "1 account");
        assert_eq!(counted(1_000, "account", "accounts"), "1,000 accounts");
    }

    #[test]
    fn an_axis_has_few_round_lines_and_holds_what_it_must() {
        for (max, lines) in [
            (0, vec![0]),
            (1, vec![0, 1]),
            (5, vec![0, 1, 2, 3, 4, 5]),
            (7, vec![0, 2, 4, 6, 8]),
            (100, vec![0, 20, 40, 60, 80, 100]),
            (101, vec![0, 50, 100, 150]),
            (3_000, vec![0, 1_000, 2_000, 3_000]),
        ] {
            assert_eq!(ticks(max, step(max, 5)), lines);
        }
        for max in [
            11,
            49,
            51,
            999,
            12_345,
            u64::MAX / 7,
            u64::MAX - 1,
            u64::MAX,
        ] {
            let lines = ticks(max, step(max, 5));
            assert!(lines.len() <= 6 && lines.len() > 2, "{lines:?}");
            assert!(lines.last() >= Some(&max), "{lines:?}");
            assert!(lines.is_sorted());
        }
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(percent(share(1, 3, 100.0)), "33.33%");
        assert_eq!(percent(share(1, 2, 100.0)), "50%");
        assert_eq!(place(share(5, 0, 100.0)), "0");
        assert_eq!(place(-0.001), "0");
        assert_eq!(place(share(u64::MAX, u64::MAX, 200.0)), "200");
    }
}
