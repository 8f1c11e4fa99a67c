//! How the cost of an answer grows with the content: requests that were not asked before, at several sizes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

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
    let began = Instant::now();
    let said = program.run(&["search", "rebuild"])?;
    println!(
        "{size:>9}  {said} in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let (server, started) = program.serve()?;
    println!(
        "{size:>9}  start: {:.0} ms to the first list",
        started.as_secs_f64() * 1000.0
    );
    for (what, shot) in shots(&dataset) {
        // A new one: the server closes what lies idle while the callers ask.
        let mut connection = Connection::open(server.address)?;
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
    reads(dataset)
        .into_iter()
        .chain(searches(dataset))
        .collect()
}

fn shot(path: impl Fn(usize) -> String) -> Shot {
    let requests = (0..VARIANTS).map(|number| request("GET", &path(number), None, None));
    Shot {
        variants: requests.collect(),
        slug: None,
    }
}

fn reads(dataset: &Dataset) -> [(&'static str, Shot); 5] {
    let count = dataset.articles.len();
    let relations = "populate[0]=author&populate[1]=category&populate[2]=tags";
    // A step that has no divisor in common with the size visits every article.
    let article = |number: usize| &dataset.articles[number.wrapping_mul(7919) % count];
    // Populating in another order is another question with the same answer.
    let orders = [
        "populate[0]=author&populate[1]=category&populate[2]=tags",
        "populate[0]=author&populate[1]=tags&populate[2]=category",
        "populate[0]=tags&populate[1]=author&populate[2]=category",
        "populate[0]=tags&populate[1]=category&populate[2]=author",
        "populate[0]=category&populate[1]=author&populate[2]=tags",
        "populate[0]=category&populate[1]=tags&populate[2]=author",
    ];
    let starts = (count - 25).min(2500);
    let from = |n: usize, more: &str| {
        let (start, order) = (n % starts, orders[n / starts % orders.len()]);
        format!(
            "/api/articles?sort=publishDate:desc&pagination[start]={start}&pagination[limit]=25{more}&{order}"
        )
    };
    let uncounted = shot(|n| {
        let views = 200_000 + n;
        format!(
            "/api/articles?sort=publishDate:desc&pagination[pageSize]=25&filters[views][$ne]={views}&{relations}"
        )
    });
    let by_slug = shot(|n| {
        let slug = &article(n).slug;
        format!("/api/articles?filters[slug][$eq]={slug}&{relations}")
    });
    let filter = shot(|n| {
        let (category, views) = (n % 20, 20_000 + n);
        format!(
            "/api/articles?filters[category][slug][$eq]=category-{category}&filters[views][$gt]={views}\
             &sort=publishDate:desc&pagination[pageSize]=25&{relations}"
        )
    });
    [
        ("by slug, relations", by_slug),
        ("list of 25, total", shot(|n| from(n, ""))),
        (
            "list of 25, no total",
            shot(|n| from(n, "&pagination[withCount]=false")),
        ),
        ("list, a total never counted", uncounted),
        ("filter by relation and number", filter),
    ]
}

fn searches(dataset: &Dataset) -> [(&'static str, Shot); 3] {
    let articles = dataset.articles.iter().take(400);
    let words: Vec<&str> = articles
        .flat_map(|article| article.title.split(' '))
        .collect();
    let word = |number: usize| words[number % words.len()].to_lowercase();
    let common = shot(|n| {
        let page = n % 50 + 1;
        format!("/api/search?q=qommon&types=articles&pagination[page]={page}")
    });
    let list = shot(|n| {
        let word = word(n);
        format!("/api/articles?_q={word}&pagination[pageSize]=20&fields[0]=title")
    });
    [
        ("search, common word", common),
        (
            "search, any word",
            shot(|n| format!("/api/search?q={}&types=articles", word(n))),
        ),
        ("list, _q", list),
    ]
}
