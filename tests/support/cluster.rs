//! A PostgreSQL cluster that a test may stop, pause, copy and promote, and a proxy that can point elsewhere.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::postgres::{
    READY_LINE, SUPERUSER, as_user, free_port, keep, programs, unprivileged_user,
};

const STANDBY_READY_LINE: &str = "database system is ready to accept read-only connections";

/// A cluster of its own; it ends with the value.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    keepers: Vec<Child>,
}

impl Cluster {
    /// A fresh cluster that runs.
    pub(crate) fn start() -> Cluster {
        let mut cluster = Cluster::empty();
        let mut init = cluster.program("initdb");
        init.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        init.args(["--username", SUPERUSER, "--pgdata"])
            .arg(cluster.data());
        super::run(&mut init);
        cluster.start_again();
        cluster
    }

    /// A standby of a running cluster.
    pub(crate) fn standby_of(primary: &Cluster) -> Cluster {
        let mut cluster = Cluster::empty();
        let mut copy = cluster.program("pg_basebackup");
        copy.args(["--host=127.0.0.1", "--username", SUPERUSER, "--no-password"]);
        copy.args(["--checkpoint=fast", "--write-recovery-conf", "--no-sync"]);
        copy.arg(format!("--port={}", primary.port))
            .arg("--pgdata")
            .arg(cluster.data());
        super::run(&mut copy);
        cluster.launch(STANDBY_READY_LINE);
        cluster
    }

    fn empty() -> Cluster {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "tympan-cluster-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .expect("the folder is ours");
        if let Some((uid, gid)) = unprivileged_user() {
            chown(&folder, Some(uid), Some(gid)).expect("root may give a folder away");
        }
        Cluster {
            folder,
            port: free_port(),
            keepers: Vec::new(),
        }
    }

    fn program(&self, name: &str) -> Command {
        let mut command = as_user(unprivileged_user(), &programs().join(name));
        command.current_dir(&self.folder);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("cluster")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        url_at(self.address(), database)
    }

    /// Makes an empty database.
    pub(crate) fn create(&self, database: &str) {
        self.sql(
            "postgres",
            &format!("create database {database} template template0"),
        );
    }

    /// Runs SQL and returns what it answers, a row a line.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        psql(&self.url(database), sql)
    }

    /// A client that holds a connection until it is killed, if it gets one.
    pub(crate) fn occupy(&self, database: &str) -> Child {
        let mut client = Command::new(programs().join("psql"));
        client.args(["-X", "-q"]).arg(self.url(database));
        // It waits for what never comes.
        client
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        client.spawn().expect("psql starts")
    }

    /// Runs another program of PostgreSQL on a database.
    pub(crate) fn tool(&self, name: &str, database: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(programs().join(name));
        command
            .args(arguments)
            .arg(format!("--dbname={}", self.url(database)));
        super::run(&mut command)
    }

    /// Adds a line to the settings and reads them again.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.sql("postgres", &format!("alter system set {name} = '{value}'"));
        self.sql("postgres", "select pg_reload_conf()");
    }

    pub(crate) fn start_again(&mut self) {
        self.launch(READY_LINE);
    }

    pub(crate) fn launch_standby(&mut self) {
        self.launch(STANDBY_READY_LINE);
    }

    fn launch(&mut self, ready: &str) {
        let server = self.program("postgres");
        self.keepers
            .push(keep(server, &self.folder, &self.data(), self.port, ready));
    }

    /// Stops it as `pg_ctl stop -m immediate` does: no time for anything.
    pub(crate) fn stop_at_once(&self) {
        let mut stop = self.program("pg_ctl");
        super::run(
            stop.args(["stop", "-m", "immediate", "-w", "-D"])
                .arg(self.data()),
        );
    }

    /// Makes a standby the primary and waits until it is.
    pub(crate) fn promote(&self) {
        let mut promote = self.program("pg_ctl");
        super::run(promote.args(["promote", "-w", "-D"]).arg(self.data()));
    }

    /// Stops every process of it where it stands.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).expect("the cluster runs");
        let pid = pid.lines().next().expect("a pid").to_owned();
        let children = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &pid])
            .output()
            .expect("ps");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let mut kill = Command::new("kill");
        kill.arg(signal).arg(&pid).args(children.split_whitespace());
        super::run(&mut kill);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self
            .program("pg_ctl")
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.data())
            .output();
        for keeper in &mut self.keepers {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn url_at(address: SocketAddr, database: &str) -> String {
    format!("postgres://{SUPERUSER}@{address}/{database}")
}

/// Runs SQL and returns what it answers, a row a line.
pub(crate) fn psql(url: &str, sql: &str) -> String {
    let mut command = Command::new(programs().join("psql"));
    command.args([
        "-X",
        "-A",
        "-t",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        sql,
        url,
    ]);
    super::run(&mut command)
}

/// A TCP proxy whose target can be changed; changing it cuts every connection.
pub(crate) struct Proxy {
    address: SocketAddr,
    target: Arc<Mutex<SocketAddr>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    ends: Arc<AtomicBool>,
    vanished: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) fn to(target: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let proxy = Proxy {
            address: listener
                .local_addr()
                .expect("a bound socket has an address"),
            target: Arc::new(Mutex::new(target)),
            open: Arc::default(),
            ends: Arc::default(),
            vanished: Arc::default(),
        };
        let (target, open, ends) = (
            Arc::clone(&proxy.target),
            Arc::clone(&proxy.open),
            Arc::clone(&proxy.ends),
        );
        let vanished = Arc::clone(&proxy.vanished);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let target = *target.lock().unwrap();
                let Ok(server) = TcpStream::connect_timeout(&target, Duration::from_secs(5)) else {
                    continue;
                };
                let copies = [&client, &server].map(|stream| stream.try_clone().unwrap());
                open.lock().unwrap().extend(copies);
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let born = vanished.load(Ordering::SeqCst);
                let clocks = [Arc::clone(&vanished), Arc::clone(&vanished)];
                let [one, other] = clocks.map(|clock| move || clock.load(Ordering::SeqCst) != born);
                thread::spawn(move || pump(client, server, one));
                thread::spawn(move || pump(back.0, back.1, other));
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing comes through connections that are open, and nothing breaks: as if the machine behind them
    /// had vanished. New ones lead to another place.
    pub(crate) fn vanish_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
        self.vanished.fetch_add(1, Ordering::SeqCst);
        self.open.lock().unwrap().clear();
    }

    pub(crate) fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn point_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
        self.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        self.cut();
        let _ = TcpStream::connect(self.address);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, has_vanished: impl Fn() -> bool) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer);
        while has_vanished() {
            // Neither end hears of the other again.
            thread::park();
        }
        match read {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).is_ok() => {}
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Looks until it is so; how long it took.
pub(crate) fn until(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}
