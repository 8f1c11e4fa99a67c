//! What in the content only WordPress understands; it is kept as it is, and reported.
use super::item::Item;
use crate::imports::report::ImportReport;

const LONGEST_NAME: usize = 40;

/// Notes shortcodes, block comments and page breaks.
pub(super) fn content(item: &Item, report: &mut ImportReport) {
    let place = || format!("{} {}", item.post_type, item.post_id);
    let mut names: Vec<&str> = shortcodes(&item.content).take(1000).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        report.add(
            &format!("entries with the shortcode [{name}], kept as text"),
            place,
        );
    }
    for (mark, what) in [
        (
            "<!-- wp:",
            "entries with block editor comments, kept in the content",
        ),
        (
            "<!--more",
            "entries with a mark for “read more”, kept in the content",
        ),
        (
            "<!--nextpage-->",
            "entries with page breaks, kept in the content",
        ),
    ] {
        if item.content.contains(mark) {
            report.add(what, place);
        }
    }
}

/// The names of all `[name …]` and `[name]`.
fn shortcodes(text: &str) -> impl Iterator<Item = &str> {
    text.split('[').skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| {
            !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_' && c != '-'
        })?;
        let (name, after) = rest.split_at_checked(end)?;
        let closes =
            after.starts_with(']') || (after.starts_with([' ', '/']) && after.contains(']'));
        let named =
            (2..=LONGEST_NAME).contains(&end) && name.starts_with(|c: char| c.is_ascii_lowercase());
        (closes && named).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_shortcodes_only() {
        let text = "[gallery ids=\"1\"] a[0] [/caption] [x] [caption]t[/caption] [Link] [open";
        let found: Vec<_> = shortcodes(text).collect();
        assert_eq!(found, ["gallery", "caption"]);
    }
}
