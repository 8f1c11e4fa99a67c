//! Random edits of every kind.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};
use tympan::entries::{EntryError, Target, Which};

use crate::site::Site;

/// What there is to play with.
#[derive(Default)]
pub(crate) struct Play {
    articles: Vec<String>,
    vaults: Vec<String>,
    tags: Vec<String>,
    files: Vec<String>,
    trashed: Vec<(&'static str, String)>,
    count: u32,
}

fn some<'a>(rng: &mut StdRng, from: &'a [String]) -> Option<&'a String> {
    (!from.is_empty()).then(|| &from[rng.random_range(0..from.len())])
}

impl Play {
    /// One random act; what the rules refuse is no act.
    pub(crate) async fn act(&mut self, site: &Site, rng: &mut StdRng) {
        self.count += 1;
        let locale = ["en", "fr"][rng.random_range(0..2)];
        let target = match rng.random_range(0..3) {
            0 => Target::Draft,
            _ => Target::Published,
        };
        let done = match rng.random_range(0..100) {
            0..25 => self.article(site, rng, locale, target, true).await,
            25..50 => self.article(site, rng, locale, target, false).await,
            50..58 => self.vault(site, rng, target).await,
            58..66 => self.tag(site, rng, target).await,
            66..70 => self.file(site, rng).await,
            70..82 => self.unpublish(site, rng, locale).await,
            82..92 => self.delete(site, rng, locale).await,
            _ => self.restore(site, rng).await,
        };
        match done {
            Ok(())
            | Err(EntryError::NotFound | EntryError::Refused(_) | EntryError::Invalid(_)) => {}
            Err(EntryError::InUse { .. } | EntryError::ForeignItem(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn article_data(&self, rng: &mut StdRng) -> Json {
        let one = |rng: &mut StdRng, from: &[String]| some(rng, from).cloned();
        let tags: Vec<String> = (0..rng.random_range(0..3))
            .filter_map(|_| one(rng, &self.tags))
            .collect();
        let mut data = json!({
            "title": format!("Title {}", self.count), "views": self.count, "price": f64::from(self.count) / 4.0,
            "extra": { "a": [1, "two\nlines", null] }, "internalNote": "CNRY note", "passphrase": "CNRY passphrase",
        });
        if rng.random_bool(0.5) {
            data["tags"] = json!(tags);
        }
        if rng.random_bool(0.5) {
            data["vault"] = json!(one(rng, &self.vaults));
        }
        if rng.random_bool(0.3) {
            data["cover"] = json!(one(rng, &self.files));
        }
        if rng.random_bool(0.3)
            && let Some(tag) = one(rng, &self.tags)
        {
            data["subject"] = json!({ "__type": "api::tag.tag", "documentId": tag });
        }
        if rng.random_bool(0.4) {
            let seo = json!({ "metaTitle": "meta", "editorHint": "CNRY hint", "sealed": one(rng, &self.vaults) });
            let mut item = seo.clone();
            item["__component"] = json!("parts.seo");
            data["seo"] = seo;
            data["zone"] = json!([item]);
        }
        data
    }

    async fn article(
        &mut self,
        site: &Site,
        rng: &mut StdRng,
        locale: &str,
        target: Target,
        new: bool,
    ) -> Result<(), EntryError> {
        let data = self.article_data(rng);
        let id = some(rng, &self.articles).filter(|_| !new).cloned();
        let saved = site
            .save("article", id.as_deref(), locale, target, &data)
            .await?;
        if id.is_none() {
            self.articles.push(saved.document_id);
        }
        Ok(())
    }

    async fn vault(
        &mut self,
        site: &Site,
        rng: &mut StdRng,
        target: Target,
    ) -> Result<(), EntryError> {
        let mut data = json!({ "title": format!("CNRY vault {}", self.count) });
        if rng.random_bool(0.4)
            && let Some(article) = some(rng, &self.articles)
        {
            // Links changed from the other side.
            data["articles"] = json!({ "connect": [article] });
        }
        let id = some(rng, &self.vaults)
            .filter(|_| rng.random_bool(0.5))
            .cloned();
        let saved = site.save("vault", id.as_deref(), "", target, &data).await?;
        if id.is_none() {
            self.vaults.push(saved.document_id);
        }
        Ok(())
    }

    async fn tag(
        &mut self,
        site: &Site,
        rng: &mut StdRng,
        target: Target,
    ) -> Result<(), EntryError> {
        let data = json!({ "name": format!("tag {}", self.count) });
        let id = some(rng, &self.tags)
            .filter(|_| rng.random_bool(0.5))
            .cloned();
        let saved = site.save("tag", id.as_deref(), "", target, &data).await?;
        if id.is_none() {
            self.tags.push(saved.document_id);
        }
        Ok(())
    }

    async fn file(&mut self, site: &Site, rng: &mut StdRng) -> Result<(), EntryError> {
        match some(rng, &self.files).filter(|_| rng.random_bool(0.6)) {
            None => self.files.push(site.file(self.count).await),
            Some(id) => {
                let data = json!({ "alternativeText": format!("alt {}", self.count) });
                let name = "plugin::upload.file";
                site.save(name, Some(id), "", Target::Published, &data)
                    .await?;
            }
        }
        Ok(())
    }

    async fn unpublish(
        &mut self,
        site: &Site,
        rng: &mut StdRng,
        locale: &str,
    ) -> Result<(), EntryError> {
        let (name, from) = match rng.random_bool(0.6) {
            true => ("article", &self.articles),
            false => ("tag", &self.tags),
        };
        let Some(id) = some(rng, from) else {
            return Ok(());
        };
        let request = site.request(name, locale, Target::Published);
        let which = Which::Id(id.clone());
        site.app.entries.unpublish(request, which).await.map(|_| ())
    }

    async fn delete(
        &mut self,
        site: &Site,
        rng: &mut StdRng,
        locale: &str,
    ) -> Result<(), EntryError> {
        let (name, from) = match rng.random_range(0..4) {
            0 | 1 => ("article", &self.articles),
            2 => ("vault", &self.vaults),
            _ => ("tag", &self.tags),
        };
        let Some(id) = some(rng, from).cloned() else {
            return Ok(());
        };
        let request = site.request(name, locale, Target::Published);
        let whole = name != "article" || rng.random_bool(0.5);
        let which = Which::Id(id.clone());
        site.app.entries.delete(request, which, whole).await?;
        self.trashed.push((name, id));
        Ok(())
    }

    async fn restore(&mut self, site: &Site, rng: &mut StdRng) -> Result<(), EntryError> {
        if self.trashed.is_empty() {
            return Ok(());
        }
        let (name, id) = self.trashed[rng.random_range(0..self.trashed.len())].clone();
        let request = site.request(name, "", Target::Published);
        site.app
            .entries
            .restore_deleted(request, id)
            .await
            .map(|_| ())
    }
}
