//! Which events follow from a change.

use crate::access::FILE_TYPE;
use crate::changes::{Change, ChangeKind, Detail, Sides};
use crate::schema::ContentType;

/// What a receiver can be told, under Strapi's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// An entry was made, or came back.
    EntryCreate,
    /// An entry changed.
    EntryUpdate,
    /// An entry is gone.
    EntryDelete,
    /// An entry became public, or what is public of it changed.
    EntryPublish,
    /// An entry is no longer public.
    EntryUnpublish,
    /// A file was added.
    MediaCreate,
    /// A file's data changed.
    MediaUpdate,
    /// A file is gone.
    MediaDelete,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::EntryCreate,
        Self::EntryUpdate,
        Self::EntryDelete,
        Self::EntryPublish,
        Self::EntryUnpublish,
        Self::MediaCreate,
        Self::MediaUpdate,
        Self::MediaDelete,
    ];

    /// The name sent, such as `entry.publish`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EntryCreate => "entry.create",
            Self::EntryUpdate => "entry.update",
            Self::EntryDelete => "entry.delete",
            Self::EntryPublish => "entry.publish",
            Self::EntryUnpublish => "entry.unpublish",
            Self::MediaCreate => "media.create",
            Self::MediaUpdate => "media.update",
            Self::MediaDelete => "media.delete",
        }
    }

    /// The event of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// Whether it is about a file.
    pub fn is_media(self) -> bool {
        matches!(
            self,
            Self::MediaCreate | Self::MediaUpdate | Self::MediaDelete
        )
    }

    /// Whether what it is about is there no more in the stage it is about.
    pub(super) fn is_removal(self) -> bool {
        matches!(
            self,
            Self::EntryDelete | Self::EntryUnpublish | Self::MediaDelete
        )
    }
}

/// One thing that happened to one locale of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Occurrence {
    pub(super) event: Event,
    /// The locale; empty in types without locales, and if it cannot be told.
    pub(super) locale: String,
    /// Whether only the draft is concerned.
    pub(super) draft: bool,
    /// The public values before and after, if they were kept.
    pub(super) sides: Sides,
}

impl Occurrence {
    /// The same on every try and on every node; different for every event.
    pub(super) fn id(&self, change: &Change) -> String {
        let number = match change.origin {
            0 => change.cursor.seq,
            origin => origin,
        };
        let (_, act) = self.event.name().split_once('.').unwrap_or_default();
        let locale = match self.locale.as_str() {
            "" => String::new(),
            locale => format!("_{locale}"),
        };
        format!("evt_{number:016x}_{act}{locale}")
    }
}

/// What a change is about, in the order in which it is told.
///
/// Several locales can change at once when a document is deleted or restored; each is told of on its own. A change
/// of links from the other side and of the schema are no events, as in Strapi.
pub(super) fn occurrences(change: &Change, content_type: &ContentType) -> Vec<Occurrence> {
    if !change.is_public() {
        return drafts(change);
    }
    let detail = change.detail().unwrap_or_default();
    let locales = locales(change, &detail);
    let told = locales.into_iter().flat_map(|(locale, sides)| {
        let events = events(change, content_type, &sides);
        events.into_iter().map(move |event| Occurrence {
            event,
            locale: locale.clone(),
            draft: false,
            sides: sides.clone(),
        })
    });
    as_media(told.collect(), content_type)
}

/// The locales that are told of: all that changed if the whole document did, else the one the change was made in.
fn locales(change: &Change, detail: &Detail) -> Vec<(String, Sides)> {
    let whole = matches!(
        change.kind,
        ChangeKind::Create | ChangeKind::Delete | ChangeKind::Restore
    );
    let moved = |sides: &&Sides| match change.kind {
        ChangeKind::Delete => sides.after.is_none(),
        _ => sides.after.is_some(),
    };
    let several: Vec<(String, Sides)> = detail
        .locales
        .iter()
        .filter(|(_, sides)| whole && moved(sides))
        .map(|(locale, sides)| (locale.clone(), sides.clone()))
        .collect();
    if !several.is_empty() {
        return several;
    }
    let sides = detail.locales.get(&change.locale).cloned();
    vec![(change.locale.clone(), sides.unwrap_or_default())]
}

fn events(change: &Change, content_type: &ContentType, sides: &Sides) -> Vec<Event> {
    let is_new = sides.before.is_none() && sides.after.is_some();
    let mut events = match change.kind {
        ChangeKind::Create => vec![Event::EntryCreate],
        ChangeKind::Restore | ChangeKind::Update if is_new => vec![Event::EntryCreate],
        ChangeKind::Restore | ChangeKind::Update => vec![Event::EntryUpdate],
        ChangeKind::Publish => {
            let mut events = vec![Event::EntryPublish];
            if edited_with_it(change, sides) {
                events.insert(0, Event::EntryUpdate);
            }
            return events;
        }
        ChangeKind::Unpublish => return vec![Event::EntryUnpublish],
        ChangeKind::Delete => return vec![Event::EntryDelete],
        ChangeKind::Link | ChangeKind::Schema => return Vec::new(),
    };
    if content_type.draft_and_publish {
        events.push(Event::EntryPublish);
    }
    events
}

/// Whether the act that published also edited: publishing alone leaves the time of the last edit as it was.
fn edited_with_it(change: &Change, sides: &Sides) -> bool {
    let edited = sides
        .after
        .as_ref()
        .and_then(|after| after.get("updatedAt"));
    edited
        .and_then(|at| at.as_str())
        .is_none_or(|at| at == change.at)
}

fn drafts(change: &Change) -> Vec<Occurrence> {
    let event = match change.kind {
        ChangeKind::Create => Event::EntryCreate,
        ChangeKind::Update | ChangeKind::Restore => Event::EntryUpdate,
        ChangeKind::Delete => Event::EntryDelete,
        _ => return Vec::new(),
    };
    vec![Occurrence {
        event,
        locale: change.locale.clone(),
        draft: true,
        sides: Sides::default(),
    }]
}

/// Files have events of their own.
fn as_media(told: Vec<Occurrence>, content_type: &ContentType) -> Vec<Occurrence> {
    if content_type.uid != FILE_TYPE {
        return told;
    }
    let told = told.into_iter().filter_map(|mut occurrence| {
        occurrence.event = match occurrence.event {
            Event::EntryCreate => Event::MediaCreate,
            Event::EntryUpdate => Event::MediaUpdate,
            Event::EntryDelete => Event::MediaDelete,
            _ => return None,
        };
        Some(occurrence)
    });
    told.collect()
}
