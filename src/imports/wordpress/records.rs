//! The second pass: the content of a checked file as records, one at a time.
use std::collections::{HashSet, VecDeque};
use std::io::BufRead;

use super::entries::{Fate, entry, fate, item_key, menu_of};
use super::index::fingerprint;
use super::item::{Event, Item};
use super::reader::WxrReader;
use super::survey::Survey;
use super::{Result, WxrLimits, comments, media, menus, remarks, terms};
use crate::imports::record::{ImportLink, ImportRecord, ImportTarget, PathStep};
use crate::imports::report::ImportReport;

/// Hands over authors, terms and menus, then the items in the order of the file, each followed by
/// its comments. Links may point at records that come later.
pub struct Records<'a, R> {
    reader: WxrReader<R>,
    survey: &'a Survey,
    ready: VecDeque<ImportRecord>,
    report: ImportReport,
    number: u32,
    /// Fingerprints of documents that were handed over.
    seen: HashSet<u64>,
    failed: bool,
}

/// Reads the file once more, which must be the one that was checked.
pub fn records<R: BufRead>(input: R, survey: &Survey, limits: WxrLimits) -> Records<'_, R> {
    let mut report = ImportReport::default();
    let ready = terms::records(&survey.index, &mut report).into();
    Records {
        reader: WxrReader::new(input, limits),
        survey,
        ready,
        report,
        number: 0,
        seen: HashSet::new(),
        failed: false,
    }
}

impl<R: BufRead> Records<'_, R> {
    /// How many bytes of the file were read.
    pub fn bytes(&mut self) -> u64 {
        self.reader.bytes()
    }

    /// What was left out or changed; complete when there are no more records.
    pub fn take_report(&mut self) -> ImportReport {
        self.report.merge(self.reader.take_report());
        std::mem::take(&mut self.report)
    }

    fn item(&mut self, item: &Item) {
        let number = self.number;
        self.number = self.number.saturating_add(1);
        if let Fate::Skip(reason) = fate(item) {
            let place = || format!("{} {} (line {})", item.post_type, item.post_id, item.line);
            self.report.add(&format!("{reason}, left out"), place);
            return;
        }
        remarks::content(item, &mut self.report);
        let id = self.document_id(item, number);
        let index = &self.survey.index;
        let report = &mut self.report;
        let record = match item.post_type.as_str() {
            "attachment" => media::record(item, id.clone(), report),
            "nav_menu_item" => Some(menus::record(item, id.clone(), index, report)),
            _ => entry(item, number, id.clone(), index, report),
        };
        if let Some(record) = record {
            self.ready.push_back(record);
            let seen = &mut self.seen;
            let comments = comments::records(item, &id, index, report, &mut |comment| {
                seen.insert(fingerprint("comment", comment))
            });
            self.ready.extend(comments);
        }
    }

    /// Items that come again under the number of another become documents of their own.
    fn document_id(&mut self, item: &Item, number: u32) -> String {
        let index = &self.survey.index;
        let site = index.site();
        let id_of = |key: &str| match item.post_type.as_str() {
            "nav_menu_item" => site.menu_item(&menu_of(item, index), key),
            kind => site.item(kind, key),
        };
        let mut key = item_key(item, number);
        let mut id = id_of(&key);
        let mut again = 2u32;
        while !self.seen.insert(fingerprint("item", &id)) {
            if again == 2 {
                let place = || format!("{} (line {})", item.post_id, item.line);
                self.report
                    .add("items with the number of another, kept beside it", place);
            }
            key = format!("{} again {again} {}", item.post_id, item.post_name);
            id = id_of(&key);
            again = again.saturating_add(1);
        }
        id
    }
}

impl<R: BufRead> Iterator for Records<'_, R> {
    type Item = Result<ImportRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(Ok(record));
            }
            if self.failed {
                return None;
            }
            match self.reader.next()? {
                Ok(Event::Item(item)) => self.item(&item),
                Ok(_) => {}
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// A link of a field that is not inside a component.
pub(super) fn link(field: &str, targets: Vec<String>) -> ImportLink {
    let targets = targets.into_iter().map(|document_id| ImportTarget {
        document_id,
        back_position: None,
    });
    ImportLink {
        path: vec![PathStep::Field(field.to_owned())],
        targets: targets.collect(),
    }
}
