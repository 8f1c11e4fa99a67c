//! Hashes a JSON value while it is parsed, without building it.
use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Levels of JSON in one row.
const DEPTH: u8 = 100;

/// Any JSON value, hashed.
pub(super) struct Hashed<'h> {
    pub(super) depth: u8,
    pub(super) hasher: &'h mut DefaultHasher,
}

impl<'de> DeserializeSeed<'de> for Hashed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Hashed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.hasher.write_u8(b'n');
        Ok(())
    }
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.hasher.write_u8(if value { b't' } else { b'f' });
        Ok(())
    }
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.hasher.write_u8(b'u');
        self.hasher.write_u64(value);
        Ok(())
    }
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.hasher.write_u8(b'i');
        self.hasher.write_i64(value);
        Ok(())
    }
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.hasher.write_u8(b'd');
        self.hasher.write_u64(value.to_bits());
        Ok(())
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.hasher.write_u8(b's');
        self.hasher.write_usize(value.len());
        self.hasher.write(value.as_bytes());
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        self.hasher.write_u8(b'[');
        while seq
            .next_element_seed(Hashed {
                depth,
                hasher: self.hasher,
            })?
            .is_some()
        {}
        self.hasher.write_u8(b']');
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        self.hasher.write_u8(b'{');
        while map
            .next_key_seed(Hashed {
                depth,
                hasher: self.hasher,
            })?
            .is_some()
        {
            map.next_value_seed(Hashed {
                depth,
                hasher: self.hasher,
            })?;
        }
        self.hasher.write_u8(b'}');
        Ok(())
    }
}

/// One level further down, or an error.
pub(super) fn deeper<E: Error>(depth: u8) -> Result<u8, E> {
    if depth < DEPTH {
        Ok(depth + 1)
    } else {
        Err(E::custom("it is nested too deeply"))
    }
}
