//! Schema files written short.

use serde_json::{Value as Json, json};
use tympan::schema::definition::{Definitions, LocaleDefinition, TypeDefinition};
use tympan::schema::{check, files, parse};

/// What schema files say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) types: Vec<Json>,
    pub(crate) components: Vec<(String, Json)>,
    pub(crate) locales: Vec<&'static str>,
}

impl Files {
    /// One type named `article`.
    pub(crate) fn article(attributes: Json) -> Self {
        Self::default().with("article", false, false, attributes)
    }

    pub(crate) fn with(
        mut self,
        singular: &str,
        localized: bool,
        drafts: bool,
        attributes: Json,
    ) -> Self {
        self.types.push(json!({
            "kind": "collectionType",
            "info": { "singularName": singular, "pluralName": format!("{singular}s"), "displayName": singular },
            "options": { "draftAndPublish": drafts },
            "pluginOptions": { "i18n": { "localized": localized } },
            "attributes": attributes
        }));
        self
    }

    pub(crate) fn component(mut self, uid: &str, attributes: Json) -> Self {
        let json = json!({ "info": { "displayName": uid }, "attributes": attributes });
        self.components.push((uid.to_owned(), json));
        self
    }

    /// The first is the default one.
    pub(crate) fn locales(mut self, codes: &[&'static str]) -> Self {
        self.locales = codes.to_vec();
        self
    }

    pub(crate) fn definitions(&self) -> Definitions {
        let mut problems = Vec::new();
        let types = self.types.iter().filter_map(|json| {
            let parsed = parse::content_type("x", None, json, &mut problems)?;
            let file = files::type_file(&parsed.singular);
            Some(TypeDefinition { file, ..parsed })
        });
        let types = types.collect();
        let components = self.components.iter().filter_map(|(uid, json)| {
            parse::component(&files::component_file(uid), uid, json, &mut problems)
        });
        let components = components.collect();
        assert_eq!(problems, []);
        let locales = self
            .locales
            .iter()
            .enumerate()
            .map(|(index, code)| LocaleDefinition {
                code: (*code).to_owned(),
                name: (*code).to_owned(),
                is_default: index == 0,
                fallback: None,
            });
        let locales: Vec<_> = locales.collect();
        check::check(Definitions {
            types,
            components,
            locales: (!locales.is_empty()).then_some(locales),
        })
        .unwrap()
    }
}
