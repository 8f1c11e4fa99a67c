//! Components and dynamic zones inside a value.

use serde_json::Value;

use super::walk::{Scope, Walk};
use super::{Checked, ComponentValue, Mode};
use crate::schema::check::MAX_NESTING;
use crate::schema::{Component, Field, FieldKind, scalar};

/// Most instances of one list.
pub(super) const MAX_ITEMS: usize = 1000;

impl Walk<'_> {
    pub(super) fn nested(
        &mut self,
        scope: &Scope<'_>,
        field: &Field,
        value: &Value,
    ) -> Option<Checked> {
        match &field.kind {
            FieldKind::Component {
                component,
                repeatable: false,
                ..
            } => Some(Checked::Component(self.instance(scope, component, value)?)),
            FieldKind::Component {
                component,
                min,
                max,
                ..
            } => {
                let items = self.list(field, value, *min, *max)?;
                let instances =
                    self.each(items, |walk, item| walk.instance(scope, component, item));
                Some(Checked::Components(instances))
            }
            FieldKind::DynamicZone {
                components,
                min,
                max,
            } => {
                let items = self.list(field, value, *min, *max)?;
                let instances = self.each(items, |walk, item| {
                    let component = walk.named_component(components, item)?;
                    walk.instance(scope, &component, item)
                });
                Some(Checked::Zone(instances))
            }
            _ => None,
        }
    }

    fn list<'v>(
        &mut self,
        field: &Field,
        value: &'v Value,
        min: Option<u32>,
        max: Option<u32>,
    ) -> Option<&'v [Value]> {
        let Value::Array(items) = value else {
            self.report(&scalar::wrong_type("array", value), value);
            return None;
        };
        if items.len() > MAX_ITEMS {
            self.report(
                &format!("field must have less than or equal to {MAX_ITEMS} items"),
                &Value::Null,
            );
            return None;
        }
        if self.mode == Mode::Publish {
            let counted = field.required || !items.is_empty();
            if let Some(min) = min.filter(|min| counted && items.len() < *min as usize) {
                self.report(&format!("field must have at least {min} items"), value);
            }
            if let Some(max) = max.filter(|max| items.len() > *max as usize) {
                self.report(
                    &format!("field must have less than or equal to {max} items"),
                    value,
                );
            }
        }
        Some(items)
    }

    fn each(
        &mut self,
        items: &[Value],
        mut check: impl FnMut(&mut Self, &Value) -> Option<ComponentValue>,
    ) -> Vec<ComponentValue> {
        let mut instances = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.enter(&index.to_string());
            instances.extend(check(self, item));
            self.leave();
        }
        instances
    }

    /// The component a zone's item names, if the zone may hold it.
    fn named_component(&mut self, allowed: &[String], item: &Value) -> Option<String> {
        let Value::Object(map) = item else {
            self.report(&scalar::wrong_type("object", item), item);
            return None;
        };
        let named = map.get("__component").cloned().unwrap_or(Value::Null);
        match named.as_str() {
            Some(uid) if allowed.iter().any(|allowed| allowed == uid) => Some(uid.to_owned()),
            Some(_) => {
                self.enter("__component");
                self.report(
                    &format!(
                        "must be one of the following values: {}",
                        allowed.join(", ")
                    ),
                    &named,
                );
                self.leave();
                None
            }
            None => {
                self.enter("__component");
                self.report("is a required field", &named);
                self.leave();
                None
            }
        }
    }

    fn instance(
        &mut self,
        scope: &Scope<'_>,
        component: &str,
        item: &Value,
    ) -> Option<ComponentValue> {
        let Value::Object(values) = item else {
            self.report(&scalar::wrong_type("object", item), item);
            return None;
        };
        let component = self.component(component, item)?;
        let id = self.instance_id(values.get("id"));
        let inner = Scope {
            fields: &component.fields,
            values,
            // Only an instance that is stored has values to keep.
            partial: scope.partial && id.is_some(),
            inside: true,
        };
        let values = self.values(&inner);
        Some(ComponentValue {
            component: component.id,
            id,
            values,
        })
    }

    fn component(&mut self, uid: &str, item: &Value) -> Option<std::sync::Arc<Component>> {
        if self.nesting() > MAX_NESTING {
            self.report(
                &format!("nests components deeper than {MAX_NESTING} levels"),
                &Value::Null,
            );
            return None;
        }
        let component = self.schema.component(uid).cloned();
        if component.is_none() {
            self.report("holds a component that does not exist", item);
        }
        component
    }

    fn instance_id(&mut self, given: Option<&Value>) -> Option<i64> {
        let value = given.filter(|value| !value.is_null())?;
        // Strapi's frontends send ids back as numbers or as texts.
        let id = match value {
            Value::String(digits) => digits.parse().ok(),
            other => other.as_i64(),
        };
        if id.is_none() {
            self.enter("id");
            self.report(&scalar::wrong_type("number", value), value);
            self.leave();
        }
        id
    }
}
