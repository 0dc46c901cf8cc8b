//! How long the pure parts of a check take: `cargo bench --bench pure`. On a machine that does
//! something else meanwhile that is noise; `scripts/bench.sh --instructions` counts instead.

#![allow(
    missing_docs,
    clippy::panic,
    reason = "a benchmark may stop at anything unexpected"
)]

mod parts;

use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    for (name, prepare) in parts::PARTS {
        let work = prepare();
        criterion.bench_function(name, |bencher| bencher.iter(&work));
    }
}

criterion_group!(all, benches);
criterion_main!(all);
