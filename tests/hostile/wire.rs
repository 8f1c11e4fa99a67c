//! Framing, methods and paths.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::site::Site;
use crate::{PATIENCE, send};

pub(crate) fn requests_that_are_no_http(site: &Site) {
    let many: String = (0..200).map(|n| format!("x{n}: 1\r\n")).collect();
    let long = format!(
        "GET /api/articles HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "a".repeat(40_000)
    );
    let url = format!(
        "GET /api/articles?_q={} HTTP/1.1\r\nHost: x\r\n\r\n",
        "a".repeat(12_000)
    );
    let many = format!("GET /api/articles HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    let post = "POST /api/articles HTTP/1.1\r\nHost: x\r\n";
    let cases: Vec<(String, u16)> = vec![
        (format!("{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"), 400),
        (format!("{post}Content-Length: -5\r\n\r\nabcdef"), 400),
        (format!("{post}Content-Length: +5\r\n\r\nabcdef"), 400),
        (format!("{post}Content-Length: 5, 6\r\n\r\nabcdef"), 400),
        (format!("{post}Content-Length: 99999999999999999999999\r\n\r\nabc"), 400),
        (format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400),
        (format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), 400),
        ("GET /api/articles HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n".into(), 400),
        ("GET /api/articles HTTP/1.1\r\nHost : x\r\n\r\n".into(), 400),
        ("GET /api/articles HTTP/9.9\r\nHost: x\r\n\r\n".into(), 400),
        ("\u{1}\u{2}\u{3} nonsense\r\n\r\n".into(), 400),
        (many, 431),
        (long, 431),
        (url, 414),
        ("GET /api/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n".into(), 401),
        ("GET /api/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n".into(), 401),
        ("GET /api/articles HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: DELETE\r\n\r\n".into(), 200),
    ];
    for (request, expected) in cases {
        assert_eq!(
            send(site, request.as_bytes()).0,
            expected,
            "{}",
            request.chars().take(120).collect::<String>()
        );
    }
    for body in [
        "ZZ\r\ngarbage\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nx",
        "-1\r\n\r\n",
    ] {
        let head = format!(
            "{post}Authorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            site.full
        );
        assert_eq!(
            send(site, format!("{head}{body}").as_bytes()).0,
            400,
            "{body}"
        );
    }
    pipelined(site);
}

fn pipelined(site: &Site) {
    let mut stream = TcpStream::connect(site.server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut requests = "GET /api/tags HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20);
    requests.push_str("GET /api/tags HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 21);
}

pub(crate) fn paths_and_methods(site: &Site) {
    let refused = [
        "/",
        "/api",
        "/api/",
        "//api/articles",
        "/api/./articles",
        "/api/x/../articles",
        "/../../etc/passwd",
        "/api/articles/../vaults",
        "/api/articles/%2e%2e/vaults",
        "/api/..%2f..%2fetc/passwd",
        "/api/%61rticles",
        "/api/articles%2f",
        "/api%2farticles",
        "/api/articles;x=1",
        "/api/articles%00",
        "/api/ARTICLES",
        "/%",
        "/api/%zz",
        "/api/articles/a/b/c",
        "/api/plugin::upload.file",
        "/api/articles/aggregate/x",
        "/api/docs/../x",
    ];
    for path in refused {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
            site.full
        );
        let (status, answer) = send(site, request.as_bytes());
        assert_eq!(status, 404, "{path}: {answer}");
    }
    for (path, methods) in [
        ("/api/articles", "GET, HEAD, POST"),
        (
            "/api/articles/0mwpv4t412dcotx2939bh1o8",
            "GET, HEAD, PUT, DELETE",
        ),
        ("/api/articles/aggregate", "GET, HEAD"),
        ("/api/openapi.json", "GET, HEAD"),
    ] {
        for method in ["TRACE", "PATCH", "PROPFIND", "get", "MKCOL"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
                site.full
            );
            let (status, answer) = send(site, request.as_bytes());
            assert_eq!(status, 405, "{method} {path}: {answer}");
            assert!(
                answer.contains(&format!("allow: {methods}\r\n")),
                "{answer}"
            );
        }
    }
    let (_, answer) = send(site, b"PATCH /api/articles HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        answer.contains("allow: GET, HEAD\r\n"),
        "what the public may: {answer}"
    );
    let head = send(
        site,
        b"HEAD /api/articles HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert!(head.0 == 200 && head.1.ends_with("\r\n\r\n"), "{}", head.1);
}
