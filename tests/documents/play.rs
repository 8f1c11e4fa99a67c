//! One random act, done by the program and by the model.

use serde_json::{Map, Value as Json, json};
use tympan::entries::{EntryError, Saved, Target, Which};
use tympan::platform::database::Statement;

use crate::compare::Meaning;
use crate::model::{self, Change, Copy, Given, GivenItem, Held, How, Model, No, Place};
use crate::random::Random;
use crate::site::Site;
use crate::stored;
use crate::types::{self, FILE, Field, Holds, LOCALES, TYPES, Type};

/// A sequence of acts on an empty site.
pub(crate) struct Play<'s> {
    site: &'s mut Site,
    model: Model,
    meaning: Meaning,
    /// The acts in words.
    pub(crate) story: Vec<String>,
}

type Outcome = Result<Saved, EntryError>;

impl<'s> Play<'s> {
    pub(crate) async fn new(site: &'s mut Site) -> Self {
        site.clear().await;
        let (mut model, mut meaning) = (Model::default(), Meaning::default());
        for (id, doc) in &site.files {
            model.add(types::of(FILE));
            meaning.docs.push(*doc);
            meaning.ids.push(id.clone());
        }
        Self {
            site,
            model,
            meaning,
            story: Vec::new(),
        }
    }

    /// Does the act that the number stands for, and looks at everything.
    pub(crate) async fn step(&mut self, seed: u64) -> Result<(), String> {
        let mut random = Random::new(seed);
        let log = self.site.number("select count(*) from changes").await;
        let done = match random.below(100) {
            0..22 => self.create(&mut random).await?,
            22..55 => self.update(&mut random).await?,
            55..65 => self.publish(&mut random).await?,
            65..69 => self.unpublish(&mut random).await?,
            69..74 => self.discard(&mut random).await?,
            74..79 => self.delete_locale(&mut random).await?,
            79..83 => self.delete(&mut random).await?,
            83..87 => self.undelete(&mut random).await?,
            87..92 => self.restore(&mut random).await?,
            92..97 => self.duplicate(&mut random).await?,
            97 => self.rename_type(&mut random).await,
            _ => self.rename_field(&mut random).await,
        };
        let grown = self.site.number("select count(*) from changes").await - log;
        if (grown > 0) != done {
            return Err(format!("the change log grew by {grown}"));
        }
        let tables = stored::read(self.site).await;
        self.meaning.compare(&mut self.model, tables)
    }

    /// Notes both outcomes; they must agree. True if the act was done.
    fn agree(
        &mut self,
        story: &str,
        real: &Outcome,
        expected: Result<Model, No>,
    ) -> Result<bool, String> {
        self.story.push(format!("{story} -> {real:?}"));
        let refused = match real {
            Ok(_) => None,
            Err(EntryError::NotFound) => Some(No::NotFound),
            Err(EntryError::Invalid(_)) => Some(No::Invalid),
            Err(EntryError::Refused(_)) => Some(No::Refused),
            Err(EntryError::InUse { .. }) => Some(No::InUse),
            Err(EntryError::Stale { .. }) => Some(No::Stale),
            Err(error) => return Err(format!("{error}")),
        };
        match (expected, refused) {
            (Ok(model), None) => {
                self.model = model;
                Ok(true)
            }
            (Err(no), Some(refused)) if no == refused => Ok(false),
            (expected, _) => Err(format!("the model says {:?}", expected.map(|_| ()))),
        }
    }

    fn new_document(&mut self, saved: &Outcome) {
        if let Ok(saved) = saved {
            self.meaning.docs.push(saved.doc);
            self.meaning.ids.push(saved.document_id.clone());
        }
    }

    async fn create(&mut self, random: &mut Random) -> Result<bool, String> {
        let of = model::makeable(random.below(64));
        let how = self.how(of, random);
        let given = self.given(of, None, &how, random);
        let real = self
            .site
            .create(
                of,
                &how.locale,
                target(&how),
                Json::Object(self.json(of, &given)),
            )
            .await;
        let mut model = self.model.clone();
        let expected = model.create(of, &how, &given).map(|_| model);
        self.new_document(&real);
        self.agree(
            &format!("create {} {how:?} {given:?}", of.key),
            &real,
            expected,
        )
    }

    async fn update(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let document = &self.model.documents[n];
        let of = document.of;
        let how = self.how(of, random);
        let given = self.given(of, Some(n), &how, random);
        let mut request = self.site.request(of, &how.locale, target(&how));
        request.expected = match random.below(6) {
            0 => Some(document.revision),
            1 => Some(document.revision - 1),
            _ => None,
        };
        let stale = request
            .expected
            .is_some_and(|revision| revision != document.revision);
        let before = self.back_orders(n, &how, &given).await;
        let edit = self.site.edit(of, &self.json(of, &given), true).await;
        let story = format!("update {n} {how:?} {:?} {given:?}", request.expected);
        let real = match edit {
            Err(error) => Err(error),
            Ok(edit) => {
                let which = match of.single {
                    true => Which::Single,
                    false => Which::Id(self.meaning.ids[n].clone()),
                };
                self.site.entries.update(request, which, edit).await
            }
        };
        let mut model = self.model.clone();
        let expected = match stale {
            true => Err(No::Stale),
            false => model.write(n, &how, &given).map(|()| model),
        };
        let done = self.agree(&story, &real, expected)?;
        if done {
            self.check_orders(n, &how, &given, &before).await?;
        }
        Ok(done)
    }

    async fn publish(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let locale = self.how(self.model.documents[n].of, random).locale;
        let request = self
            .site
            .request(self.model.documents[n].of, &locale, Target::Published);
        let real = self.site.entries.publish(request, self.which(n)).await;
        let mut model = self.model.clone();
        let expected = model.publish(n, &locale).map(|()| model);
        self.agree(&format!("publish {n} {locale}"), &real, expected)
    }

    async fn unpublish(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let locale = self.how(self.model.documents[n].of, random).locale;
        let request = self
            .site
            .request(self.model.documents[n].of, &locale, Target::Draft);
        let real = self.site.entries.unpublish(request, self.which(n)).await;
        let mut model = self.model.clone();
        let expected = model.unpublish(n, &locale).map(|()| model);
        self.agree(&format!("unpublish {n} {locale}"), &real, expected)
    }

    async fn discard(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let locale = self.how(self.model.documents[n].of, random).locale;
        let request = self
            .site
            .request(self.model.documents[n].of, &locale, Target::Draft);
        let real = self
            .site
            .entries
            .discard_draft(request, self.which(n))
            .await;
        let mut model = self.model.clone();
        let expected = model.discard(n, &locale).map(|()| model);
        self.agree(&format!("discard draft {n} {locale}"), &real, expected)
    }

    async fn delete_locale(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let locale = self.how(self.model.documents[n].of, random).locale;
        let request = self
            .site
            .request(self.model.documents[n].of, &locale, Target::Published);
        let real = self
            .site
            .entries
            .delete(request, self.which(n), false)
            .await;
        let mut model = self.model.clone();
        let expected = model.delete(n, Some(&locale)).map(|()| model);
        self.agree(&format!("delete {n} in {locale:?}"), &real, expected)
    }

    async fn delete(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let request = self
            .site
            .request(self.model.documents[n].of, "", Target::Published);
        let real = self.site.entries.delete(request, self.which(n), true).await;
        let mut model = self.model.clone();
        let expected = model.delete(n, None).map(|()| model);
        self.agree(&format!("delete {n}"), &real, expected)
    }

    async fn undelete(&mut self, random: &mut Random) -> Result<bool, String> {
        let all = 0..self.model.documents.len();
        let trashed: Vec<usize> = all.filter(|n| self.model.documents[*n].trashed).collect();
        let Some(&n) = random.pick(&trashed) else {
            return Ok(false);
        };
        let request = self
            .site
            .request(self.model.documents[n].of, "", Target::Published);
        let real = self
            .site
            .entries
            .restore_deleted(request, self.meaning.ids[n].clone())
            .await;
        let mut model = self.model.clone();
        let expected = model.undelete(n).map(|()| model);
        self.agree(&format!("undelete {n}"), &real, expected)
    }

    async fn restore(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let kept = Statement::new("select number from versions where doc = $1 order by number")
            .bind(self.meaning.docs[n]);
        let kept = self.site.database.fetch_all(kept).await.unwrap();
        let numbers: Vec<i64> = kept.iter().map(|row| row.integer(0).unwrap()).collect();
        if numbers.last() < self.model.documents[n].versions.keys().last() {
            return Err(format!(
                "document {n} has versions {numbers:?} at {}",
                self.model.documents[n].revision
            ));
        }
        let Some(&number) = random.pick(&numbers) else {
            return Err("no version".to_owned());
        };
        let request = self
            .site
            .request(self.model.documents[n].of, "", Target::Draft);
        let real = self
            .site
            .entries
            .restore_version(request, self.which(n), number)
            .await;
        let mut model = self.model.clone();
        let expected = model.restore(n, number).map(|()| model);
        self.agree(
            &format!("restore {n} to {number} of {numbers:?}"),
            &real,
            expected,
        )
    }

    async fn duplicate(&mut self, random: &mut Random) -> Result<bool, String> {
        let Some(n) = self.anyone(random) else {
            return Ok(false);
        };
        let request = self
            .site
            .request(self.model.documents[n].of, "", Target::Draft);
        let real = self
            .site
            .entries
            .duplicate(request, self.meaning.ids[n].clone())
            .await;
        let mut model = self.model.clone();
        let expected = model.duplicate(n).map(|_| model);
        self.new_document(&real);
        self.agree(&format!("duplicate {n}"), &real, expected)
    }

    async fn rename_type(&mut self, random: &mut Random) -> bool {
        let of = model::makeable(random.below(64));
        self.story.push(format!("rename type {}", of.key));
        self.site.rename(of.key).await;
        true
    }

    async fn rename_field(&mut self, random: &mut Random) -> bool {
        let of = model::makeable(random.below(64));
        let key = format!("{}.{}", of.key, random.pick(of.fields).unwrap().key);
        self.story.push(format!("rename field {key}"));
        self.site.rename(&key).await;
        true
    }

    fn which(&self, n: usize) -> Which {
        Which::Id(self.meaning.ids[n].clone())
    }

    fn anyone(&self, random: &mut Random) -> Option<usize> {
        let all: Vec<usize> = TYPES
            .iter()
            .flat_map(|of| self.model.alive(of.key))
            .collect();
        random.pick(&all).copied()
    }

    fn how(&self, of: &Type, random: &mut Random) -> How {
        let locale = if of.locales {
            LOCALES[random.below(LOCALES.len())]
        } else {
            ""
        };
        How {
            locale: locale.to_owned(),
            publish: random.percent(30),
        }
    }

    // What a write gives.

    fn given(
        &self,
        of: &'static Type,
        n: Option<usize>,
        how: &How,
        random: &mut Random,
    ) -> Vec<(&'static str, Given)> {
        let held = n.and_then(|n| {
            let document = &self.model.documents[n];
            document.stages[document.working()].as_ref()
        });
        let share = 20 + random.below(60);
        let mut given = Vec::new();
        for field in of.fields {
            let often = field.required && random.percent(80);
            if field.holds == Holds::Slug || !(often || random.percent(share)) {
                continue;
            }
            let old =
                held.and_then(|copy: &Copy| copy.fields(of, field, &how.locale)?.get(field.key));
            given.push((field.key, self.value(field, n, old, random, 0)));
        }
        given
    }

    fn value(
        &self,
        field: &Field,
        n: Option<usize>,
        old: Option<&Held>,
        random: &mut Random,
        depth: usize,
    ) -> Given {
        if random.percent(10)
            && !matches!(
                field.holds,
                Holds::Links { .. } | Holds::Back { .. } | Holds::Many(_) | Holds::Zone(_)
            )
        {
            return match field.holds {
                Holds::One(_) => Given::Items(Vec::new()),
                _ => Given::Scalar(Json::Null),
            };
        }
        match field.holds {
            Holds::Text => Given::Scalar(json!(
                random.pick(&["Alpha", "Beta", "Ünï 'q' $1"]).unwrap()
            )),
            Holds::Unique => Given::Scalar(json!(format!("code {}", random.below(5)))),
            Holds::Integer => Given::Scalar(json!(random.below(1000))),
            // JSON is read back to the last digit only up to fifteen of them.
            Holds::Real if depth > 0 => Given::Scalar(json!(random.below(100_000) as f64 / 64.0)),
            Holds::Real => Given::Scalar(json!(random.below(1_000_000) as f64 / 997.0)),
            Holds::Boolean => Given::Scalar(json!(random.percent(50))),
            Holds::Json | Holds::Slug => {
                Given::Scalar(json!({ "id": random.below(9), "c": [1, "x", { "id": 3 }] }))
            }
            Holds::Links { target, many, .. } => {
                Given::Links(self.change(target, many, links(old), random))
            }
            Holds::Back { owner, many, .. } => {
                let linked = self.linked(field, n);
                Given::Links(self.change(owner, many, &linked, random))
            }
            Holds::One(key) => Given::Items(vec![self.item(&[key], old, random, depth)]),
            Holds::Many(key) => self.list_of_items(&[key], old, random, depth),
            Holds::Zone(keys) => self.list_of_items(keys, old, random, depth),
        }
    }

    fn linked(&self, field: &Field, n: Option<usize>) -> Vec<usize> {
        let (Some(n), Holds::Back { owner, field, .. }) = (n, field.holds) else {
            return Vec::new();
        };
        self.model
            .owners(n, owner, field, usize::from(!types::of(owner).drafts), "en")
    }

    fn change(&self, target: &str, many: bool, linked: &[usize], random: &mut Random) -> Change {
        let all = self.model.alive(target);
        if random.percent(35) {
            return Change::Set(random.some(&all, if many { 4 } else { 1 }));
        }
        let connect = random
            .some(&all, if many { 3 } else { 2 })
            .into_iter()
            .map(|one| {
                let anchor = random
                    .pick(linked)
                    .or(random.pick(&all))
                    .copied()
                    .filter(|other| *other != one);
                let place = match (random.below(6), anchor) {
                    (0, _) => Place::Start,
                    (1 | 2, Some(anchor)) => Place::Before(anchor),
                    (3, Some(anchor)) => Place::After(anchor),
                    _ => Place::End,
                };
                (one, place)
            });
        let connect = connect.collect();
        let linked: Vec<usize> = linked.to_vec();
        Change::Patch {
            disconnect: random.some(&linked, 2),
            connect,
        }
    }

    fn list_of_items(
        &self,
        keys: &[&'static str],
        old: Option<&Held>,
        random: &mut Random,
        depth: usize,
    ) -> Given {
        let count = random.below(4 - depth);
        Given::Items(
            (0..count)
                .map(|_| self.item(keys, old, random, depth))
                .collect(),
        )
    }

    fn item(
        &self,
        keys: &[&'static str],
        old: Option<&Held>,
        random: &mut Random,
        depth: usize,
    ) -> GivenItem {
        let known: &[model::Item] = match old {
            Some(Held::Items(items)) => items,
            _ => &[],
        };
        let known = random.pick(known).filter(|_| random.percent(70));
        let component = known.map_or(*random.pick(keys).unwrap(), |item| item.component);
        let mut fields = Vec::new();
        for field in types::component(component) {
            if random.percent(45) {
                let old = known.and_then(|item| item.fields.get(field.key));
                fields.push((field.key, self.value(field, None, old, random, depth + 1)));
            }
        }
        GivenItem {
            token: known.map(|item| item.token),
            component,
            fields,
        }
    }

    // The same as JSON.

    fn json(&self, of: &Type, given: &[(&'static str, Given)]) -> Map<String, Json> {
        let name = |key: &str| self.site.names.now(&format!("{}.{key}", of.key));
        given
            .iter()
            .map(|(key, value)| (name(key), self.value_json(&of.field(key).holds, value)))
            .collect()
    }

    fn value_json(&self, holds: &Holds, given: &Given) -> Json {
        match given {
            Given::Scalar(json) => json.clone(),
            Given::Links(change) => self.change_json(change),
            Given::Items(items) => {
                let list: Vec<Json> = items
                    .iter()
                    .map(|item| self.item_json(item, matches!(holds, Holds::Zone(_))))
                    .collect();
                match holds {
                    Holds::One(_) => list.into_iter().next().unwrap_or(Json::Null),
                    _ => Json::Array(list),
                }
            }
        }
    }

    fn item_json(&self, item: &GivenItem, zone: bool) -> Json {
        let mut json = Map::new();
        for (key, value) in &item.fields {
            let field = types::component(item.component)
                .iter()
                .find(|field| field.key == *key)
                .unwrap();
            json.insert((*key).to_owned(), self.value_json(&field.holds, value));
        }
        if let Some(id) = item.token.and_then(|token| self.meaning.item(token)) {
            json.insert("id".to_owned(), json!(id));
        }
        if zone {
            json.insert(
                "__component".to_owned(),
                json!(format!("parts.{}", item.component)),
            );
        }
        Json::Object(json)
    }

    fn change_json(&self, change: &Change) -> Json {
        let id = |n: &usize| &self.meaning.ids[*n];
        match change {
            Change::Set(list) if list.len() % 2 == 0 => {
                json!({ "set": list.iter().map(id).collect::<Vec<_>>() })
            }
            Change::Set(list) => json!(
                list.iter()
                    .map(|n| json!({ "documentId": id(n) }))
                    .collect::<Vec<_>>()
            ),
            Change::Patch {
                disconnect,
                connect,
            } => {
                let connect: Vec<Json> = connect
                    .iter()
                    .map(|(n, place)| match place {
                        Place::Start => {
                            json!({ "documentId": id(n), "position": { "start": true } })
                        }
                        Place::End => json!({ "documentId": id(n) }),
                        Place::Before(anchor) => {
                            json!({ "documentId": id(n), "position": { "before": id(anchor) } })
                        }
                        Place::After(anchor) => {
                            json!({ "documentId": id(n), "position": { "after": id(anchor) } })
                        }
                    })
                    .collect();
                json!({ "connect": connect, "disconnect": disconnect.iter().map(id).collect::<Vec<_>>() })
            }
        }
    }

    // The order in which a target sees its owners.

    async fn back_orders(
        &self,
        n: usize,
        how: &How,
        given: &[(&'static str, Given)],
    ) -> Vec<Option<Vec<usize>>> {
        let of = self.model.documents[n].of;
        let mut orders = Vec::new();
        for (key, _) in given {
            if let Holds::Back { owner, field, .. } = of.field(key).holds {
                // A write of both sides of one relation changes the order before the other side looks.
                let both = owner == of.key && given.iter().any(|(key, _)| *key == field);
                for (stage, locale) in self.model.back_places(n, how, owner, field) {
                    let order = self.back_order(n, (owner, field), stage, &locale).await;
                    orders.push((!both).then_some(order));
                }
            }
        }
        orders
    }

    async fn back_order(
        &self,
        n: usize,
        (owner, field): (&str, &str),
        stage: usize,
        locale: &str,
    ) -> Vec<usize> {
        let of = types::of(owner);
        let stored = self.site.content_type(of);
        let name = self.site.names.now(&format!("{owner}.{field}"));
        let statement = Statement::new(
            "select owner from links where target = $1 and field = $2 and stage = $3 and locale = $4 order by back_position, owner",
        )
        .bind(self.meaning.docs[n])
        .bind(stored.field(&name).unwrap().id.0)
        .bind(i64::try_from(stage).unwrap())
        .bind(locale);
        let rows = self.site.database.fetch_all(statement).await.unwrap();
        let number = |doc: i64| {
            self.meaning
                .docs
                .iter()
                .position(|other| *other == doc)
                .unwrap()
        };
        rows.iter()
            .map(|row| number(row.integer(0).unwrap()))
            .collect()
    }

    async fn check_orders(
        &self,
        n: usize,
        how: &How,
        given: &[(&'static str, Given)],
        before: &[Option<Vec<usize>>],
    ) -> Result<(), String> {
        let after = self.back_orders(n, how, given).await;
        let of = self.model.documents[n].of;
        let mut places = before.iter().zip(after);
        for (key, given) in given {
            let (Holds::Back { owner, field, many }, Given::Links(change)) =
                (of.field(key).holds, given)
            else {
                continue;
            };
            for _ in self.model.back_places(n, how, owner, field) {
                let (Some(before), Some(after)) = places.next().unwrap() else {
                    continue;
                };
                let mut expected = change.on(before, many);
                expected.retain(|owner| after.contains(owner));
                if expected != after {
                    return Err(format!(
                        "{key} of {n} is in order {after:?}, not {expected:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn links(held: Option<&Held>) -> &[usize] {
    match held {
        Some(Held::Links(list)) => list,
        _ => &[],
    }
}

fn target(how: &How) -> Target {
    if how.publish {
        Target::Published
    } else {
        Target::Draft
    }
}
