//! Small archives, made the way Strapi makes them.
use std::io::Write;
use std::path::{Path, PathBuf};

use aes::Aes128;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// The key of all encrypted archives here.
pub(crate) const KEY: &str = "tympan-test-key";
/// Some moment.
pub(crate) const NOW: &str = "2026-01-02T03:04:05.678Z";

/// A folder that goes away with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// Makes an empty folder; the name tells tests apart.
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tympan-strapi-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and says where it is.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The entries of an archive, by path.
#[derive(Clone)]
pub(crate) struct Parts(pub(crate) Vec<(String, Vec<u8>)>);

impl Parts {
    /// An archive of these lines.
    pub(crate) fn new(schemas: &[Value], entities: &[Value], links: &[Value]) -> Self {
        let metadata = json!({"createdAt": NOW, "strapi": {"version": "5.54.0"}});
        Self(vec![
            ("schemas/schemas_00001.jsonl".to_owned(), lines(schemas)),
            ("entities/entities_00001.jsonl".to_owned(), lines(entities)),
            ("links/links_00001.jsonl".to_owned(), lines(links)),
            (
                "metadata.json".to_owned(),
                metadata.to_string().into_bytes(),
            ),
        ])
    }

    /// Puts an entry in front of `metadata.json`.
    pub(crate) fn with(mut self, path: &str, bytes: &[u8]) -> Self {
        let place = self.0.len() - 1;
        self.0.insert(place, (path.to_owned(), bytes.to_vec()));
        self
    }

    pub(crate) fn tar(&self) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in &self.0 {
            builder
                .append(
                    &header(path, bytes.len(), tar::EntryType::Regular),
                    &bytes[..],
                )
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    pub(crate) fn unpack(&self, folder: &Folder) {
        for (path, bytes) in &self.0 {
            folder.file(path, bytes);
        }
    }
}

/// A header whose path is taken as it is, however harmful.
pub(crate) fn header(path: &str, size: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

pub(crate) fn lines(values: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = values.iter().map(Value::to_string).collect();
    lines.join("\n").into_bytes()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn encrypt(bytes: &[u8], salt: &[u8]) -> Vec<u8> {
    let mut key = [0; 16];
    let params = scrypt::Params::new(14, 8, 1).unwrap();
    scrypt::scrypt(KEY.as_bytes(), salt, &params, &mut key).unwrap();
    let mut padded = bytes.to_vec();
    let padding = 16 - bytes.len() % 16;
    padded.resize(bytes.len() + padding, u8::try_from(padding).unwrap());
    let (blocks, _) = Block::<Aes128>::slice_as_chunks_mut(&mut padded);
    Aes128::new(&key.into()).encrypt_blocks(blocks);
    padded
}

/// The schema of a content type.
pub(crate) fn content_type(name: &str, draft_and_publish: bool, attributes: Value) -> Value {
    json!({
        "uid": format!("api::{name}.{name}"), "kind": "collectionType", "modelType": "contentType",
        "collectionName": format!("{name}s"), "modelName": name, "globalId": name,
        "info": {"singularName": name, "pluralName": format!("{name}s"), "displayName": name},
        "options": {"draftAndPublish": draft_and_publish},
        "pluginOptions": {}, "attributes": attributes,
    })
}

pub(crate) fn component(uid: &str, attributes: Value) -> Value {
    json!({"uid": uid, "modelType": "component", "info": {"displayName": uid}, "attributes": attributes})
}

/// A row; `data` gets the columns that every row has.
pub(crate) fn row(uid: &str, id: u64, document: &str, published: bool, mut data: Value) -> Value {
    let columns = data.as_object_mut().unwrap();
    columns.insert("documentId".to_owned(), json!(document));
    columns.insert("createdAt".to_owned(), json!(NOW));
    columns.insert("updatedAt".to_owned(), json!(NOW));
    columns.insert(
        "publishedAt".to_owned(),
        if published { json!(NOW) } else { Value::Null },
    );
    columns.entry("locale").or_insert(Value::Null);
    json!({"type": uid, "id": id, "data": data})
}

/// A link of a field to a row.
pub(crate) fn link(left: (&str, u64, &str), right: (&str, u64), pos: Option<f64>) -> Value {
    json!({
        "kind": "relation.basic", "relation": "manyToMany",
        "left": {"type": left.0, "ref": left.1, "field": left.2, "pos": pos},
        "right": {"type": right.0, "ref": right.1},
    })
}

/// A link of a media field.
pub(crate) fn media(file: u64, owner: (&str, u64, &str), pos: u64) -> Value {
    json!({
        "kind": "relation.morph", "relation": "morphToMany",
        "left": {"type": "plugin::upload.file", "ref": file, "field": "related"},
        "right": {"type": owner.0, "ref": owner.1, "field": owner.2, "pos": pos},
    })
}

pub(crate) fn write(folder: &Folder, name: &str, parts: &Parts) -> PathBuf {
    folder.file(name, &parts.tar())
}

/// Reads all records, or says why not.
pub(crate) fn read(
    path: &Path,
    key: Option<&str>,
) -> Result<Vec<tympan::imports::record::ImportRecord>, String> {
    use tympan::imports::strapi::{ArchiveLimits, StrapiArchive};
    let archive =
        StrapiArchive::open(path, key, ArchiveLimits::default()).map_err(|e| e.to_string())?;
    let mut records = Vec::new();
    archive
        .records(&mut |record| {
            records.push(record);
            Ok(())
        })
        .map_err(|e| e.to_string())?;
    Ok(records)
}
