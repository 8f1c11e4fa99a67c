//! The command line of the bench.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) const USAGE: &str = "\
cargo bench --bench delivery -- [OPTIONS]

  --only a,b,...    only these requests of a b b2 c d1 d2 e f (default: a,b,b2,c,e,f)
  --conc 1,32       how many callers at once, one run each
  --seconds 5       length of a timed run
  --warmup 2        seconds of warm-up before it
  --starts 5        how often the start is measured
  --articles 10000  size of the dataset, at least 2500
  --database URL    an empty Postgres database instead of SQLite
  --keep DIR        work in this folder and leave it; a second run with it does not import again
  --seed-only       stop after the import; DIR/seed.json has the token and the ids";

pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) callers: Vec<usize>,
    pub(crate) seconds: u64,
    pub(crate) warm_up: u64,
    pub(crate) starts: usize,
    pub(crate) articles: usize,
    pub(crate) database: Option<String>,
    pub(crate) keep: Option<PathBuf>,
    pub(crate) seed_only: bool,
}

impl Options {
    /// Reads the arguments; cargo's own `--bench` is passed over.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Options> {
        let mut options = Options {
            only: ["a", "b", "b2", "c", "e", "f"].map(str::to_owned).to_vec(),
            callers: vec![1, 32],
            seconds: 5,
            warm_up: 2,
            starts: 5,
            articles: 10_000,
            database: None,
            keep: None,
            seed_only: false,
        };
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            if name == "--seed-only" {
                options.seed_only = true;
                continue;
            }
            let value = arguments
                .next()
                .with_context(|| format!("{name} needs a value\n\n{USAGE}"))?;
            options.set(&name, value)?;
        }
        if options.articles < 2500 {
            bail!(
                "--articles {}: the third page of request c needs at least 2500",
                options.articles
            );
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<()> {
        let number = || {
            value
                .parse::<usize>()
                .with_context(|| format!("{name} {value}: not a number"))
        };
        match name {
            "--only" => self.only = value.split(',').map(str::to_owned).collect(),
            "--conc" => {
                let callers: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
                self.callers = callers.with_context(|| format!("--conc {value}: not numbers"))?;
            }
            "--seconds" => self.seconds = number()? as u64,
            "--warmup" => self.warm_up = number()? as u64,
            "--starts" => self.starts = number()?.max(1),
            "--articles" => self.articles = number()?,
            "--database" => self.database = Some(value),
            "--keep" => self.keep = Some(PathBuf::from(value)),
            _ => bail!("unknown option {name}\n\n{USAGE}"),
        }
        Ok(())
    }
}
