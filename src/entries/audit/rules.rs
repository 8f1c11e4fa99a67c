//! Rules that one statement can check: it gives the number of broken cases and one of them.

use super::Finding;
use crate::base::Stage;
use crate::platform::database::{Database, DatabaseError, Dialect, Statement, Value};
use crate::schema::ContentType;

/// A rule and the statement that finds where it is broken.
#[derive(Debug)]
pub(super) struct Rule {
    /// What is wrong where it is broken.
    pub(super) what: String,
    sql: String,
    values: Vec<Value>,
}

impl Rule {
    /// `from` is what follows `select count(*), min(EXAMPLE) from`.
    fn new(what: impl Into<String>, example: &str, from: impl AsRef<str>) -> Self {
        Self {
            what: what.into(),
            sql: format!(
                "select count(*), cast(min({example}) as text) from {}",
                from.as_ref()
            ),
            values: Vec::new(),
        }
    }

    fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The finding, if there is one.
    pub(super) async fn broken(
        self,
        database: &Database,
    ) -> Result<Option<Finding>, DatabaseError> {
        let statement = Statement::with(self.sql, self.values);
        let row = database.fetch_optional(statement).await?;
        let row = row.ok_or(DatabaseError::Column(0))?;
        let count = row.integer(0)?;
        let example = row.text_or_null(1)?.unwrap_or_default().to_owned();
        let what = self.what;
        Ok((count > 0).then_some(Finding {
            what,
            count,
            example,
        }))
    }
}

/// Rules about the tables that all types share.
pub(super) fn of_everything(dialect: Dialect) -> Vec<Rule> {
    let mut rules = of_documents();
    rules.extend(of_links());
    rules.extend(of_history());
    if dialect == Dialect::Sqlite {
        rules.push(Rule::new(
            "changes with a number that will be given again",
            "c.seq",
            "changes c where c.seq > coalesce((select seq from sqlite_sequence where name = 'changes'), 0)",
        ));
    }
    rules
}

fn of_documents() -> Vec<Rule> {
    vec![
        Rule::new(
            "documents of a type that does not exist",
            "d.document_id",
            "documents d where not exists (select 1 from schema_types t where t.id = d.type_id)",
        ),
        Rule::new(
            "documents in the trash whose content is gone",
            "d.document_id",
            "documents d where d.trashed_at is not null \
             and not exists (select 1 from trash t where t.doc = d.doc)",
        ),
        Rule::new(
            "content in the trash of documents that are not there",
            "t.doc",
            "trash t left join documents d on d.doc = t.doc \
             where d.doc is null or d.trashed_at is null",
        ),
        Rule::new(
            "documents with a number that will be given again",
            "d.document_id",
            "documents d where d.doc >= (select next from sequences where name = 'id')",
        ),
    ]
}

fn of_links() -> Vec<Rule> {
    vec![
        Rule::new(
            "links of documents that do not exist",
            "l.owner",
            "links l where not exists (select 1 from documents d where d.doc = l.owner)",
        ),
        Rule::new(
            "links to documents that do not exist",
            "l.owner",
            "links l where not exists (select 1 from documents d where d.doc = l.target)",
        ),
        Rule::new(
            "links of fields that do not exist",
            "l.owner",
            "links l where not exists (select 1 from schema_fields f where f.id = l.field)",
        ),
        Rule::new(
            "links in a stage that does not exist",
            "l.owner",
            "links l where l.stage not in (0, 1)",
        ),
    ]
}

fn of_history() -> Vec<Rule> {
    vec![
        Rule::new(
            "versions of documents that do not exist",
            "v.doc",
            "versions v where not exists (select 1 from documents d where d.doc = v.doc)",
        ),
        Rule::new(
            "changes of documents that do not exist",
            "c.seq",
            "changes c where c.doc is not null \
             and not exists (select 1 from documents d where d.doc = c.doc)",
        ),
    ]
}

/// Rules about the tables and links of one type.
pub(super) fn of_type(content_type: &ContentType) -> Vec<Rule> {
    let id = content_type.id.0;
    let uid = &content_type.uid;
    let present = content_type.stages().iter().map(|stage| {
        let table = content_type.table(*stage);
        format!("and not exists (select 1 from {table} t where t.id = d.doc) ")
    });
    let absent: String = present.collect();
    let mut rules = vec![
        Rule::new(
            format!("documents of {uid} without content"),
            "d.document_id",
            format!("documents d where d.type_id = $1 and d.trashed_at is null {absent}"),
        )
        .bind(id),
    ];
    for stage in [Stage::Draft, Stage::Published] {
        if content_type.stages().contains(&stage) {
            rules.extend(of_stage(content_type, stage));
        } else {
            let what = format!("links of drafts of {uid}, which has no drafts");
            rules.push(links(content_type, stage, what, "true"));
        }
    }
    rules
}

fn of_stage(content_type: &ContentType, stage: Stage) -> Vec<Rule> {
    let (uid, table) = (&content_type.uid, content_type.table(stage));
    let copy = match stage {
        Stage::Draft => "drafts",
        Stage::Published => "published copies",
    };
    let mut rules = vec![
        Rule::new(
            format!("{copy} of {uid} without their document"),
            "t.document_id",
            format!(
                "{table} t left join documents d on d.doc = t.id where d.doc is null \
                 or d.type_id <> $1 or d.trashed_at is not null or d.document_id <> t.document_id"
            ),
        )
        .bind(content_type.id.0),
        links(
            content_type,
            stage,
            format!("links of {copy} of {uid} that are not there"),
            &format!("not exists (select 1 from {table} t where t.id = l.owner)"),
        ),
    ];
    rules.extend(of_translations(content_type, stage, copy));
    rules
}

fn of_translations(content_type: &ContentType, stage: Stage, copy: &str) -> Vec<Rule> {
    let (uid, table) = (&content_type.uid, content_type.table(stage));
    if !content_type.localized {
        let what = format!("links in a locale in {copy} of {uid}, which has no locales");
        return vec![links(content_type, stage, what, "l.locale <> ''")];
    }
    let translations = content_type.locale_table(stage);
    let absent = format!(
        "l.locale <> '' and not exists (select 1 from {translations} t \
         where t.doc = l.owner and t.locale = l.locale)"
    );
    let what = format!("links of translations in {copy} of {uid} that are not there");
    vec![
        links(content_type, stage, what, &absent),
        Rule::new(
            format!("translations without their shared values in {copy} of {uid}"),
            "t.doc",
            format!(
                "{translations} t where not exists (select 1 from {table} s where s.id = t.doc)"
            ),
        ),
        Rule::new(
            format!("{copy} of {uid} without any translation"),
            "s.document_id",
            format!(
                "{table} s where not exists (select 1 from {translations} t where t.doc = s.id)"
            ),
        ),
        Rule::new(
            format!("translations into a locale that does not exist in {copy} of {uid}"),
            "t.doc",
            format!(
                "{translations} t where not exists (select 1 from locales l where l.code = t.locale)"
            ),
        ),
        Rule::new(
            format!("translations that are there twice in {copy} of {uid}"),
            "twice.doc",
            format!(
                "(select doc from {translations} group by doc, locale having count(*) > 1) as twice"
            ),
        ),
    ]
}

/// A rule about the links of one stage of a type's documents; those in the trash keep theirs.
fn links(content_type: &ContentType, stage: Stage, what: String, broken: &str) -> Rule {
    let from = format!(
        "links l join documents d on d.doc = l.owner where d.type_id = $1 and d.trashed_at is null \
         and l.stage = $2 and {broken}"
    );
    Rule::new(what, "d.document_id", from)
        .bind(content_type.id.0)
        .bind(stage.number())
}
