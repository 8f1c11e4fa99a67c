//! Which kept answers a change touches.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::answer::Answer;
use super::impact::{Impact, Mark, Touch};
use super::key::Key;
use super::shape::Shape;

/// Changes remembered for answers that are being made; an answer that takes longer is not kept.
const REMEMBERED: usize = 1024;

pub(super) type ShapeName = [u8; 16];

/// What an answer depends on.
#[derive(Debug, Clone)]
pub(super) struct Dependencies {
    pub(super) shape: Arc<Shape>,
    pub(super) name: ShapeName,
    pub(super) documents: Vec<Mark>,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    key: Key,
    dependencies: Dependencies,
}

#[derive(Debug)]
struct Slot {
    shape: Arc<Shape>,
    answers: HashSet<u64>,
}

/// Every kept answer by what it depends on, and the changes of late.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Grows with every change.
    generation: u64,
    recent: VecDeque<Arc<Impact>>,
    kept: HashMap<u64, Kept>,
    shapes: HashMap<ShapeName, Slot>,
    by_type: HashMap<i64, HashSet<ShapeName>>,
    by_document: HashMap<Mark, HashSet<u64>>,
    next: u64,
}

impl Index {
    /// The moment an answer begins to be made at.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a change since that moment touches an answer.
    pub(super) fn is_touched_since(&self, generation: u64, dependencies: &Dependencies) -> bool {
        let missed = self.generation - generation;
        let Ok(missed) = usize::try_from(missed) else {
            return true;
        };
        if missed > self.recent.len() {
            return true;
        }
        let since = self.recent.iter().rev().take(missed);
        since
            .into_iter()
            .any(|impact| match impact.touch(&dependencies.shape) {
                Touch::All => true,
                Touch::Showing(documents) => documents
                    .iter()
                    .any(|document| dependencies.documents.binary_search(document).is_ok()),
            })
    }

    /// A number for an answer about to be kept.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn add(&mut self, key: Key, answer: &Arc<Answer>, dependencies: Dependencies) {
        let id = answer.id;
        for document in &dependencies.documents {
            self.by_document.entry(*document).or_default().insert(id);
        }
        let slot = self.shapes.entry(dependencies.name).or_insert_with(|| {
            for type_id in &dependencies.shape.types {
                let of_type = self.by_type.entry(*type_id).or_default();
                of_type.insert(dependencies.name);
            }
            Slot {
                shape: Arc::clone(&dependencies.shape),
                answers: HashSet::new(),
            }
        });
        slot.answers.insert(id);
        self.kept.insert(
            id,
            Kept {
                answer: Arc::clone(answer),
                key,
                dependencies,
            },
        );
    }

    /// Forgets an answer and returns its key.
    pub(super) fn remove(&mut self, id: u64) -> Option<Key> {
        let kept = self.kept.remove(&id)?;
        kept.answer.dead.store(true, Ordering::Release);
        for document in &kept.dependencies.documents {
            if let Some(answers) = self.by_document.get_mut(document) {
                answers.remove(&id);
                if answers.is_empty() {
                    self.by_document.remove(document);
                }
            }
        }
        self.leave_shape(&kept.dependencies, id);
        Some(kept.key)
    }

    fn leave_shape(&mut self, dependencies: &Dependencies, id: u64) {
        let Some(slot) = self.shapes.get_mut(&dependencies.name) else {
            return;
        };
        slot.answers.remove(&id);
        if !slot.answers.is_empty() {
            return;
        }
        self.shapes.remove(&dependencies.name);
        for type_id in &dependencies.shape.types {
            if let Some(shapes) = self.by_type.get_mut(type_id) {
                shapes.remove(&dependencies.name);
            }
        }
    }

    /// Remembers a change and returns the answers it touches.
    pub(super) fn touched(&mut self, impact: &Arc<Impact>) -> Vec<u64> {
        self.generation += 1;
        self.recent.push_back(Arc::clone(impact));
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        if impact.everything {
            return self.kept.keys().copied().collect();
        }
        let Some(shapes) = self.by_type.get(&impact.type_id) else {
            return Vec::new();
        };
        let beside = self.showing(impact);
        let mut touched = Vec::new();
        for name in shapes {
            let Some(slot) = self.shapes.get(name) else {
                continue;
            };
            match impact.touch(&slot.shape) {
                Touch::All => touched.extend(&slot.answers),
                Touch::Showing(documents) => {
                    let documents: HashSet<Mark> = documents.into_iter().collect();
                    let candidates = beside.get(name).into_iter().flatten();
                    touched.extend(
                        candidates
                            .filter(|(document, _)| documents.contains(document))
                            .map(|(_, id)| id),
                    );
                }
            }
        }
        touched
    }

    /// The answers that show the changed document or one beside it, by shape.
    fn showing(&self, impact: &Impact) -> HashMap<ShapeName, Vec<(Mark, u64)>> {
        let beside = impact.owners.marks.iter().chain(&impact.targets.marks);
        let documents: HashSet<Mark> = beside
            .map(|(_, document)| *document)
            .chain([impact.document])
            .collect();
        let mut found: HashMap<ShapeName, Vec<(Mark, u64)>> = HashMap::new();
        for document in documents {
            for id in self.by_document.get(&document).into_iter().flatten() {
                if let Some(kept) = self.kept.get(id) {
                    let of_shape = found.entry(kept.dependencies.name).or_default();
                    of_shape.push((document, *id));
                }
            }
        }
        found
    }

    /// Shapes that read a type.
    pub(super) fn shapes_of(&self, type_id: i64) -> impl Iterator<Item = &Arc<Shape>> {
        let names = self.by_type.get(&type_id).into_iter().flatten();
        names.filter_map(|name| self.shapes.get(name).map(|slot| &slot.shape))
    }

    /// How many answers are kept, and of how many shapes.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.kept.len(), self.shapes.len())
    }
}
