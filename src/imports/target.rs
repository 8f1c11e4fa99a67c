//! The statements that write a document, with its version and its line in the change log.

use crate::changes::{self, ChangeKind};
use crate::entries::acts::Moment;
use crate::entries::tree::{Copy, Document};
use crate::entries::{identity, logged, store, versions};
use crate::platform::database::{Batch, Dialect, Statement};
use crate::schema::ContentType;

/// How documents are written by one import.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Which SQL is spoken.
    pub(super) dialect: Dialect,
    /// Who, as shown in versions and the log.
    pub(super) author: String,
    /// When, in stored form.
    pub(super) at: String,
    /// When, in milliseconds since 1970.
    pub(super) ms: i64,
}

impl Target {
    /// The statements of a new document; stamps it lacks become the time of the import.
    pub(super) fn create(&self, content_type: &ContentType, document: &mut Document) -> Batch {
        self.complete(document);
        document.revision = 1;
        let mut batch = Batch::new(self.dialect);
        batch.push(identity::insert(document, Some(&self.author)));
        let nothing = Document::default();
        self.finish(
            &mut batch,
            content_type,
            &nothing,
            document,
            ChangeKind::Create,
        );
        batch
    }

    /// The statements that turn what is stored into what the source says.
    pub(super) fn update(
        &self,
        content_type: &ContentType,
        before: &Document,
        after: &mut Document,
    ) -> Batch {
        self.complete(after);
        after.revision = before.revision + 1;
        let mut batch = Batch::new(self.dialect);
        batch.push(identity::update(after, None));
        self.finish(&mut batch, content_type, before, after, ChangeKind::Update);
        batch
    }

    fn finish(
        &self,
        batch: &mut Batch,
        content_type: &ContentType,
        before: &Document,
        after: &Document,
        kind: ChangeKind,
    ) {
        store::save(batch, content_type, before, after);
        batch.push(self.version(content_type, after, kind));
        let change = logged::change(kind, before, after, "", &self.moment());
        batch.push(changes::append(&change));
    }

    fn moment(&self) -> Moment {
        Moment {
            at: self.at.clone(),
            ms: self.ms,
            author: Some(self.author.clone()),
        }
    }

    fn version(
        &self,
        content_type: &ContentType,
        document: &Document,
        kind: ChangeKind,
    ) -> Statement {
        versions::insert(content_type, document, kind, "", &self.moment())
    }

    /// Fills in stamps that the source does not give.
    pub(super) fn complete(&self, document: &mut Document) {
        let fill = |text: &mut String| {
            if text.is_empty() {
                text.clone_from(&self.at);
            }
        };
        fill(&mut document.created_at);
        if let Some(copy) = &mut document.draft {
            complete_copy(copy, &fill, false);
        }
        if let Some(copy) = &mut document.published {
            complete_copy(copy, &fill, true);
        }
    }
}

fn complete_copy(copy: &mut Copy, fill: &impl Fn(&mut String), published: bool) {
    for row in copy.rows.values_mut() {
        fill(&mut row.created_at);
        fill(&mut row.updated_at);
        if published && row.published_at.is_none() {
            row.published_at = Some(row.updated_at.clone());
        }
    }
}
