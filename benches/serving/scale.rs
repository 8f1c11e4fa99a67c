//! How the cost of an answer grows with the content: requests that were not asked before, at several sizes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::http::{Connection, request};
use crate::options::Options;
use crate::workload::dataset::Dataset;
use crate::workload::load::{self, Shot};
use crate::workload::program::Program;
use crate::workload::seed;

/// Different requests of one kind; enough that a cache of answers helps little in a short run at one caller.
const VARIANTS: usize = 20_000;

/// Measures every size in turn.
pub(crate) fn scale(options: &Options, folder: &Path) -> Result<()> {
    println!(
        "{:>9}  {:<28} {:>3} {:>9} {:>9} {:>9} {:>8} {:>6}",
        "articles", "", "par", "req/s", "p50 ms", "p99 ms", "bytes", "failed"
    );
    for size in &options.scale {
        let folder = folder.join(format!("scale-{size}-{}", options.body));
        fs::create_dir_all(&folder)?;
        one(options, *size, &folder)?;
    }
    Ok(())
}

fn one(options: &Options, size: usize, folder: &Path) -> Result<()> {
    let dataset = Dataset::generate(size, options.body);
    let program = Program {
        data: folder.join("data"),
        database: None,
        settings: vec![("TYMPAN_HEADERS_ACCESS_LOG", "false".to_owned())],
    };
    let imported = seed::seeded(&program, &dataset, folder)?;
    let seconds = imported["importSeconds"].as_f64().unwrap_or(f64::NAN);
    println!(
        "{size:>9}  import: {seconds:.1} s, {:.0} articles/s",
        size as f64 / seconds
    );
    let (server, started) = program.serve()?;
    println!(
        "{size:>9}  start: {:.0} ms to the first list",
        started.as_secs_f64() * 1000.0
    );
    let mut connection = Connection::open(server.address)?;
    for (what, shot) in shots(&dataset) {
        if connection.send(&shot.variants[0])?.status != 200 {
            println!("{size:>9}  {what:<28} this build does not answer it");
            continue;
        }
        for callers in &options.callers {
            let warm_up = Duration::from_millis(options.warm_up_ms);
            let timed = Duration::from_secs(options.seconds.max(3));
            let outcome = load::run(server.address, &shot, *callers, warm_up, timed)?;
            println!(
                "{size:>9}  {what:<28} {callers:>3} {:>9.0} {:>9.3} {:>9.3} {:>8} {:>6}",
                outcome.per_second, outcome.p50_ms, outcome.p99_ms, outcome.bytes, outcome.failures
            );
        }
    }
    println!("{size:>9}  memory: {:.0} MiB resident", server.memory().now);
    Ok(())
}

/// What is asked: each kind in many variants that no earlier request has asked.
fn shots(dataset: &Dataset) -> Vec<(&'static str, Shot)> {
    let count = dataset.articles.len();
    let relations = "populate[0]=author&populate[1]=category&populate[2]=tags";
    let shot = |path: &dyn Fn(usize) -> String| Shot {
        variants: (0..VARIANTS)
            .map(|number| request("GET", &path(number), None, None))
            .collect(),
        slug: None,
    };
    // A step that has no divisor in common with the size visits every article.
    let article = |number: usize| &dataset.articles[number.wrapping_mul(7919) % count];
    let pages = (count / 25).clamp(1, 100);
    let words: Vec<&str> = dataset
        .articles
        .iter()
        .take(400)
        .flat_map(|article| article.title.split(' '))
        .collect();
    let word = |number: usize| words[number % words.len()].to_lowercase();
    vec![
        (
            "by slug, relations",
            shot(&|n| {
                format!(
                    "/api/articles?filters[slug][$eq]={}&{relations}",
                    article(n).slug
                )
            }),
        ),
        (
            "list of 25, relations, total",
            shot(&|n| {
                let (page, views) = (n % pages + 1, n / pages);
                format!(
                    "/api/articles?sort=publishDate:desc&pagination[page]={page}&pagination[pageSize]=25&filters[views][$ne]={}&{relations}",
                    200_000 + views
                )
            }),
        ),
        (
            "list of 25, no total",
            shot(&|n| {
                let (page, views) = (n % 10 + 1, n / 10);
                format!(
                    "/api/articles?sort=publishDate:desc&pagination[page]={page}&pagination[pageSize]=25&pagination[withCount]=false&filters[views][$ne]={}&{relations}",
                    200_000 + views
                )
            }),
        ),
        (
            "filter by relation and number",
            shot(&|n| {
                format!(
                    "/api/articles?filters[category][slug][$eq]=category-{}&filters[views][$gt]={}&sort=publishDate:desc&pagination[pageSize]=25&{relations}",
                    n % 20,
                    20_000 + n
                )
            }),
        ),
        (
            "search, common word",
            shot(&|n| {
                format!(
                    "/api/search?q=qommon&types=article&pagination[page]={}",
                    n % 50 + 1
                )
            }),
        ),
        (
            "search, any word",
            shot(&|n| format!("/api/search?q={}&types=article", word(n))),
        ),
        (
            "list, _q",
            shot(&|n| {
                format!(
                    "/api/articles?_q={}&pagination[pageSize]=20&fields[0]=title",
                    word(n)
                )
            }),
        ),
    ]
}
