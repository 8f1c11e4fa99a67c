//! Query strings: too long, too deep, not text, and SQL in every position a name can stand in.

use crate::send;
use crate::site::Site;

fn get(site: &Site, target: &str) -> (u16, String) {
    let request = format!(
        "GET /api{target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        site.full
    );
    send(site, request.as_bytes())
}

pub(crate) fn queries(site: &Site) {
    let joined = |count: usize, make: &dyn Fn(usize) -> String| {
        (0..count).map(make).collect::<Vec<_>>().join("&")
    };
    let refused = [
        joined(900, &|n| format!("a{n}=1")),
        joined(1500, &|_| "a=1".into()),
        joined(200, &|n| format!("filters[$or][{n}][id]=1")),
        "filters[$or][99999999]=1".into(),
        format!("filters{}=1", "[a]".repeat(1000)),
        format!("filters{}=1", "[".repeat(2000)),
        format!("filters{}[title]=1", "[$not]".repeat(15)),
        format!("filters{}[title]=x", "[tags][articles]".repeat(6)),
        format!("sort={}title", "tags.articles.".repeat(20)),
        format!("sort={}", ["title"; 50].join(",")),
        format!(
            "populate{}=tags",
            "[tags][populate][articles][populate]".repeat(5)
        ),
        format!("_q={}", "a".repeat(5000)),
        format!("filters[title]={}", "a".repeat(5000)),
        "filters[title]=%zz%".into(),
        "filters[title]=%00".into(),
        "filters[ti%00tle]=1".into(),
        "_q=%00".into(),
        "filters[title]=%ff%fe".into(),
        "filters[title]=%ed%a0%80".into(),
        "sort=title%00".into(),
        "locale=%00".into(),
        "pagination[page]=9223372036854775807".into(),
        "pagination[start]=9223372036854775808".into(),
        "pagination[pageSize]=99999999999999999999".into(),
        "pagination[page]=NaN".into(),
        "pagination[cursor]=AAAA".into(),
        "status=deleted".into(),
        "fields=nosuch".into(),
        "__proto__[x]=1".into(),
        "filters[constructor]=1".into(),
    ];
    for query in refused {
        let (status, answer) = get(site, &format!("/articles?{query}"));
        assert_eq!(
            status,
            400,
            "{}: {answer}",
            query.chars().take(80).collect::<String>()
        );
    }
    let operators = [
        "$eq",
        "$ne",
        "$lt",
        "$gte",
        "$in",
        "$notIn",
        "$contains",
        "$startsWith",
        "$null",
        "$between",
        "$eqi",
    ];
    let values = [
        "1e400",
        "9223372036854775808",
        "-9223372036854775809",
        "NaN",
        "abc",
        "",
        "2026-02-30",
        "infinity",
        "%27",
    ];
    for field in [
        "id",
        "views",
        "price",
        "big",
        "day",
        "at",
        "hour",
        "open",
        "kind",
        "extra",
        "createdAt",
        "tags",
        "cover",
    ] {
        for value in values {
            for operator in operators {
                let target = format!("/articles?filters[{field}][{operator}]={value}");
                let (status, answer) = get(site, &target);
                assert!(matches!(status, 200 | 400), "{target}: {answer}");
            }
        }
    }
}

const PAYLOADS: [&str; 18] = [
    "%27",
    "%22",
    "%60",
    "%5C",
    "%3B--",
    "%2F*",
    "%29",
    "%7C%7Cpg_sleep(3)",
    "%27%20AND%20randomblob(300000000)--",
    "$1",
    "?",
    "%7B%7B",
    "$%7B",
    "(select%201)",
    "title%3B--",
    "f1",
    "t0.title",
    "%EF%BD%94itle",
];

/// `@` is where the payload stands; names are refused, values find nothing.
const NAMES: [&str; 22] = [
    "?sort=@",
    "?sort[@]=asc",
    "?sort=title:@",
    "?fields=@",
    "?fields[0]=@",
    "?populate=@",
    "?populate[@]=true",
    "?populate[tags][fields]=@",
    "?populate[tags][sort]=@",
    "?populate[tags][filters][@]=1",
    "?populate[zone][on][@]=true",
    "?filters[@]=1",
    "?filters[title][@]=1",
    "?filters[tags][@]=1",
    "?status=@",
    "?publicationFilter=@",
    "?pagination[@]=1",
    "?pagination[cursor]=@",
    "/aggregate?measures=@",
    "/aggregate?measures=max:@",
    "/aggregate?groupBy=@",
    "?@x=1",
];
const VALUES: [&str; 7] = [
    "?filters[title]=@",
    "?filters[title][$contains]=@",
    "?filters[extra][$contains]=@",
    "?locale=@",
    "?_q=@",
    "?filters[tags][name][$in][0]=@",
    "?filters[documentId]=@",
];

pub(crate) fn payloads_in_every_position(site: &Site) {
    for payload in PAYLOADS {
        for shape in NAMES {
            let (status, answer) = get(site, &format!("/articles{}", shape.replace('@', payload)));
            assert_eq!(status, 400, "{shape} {payload}: {answer}");
        }
        for shape in VALUES {
            let (status, answer) = get(site, &format!("/articles{}", shape.replace('@', payload)));
            assert_eq!(status, 200, "{shape} {payload}: {answer}");
            let whole =
                shape.contains("$contains") || shape.contains("_q") || shape.contains("locale");
            assert!(
                whole || answer.contains("\"data\":[]"),
                "{shape} {payload}: {answer}"
            );
        }
        for target in [format!("/{payload}"), format!("/articles/{payload}")] {
            if payload != "?" {
                assert_eq!(get(site, &target).0, 404, "{target}");
            }
        }
    }
}
