//! Whether a complete listing can be believed.

/// Below this size a fleet may halve from one hour to the next without anything being wrong.
const SMALLEST_GUARDED_FLEET: u64 = 20;

/// Whether a listing of `seen` accounts is suspiciously short where there were `last` before: fewer
/// than half of a fleet of 20 or more. A wrong key or an outage on the other side can look like a
/// fleet that has shrunk.
pub fn is_suspiciously_short(seen: u64, last: u64) -> bool {
    last >= SMALLEST_GUARDED_FLEET && seen.saturating_mul(2) < last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_half_of_twenty_or_more_is_suspicious() {
        for (seen, last, suspicious) in [
            (9, 20, true),
            (10, 20, false),
            (0, 19, false),
            (0, 20, true),
            (49, 99, true),
            (50, 99, false),
            (500, 100, false),
            (0, 0, false),
        ] {
            assert_eq!(
                is_suspiciously_short(seen, last),
                suspicious,
                "{seen} after {last}"
            );
        }
    }
}
