use serde_json::json;

use super::fixture::reader;
use super::*;
use crate::query::text::parse;
use crate::query::{Filter, Shape};

const OPERATORS: [&str; 22] = [
    "$eq",
    "$eqi",
    "$ne",
    "$nei",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$notIn",
    "$contains",
    "$notContains",
    "$containsi",
    "$notContainsi",
    "$startsWith",
    "$startsWithi",
    "$endsWith",
    "$endsWithi",
    "$null",
    "$notNull",
    "$between",
    "$jsonSupersetOf",
];

/// Names that must not be told apart: unknown, private, password, without permission, of the system.
const HIDDEN: [&str; 8] = [
    "nosuch",
    "internal_note",
    "secret",
    "vault",
    "editor",
    "createdBy",
    "updatedBy",
    "locale",
];

fn outcome(query: &str) -> Result<String, QueryError> {
    let view = reader();
    let limits = QueryLimits::default();
    let params = parse(query, &limits)?;
    let article = view.schema().content_type("article").unwrap();
    list(&view, article, &params, &limits, true).map(|query| format!("{query:?}"))
}

fn refused(query: &str) -> QueryError {
    match outcome(query) {
        Ok(_) => panic!("{query} was accepted"),
        Err(error) => error,
    }
}

fn with_list<T>(query: &str, look: impl FnOnce(ListQuery<'_>) -> T) -> T {
    let view = reader();
    let limits = QueryLimits::default();
    let params = parse(query, &limits).unwrap();
    let article = view.schema().content_type("article").unwrap();
    look(list(&view, article, &params, &limits, true).unwrap())
}

fn filter_of(query: &str) -> String {
    with_list(query, |list| show(list.filter.as_ref().unwrap()))
}

/// A filter in short.
fn show(filter: &Filter<'_>) -> String {
    let all = |parts: &[Filter<'_>]| parts.iter().map(show).collect::<Vec<_>>().join(", ");
    match filter {
        Filter::And(parts) => format!("and({})", all(parts)),
        Filter::Or(parts) => format!("or({})", all(parts)),
        Filter::Not(inner) => format!("not({})", show(inner)),
        Filter::Compare(column, operator) => format!("{} {operator:?}", select::name_of(*column)),
        Filter::Some(hop, inner) => format!("{}[{}]", hop_field(*hop).name, show(inner)),
        Filter::Empty(hop, empty) => format!("{} empty {empty}", hop_field(*hop).name),
    }
}

#[test]
fn the_opposite_of_a_condition_on_related_rows_is_another_related_row() {
    assert_eq!(
        filter_of("filters[$not][tags][name]=x"),
        filter_of("filters[tags][name][$not]=x")
    );
    assert_eq!(
        filter_of("filters[$not][$or][0][title]=a&filters[$not][$or][1][author][name]=b"),
        format!(
            "and({}, {})",
            filter_of("filters[title][$not]=a"),
            filter_of("filters[author][name][$not]=b")
        )
    );
}

/// Every place where a name can stand, with `NAME` in it.
fn positions() -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for operator in OPERATORS {
        for value in ["C", "1", "true", ""] {
            places.push(format!("filters[NAME][{operator}]={value}"));
            places.push(format!(
                "filters[NAME][{operator}][0]={value}&filters[NAME][{operator}][1]=x"
            ));
            places.push(format!("filters[$or][0][NAME][{operator}]={value}"));
            places.push(format!("filters[$and][0][$not][NAME][{operator}]={value}"));
            places.push(format!("filters[NAME][title][{operator}]={value}"));
            places.push(format!("filters[NAME][$not][{operator}]={value}"));
            places.push(format!(
                "populate[author][filters][articles][NAME][{operator}]={value}"
            ));
            places.push(format!(
                "populate[author][populate][articles][filters][NAME][{operator}]={value}"
            ));
            places.push(format!(
                "filters[author][articles][NAME][{operator}]={value}"
            ));
        }
    }
    for form in [
        "filters[NAME]=1",
        "filters[NAME]",
        "filters[NAME][]=1",
        "sort=NAME",
        "sort=NAME:desc",
        "sort=NAME:up",
        "sort[0]=NAME",
        "sort[NAME]=asc",
        "sort=author.articles.NAME",
        "sort[author][articles][NAME]=asc",
        "sort[NAME][title]=asc",
        "sort=NAME.title",
        "fields=NAME",
        "fields[0]=NAME",
        "fields=title,NAME",
        "populate=NAME",
        "populate[0]=NAME",
        "populate=author,NAME",
        "populate=NAME.x",
        "populate[NAME]=true",
        "populate[NAME]=*",
        "populate[NAME]=false",
        "populate[NAME][count]=true",
        "populate[NAME][fields]=title",
        "populate[NAME][populate]=*",
        "populate[NAME][on][api::tag.tag]=true",
        "populate[author][fields]=NAME",
        "populate[author][sort]=NAME",
        "populate[author][populate]=NAME",
        "populate[author][populate][NAME]=true",
        "populate[author][populate][articles][fields]=NAME",
        "populate[author][populate][articles][populate]=NAME",
    ] {
        places.push(form.to_owned());
    }
    places
}

#[test]
fn hidden_names_cannot_be_told_from_unknown_ones() {
    for place in positions() {
        let unknown = refused(&place.replace("NAME", "nosuch"));
        for name in HIDDEN {
            let error = refused(&place.replace("NAME", name));
            let shown = format!("{error:?}").replace(name, "nosuch");
            assert_eq!(shown, format!("{unknown:?}"), "{place} {name}");
        }
    }
}

#[test]
fn hidden_names_behind_steps_are_unknown_too() {
    for (hidden, unknown) in [
        (
            "filters[author][email][$startsWith]=a",
            "filters[author][nosuc][$startsWith]=a",
        ),
        ("filters[seo][editor_hint]=a", "filters[seo][nosuchnosuc]=a"),
        (
            "populate[blocks][on][shared.unused]=true",
            "populate[blocks][on][shared.nosuch]=true",
        ),
        (
            "populate[related][on][api::vault.vault]=true",
            "populate[related][on][api::nosuc.nosuc]=true",
        ),
        (
            "populate[blocks][on][shared.seo][fields]=editor_hint",
            "populate[blocks][on][shared.seo][fields]=nosuchnosuc",
        ),
        ("sort=author.email", "sort=author.nosuc"),
        (
            "status=draft&filters[page][name]=x",
            "status=draft&filters[paxe][name]=x",
        ),
        (
            "status=draft&populate[tags]=true",
            "status=draft&populate[taxs]=true",
        ),
    ] {
        let (one, other) = (refused(hidden), refused(unknown));
        assert_eq!(one.kind, other.kind);
        assert_eq!(
            one.message.len(),
            other.message.len(),
            "{hidden}: {one} / {other}"
        );
        assert!(one.message.starts_with("Invalid key"), "{one}");
    }
}

#[test]
fn star_leaves_out_what_may_not_be_read() {
    let names = |query: &str| {
        with_list(query, |list| {
            let names = list
                .selection
                .populated
                .iter()
                .map(|part| part.name.to_owned());
            names.collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(
        names("populate=*"),
        "author tags cover seo blocks related page"
    );
    assert_eq!(
        names("populate=*&status=draft"),
        "author cover seo blocks related"
    );
    assert_eq!(names("populate=tags,author"), "author tags");
    assert_eq!(names("populate[tags]=false&populate[author]=1"), "author");
    for nothing in ["populate[]", "populate[cover]"] {
        refused(nothing);
    }
}

#[test]
fn columns_come_in_schema_order_with_the_identities() {
    let names = |query: &str| {
        with_list(query, |list| {
            let names = list
                .selection
                .columns
                .iter()
                .map(|column| select::name_of(*column).to_owned());
            names.collect::<Vec<_>>().join(" ")
        })
    };
    assert_eq!(
        names(""),
        "id documentId title slug views price featured publishDate eventAt meta createdAt updatedAt publishedAt"
    );
    assert_eq!(names("fields=slug,title"), "id documentId title slug");
    assert_eq!(
        names("fields[0]=updatedAt&fields[1]=title"),
        "id documentId title updatedAt"
    );
    assert_eq!(names("fields=*"), names(""));
}

#[test]
fn filters_read_as_in_strapi() {
    for (query, expected) in [
        ("filters[title]=a", "title Eq(String(\"a\"))"),
        ("filters[title]", "title Null(true)"),
        (
            "filters[views][$gt]=5&filters[title]=a",
            "and(views Gt(Number(5)), title Eq(String(\"a\")))",
        ),
        (
            "filters[views][$gte]=1&filters[views][$lt]=9",
            "and(views Gte(Number(1)), views Lt(Number(9)))",
        ),
        (
            "filters[slug][$eq][0]=a&filters[slug][$eq][1]=b",
            "or(slug Eq(String(\"a\")), slug Eq(String(\"b\")))",
        ),
        ("filters[id][$in]=6", "id In([Number(6)])"),
        ("filters[id][$in][]", "id In([])"),
        ("filters[featured]=t", "featured Eq(Bool(true))"),
        (
            "filters[price][$between][0]=1&filters[price][$between][1]=2.5",
            "price Between(Number(1.0), Number(2.5))",
        ),
        (
            "filters[publishDate][$gte]=2024-01-02T10:00:00Z",
            "publishDate Gte(String(\"2024-01-02\"))",
        ),
        (
            "filters[createdAt][$lt]=2024-01-02",
            "createdAt Lt(String(\"2024-01-02T00:00:00.000Z\"))",
        ),
        ("filters[title][$null]=false", "title Null(false)"),
        ("filters[title][$notNull]=true", "title Null(false)"),
        ("filters[title][$ne]", "title Null(false)"),
        (
            "filters[title][$not][$eqi]=A",
            "not(title EqIgnoringCase(\"A\"))",
        ),
        (
            "filters[title][$or][0][$eq]=a&filters[title][$or][1][$nei]=b",
            "or(title Eq(String(\"a\")), title NeIgnoringCase(\"b\"))",
        ),
        ("filters[$not][title]=a", "not(title Eq(String(\"a\")))"),
        ("filters[author]=3", "author[id Eq(Number(3))]"),
        ("filters[author][$eq]=3", "author[id Eq(Number(3))]"),
        (
            "filters[author][id][$in][0]=3",
            "author[id In([Number(3)])]",
        ),
        (
            "filters[author]=abcdefghijklmnopqrstuvwx",
            "author[documentId Eq(String(\"abcdefghijklmnopqrstuvwx\"))]",
        ),
        (
            "filters[author][documentId]=a1",
            "author[documentId Eq(String(\"a1\"))]",
        ),
        ("filters[author][$null]=true", "author empty true"),
        ("filters[author][id][$null]=true", "author empty true"),
        (
            "filters[author][documentId][$notNull]=true",
            "author empty false",
        ),
        (
            "filters[author][name][$null]=true",
            "or(author empty true, author[name Null(true)])",
        ),
        (
            "filters[tags][name]=a&filters[tags][id]=2",
            "tags[and(name Eq(String(\"a\")), id Eq(Number(2)))]",
        ),
        (
            "filters[author][articles][tags][name]=x",
            "author[articles[tags[name Eq(String(\"x\"))]]]",
        ),
        (
            "filters[seo][image][url][$endsWith]=.png",
            "seo[image[url Match(TextMatch { place: End, text: \".png\", ignore_case: false, negated: false })]]",
        ),
        (
            "filters[$or][0][title]=a&filters[$or][1][author][name]=b",
            "or(title Eq(String(\"a\")), author[name Eq(String(\"b\"))])",
        ),
    ] {
        assert_eq!(filter_of(query), expected, "{query}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_with_their_path() {
    for (query, path) in [
        ("filters[views]=abc", "views"),
        ("filters[views][$gt]=1.5", "views"),
        (
            "filters[author][articles][views][$in][0]=x",
            "author.articles.views",
        ),
        ("filters[featured]=maybe", "featured"),
        ("filters[publishDate]=2024-13-01", "publishDate"),
        ("filters[eventAt][$lt]=yesterday", "eventAt"),
        ("filters[price]=NaN", "price"),
        ("filters[meta]=1", "meta"),
        ("filters[title][$null]=perhaps", "title"),
        ("filters[price][$between]=1", "price"),
        ("filters[title][$contains][a]=1", "title"),
    ] {
        let error = refused(query);
        assert_eq!(error.details["path"], path, "{query}: {error}");
    }
}

#[test]
fn messages_are_strapis() {
    for (query, message, details) in [
        (
            "filters[foo]=1",
            "Invalid key foo",
            json!({"key":"foo","path":null,"source":"query","param":"filters"}),
        ),
        (
            "filters[author][foo]=1",
            "Invalid key foo at author",
            json!({"key":"foo","path":"author","source":"query","param":"filters"}),
        ),
        (
            "filters[title][$foo]=1",
            "Invalid key $foo at title",
            json!({"key":"$foo","path":"title","source":"query","param":"filters"}),
        ),
        (
            "sort=foo",
            "Invalid key foo",
            json!({"key":"foo","path":null,"source":"query","param":"sort"}),
        ),
        (
            "sort=author.foo:asc",
            "Invalid key foo at author",
            json!({"key":"foo","path":"author","source":"query","param":"sort"}),
        ),
        (
            "sort=title:up",
            "Invalid order. order can only be one of asc|desc|ASC|DESC",
            json!({}),
        ),
        (
            "fields=foo",
            "Invalid key foo",
            json!({"key":"foo","path":null,"source":"query","param":"fields"}),
        ),
        (
            "populate=foo",
            "Invalid key foo",
            json!({"key":"foo","path":"foo","source":"query","param":"populate"}),
        ),
        (
            "populate=author.foo",
            "Invalid key foo at author.foo",
            json!({"key":"foo","path":"author.foo","source":"query","param":"populate"}),
        ),
        (
            "populate[foo]=true",
            "Invalid key foo",
            json!({"key":"foo","path":null,"source":"query","param":"populate"}),
        ),
        (
            "populate[author][populate][foo]=true",
            "Invalid key foo at author",
            json!({"key":"foo","path":"author","source":"query","param":"populate"}),
        ),
        (
            "populate[author][fields]=foo",
            "Invalid key foo",
            json!({"key":"foo","path":null,"source":"query","param":"populate"}),
        ),
        (
            "populate[author][bar]=1",
            "Invalid key bar at author",
            json!({"key":"bar","path":"author","source":"query","param":"populate"}),
        ),
        (
            "populate[author]=",
            "Invalid key  at author",
            json!({"key":"","path":"author","source":"query","param":"populate"}),
        ),
        (
            "zzz=1",
            "Invalid key zzz",
            json!({"key":"zzz","path":null,"source":"query","param":"zzz"}),
        ),
        (
            "status=zzz",
            "Invalid parameter at 'status'. Expected 'published' or 'draft', received: zzz",
            json!({}),
        ),
        (
            "pagination[page]=1&pagination[limit]=3",
            "Cannot use both page & offset pagination in the same query",
            json!({}),
        ),
        (
            "pagination[withCount]=x",
            "Invalid withCount parameter. Expected \"t\",\"1\",\"true\",\"false\",\"0\",\"f\"",
            json!({}),
        ),
        (
            "filters=1",
            "The filters parameter must be an object or an array",
            json!({}),
        ),
    ] {
        let error = refused(query);
        assert_eq!(
            (error.message.as_str(), &error.details),
            (message, &details),
            "{query}"
        );
    }
}

#[test]
fn pages_are_clamped_as_in_strapi() {
    let page = |query: &str| with_list(query, |list| list.page);
    let numbered = |page, size, with_count| Page::Numbered {
        page,
        size,
        with_count,
    };
    let offset = |start, limit| Page::Offset {
        start,
        limit,
        with_count: true,
    };
    assert_eq!(page(""), numbered(1, 25, true));
    assert_eq!(
        page("pagination[page]=3&pagination[pageSize]=1000"),
        numbered(3, 100, true)
    );
    assert_eq!(
        page("pagination[page]=0&pagination[pageSize]=-5"),
        numbered(1, 1, true)
    );
    assert_eq!(page("pagination[withCount]=f"), numbered(1, 25, false));
    assert_eq!(
        page("pagination[start]=-1&pagination[limit]=-1"),
        offset(0, 1)
    );
    assert_eq!(page("pagination[limit]=7"), offset(0, 7));
    assert_eq!(
        page("pagination[cursor]="),
        Page::Cursor {
            after: None,
            size: 25
        }
    );
    for wrong in ["abc", "1.5", "1e3", "99999999999999999999", "0x10"] {
        let error = refused(&format!("pagination[page]={wrong}"));
        assert_eq!(error.kind, QueryErrorKind::Validation, "{wrong}");
    }
}

#[test]
fn cursors_come_back_and_fit_only_their_query() {
    let sort = "sort=publishDate:desc,title&pagination[pageSize]=2";
    let values = [json!("2024-01-02"), json!(null), json!(17)];
    let cursor = with_list(sort, |list| cursor::encode(&list, &values).unwrap());
    let back = with_list(&format!("{sort}&pagination[cursor]={cursor}"), |list| {
        list.page
    });
    assert_eq!(
        back,
        Page::Cursor {
            after: Some(values.to_vec()),
            size: 2
        }
    );

    for other in [
        "sort=publishDate:asc,title",
        "sort=title",
        "",
        "sort=title,publishDate:desc",
    ] {
        refused(&format!("{other}&pagination[cursor]={cursor}"));
    }
    for at in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8_lossy(&changed).replace(['%', '+', '&', '#'], "A");
        // A changed position may still be one; it must never be anything else.
        let _ = outcome(&format!("{sort}&pagination[cursor]={changed}"));
    }
    for wrong in ["A", "AAAA", "====", "W10", &"A".repeat(3000)] {
        refused(&format!("{sort}&pagination[cursor]={wrong}"));
    }
}

#[test]
fn drafts_need_the_right_to_read_them() {
    let view = reader();
    let limits = QueryLimits::default();
    let params = parse("status=draft", &limits).unwrap();
    let tag = view.schema().content_type("tag").unwrap();
    let error = list(&view, tag, &params, &limits, true).unwrap_err();
    assert_eq!(error.kind, QueryErrorKind::Forbidden);
    assert!(outcome("status=draft").is_ok());
}

#[test]
fn populate_reads_every_form() {
    let shape = |query: &str| with_list(query, |list| format!("{:?}", list.selection.populated));
    assert_eq!(
        shape("populate=author,tags"),
        shape("populate[0]=author&populate[1]=tags")
    );
    assert_eq!(shape("populate=author"), shape("populate[author]=*"));
    assert_eq!(
        shape("populate=seo.image"),
        shape("populate[seo][populate][0]=image")
    );
    assert_eq!(
        shape("populate=author.articles.tags"),
        shape("populate[author][populate][articles][populate]=tags")
    );
    with_list("populate[tags][count]=true", |list| {
        assert!(matches!(
            list.selection.populated[0].shape,
            Shape::Count { .. }
        ));
    });
    with_list(
        "populate[tags][limit]=5000&populate[tags][sort]=name:desc&populate[tags][filters][name]=a",
        |list| {
            let Shape::Entries {
                nested, many: true, ..
            } = &list.selection.populated[0].shape
            else {
                panic!("tags are many entries");
            };
            assert_eq!(
                (nested.limit, nested.sort.len(), nested.filter.is_some()),
                (Some(1000), 1, true)
            );
        },
    );
    with_list(
        "populate[blocks][on][shared.seo][populate]=image&populate[blocks][on][shared.quote]=true",
        |list| {
            let Shape::Zone { parts, .. } = &list.selection.populated[0].shape else {
                panic!("blocks are a zone");
            };
            assert_eq!((parts.len(), parts[0].1.populated.len()), (2, 1));
        },
    );
    with_list("populate[blocks][populate]=*", |list| {
        let Shape::Zone { parts, .. } = &list.selection.populated[0].shape else {
            panic!("blocks are a zone");
        };
        assert_eq!((parts.len(), parts[0].1.populated.len()), (2, 1));
    });
    refused("populate[blocks][populate]=image");
    refused("populate[blocks][fields]=body");
    refused("populate[author][on][x]=1");
    refused("populate=cover.url");
    refused("populate=title");
}

#[test]
fn limits_refuse() {
    let many: Vec<String> = (0..101)
        .map(|index| format!("filters[$or][{index}][title]=a"))
        .collect();
    refused(&many.join("&"));
    refused(&format!("filters{}[title]=a", "[$not]".repeat(9)));
    refused(&format!("filters[title]={}", "a".repeat(5000)));
    refused(&format!("_q={}", "a".repeat(5000)));
    refused(&format!("populate=author{}", ".articles.author".repeat(5)));
    refused(&format!("sort={}", ["title"; 11].join(",")));
    let ids: Vec<String> = (0..501)
        .map(|id| format!("filters[id][$in][{id}]={id}"))
        .collect();
    refused(&ids.join("&"));
    assert!(outcome(&ids[..500].join("&")).is_ok());
}

#[test]
fn aggregations_measure_only_what_may_be_read() {
    let view = reader();
    let limits = QueryLimits::default();
    let article = view.schema().content_type("article").unwrap();
    let ask = |query: &str| {
        let params = parse(query, &limits).unwrap();
        aggregate(&view, article, &params, &limits, true)
            .map(|query| (query.group_by.len(), query.measures.len()))
    };
    assert_eq!(ask(""), Ok((0, 1)));
    assert_eq!(
        ask("groupBy=author.name,featured&measures[n]=count&measures[t]=sum:price"),
        Ok((2, 2))
    );
    for wrong in [
        "measures=min:internal_note",
        "measures=sum:title",
        "groupBy=vault.title",
        "measures=drop:title",
        "groupBy=meta",
    ] {
        assert!(ask(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn writes_name_an_existing_locale() {
    let view = reader();
    let limits = QueryLimits::default();
    let page = view.schema().content_type("page").unwrap();
    let ask = |query: &str| {
        let params = parse(query, &limits).unwrap();
        write_params(&view, page, &params, &limits, true).map(|write| write.locale)
    };
    assert_eq!(ask(""), Ok(None));
    assert_eq!(ask("locale=en"), Ok(Some(LocaleChoice::One("en".into()))));
    assert!(ask("locale=xx").is_err());
    assert!(ask("filters[name]=x").is_err());
    assert!(ask("status=draft").is_err());
}

/// A small generator of numbers; the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % sides
    }
}

const WORDS: [&str; 44] = [
    "filters",
    "sort",
    "fields",
    "populate",
    "pagination",
    "title",
    "views",
    "author",
    "tags",
    "seo",
    "blocks",
    "related",
    "cover",
    "articles",
    "name",
    "id",
    "documentId",
    "$or",
    "$and",
    "$not",
    "$eq",
    "$in",
    "$null",
    "$between",
    "$contains",
    "on",
    "count",
    "limit",
    "page",
    "0",
    "1",
    "*",
    "true",
    "asc",
    "title:desc",
    "author.name",
    "shared.seo",
    "cursor",
    "internal_note",
    "vault",
    "",
    "meta",
    "createdAt",
    "2024-01-01",
];

fn tree(dice: &mut Dice, depth: usize) -> Param {
    let word = |dice: &mut Dice| WORDS[dice.roll(WORDS.len())].to_owned();
    match dice.roll(if depth == 0 { 2 } else { 6 }) {
        0 => Param::Text(word(dice)),
        1 => {
            if dice.roll(4) == 0 {
                Param::Null
            } else {
                Param::Text(word(dice))
            }
        }
        2 => Param::List((0..dice.roll(3)).map(|_| tree(dice, depth - 1)).collect()),
        _ => Param::Map(
            (0..=dice.roll(2))
                .map(|_| (word(dice), tree(dice, depth - 1)))
                .collect(),
        ),
    }
}

#[test]
fn random_parameters_never_panic_and_errors_name_only_known_words() {
    let view = reader();
    let limits = QueryLimits::default();
    let article = view.schema().content_type("article").unwrap();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut accepted = 0;
    for _ in 0..30_000 {
        let top = [
            "filters",
            "sort",
            "fields",
            "populate",
            "pagination",
            "status",
            "locale",
            "_q",
        ];
        let name = top[dice.roll(top.len())].to_owned();
        let params = Param::Map(vec![(name, tree(&mut dice, 5))]);
        match list(&view, article, &params, &limits, true) {
            Ok(_) => accepted += 1,
            Err(error) => {
                let shown = format!("{error:?}");
                for secret in [
                    "email",
                    "editor_hint",
                    "shared.quote",
                    "api::",
                    "slug",
                    "publishDate",
                ] {
                    assert!(!shown.contains(secret), "{params:?}: {shown}");
                }
            }
        }
    }
    assert!(accepted > 1000, "only {accepted} accepted");
}
