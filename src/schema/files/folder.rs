//! One folder on disk: what is in it, and what is wrong with it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::MAX_FILE;
use crate::base::json::{self, JsonLimits};
use crate::schema::definition::Problem;

/// Most entries of one folder that are looked at.
const MAX_ENTRIES: usize = 2000;

/// A folder being read; problems gather in it.
pub(super) struct Folder<'a> {
    root: &'a Path,
    problems: Vec<Problem>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self {
            root,
            problems: Vec::new(),
        }
    }

    pub(super) fn problems(&mut self) -> &mut Vec<Problem> {
        &mut self.problems
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn problem(&mut self, file: &str, rule: &str, message: &str) {
        self.problems.push(Problem {
            file: file.to_owned(),
            attribute: None,
            rule: rule.to_owned(),
            message: message.to_owned(),
        });
    }

    pub(super) fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.root.join(path)).is_ok()
    }

    /// The names of the folders inside a folder, sorted; a missing folder has none.
    pub(super) fn folders(&mut self, path: &str) -> Vec<String> {
        let mut folders = Vec::new();
        for (name, kind) in self.entries(path) {
            if kind.is_dir() {
                folders.push(name);
            } else if !kind.is_file() {
                self.problem(
                    &format!("{path}/{name}"),
                    "file",
                    "is neither a file nor a folder; symbolic links are refused",
                );
            }
        }
        folders
    }

    /// The `.json` files of a folder as (name without ending, path), sorted; anything else is refused.
    pub(super) fn json_files(&mut self, path: &str) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (name, kind) in self.entries(path) {
            let file = format!("{path}/{name}");
            if !kind.is_file() {
                self.problem(
                    &file,
                    "file",
                    "is not a plain file; folders and symbolic links are refused here",
                );
                continue;
            }
            match name.strip_suffix(".json") {
                Some(stem) => files.push((stem.to_owned(), file)),
                None => self.problem(&file, "file", "does not end in .json; move it elsewhere"),
            }
        }
        files
    }

    /// The content of a file.
    pub(super) fn json(&mut self, file: &str) -> Option<Value> {
        let path = self.root.join(file);
        let metadata = fs::symlink_metadata(&path);
        let text = match metadata {
            Ok(found) if !found.is_file() => {
                self.problem(
                    file,
                    "file",
                    "is not a plain file; symbolic links are refused",
                );
                return None;
            }
            Ok(found) if found.len() > MAX_FILE => {
                self.problem(file, "file", &format!("has more than {MAX_FILE} bytes"));
                return None;
            }
            Ok(_) => fs::read_to_string(&path),
            Err(error) => Err(error),
        };
        match text {
            Ok(text) => match json::parse(
                text.trim_start_matches('\u{feff}').as_bytes(),
                &JsonLimits::default(),
            ) {
                Ok(json) => Some(json),
                Err(error) => {
                    self.problem(file, "json", &error.to_string());
                    None
                }
            },
            Err(error) => {
                self.problem(file, "file", &format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn entries(&mut self, path: &str) -> Vec<(String, fs::FileType)> {
        if !self.has(path) {
            return Vec::new();
        }
        match self.list(path) {
            Ok(mut entries) => {
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                entries
            }
            Err(error) => {
                self.problem(path, "file", &format!("cannot be read: {error}"));
                Vec::new()
            }
        }
    }

    fn list(&mut self, path: &str) -> std::io::Result<Vec<(String, fs::FileType)>> {
        if !fs::symlink_metadata(self.root.join(path))?.is_dir() {
            self.problem(path, "file", "is not a folder; symbolic links are refused");
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for (count, entry) in fs::read_dir(self.root.join(path))?.enumerate() {
            let entry = entry?;
            if count >= MAX_ENTRIES {
                self.problem(
                    path,
                    "file",
                    &format!("has more than {MAX_ENTRIES} entries"),
                );
                break;
            }
            match entry.file_name().into_string() {
                Ok(name) if name.starts_with('.') || name == "README.md" => {}
                Ok(name) => entries.push((name, entry.file_type()?)),
                Err(name) => {
                    self.problem(
                        &format!("{path}/{}", name.to_string_lossy()),
                        "file",
                        "has a name that is not Unicode",
                    );
                }
            }
        }
        Ok(entries)
    }
}
