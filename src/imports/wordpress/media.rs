//! Attachments, as files whose bytes stay where they are.
use serde_json::{Map, Value, json};

use super::FILE_UID;
use super::dates;
use super::entries::hidden_meta;
use super::item::Item;
use super::php;
use super::terms::{plain, texts};
use crate::imports::record::ImportRecord;
use crate::imports::report::ImportReport;

/// The endings of usual files.
const TYPES: [(&str, &str); 24] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("svg", "image/svg+xml"),
    ("bmp", "image/bmp"),
    ("ico", "image/x-icon"),
    ("heic", "image/heic"),
    ("tiff", "image/tiff"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
];

/// The address of the file; nothing if a browser should not open it.
pub(super) fn address(item: &Item) -> Option<&str> {
    [item.attachment_url.as_str(), item.guid.as_str()]
        .into_iter()
        .find(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// The record of an attachment.
pub(super) fn record(
    item: &Item,
    document_id: String,
    report: &mut ImportReport,
) -> Option<ImportRecord> {
    let url = address(item)?;
    let name = file_name(url);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    let ending = ending.to_ascii_lowercase();
    let mime = TYPES.iter().find(|(known, _)| *known == ending);
    let mut values = texts(&[
        ("name", name.as_str()),
        (
            "alternativeText",
            item.meta("_wp_attachment_image_alt").unwrap_or_default(),
        ),
        ("caption", &item.excerpt),
        ("url", url),
        (
            "mime",
            mime.map_or("application/octet-stream", |(_, mime)| mime),
        ),
        ("provider", "wordpress"),
    ]);
    values.insert("hash".to_owned(), json!(format!("{stem}_{document_id}")));
    let dotted = if ending.is_empty() {
        String::new()
    } else {
        format!(".{ending}")
    };
    values.insert("ext".to_owned(), json!(dotted));
    let size = measures(item, &mut values, report);
    values.insert("size".to_owned(), json!(size));
    let origin = texts(&[
        ("wpId", item.post_id.as_str()),
        ("title", &item.title),
        ("description", &item.content),
        ("slug", &item.post_name),
        ("link", &item.link),
        (
            "parent",
            if item.post_parent == "0" {
                ""
            } else {
                &item.post_parent
            },
        ),
    ]);
    values.insert("provider_metadata".to_owned(), Value::Object(origin));
    for (key, _) in &item.meta {
        if !matches!(
            key.as_str(),
            "_wp_attachment_metadata" | "_wp_attachment_image_alt" | "_wp_attached_file"
        ) {
            report.add(&hidden_meta(key), || format!("attachment {}", item.post_id));
        }
    }
    let mut record = plain(FILE_UID.to_owned(), document_id, values, Vec::new());
    record.created_at = dates::time(&item.post_date_gmt).or_else(|| dates::time(&item.post_date));
    record.updated_at = dates::time(&item.post_modified_gmt).or_else(|| record.created_at.clone());
    Some(record)
}

/// Takes width and height, and gives the size in kilobytes, 0 if the file does not say it.
fn measures(item: &Item, values: &mut Map<String, Value>, report: &mut ImportReport) -> f64 {
    let Some(text) = item.meta("_wp_attachment_metadata") else {
        return 0.0;
    };
    let Some(metadata) = php::unserialize(text) else {
        report.add("unreadable measures of images, left out", || {
            item.post_id.clone()
        });
        return 0.0;
    };
    for name in ["width", "height"] {
        let number = metadata.get(name).and_then(Value::as_u64);
        if let Some(number) = number.filter(|number| (1..=1_000_000).contains(number)) {
            values.insert(name.to_owned(), json!(number));
        }
    }
    let bytes = metadata
        .get("filesize")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    bytes.min(1 << 50) as f64 / 1000.0
}

fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let name: String = name.chars().take(200).collect();
    if name.is_empty() {
        "file".to_owned()
    } else {
        name
    }
}
