//! What a line per request costs, by where standard error goes.

use std::time::Duration;

use anyhow::Result;

use crate::compare::median;
use crate::options::Options;
use crate::workload::load;
use crate::workload::program::Program;
use crate::workload::requests::Requests;

/// Measures health checks (next to no work of their own) and the workload's first request, in interleaved rounds.
pub(crate) fn measure(options: &Options, program: &Program, requests: &Requests) -> Result<()> {
    println!("\nthe access log at 32 callers");
    let shots = [
        (
            "health",
            load::Shot::one(crate::http::request("GET", "/health/live", None, None)),
        ),
        ("a", requests.shot("a", 0)?),
    ];
    let ways = [
        ("off", "false", "text"),
        ("text to a file", "true", "text"),
        ("json to a file", "true", "json"),
    ];
    for (name, shot) in &shots {
        let mut rates = vec![Vec::new(); ways.len()];
        for _ in 0..options.rounds {
            for (rates, (_, access, format)) in rates.iter_mut().zip(ways) {
                let program = Program {
                    data: program.data.clone(),
                    database: program.database.clone(),
                    settings: vec![
                        ("TYMPAN_HEADERS_ACCESS_LOG", access.to_owned()),
                        ("TYMPAN_LOG_FORMAT", format.to_owned()),
                    ],
                };
                let (server, _) = program.serve()?;
                let warm_up = Duration::from_millis(options.warm_up_ms);
                let timed = Duration::from_secs(options.seconds);
                rates.push(load::run(server.address, shot, 32, warm_up, timed)?.per_second);
            }
        }
        for ((what, ..), rates_of) in ways.iter().zip(&rates) {
            let ratios = rates_of
                .iter()
                .zip(&rates[0])
                .map(|(with, without)| with / without);
            println!(
                "{name:<8} {what:<16} {:>9.0} req/s  {:.3} of off",
                median(rates_of.clone()),
                median(ratios.collect())
            );
        }
    }
    Ok(())
}
