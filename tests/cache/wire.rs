//! Kept answers leave without going through the routes: header for header what the routes would have sent.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Database, Server, run};

/// Status, headers and body of a request with these header lines.
fn ask(
    server: &Server,
    path: &str,
    lines: &[&str],
) -> (String, BTreeMap<String, Vec<String>>, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut head = head.split("\r\n");
    let status = head.next().unwrap().to_owned();
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in head.filter_map(|line| line.split_once(": ")) {
        headers
            .entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    (status, headers, answer[end + 4..].to_vec())
}

#[test]
fn answers_without_the_routes_are_those_of_the_routes() {
    let database = Database::sqlite();
    run(database.command(&["init"]).current_dir(database.data()));
    let server = Server::start(database);
    let path = "/api/articles?populate=*";
    let tag = ask(&server, path, &[]).1["etag"][0].clone();
    let known = format!("If-None-Match: {tag}");
    let packed = "Accept-Encoding: gzip";
    while !ask(&server, path, &[packed])
        .1
        .contains_key("content-encoding")
    {}
    for lines in [
        vec![],
        vec![known.as_str()],
        vec![packed],
        vec![packed, known.as_str()],
    ] {
        let quick = ask(&server, path, &lines);
        // Whoever asks where the time goes goes through the routes.
        let timed: Vec<&str> = lines
            .iter()
            .copied()
            .chain(["x-tympan-timing: 1"])
            .collect();
        let mut routed = ask(&server, path, &timed);
        let timing = routed.1.remove("server-timing").unwrap();
        assert!(timing[0].contains("cache;desc=hit"), "{timing:?}");
        let mut quick_headers = quick.1;
        for own in ["x-request-id", "date"] {
            let (one, other) = (
                quick_headers.remove(own).unwrap(),
                routed.1.remove(own).unwrap(),
            );
            assert!(
                one.len() == 1 && one[0].len() == other[0].len(),
                "{own}: {one:?} {other:?}"
            );
        }
        assert_eq!(quick.0, routed.0);
        assert_eq!(quick_headers, routed.1);
        assert_eq!(quick.2, routed.2);
    }
    let named = ask(&server, path, &["X-Request-Id: mine"]);
    assert_eq!(named.1["x-request-id"], ["mine"]);
    let own = ask(&server, path, &["Origin: https://other.example"]);
    assert_eq!(own.0, "HTTP/1.1 200 OK");
}
