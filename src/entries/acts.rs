//! The acts as pure functions on a document in memory.
//!
//! Each returns the stages and locales it touched, or why it cannot be done. Property tests compare
//! them, through the database, with a simpler model.

use std::ops::Range;

use super::EntryError;
use super::edit::{Edit, count_items, renumber_items};
use super::tree::{Copy, Document, Link, Row};
use crate::base::Stage;
use crate::schema::{ContentType, Schema};

/// Who acts and when.
#[derive(Debug, Clone)]
pub struct Moment {
    /// In stored form.
    pub at: String,
    /// In milliseconds since 1970.
    pub ms: i64,
    /// Who, as shown in versions and the log.
    pub author: Option<String>,
}

/// Applies an edit to a locale of the working copy (the draft, or the only copy there is), making the
/// locale if it is missing. Returns whether it was.
pub fn edit(
    document: &mut Document,
    (schema, content_type): (&Schema, &ContentType),
    locale: &str,
    edit: &Edit,
    ids: &mut Range<i64>,
    moment: &Moment,
) -> Result<bool, EntryError> {
    let stage = content_type.stage(Stage::Draft);
    let first = document.draft.is_none() && document.published.is_none();
    let doc = document.doc;
    let row_id = existing_row_id(document, locale);
    if content_type.draft_and_publish {
        start_from_published(document, locale);
    }
    let copy = document.copy_mut(stage).get_or_insert_default();
    let made = !copy.rows.contains_key(locale);
    let row = copy.rows.entry(locale.to_owned()).or_default();
    if made {
        row.id = row_id.unwrap_or_else(|| match content_type.localized {
            true => ids.next().unwrap_or_default(),
            false => doc,
        });
        row.created_at.clone_from(&moment.at);
        row.created_by.clone_from(&moment.author);
    }
    row.updated_at.clone_from(&moment.at);
    row.updated_by.clone_from(&moment.author);
    if stage == Stage::Published && row.published_at.is_none() {
        row.published_at = Some(moment.at.clone());
    }
    if let Some(field) = edit.foreign_items(content_type, copy, locale) {
        return Err(EntryError::ForeignItem(field.name.clone()));
    }
    edit.apply(schema, content_type, copy, locale, ids, moment.ms);
    Ok(made || first)
}

/// A draft that is missing although the locale is public (the type had no drafts before) begins as what is
/// public, so that publishing it takes nothing away.
fn start_from_published(document: &mut Document, locale: &str) {
    let Some(published) = &document.published else {
        return;
    };
    let Some(row) = published.rows.get(locale) else {
        return;
    };
    let row = Row {
        published_at: None,
        ..row.clone()
    };
    match &mut document.draft {
        None => {
            let mut draft = published.clone();
            for row in draft.rows.values_mut() {
                row.published_at = None;
            }
            document.draft = Some(draft);
        }
        Some(draft) if !draft.rows.contains_key(locale) => {
            draft.rows.insert(locale.to_owned(), row);
            let own = published
                .links
                .iter()
                .filter(|link| !link.locale.is_empty() && link.locale == locale);
            draft.links.extend(own.cloned());
            draft.links.sort();
        }
        Some(_) => {}
    }
}

/// A locale has the same numeric id in both stages.
fn existing_row_id(document: &Document, locale: &str) -> Option<i64> {
    let copies = document.draft.iter().chain(&document.published);
    copies
        .filter_map(|copy| copy.rows.get(locale))
        .map(|row| row.id)
        .next()
}

/// Makes a locale of the draft public: its values, the shared values and the links of both.
pub fn publish(document: &mut Document, locale: &str, moment: &Moment) -> Result<(), EntryError> {
    let draft = document.draft.as_ref().ok_or(EntryError::NotFound)?;
    let row = draft.rows.get(locale).ok_or(EntryError::NotFound)?;
    let mut published = document.published.take().unwrap_or_default();
    published.shared.clone_from(&draft.shared);
    published.rows.insert(
        locale.to_owned(),
        Row {
            published_at: Some(moment.at.clone()),
            ..row.clone()
        },
    );
    replace_links(&mut published, draft, locale);
    document.published = Some(published);
    Ok(())
}

/// Takes over the links of a locale and the shared ones from another copy.
fn replace_links(into: &mut Copy, from: &Copy, locale: &str) {
    let concerned = |link: &Link| link.locale.is_empty() || link.locale == locale;
    into.links.retain(|link| !concerned(link));
    into.links
        .extend(from.links.iter().filter(|link| concerned(link)).cloned());
    into.links.sort();
}

/// Takes a locale out of the public copy; the draft stays.
pub fn unpublish(document: &mut Document, locale: &str) -> Result<(), EntryError> {
    let published = document.published.as_mut().ok_or(EntryError::NotFound)?;
    published.rows.remove(locale).ok_or(EntryError::NotFound)?;
    drop_locale_links(published, locale);
    if published.rows.is_empty() {
        document.published = None;
    }
    Ok(())
}

/// Makes the draft of a locale equal to what is public.
pub fn discard_draft(document: &mut Document, locale: &str) -> Result<(), EntryError> {
    let published = document.published.as_ref().ok_or(EntryError::NotFound)?;
    let row = published.rows.get(locale).ok_or(EntryError::NotFound)?;
    let mut draft = document.draft.take().unwrap_or_default();
    draft.shared.clone_from(&published.shared);
    let row = Row {
        published_at: None,
        ..row.clone()
    };
    draft.rows.insert(locale.to_owned(), row);
    replace_links(&mut draft, published, locale);
    document.draft = Some(draft);
    Ok(())
}

/// Removes a locale from both stages.
pub fn delete_locale(document: &mut Document, locale: &str) -> Result<(), EntryError> {
    let mut found = false;
    for stage in [Stage::Draft, Stage::Published] {
        let place = document.copy_mut(stage);
        let Some(copy) = place else { continue };
        found |= copy.rows.remove(locale).is_some();
        drop_locale_links(copy, locale);
        if copy.rows.is_empty() {
            *place = None;
        }
    }
    if found {
        Ok(())
    } else {
        Err(EntryError::NotFound)
    }
}

fn drop_locale_links(copy: &mut Copy, locale: &str) {
    let last = copy.rows.is_empty();
    copy.retain_links(|link| !last && link.locale != locale);
}

/// How many numbers [`duplicate`] needs: the document's, its locales' and its items'.
pub fn ids_of_duplicate(
    source: &Document,
    (schema, content_type): (&Schema, &ContentType),
) -> usize {
    let copy = source.copy(content_type.stage(Stage::Draft));
    copy.map_or(1, |copy| {
        1 + copy.rows.len() + count_items(schema, content_type, copy)
    })
}

/// A new document with the values and links of another one's working copy. Slugs and unique values are
/// cleared by the caller; numeric ids are new, ids of component items too.
pub fn duplicate(
    source: &Document,
    (schema, content_type): (&Schema, &ContentType),
    (doc, document_id): (i64, String),
    ids: &mut Range<i64>,
    moment: &Moment,
) -> Result<Document, EntryError> {
    let stage = content_type.stage(Stage::Draft);
    let mut copy = source.copy(stage).cloned().ok_or(EntryError::NotFound)?;
    for row in copy.rows.values_mut() {
        row.id = match content_type.localized {
            true => ids.next().unwrap_or_default(),
            false => doc,
        };
        row.created_at.clone_from(&moment.at);
        row.updated_at.clone_from(&moment.at);
        row.created_by.clone_from(&moment.author);
        row.updated_by.clone_from(&moment.author);
        row.published_at = (stage == Stage::Published).then(|| moment.at.clone());
    }
    renumber_items(schema, content_type, &mut copy, ids);
    for link in &mut copy.links {
        link.back_position = moment.ms;
    }
    let mut document = Document {
        doc,
        document_id,
        type_id: source.type_id,
        revision: 1,
        created_at: moment.at.clone(),
        ..Document::default()
    };
    *document.copy_mut(stage) = Some(copy);
    Ok(document)
}

/// Puts an older copy in the place of the working copy. Numeric ids of locales that still exist are kept,
/// and locales that came later stay as they are.
pub fn restore(
    document: &mut Document,
    content_type: &ContentType,
    mut older: Copy,
    moment: &Moment,
) {
    let stage = content_type.stage(Stage::Draft);
    for (locale, row) in &mut older.rows {
        if let Some(id) = existing_row_id(document, locale) {
            row.id = id;
        }
        row.updated_at.clone_from(&moment.at);
        row.updated_by.clone_from(&moment.author);
        row.published_at = (stage == Stage::Published).then(|| moment.at.clone());
    }
    let place = document.copy_mut(stage);
    if let Some(current) = place.take() {
        let later = |locale: &str| !locale.is_empty() && !older.rows.contains_key(locale);
        let links = current.links.iter().filter(|link| later(&link.locale));
        let links: Vec<Link> = links.cloned().collect();
        older.links.extend(links);
        older.links.sort();
        for (locale, row) in current.rows {
            older.rows.entry(locale).or_insert(row);
        }
    }
    *place = Some(older);
}
