//! Random orders of every act against the model. A failure is shortened to the acts that matter.
//!
//! `TYMPAN_TEST_SEQUENCES` sets how many sequences run, `TYMPAN_TEST_SEED` from which number.

use crate::play::Play;
use crate::random::Random;
use crate::site::{On, Site};

const ACTS: usize = 40;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// The story up to the failure, and what was wrong.
struct Failure {
    story: Vec<String>,
    why: String,
    after: usize,
}

async fn run(site: &mut Site, acts: &[u64]) -> Result<(), Failure> {
    let mut play = Play::new(site).await;
    for (index, act) in acts.iter().enumerate() {
        if let Err(why) = play.step(*act).await {
            return Err(Failure {
                story: play.story,
                why,
                after: index + 1,
            });
        }
    }
    Ok(())
}

/// Leaves out what is not needed for a failure.
async fn shorten(site: &mut Site, mut acts: Vec<u64>, mut failure: Failure) -> Failure {
    acts.truncate(failure.after);
    let mut size = acts.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < acts.len() {
            let mut fewer = acts.clone();
            fewer.drain(at..(at + size).min(acts.len()));
            match run(site, &fewer).await {
                Err(other) => {
                    fewer.truncate(other.after);
                    (acts, failure) = (fewer, other);
                }
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    failure
}

async fn sequences(on: On, count: u64) {
    let mut site = Site::new(on).await;
    let first = setting("TYMPAN_TEST_SEED", 1);
    for seed in first..first + setting("TYMPAN_TEST_SEQUENCES", count) {
        let mut random = Random::new(seed);
        let acts: Vec<u64> = (0..ACTS).map(|_| random.next()).collect();
        if let Err(failure) = run(&mut site, &acts).await {
            let failure = shorten(&mut site, acts, failure).await;
            panic!(
                "sequence {seed}, shortened:\n{}\n{}",
                failure.story.join("\n"),
                failure.why
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_acts_loses_anything_on_sqlite() {
    sequences(On::Sqlite, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_acts_loses_anything_on_postgres() {
    sequences(On::Postgres, 30).await;
}
