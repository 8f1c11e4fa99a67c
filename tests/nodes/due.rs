//! A thousand publications due at the same second while nodes are killed and stopped: each happens exactly once.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tympan::platform::database::{Database as Store, DatabaseConfig, Statement};

use crate::schedules::at;
use crate::site::{Node, SOON};
use crate::support::Database;
use crate::support::cluster::until;
use crate::support::http::{Connection, request};
use crate::support::run;

const PUBLICATIONS: usize = 1000;
/// Seconds from the first schedule to the moment all are due; making them must take less.
const AHEAD: i64 = 12;
const CLIENTS: usize = 4;

/// Reads from outside, as the nodes come and go.
struct Outside {
    store: Store,
    runtime: tokio::runtime::Runtime,
}

impl Outside {
    fn of(database: &Database) -> Outside {
        let file = format!("sqlite:{}", database.data().join("tympan.db").display());
        let config = DatabaseConfig {
            url: database.url().map_or(file, str::to_owned),
            ..DatabaseConfig::default()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(Store::open(&config)).unwrap();
        Outside { store, runtime }
    }

    fn numbers(&self, sql: &'static str) -> Vec<i64> {
        let rows = self
            .runtime
            .block_on(self.store.fetch_all(Statement::new(sql)))
            .unwrap();
        rows.iter().map(|row| row.integer(0).unwrap()).collect()
    }
}

/// Sends bodies to paths on a few connections and returns the answers in order.
fn send_all(node: &Node, requests: &[(String, String)]) -> Vec<String> {
    let share = requests.len().div_ceil(CLIENTS);
    thread::scope(|scope| {
        let clients: Vec<_> = requests
            .chunks(share)
            .map(|mine| {
                scope.spawn(move || {
                    let mut connection = Connection::open(node.server.address()).unwrap();
                    mine.iter()
                        .map(|(path, body)| {
                            let bytes = request("POST", path, Some(&node.token), Some(body));
                            let answer = connection.send(&bytes).unwrap();
                            let body = String::from_utf8_lossy(answer.body).into_owned();
                            assert_eq!(answer.status, 201, "{body}");
                            body
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    })
}

fn random(below: u64) -> u64 {
    u64::from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos(),
    ) / 7
        % below
}

fn each_happens_once(database: Database, count: usize, kills: usize) {
    let first = Node::start(database);
    let outside = Outside::of(first.server.database());
    let mut nodes = vec![first];
    while nodes.len() < count {
        let next = nodes[0].beside();
        nodes.push(next);
    }
    let draft = |n: usize| {
        (
            "/api/articles?status=draft".to_owned(),
            json!({ "data": { "title": n.to_string() } }).to_string(),
        )
    };
    let drafts: Vec<_> = (0..PUBLICATIONS).map(draft).collect();
    let made = send_all(&nodes[0], &drafts);
    let due = at(AHEAD);
    let wish = json!({ "data": { "action": "publish", "at": due } }).to_string();
    let schedule = |answer: &String| {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let id = answer["data"]["documentId"].as_str().unwrap();
        (format!("/api/articles/{id}/schedules"), wish.clone())
    };
    let began = Instant::now();
    let schedules: Vec<_> = made.iter().map(schedule).collect();
    send_all(&nodes[0], &schedules);
    assert!(
        began.elapsed() < Duration::from_secs(AHEAD as u64),
        "too slow to prove anything"
    );
    let done = || {
        outside.numbers("select count(*) from jobs where kind = 'publish' and state = 'done'")[0]
            as usize
    };
    let left = |n: usize| PUBLICATIONS.saturating_sub(n);
    until("the first is done", SOON, || done() > 0);
    let started = Instant::now();
    // One node stands still while it holds leases, and goes on when all is over.
    let stopped = (count > 1).then(|| nodes.pop().unwrap());
    if let Some(node) = &stopped {
        run(Command::new("kill")
            .arg("-STOP")
            .arg(node.server.pid().to_string()));
    }
    for _ in 0..kills {
        thread::sleep(Duration::from_millis(200 + random(700)));
        let victim = random(nodes.len() as u64) as usize;
        nodes[victim].server.kill();
        nodes[victim].server.start_again();
        if left(done()) == 0 {
            break;
        }
    }
    until("all are done", SOON, || left(done()) == 0);
    let took = started.elapsed();
    if let Some(node) = &stopped {
        run(Command::new("kill")
            .arg("-CONT")
            .arg(node.server.pid().to_string()));
        // It has looked at the queue again when its answer comes.
        assert_eq!(node.get("/api/articles?pagination[pageSize]=1").status, 200);
    }
    let per_document = outside.numbers(
        "select count(*) from changes where kind = 'publish' group by document_id order by 1",
    );
    assert_eq!(per_document, vec![1; PUBLICATIONS]);
    let versions = outside
        .numbers("select count(*) from versions where action = 'publish' group by doc order by 1");
    assert_eq!(versions, vec![1; PUBLICATIONS]);
    let late =
        outside.numbers("select finished_at - run_at from jobs where kind = 'publish' order by 1");
    let again =
        outside.numbers("select count(*) from jobs where kind = 'publish' and attempts > 1")[0];
    assert!(
        late[0] >= 0,
        "one was carried out before its time: {}",
        late[0]
    );
    eprintln!(
        "{PUBLICATIONS} publications due at once, {count} node(s), {kills} kills at most: all done in {took:?}; late ms: median {}, p99 {}, last {}; {again} claimed again after a kill",
        late[PUBLICATIONS / 2],
        late[PUBLICATIONS * 99 / 100],
        late[PUBLICATIONS - 1]
    );
}

#[test]
fn each_happens_once_on_two_nodes() {
    each_happens_once(Database::postgres(), 2, 4);
}

#[test]
fn each_happens_once_on_three_nodes() {
    each_happens_once(Database::postgres(), 3, 6);
}

#[test]
fn each_happens_once_on_sqlite() {
    each_happens_once(Database::sqlite(), 1, 3);
}

#[test]
fn a_thousand_at_once_take_seconds() {
    each_happens_once(Database::postgres(), 1, 0);
}
