//! Document ids that are always the same for the same thing of the same site.
use sha2::{Digest as _, Sha256};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 24;

/// Makes document ids for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site(String);

impl Site {
    /// From the address of the site, without its scheme, so that a move to https changes nothing.
    pub(super) fn new(address: &str) -> Self {
        let address = address.trim().trim_end_matches('/').to_lowercase();
        let bare = address
            .strip_prefix("https://")
            .or_else(|| address.strip_prefix("http://"))
            .unwrap_or(&address);
        Self(bare.to_owned())
    }

    /// The id of an item; WordPress numbers all types of a site in one row.
    pub(super) fn item(&self, post_type: &str, id: &str) -> String {
        self.id(&["item", post_type, id])
    }

    /// The id of a menu item; one item can be in several menus.
    pub(super) fn menu_item(&self, menu: &str, id: &str) -> String {
        self.id(&["menu-item", menu, id])
    }

    /// The id of a term.
    pub(super) fn term(&self, taxonomy: &str, slug: &str) -> String {
        self.id(&["term", taxonomy, slug])
    }

    /// The id of an author.
    pub(super) fn author(&self, login: &str) -> String {
        self.id(&["author", login])
    }

    /// The id of a comment.
    pub(super) fn comment(&self, id: &str) -> String {
        self.id(&["comment", id])
    }

    fn id(&self, parts: &[&str]) -> String {
        let mut hash = Sha256::new();
        hash.update(b"wordpress");
        for part in [self.0.as_str()].iter().chain(parts) {
            // The length keeps `a` + `bc` and `ab` + `c` apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        base36(&hash.finalize())
    }
}

/// The lowest 24 digits of a number of 256 bits, by long division.
fn base36(bytes: &[u8]) -> String {
    let mut number = bytes.to_vec();
    let mut text = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let mut rest = 0u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 36).unwrap_or_default();
            rest = value % 36;
        }
        let digit = DIGITS.get(rest as usize).copied().unwrap_or(b'0');
        text.push(char::from(digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_has_the_same_id() {
        let site = Site::new("https://Example.org/");
        let id = site.item("post", "1");
        assert_eq!(id, Site::new("http://example.org").item("post", "1"));
        assert_eq!(id.len(), LENGTH);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
        assert_ne!(id, site.item("page", "1"));
        assert_ne!(id, Site::new("example.com").item("post", "1"));
    }
}
