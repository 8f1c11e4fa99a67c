//! The yardstick: nginx serving the same bytes as a static file.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Result, bail};

const READY_WITHIN: Duration = Duration::from_secs(10);

/// A running nginx; it is ended with the value.
pub(crate) struct Nginx {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts nginx on the file `answer.json` of this folder; none if it is not installed.
    pub(crate) fn start(folder: &Path) -> Result<Option<Nginx>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let shown = folder.display();
        let settings = format!(
            "worker_processes auto;\ndaemon off;\npid {shown}/nginx.pid;\nerror_log {shown}/nginx.log;\nuser root;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  tcp_nodelay on;\n  etag on;\n\
             keepalive_timeout 60;\n  keepalive_requests 100000000;\n  open_file_cache max=100 inactive=60s;\n\
             types {{ application/json json; }}\n\
             server {{ listen {address}; root {shown}; }}\n}}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, settings)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder).arg("-c").arg(&file);
        let Ok(process) = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return Ok(None);
        };
        let mut nginx = Nginx { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if nginx.process.try_wait()?.is_some() || started.elapsed() > READY_WITHIN {
                bail!("nginx did not start; see {shown}/nginx.log");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(nginx))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The signal by which it ends its workers too.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}
