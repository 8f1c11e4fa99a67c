//! The origin's side: rows for a read node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::document::{
    Answer, ColumnOf, Document, Line, Public, locale_columns, main_columns, to_json,
};
use crate::accounts::AccessRows;
use crate::base::Stage;
use crate::changes::{self, ChangeKind};
use crate::platform::database::{Database, DatabaseError, Row, Statement, Value};
use crate::schema::store::{self, SchemaRows};
use crate::schema::{ContentType, Schema, TypeId};
use crate::sync::token::{Phase, Place, Position};
use crate::sync::{Filter, Keys, Live, SyncError, Token, history};

/// Changes one answer looks at.
const WINDOW: u32 = 300;
/// Documents of one answer of a copy.
const COPIED: i64 = 200;
/// Documents that are read together.
const TOGETHER: usize = 20;
/// Bytes after which an answer ends.
const ENOUGH: usize = 8 * 1024 * 1024;
/// Longest wait for something to happen.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What a node asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The generation of the schema it has.
    pub generation: i64,
    /// The generation of the rights it has.
    pub access: i64,
    /// How far it has come in the log.
    pub token: Option<String>,
    /// The type it copies, and the document it has come to.
    pub copy: Option<(i64, i64)>,
    /// Whether it waits for something to happen.
    pub wait: bool,
}

/// Answers a node.
///
/// # Errors
/// When its token is of no use any more, or the database fails.
pub async fn give(
    database: &Database,
    schema: &Schema,
    live: &Live,
    request: &Request,
) -> Result<Answer, SyncError> {
    let keys = Keys::load(database).await?;
    let mut answer = Answer::empty(&keys.log_id);
    if request.generation != store::generation(database).await? {
        answer.schema = Some(SchemaRows::read(database).await?);
        answer.access = Some(AccessRows::read(database).await?);
        answer.token = Some(token(&keys, history::end(database).await?));
        return Ok(answer);
    }
    if schema.generation != request.generation {
        return Err(SyncError::SchemaChanged);
    }
    if let Some((type_id, after)) = request.copy {
        if let Some(one) = schema.content_type_by_id(TypeId(type_id)) {
            copy(database, one, after, &mut answer).await?;
        }
    } else if let Some(text) = &request.token {
        let given = Token::read(text, &keys)?;
        if given.log_id != keys.log_id {
            return Err(SyncError::OtherHistory);
        }
        let place = history::resolve(database, &given.position.at).await?;
        if request.wait && request.access == access(database).await? {
            wait(live, &place).await;
        }
        let end = log(database, schema, place, &mut answer).await?;
        answer.token = Some(token(&keys, end));
        if request.access != access(database).await? {
            answer.access = Some(AccessRows::read(database).await?);
        }
    }
    // Rows that were read while the schema changed may be of another one.
    match store::generation(database).await? == request.generation {
        true => Ok(answer),
        false => Err(SyncError::SchemaChanged),
    }
}

fn token(keys: &Keys, at: Place) -> String {
    let token = Token {
        log_id: keys.log_id.clone(),
        position: Position {
            at,
            phase: Phase::Log,
        },
        filter: Filter::default(),
        view: String::new(),
        generation: 0,
    };
    token.text(keys)
}

async fn access(database: &Database) -> Result<i64, DatabaseError> {
    let sql = "select cast(value as bigint) from settings where name = 'accounts_generation'";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(1), |row| row.integer(0))
}

/// Waits until the log goes on behind a place, rights change or the server stops.
async fn wait(live: &Live, place: &Place) {
    let mut moment = live.subscribe();
    let rights = moment.borrow().rights;
    let happened = moment.wait_for(|moment| {
        moment.closing || moment.rights != rights || moment.end > place.cursor()
    });
    // Whatever ends the wait, the answer says how things are.
    let _ = tokio::time::timeout(LONGEST_WAIT, happened).await;
}

/// The documents that changed after a place, and the lines of the log; returns the place behind them.
async fn log(
    database: &Database,
    schema: &Schema,
    place: Place,
    answer: &mut Answer,
) -> Result<Place, SyncError> {
    let found = changes::read(database, place.cursor(), WINDOW).await?;
    answer.has_more = found.len() >= WINDOW as usize;
    let mut given = BTreeSet::new();
    let mut bytes = 0;
    let mut end = place;
    for together in found.chunks(TOGETHER) {
        // What is left comes with the next answer, however large each document is.
        if bytes > ENOUGH {
            answer.has_more = true;
            break;
        }
        let mut docs: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for change in together {
            end = Place::of(change);
            if let (Some(type_id), Some(doc)) = (change.type_id, change.doc)
                && given.insert(doc)
            {
                docs.entry(type_id).or_default().insert(doc);
            }
            if change.kind != ChangeKind::Schema && change.is_public() {
                answer.changes.push(Line::of(change));
            }
        }
        for (type_id, docs) in docs {
            if let Some(one) = schema.content_type_by_id(TypeId(type_id)) {
                let docs: Vec<i64> = docs.into_iter().collect();
                bytes += add(database, one, &docs, answer).await?;
            }
        }
    }
    Ok(end)
}

/// The public documents of a type by number.
async fn copy(
    database: &Database,
    one: &Arc<ContentType>,
    after: i64,
    answer: &mut Answer,
) -> Result<(), SyncError> {
    let table = one.table(Stage::Published);
    let sql = format!("select id from {table} where id > $1 order by id limit $2");
    let values = vec![Value::from(after), Value::from(COPIED)];
    let rows = database.fetch_all(Statement::with(sql, values)).await?;
    let docs: Vec<i64> = rows
        .iter()
        .map(|row| row.integer(0))
        .collect::<Result<_, _>>()?;
    answer.has_more = i64::try_from(docs.len()).is_ok_and(|count| count >= COPIED);
    let mut bytes = 0;
    for together in docs.chunks(TOGETHER) {
        if bytes > ENOUGH {
            answer.has_more = true;
            break;
        }
        bytes += add(database, one, together, answer).await?;
    }
    Ok(())
}

/// Adds documents of one type; returns about how many bytes they are.
async fn add(
    database: &Database,
    one: &ContentType,
    docs: &[i64],
    answer: &mut Answer,
) -> Result<usize, DatabaseError> {
    let documents = load(database, one, docs).await?;
    let texts = documents.iter().filter_map(|it| it.public.as_ref());
    let values = texts.flat_map(|it| it.main.iter().chain(it.locales.iter().flatten()));
    let bytes = values.map(|value| 8 + value.as_str().map_or(0, str::len));
    let bytes = bytes.sum();
    answer.documents.extend(documents);
    Ok(bytes)
}

/// What is public of documents of one type.
async fn load(
    database: &Database,
    one: &ContentType,
    docs: &[i64],
) -> Result<Vec<Document>, DatabaseError> {
    let reader = Reader { database, docs };
    let main = main_columns(one);
    let rows = reader
        .rows(&names(&main), &one.table(Stage::Published), "id", "")
        .await?;
    let mut mains = by_number(&rows, 0)?;
    let columns = locale_columns(one);
    let mut locales: HashMap<i64, Vec<&Row>> = HashMap::new();
    let mut locale_rows = Vec::new();
    if one.localized {
        let table = one.locale_table(Stage::Published);
        locale_rows = reader.rows(&names(&columns), &table, "doc", "").await?;
    }
    for row in &locale_rows {
        locales.entry(row.integer(1)?).or_default().push(row);
    }
    let mut drafts = reader.drafts(one).await?;
    let mut links = reader.links().await?;
    let mut public = HashMap::new();
    let identity = "doc, document_id, revision, created_at";
    for row in reader.rows(identity, "documents", "doc", "").await? {
        let doc = row.integer(0)?;
        let Some(main_row) = mains.remove(&doc) else {
            continue;
        };
        let locales = locales.remove(&doc).unwrap_or_default();
        let codes: Vec<&str> = locales.iter().filter_map(|row| row.text(2).ok()).collect();
        let mut drafts = drafts.remove(&doc).unwrap_or_default();
        drafts.retain(|(_, code, _)| code.is_empty() || codes.contains(&code.as_str()));
        let made = Public {
            document_id: row.text(1)?.to_owned(),
            revision: row.integer(2)?,
            created_at: row.text(3)?.to_owned(),
            main: values(main_row, &main)?,
            locales: locales
                .into_iter()
                .map(|row| values(row, &columns))
                .collect::<Result<_, _>>()?,
            drafts,
            links: links.remove(&doc).unwrap_or_default(),
        };
        public.insert(doc, made);
    }
    let documents = docs.iter().map(|doc| Document {
        doc: *doc,
        type_id: one.id.0,
        public: public.remove(doc),
    });
    Ok(documents.collect())
}

struct Reader<'a> {
    database: &'a Database,
    docs: &'a [i64],
}

type Links = HashMap<i64, Vec<(i64, String, i64, i64, i64, i64)>>;
type Drafts = HashMap<i64, Vec<(i64, String, Option<String>)>>;

impl Reader<'_> {
    /// Rows of a table that belong to the documents.
    async fn rows(
        &self,
        columns: &str,
        table: &str,
        key: &str,
        more: &str,
    ) -> Result<Vec<Row>, DatabaseError> {
        let places: Vec<String> = (1..=self.docs.len()).map(|at| format!("${at}")).collect();
        let places = places.join(",");
        let sql = format!("select {columns} from {table} where {key} in ({places}){more}");
        let docs = self.docs.iter().copied().map(Value::from).collect();
        self.database.fetch_all(Statement::with(sql, docs)).await
    }

    /// When drafts changed, and nothing else of them.
    async fn drafts(&self, one: &ContentType) -> Result<Drafts, DatabaseError> {
        let mut drafts = Drafts::new();
        if !one.draft_and_publish {
            return Ok(drafts);
        }
        let table = one.table(Stage::Draft);
        let mut rows = self
            .rows("id, id, '', updated_at", &table, "id", "")
            .await?;
        if one.localized {
            let table = one.locale_table(Stage::Draft);
            let columns = "doc, id, locale, updated_at";
            rows.extend(self.rows(columns, &table, "doc", "").await?);
        }
        for row in rows {
            let stamp = row.text_or_null(3)?.map(str::to_owned);
            let draft = (row.integer(1)?, row.text(2)?.to_owned(), stamp);
            drafts.entry(row.integer(0)?).or_default().push(draft);
        }
        Ok(drafts)
    }

    async fn links(&self) -> Result<Links, DatabaseError> {
        let mut links = Links::new();
        let columns = "owner, field, locale, item, position, target, back_position";
        for row in self
            .rows(columns, "links", "owner", " and stage = 1")
            .await?
        {
            let number = |index| row.integer(index);
            let (field, item, position) = (number(1)?, number(3)?, number(4)?);
            let (target, back) = (number(5)?, number(6)?);
            let link = (field, row.text(2)?.to_owned(), item, position, target, back);
            links.entry(row.integer(0)?).or_default().push(link);
        }
        Ok(links)
    }
}

fn names(columns: &[ColumnOf]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn by_number(rows: &[Row], index: usize) -> Result<HashMap<i64, &Row>, DatabaseError> {
    rows.iter()
        .map(|row| Ok((row.integer(index)?, row)))
        .collect()
}

fn values(row: &Row, columns: &[ColumnOf]) -> Result<Vec<serde_json::Value>, DatabaseError> {
    let columns = columns.iter().enumerate();
    columns
        .map(|(index, (_, storage))| Ok(to_json(row.value(index)?, *storage)))
        .collect()
}
