//! What the entries of an archive are, by their paths; paths that could do harm are refused.
use super::{Result, StrapiError};

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) path: String,
    pub(super) kind: PartKind,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Metadata,
    Schemas,
    Entities,
    Links,
    Configuration,
    Upload,
    UploadMetadata,
    Unknown,
}

impl Part {
    /// Takes the path of an entry as the archive gives it.
    pub(super) fn new(raw: &str) -> Result<Self> {
        let refuse = |why| StrapiError::Unsafe(raw.chars().take(200).collect(), why);
        // Early writers on Windows used backslashes throughout.
        let path = if raw.contains('/') {
            raw.to_owned()
        } else {
            raw.replace('\\', "/")
        };
        if path.starts_with('/') || raw.contains(":\\") {
            return Err(refuse("its path is absolute"));
        }
        if path.len() > 1024 || path.chars().any(|c| c.is_control() || c == '\\') {
            return Err(refuse("its path is too long or has forbidden characters"));
        }
        let mut steps = Vec::new();
        for step in path.split('/') {
            match step {
                "" | "." => {}
                ".." => return Err(refuse("its path leads outside the archive")),
                step => steps.push(step),
            }
        }
        let kind = match steps.as_slice() {
            ["metadata.json"] => PartKind::Metadata,
            [folder, file] if file.ends_with(".jsonl") => match *folder {
                "schemas" => PartKind::Schemas,
                "entities" => PartKind::Entities,
                "links" => PartKind::Links,
                "configuration" => PartKind::Configuration,
                _ => PartKind::Unknown,
            },
            ["assets", "uploads", file] if safe_name(file) => PartKind::Upload,
            ["assets", "uploads", _] => {
                return Err(refuse("a media file cannot have this name"));
            }
            ["assets", "metadata", _] => PartKind::UploadMetadata,
            _ => PartKind::Unknown,
        };
        Ok(Self {
            path: steps.join("/"),
            kind,
        })
    }

    /// The last step of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Is true for entries below `assets/`.
    pub(super) fn is_asset(&self) -> bool {
        self.path.starts_with("assets/")
    }
}

/// Hidden names and device-like names stay out of the media folder.
fn safe_name(name: &str) -> bool {
    name.len() <= 200 && !name.starts_with('.') && !name.ends_with('.') && !name.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_and_harmful_ones_refused() {
        let kind = |path: &str| Part::new(path).map(|part| part.kind).ok();
        assert_eq!(
            kind("./schemas/schemas_00001.jsonl"),
            Some(PartKind::Schemas)
        );
        assert_eq!(kind("links\\links_00001.jsonl"), Some(PartKind::Links));
        assert_eq!(kind("assets/uploads/a_b.jpg"), Some(PartKind::Upload));
        assert_eq!(kind("notes.txt"), Some(PartKind::Unknown));
        for path in [
            "../a",
            "/etc/passwd",
            "a/../../b",
            "assets/uploads/..",
            "assets/uploads/.ssh",
            "C:\\a",
            "assets/uploads/a\0b",
            "assets/uploads/a\\b",
        ] {
            assert_eq!(kind(path), None, "{path:?}");
        }
    }
}
