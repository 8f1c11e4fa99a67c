//! The command line of the bench.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) const USAGE: &str = "\
cargo bench --bench serving -- [OPTIONS]

  --only a,b,b2      which requests of the workload
  --conc 1,32        how many callers at once
  --rounds 5         rounds; in each, everything that is compared runs one after the other
  --seconds 1        length of one timed run
  --warmup 300       milliseconds of warm-up before it
  --articles 10000   size of the dataset, at least 2500
  --log              also: what the access log costs, into a file and into /dev/null
  --keep DIR         work in this folder and leave it; a second run with it does not import again
  --scale N,N,...    instead: how the cost of answers that were not asked before grows with the content
  --body 500         letters of an article's body with --scale (3000 without)";

pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) callers: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) warm_up_ms: u64,
    pub(crate) articles: usize,
    pub(crate) log: bool,
    pub(crate) keep: Option<PathBuf>,
    pub(crate) scale: Vec<usize>,
    pub(crate) body: usize,
}

impl Options {
    /// Reads the arguments; cargo's own `--bench` is passed over.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options {
            only: ["a", "b", "b2"].map(str::to_owned).to_vec(),
            callers: vec![1, 32],
            rounds: 5,
            seconds: 1,
            warm_up_ms: 300,
            articles: 10_000,
            log: false,
            keep: None,
            scale: Vec::new(),
            body: 500,
        };
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            if name == "--log" {
                options.log = true;
                continue;
            }
            let value = arguments
                .next()
                .with_context(|| format!("{name} needs a value\n\n{USAGE}"))?;
            options.set(&name, &value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let number = || {
            value
                .parse::<usize>()
                .with_context(|| format!("{name} {value}: not a number"))
        };
        let numbers = || {
            let numbers: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
            numbers.with_context(|| format!("{name} {value}: not numbers"))
        };
        match name {
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            "--conc" => self.callers = numbers()?,
            "--rounds" => self.rounds = number()?.max(1),
            "--seconds" => self.seconds = number()?.max(1) as u64,
            "--warmup" => self.warm_up_ms = number()? as u64,
            "--articles" => self.articles = number()?,
            "--scale" => self.scale = numbers()?,
            "--body" => self.body = number()?,
            "--keep" => self.keep = Some(PathBuf::from(value)),
            _ => bail!("unknown option {name}\n\n{USAGE}"),
        }
        Ok(())
    }
}
