//! Comments, pingbacks and trackbacks.
use std::collections::HashSet;

use serde_json::json;

use super::dates;
use super::entries::{Fate, fate};
use super::index::Index;
use super::item::{Comment, Item};
use super::records::link;
use super::terms::{put_number, texts};
use crate::imports::record::{ImportRecord, ImportStage};
use crate::imports::report::ImportReport;

/// The uid of the type that holds comments.
pub(super) const COMMENT_UID: &str = "api::comment.comment";

/// Whether a comment is imported.
pub(super) fn is_kept(comment: &Comment) -> bool {
    !matches!(comment.approved.as_str(), "trash" | "post-trashed")
}

/// The records of an item's comments; `is_new` says whether a number was not met before.
pub(super) fn records(
    item: &Item,
    owner: &str,
    index: &Index,
    report: &mut ImportReport,
    is_new: &mut dyn FnMut(&str) -> bool,
) -> Vec<ImportRecord> {
    let kept = item.comments.iter().filter(|comment| is_kept(comment));
    let known: HashSet<&str> = kept.map(|comment| comment.id.as_str()).collect();
    let mut records = Vec::new();
    for (comment, place) in item.comments.iter().zip(1u64..) {
        if !is_kept(comment) {
            report.add("comments in the trash, left out", || comment.id.clone());
            continue;
        }
        let mut key = comment.id.clone();
        if key.is_empty() || !is_new(&key) {
            key = format!("{owner} {place}");
            is_new(&key);
            report.add("comments without a number of their own, kept", || {
                comment.id.clone()
            });
        }
        for (name, _) in &comment.meta {
            let name: String = name.chars().take(60).collect();
            report.add(&format!("meta {name} of comments, left out"), || {
                comment.id.clone()
            });
        }
        records.push(record(item, comment, &key, owner, index, &known));
    }
    records
}

fn record(
    item: &Item,
    comment: &Comment,
    key: &str,
    owner: &str,
    index: &Index,
    known: &HashSet<&str>,
) -> ImportRecord {
    let site = index.site();
    let approved = comment.approved == "1";
    // A comment tells something about its post, so it is never more public than that.
    let public = approved && fate(item) == Fate::Published;
    let date = dates::time(&comment.date_gmt).or_else(|| dates::time(&comment.date));
    let kind = match comment.kind.as_str() {
        "" => "comment",
        kind => kind,
    };
    let mut values = texts(&[
        ("authorName", comment.author.as_str()),
        ("authorEmail", &comment.author_email),
        ("authorUrl", &comment.author_url),
        ("authorIp", &comment.author_ip),
        ("date", date.as_deref().unwrap_or_default()),
        ("wpStatus", &comment.approved),
        ("type", kind),
    ]);
    values.insert("content".to_owned(), json!(comment.content));
    values.insert("approved".to_owned(), json!(approved));
    put_number(&mut values, &comment.id);
    let mut relations = Vec::new();
    match index.type_name(&item.post_type) {
        _ if item.post_type == "attachment" => {
            relations.push(link("attachment", vec![owner.to_owned()]));
        }
        Some(name) => relations.push(link(&name.one(), vec![owner.to_owned()])),
        None => {}
    }
    let parent = comment.parent.as_str();
    if parent != comment.id && known.contains(parent) {
        relations.push(link("parent", vec![site.comment(parent)]));
    }
    if let Some(login) = index.login_of(&comment.user_id) {
        relations.push(link("author", vec![site.author(login)]));
    }
    ImportRecord {
        content_type: COMMENT_UID.to_owned(),
        document_id: site.comment(key),
        locale: None,
        stage: if public {
            ImportStage::Both
        } else {
            ImportStage::Draft
        },
        values,
        relations,
        created_at: date.clone(),
        updated_at: date.clone(),
        published_at: date.filter(|_| public),
    }
}
