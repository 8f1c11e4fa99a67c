//! Bodies: JSON that is too much of something, numbers out of range, text that is none.

use crate::site::Site;
use crate::with_body;

pub(crate) fn bodies(site: &Site) {
    let json = |body: &[u8]| with_body(site, "POST", "/articles", "application/json", body);
    let deep = |open: &str, count: usize| format!("{{\"data\":{{\"extra\":{}", open.repeat(count));
    let wide = format!("{{\"data\":{{\"extra\":[{}1]}}}}", "1,".repeat(200_000));
    let keys: Vec<String> = (0..50_000).map(|n| format!("\"k{n}\":1")).collect();
    let refused: Vec<Vec<u8>> = vec![
        deep("[", 40).into(),
        deep("[", 400_000).into(),
        deep("{\"a\":", 100_000).into(),
        wide.into(),
        format!("{{\"data\":{{{}}}}}", keys.join(",")).into(),
        b"{\"data\":{\"title\":\"a\",\"title\":\"b\"}}".into(),
        b"{\"data\":{\"title\":\"a\",\"t\\u0069tle\":\"b\"}}".into(),
        b"{\"data\":{},\"data\":{}}".into(),
        b"{\"data\":{\"title\":\"a\\u0000b\"}}".into(),
        b"{\"data\":{\"extra\":{\"a\":[\"\\u0000\"]}}}".into(),
        b"{\"data\":{\"extra\":{\"\\u0000\":1}}}".into(),
        b"{\"data\":{\"title\":\"a\0b\"}}".into(),
        b"{\"data\":{\"title\":\"\xff\xfe\"}}".into(),
        b"{\"data\":{\"title\":\"\xc0\xaf\"}}".into(),
        b"{\"data\":{\"title\":\"\xed\xa0\x80\"}}".into(),
        b"{\"data\":{\"title\":\"\\ud800\"}}".into(),
        b"{\"data\":{\"extra\":{\"\\udc00\":1}}}".into(),
        b"\xef\xbb\xbf{\"data\":{}}".into(),
        b"".into(),
        b"null".into(),
        b"[]".into(),
        b"{\"data\":null}".into(),
        b"{\"data\":[]}".into(),
        b"{\"data\":{}} x".into(),
        b"{\"data\":/**/{}}".into(),
    ];
    for body in refused {
        let (status, answer) = json(&body);
        assert_eq!(
            status,
            400,
            "{}\n{answer}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
    }
    values(site);
    assert_eq!(
        json(format!("{{\"data\":{{\"title\":\"{}\"}}}}", "a".repeat(10_000_000)).as_bytes()).0,
        413
    );
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ] {
        let (status, answer) = with_body(
            site,
            "POST",
            "/articles",
            kind,
            b"{\"data\":{\"title\":\"x\"}}",
        );
        assert_eq!(status, 415, "{kind}: {answer}");
    }
}

fn values(site: &Site) {
    let numbers = [
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "01",
        "+1",
        "0x10",
        "\"1e400\"",
        "\"NaN\"",
        "[]",
        "{}",
    ];
    let cases: Vec<(&str, Vec<&str>)> = vec![
        (
            "views",
            [
                &numbers[..],
                &[
                    "1.5",
                    "9223372036854775808",
                    "1e308",
                    "99999999999999999999",
                ],
            ]
            .concat(),
        ),
        ("price", numbers.to_vec()),
        (
            "big",
            vec![
                "\"9223372036854775808\"",
                "\"1e5\"",
                "\"abc\"",
                "1e400",
                "[]",
            ],
        ),
        (
            "day",
            vec![
                "\"2026-02-30\"",
                "\"0000-00-00\"",
                "\"99999-01-01\"",
                "\"-0001-01-01\"",
                "1",
                "\"infinity\"",
            ],
        ),
        (
            "at",
            vec![
                "\"2026-13-01T00:00:00Z\"",
                "\"+275760-09-13T00:00:00.001Z\"",
                "\"infinity\"",
                "1e300",
                "\"now\"",
                "[]",
            ],
        ),
        (
            "hour",
            vec!["\"24:00:00\"", "\"12:60\"", "\"allballs\"", "1", "[]"],
        ),
        ("kind", vec!["\"other\"", "1", "[]"]),
        ("open", vec!["\"maybe\"", "2", "[]"]),
        ("title", vec!["1", "[]", "{}", "true"]),
        (
            "tags",
            vec![
                "true",
                "1.5",
                "[[[]]]",
                "{\"nosuch\":[]}",
                "[null]",
                "{\"connect\":[{\"id\":-1}]}",
                "{\"connect\":[{\"id\":9223372036854775807}]}",
                "{\"set\":[1e400]}",
            ],
        ),
        (
            "zone",
            vec![
                "{}",
                "[1]",
                "[{}]",
                "[{\"__component\":\"x'; drop table\"}]",
                "\"x\"",
            ],
        ),
        ("seo", vec!["[]", "1", "\"x\"", "{\"nosuch\":1}"]),
        ("__proto__", vec!["{}"]),
    ];
    for (field, values) in cases {
        for value in values {
            let body = format!("{{\"data\":{{\"title\":\"n\",\"{field}\":{value}}}}}");
            let body = if field == "title" {
                format!("{{\"data\":{{\"title\":{value}}}}}")
            } else {
                body
            };
            let (status, answer) = with_body(
                site,
                "POST",
                "/articles",
                "application/json",
                body.as_bytes(),
            );
            assert_eq!(status, 400, "{body}: {answer}");
        }
    }
}
