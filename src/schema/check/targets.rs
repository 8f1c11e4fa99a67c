//! What a file may call a type.

use std::collections::HashMap;

use crate::schema::builtin;
use crate::schema::definition::TypeDefinition;

/// Uids by every name a file may use for a type.
pub(super) struct TypeNames {
    uid_by_name: HashMap<String, String>,
}

impl TypeNames {
    /// The names of these types and of those that are built in.
    pub(super) fn of(types: &[TypeDefinition]) -> Self {
        let mut uid_by_name = HashMap::new();
        for definition in types {
            uid_by_name.insert(definition.singular.clone(), definition.uid.clone());
        }
        let uids = types.iter().map(|definition| definition.uid.as_str());
        for uid in uids.chain(builtin::KNOWN_UIDS) {
            uid_by_name.insert(uid.to_owned(), uid.to_owned());
        }
        Self { uid_by_name }
    }

    /// The full uid of a name, if there is such a type.
    pub(super) fn uid(&self, name: &str) -> Option<&str> {
        self.uid_by_name.get(name).map(String::as_str)
    }
}
