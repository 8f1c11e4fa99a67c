//! What it costs to count a request: the bar is 200 ns, because answering from memory takes about 10 µs in all.
#![allow(clippy::print_stdout, reason = "the figures are printed")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tympan::platform::metrics::{REQUESTS, Route};
use tympan::platform::tally::{self, Cached, Tally};

const TIMES: u32 = 2_000_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    for threads in [1, threads, threads * 2] {
        each("two readings of the clock", threads, |_| {
            let start = Instant::now();
            black_box(start.elapsed());
        });
        each("counting a request", threads, |number| {
            REQUESTS.begin();
            REQUESTS.end(
                Route::List,
                200,
                Duration::from_micros(u64::from(number % 4096)),
            );
        });
        each("bytes sent", threads, |_| REQUESTS.sent.add(100));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else {
        return;
    };
    runtime.block_on(async {
        let start = Instant::now();
        for _ in 0..TIMES {
            let answer = async {
                tally::cached(Cached::Hit);
                black_box(tally::end(200));
            };
            tally::within(Tally::open("0123456789abcdef", Route::List), answer).await;
        }
        show(
            "a whole tally, clock and counts included",
            1,
            start.elapsed(),
        );
    });
}

fn each(what: &str, threads: usize, count: impl Fn(u32) + Sync) {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..TIMES).for_each(&count));
        }
    });
    show(what, threads, start.elapsed());
}

fn show(what: &str, threads: usize, took: Duration) {
    let nanos = took.as_nanos() as f64 / f64::from(TIMES);
    println!("{what:<42} {threads:>2} threads  {nanos:>7.1} ns each, per thread");
}
