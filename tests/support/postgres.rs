//! A private PostgreSQL cluster for one test process.
//!
//! It is made by `initdb` in a temporary folder, listens on a free port of 127.0.0.1, gives up durability for speed, and
//! ends with the process: a small shell beside it waits for the end of its standard input, which is the end of the tests.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, thread};

const READY_WITHIN: Duration = Duration::from_secs(60);
pub(super) const READY_LINE: &str = "database system is ready to accept connections";
pub(super) const SUPERUSER: &str = "tympan";

/// Starts the server in the background, waits for its input to close, then stops it and removes its folder.
const KEEPER: &str = r#"
dir=$1; shift
"$@" 2>&1 >/dev/null </dev/null &
pid=$!
cat >/dev/null
kill -INT "$pid" 2>/dev/null
wait "$pid"
rm -rf "$dir"
"#;

const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "shared_buffers=64MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "log_checkpoints=off",
    "log_min_messages=warning",
];

/// The cluster; it lives as long as the test process.
pub(crate) struct Postgres {
    programs: PathBuf,
    port: u16,
    next: AtomicU64,
    _keeper: Child,
}

impl Postgres {
    /// The one cluster of this process, started by the first who asks.
    pub(crate) fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// Creates an empty database and returns its URL.
    pub(crate) fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.next.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(self.programs.join("createdb"));
        command.args([
            "--host=127.0.0.1",
            "--username",
            SUPERUSER,
            "--no-password",
            "--template=template0",
        ]);
        super::run(command.arg(format!("--port={}", self.port)).arg(&name));
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{name}", self.port)
    }

    fn start() -> Postgres {
        let programs = programs();
        let folder = env::temp_dir().join(format!("tympan-postgres-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .expect("the folder is ours");
        let user = unprivileged_user();
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("root may give a folder away");
        }
        let cluster = folder.join("cluster");
        let mut init = as_user(user, &programs.join("initdb"));
        init.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--username",
            SUPERUSER,
            "--pgdata",
        ]);
        super::run(init.arg(&cluster).current_dir(&folder));
        let port = free_port();
        let keeper = keep(
            as_user(user, &programs.join("postgres")),
            &folder,
            &cluster,
            port,
            READY_LINE,
        );
        Postgres {
            programs,
            port,
            next: AtomicU64::new(1),
            _keeper: keeper,
        }
    }
}

#[expect(
    clippy::zombie_processes,
    reason = "the keeper outlives this process and cleans up after it"
)]
pub(super) fn keep(
    mut server: Command,
    folder: &Path,
    cluster: &Path,
    port: u16,
    ready_line: &str,
) -> Child {
    server
        .arg("-D")
        .arg(cluster)
        .arg("-p")
        .arg(port.to_string());
    for setting in SETTINGS {
        server.args(["-c", setting]);
    }
    let mut keeper = Command::new("sh");
    keeper
        .args(["-c", KEEPER, "keeper"])
        .arg(folder)
        .arg(server.get_program())
        .args(server.get_args());
    keeper
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .current_dir(folder);
    let mut keeper = keeper.spawn().expect("sh can be started");
    let lines = BufReader::new(keeper.stdout.take().expect("standard output is piped")).lines();
    let (ready, wait) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = ready.send(line);
        }
    });
    let mut seen = String::new();
    while let Ok(line) = wait.recv_timeout(READY_WITHIN) {
        if line.contains(ready_line) {
            return keeper;
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    panic!("PostgreSQL did not start:\n{seen}");
}

/// The folder with initdb, postgres and createdb: Debian's newest, else the one in the PATH.
pub(super) fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, path)| path);
    let path = env::var_os("PATH").unwrap_or_default();
    debian
        .chain(env::split_paths(&path))
        .find(|folder| ["initdb", "postgres", "createdb"].iter().all(|program| folder.join(program).exists()))
        .unwrap_or_else(|| panic!("PostgreSQL is not installed on this machine: run ./test, which installs what the tests need"))
}

/// PostgreSQL refuses to run as root, so root runs it as the user of Debian's package.
pub(super) fn unprivileged_user() -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    if uid != Some("0") {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find(|line| line.clone().next() == Some(name))?
            .skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres")
        .or_else(|| ids("nobody"))
        .or_else(|| panic!("no user but root to run PostgreSQL as"))
}

pub(super) fn as_user(user: Option<(u32, u32)>, program: &Path) -> Command {
    let Some((uid, gid)) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={uid}"))
        .arg(format!("--regid={gid}"))
        .arg("--clear-groups")
        .arg("--")
        .arg(program);
    command
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}
