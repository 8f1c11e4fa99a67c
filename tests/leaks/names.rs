//! Unknown, private and forbidden names give the same bytes.

use crate::site::{CANARY, MISSING, Site};

const OPERATORS: [&str; 23] = [
    "$eq",
    "$eqi",
    "$ne",
    "$nei",
    "$in",
    "$notIn",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$between",
    "$contains",
    "$containsi",
    "$notContains",
    "$notContainsi",
    "$startsWith",
    "$startsWithi",
    "$endsWith",
    "$endsWithi",
    "$null",
    "$notNull",
    "$and",
    "$or",
];

/// Every shape in which a name can be asked for; `@` is the name, `~` a guess.
fn shapes() -> Vec<String> {
    let mut shapes: Vec<String> = [
        "filters[@]=~",
        "filters[$or][0][@]=~",
        "filters[$and][0][@][$contains]=~",
        "filters[$not][@]=~",
        "filters[@][title]=~",
        "filters[@][id]=1",
        "filters[@][0]=~",
        "filters[tags][articles][@]=~",
        "filters[tags][articles][@][$startsWith]=~",
        "fields=@",
        "fields[0]=@",
        "fields=title,@",
        "sort=@",
        "sort=@:desc",
        "sort[0]=@",
        "sort[@]=asc",
        "sort=@.title",
        "sort=tags.articles.@",
        "populate=@",
        "populate[0]=@",
        "populate=@.title",
        "populate[@]=true",
        "populate[@]=*",
        "populate[@][count]=true",
        "populate[@][fields]=title",
        "populate[@][populate]=*",
        "populate[@][filters][title]=~",
        "populate[tags][populate][articles][fields]=@",
        "populate[tags][sort]=articles.@",
        "populate[tags][filters][articles][@]=~",
        "populate[tags][populate][articles][sort]=@",
    ]
    .map(str::to_owned)
    .into();
    shapes.extend(OPERATORS.map(|operator| format!("filters[@][{operator}]=~")));
    shapes.extend(OPERATORS.map(|operator| format!("filters[@][{operator}][0]=~")));
    shapes
}

const AGGREGATED: [&str; 6] = [
    "groupBy=@",
    "groupBy=@.title",
    "measures=max:@",
    "measures=count,countDistinct:@",
    "measures[x]=min:@",
    "filters[@][$gt]=~",
];

pub(crate) fn hidden_fields_are_unknown(site: &Site) {
    let document = format!("/articles/{}?", site.article);
    for token in [None, Some(site.writer.as_str()), Some(site.reader.as_str())] {
        let sees_vault = token == Some(site.reader.as_str());
        for name in [
            "internalNote",
            "passphrase",
            "vault",
            "createdBy",
            "updatedBy",
        ] {
            if name == "vault" && sees_vault {
                continue;
            }
            for shape in shapes() {
                same(site, token, "/articles?", &shape, name);
            }
            for shape in AGGREGATED {
                same(site, token, "/articles/aggregate?", shape, name);
            }
            for shape in ["fields=@", "populate=@", "populate[@]=true"] {
                same(site, token, &document, shape, name);
            }
        }
        let inner = [
            ("filters[seo][@]=~", "editorHint"),
            ("filters[seo][@][$startsWith]=~", "editorHint"),
            ("populate[seo][fields]=@", "editorHint"),
            ("sort=seo.@", "editorHint"),
            ("populate[zone][on][parts.seo][fields]=@", "editorHint"),
            ("filters[seo][@][title]=~", "sealed"),
            ("populate[seo][populate]=@", "sealed"),
            ("populate[zone][on][parts.seo][populate][@]=true", "sealed"),
            ("populate=seo.@", "sealed"),
        ];
        for (shape, name) in inner {
            if name != "sealed" || !sees_vault {
                same(site, token, "/articles?", shape, name);
            }
        }
        for path in [
            "/articles?populate=*",
            "/articles?populate[seo][populate]=*&populate[zone][populate]=*",
        ] {
            let (status, body) = site.get(path, token);
            assert_eq!(status, 200, "{path}: {body}");
            for secret in [
                "internalNote",
                "passphrase",
                "editorHint",
                "CNRY note",
                "CNRY hint",
                "CNRY pass",
            ] {
                assert!(!body.contains(secret), "{path}: {body}");
            }
            assert!(sees_vault || !body.contains(CANARY), "{path}: {body}");
        }
    }
}

/// The answer about a hidden name is that about an unknown one, whatever is guessed.
fn same(site: &Site, token: Option<&str>, base: &str, shape: &str, name: &str) {
    let ask = |name: &str, guess: &str| {
        let path = format!("{base}{}", shape.replace('@', name).replace('~', guess));
        site.get(&path.replace(' ', "%20"), token)
    };
    let (status, body) = ask(name, "CNRY");
    let (expected, unknown) = ask("nosuch", "CNRY");
    assert_eq!(status, 400, "{base}{shape} {name}: {body}");
    assert_eq!(
        (status, body.replace(name, "nosuch")),
        (expected, unknown),
        "{base}{shape} {name}"
    );
    assert_eq!(
        ask(name, "ZZZZ").1.replace("ZZZZ", "CNRY"),
        body,
        "{base}{shape} {name}"
    );
}

pub(crate) fn hidden_types_are_unknown(site: &Site) {
    let id = &site.vault;
    for token in [None, Some(site.writer.as_str())] {
        for (method, rest) in [
            ("GET", String::new()),
            ("GET", "?filters[title]=x".into()),
            ("GET", format!("/{id}")),
            ("GET", format!("/{MISSING}")),
            ("GET", "/aggregate".into()),
            ("POST", String::new()),
            ("PUT", format!("/{id}")),
            ("DELETE", format!("/{id}")),
            ("PATCH", format!("/{id}")),
        ] {
            let data =
                matches!(method, "POST" | "PUT").then(|| serde_json::json!({ "title": "x" }));
            let ask =
                |name: &str| site.send(method, &format!("/{name}{rest}"), token, data.as_ref());
            let hidden = ask("vaults");
            assert_eq!(hidden.0, 403, "{method} {rest}: {}", hidden.1);
            assert_eq!(hidden, ask("nosuches"), "{method} {rest}");
        }
    }
    let (found, missing) = (
        site.get(&format!("/articles/{id}"), None),
        site.get(&format!("/articles/{MISSING}"), None),
    );
    assert_eq!((found.0, &found), (404, &missing));
}

pub(crate) fn the_description_names_nothing_hidden(site: &Site) {
    let (status, body) = site.get("/openapi.json", None);
    assert_eq!(status, 200);
    for hidden in [
        "vault",
        "internalNote",
        "passphrase",
        "editorHint",
        "sealed",
        "Input",
    ] {
        assert!(
            !body.to_lowercase().contains(&hidden.to_lowercase()),
            "{hidden}"
        );
    }
    let (_, body) = site.get("/openapi.json", Some(&site.writer));
    assert!(!body.to_lowercase().contains("vault") && !body.contains("sealed"));
    assert!(
        body.contains("internalNote"),
        "who writes may write private fields"
    );
}
