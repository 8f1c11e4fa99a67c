//! What leaves with every answer.

use poem::{Route, get, handler, http::StatusCode};

use super::{cors::parse_origin, *};

#[handler]
fn hello() -> &'static str {
    "hello"
}

#[handler]
fn broken(req: &Request) -> &'static str {
    assert!(req.uri().path().is_empty(), "on purpose");
    "never"
}

fn outer(origins: &[&str]) -> Outer<Route> {
    let route = Route::new().at("/", get(hello)).at("/broken", get(broken));
    let config = HeaderConfig {
        cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        cors_credentials: true,
        ..HeaderConfig::default()
    };
    Outer::new(route, &config).unwrap()
}

fn ask(method: Method, path: &'static str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::builder().method(method).uri_str(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.finish()
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_an_id() {
    let outer = outer(&[]);
    for (path, status) in [("/", 200), ("/none", 404), ("/broken", 500)] {
        let response = outer.get_response(ask(Method::GET, path, &[])).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("vary"), Some("Origin"));
        assert_eq!(response.header("x-request-id").unwrap().len(), 16);
        if status != 200 {
            let body = response.into_body().into_string().await.unwrap();
            assert!(
                body.starts_with(r#"{"data":null,"error":{"status":"#),
                "{body}"
            );
            assert!(!body.contains("purpose"), "{body}");
        }
    }
    let response = outer.get_response(ask(Method::POST, "/", &[])).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let body = response.into_body().into_string().await.unwrap();
    assert!(body.contains("MethodNotAllowedError"), "{body}");
}

#[tokio::test]
async fn a_plain_request_id_stays_and_another_is_replaced() {
    let outer = outer(&[]);
    for (sent, kept) in [("a-b_c.1", true), ("a b", false), (&*"x".repeat(65), false)] {
        let request = ask(Method::GET, "/", &[("x-request-id", sent)]);
        let response = outer.get_response(request).await;
        assert_eq!(
            response.header("x-request-id") == Some(sent),
            kept,
            "{sent}"
        );
    }
}

#[tokio::test]
async fn only_listed_origins_may_read_and_preflight() {
    let outer = outer(&["https://good.example"]);
    let evil = [
        "null",
        "http://good.example",
        "https://good.example.evil",
        "https://good.example:1",
    ];
    for origin in evil {
        let plain = outer
            .get_response(ask(Method::GET, "/", &[("origin", origin)]))
            .await;
        assert_eq!(plain.header("access-control-allow-origin"), None);
        let headers = [("origin", origin), ("access-control-request-method", "PUT")];
        let preflight = outer
            .get_response(ask(Method::OPTIONS, "/", &headers))
            .await;
        assert_eq!(preflight.status(), StatusCode::FORBIDDEN);
        assert_eq!(preflight.header("access-control-allow-origin"), None);
    }
    let good = "https://good.example";
    let headers = [("origin", good), ("access-control-request-method", "PUT")];
    let preflight = outer
        .get_response(ask(Method::OPTIONS, "/", &headers))
        .await;
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(preflight.header("access-control-allow-origin"), Some(good));
    assert_eq!(
        preflight.header("access-control-allow-credentials"),
        Some("true")
    );
}

#[tokio::test]
async fn a_star_never_comes_with_credentials() {
    let request = ask(Method::GET, "/", &[("origin", "https://any.example")]);
    let response = outer(&["*"]).get_response(request).await;
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!(response.header("access-control-allow-credentials"), None);
}

#[test]
fn refuses_origins_that_could_never_match() {
    for origin in [
        "example.org",
        "https://",
        "https://a.b/c",
        "HTTPS://a",
        "ftp://a",
    ] {
        assert!(parse_origin(origin).is_err(), "{origin}");
    }
}
