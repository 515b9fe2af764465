//! Settings of several kinds, which a file may name by their kind alone.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer as _, value::MapAccessDeserializer},
};

use crate::error::Refusal;

/// A setting that is written as a table with its kind and the kind's parameters, or as the kind alone.
pub(in crate::training) trait Shorthand: Sized {
    /// All that the table may hold for any kind.
    type Fields: for<'de> Deserialize<'de>;
    /// What is expected in its place.
    const EXPECTED: &'static str;

    /// From a table; its kind must be known, and the others belong to it.
    fn of_fields(fields: Self::Fields) -> Result<Self, Refusal>;

    /// Refuses the first parameter that is of no use to the kind.
    fn refuse_what_is_left(kind: &str, left: &[(&str, bool)]) -> Result<(), Refusal> {
        match left.iter().find(|(_, is_left)| *is_left) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::new(
                format!("set up \"{kind}\""),
                format!("{name}, which it has not"),
                "its own parameters",
                format!("remove {name} or choose another kind"),
            )),
        }
    }
}

/// Takes the value of a parameter where there is one.
pub(in crate::training) fn parameter<T>(value: &mut T, field: &mut Option<T>) {
    if let Some(field) = field.take() {
        *value = field;
    }
}

/// Reads a kind's name or a table.
pub(in crate::training) fn named_or_table<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Shorthand,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(NameOrTable(PhantomData))
}

struct NameOrTable<T>(PhantomData<T>);

impl<'de, T: Shorthand> de::Visitor<'de> for NameOrTable<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> Result<T, E> {
        let table = [("kind", kind)].into_iter();
        let table = de::value::MapDeserializer::<_, E>::new(
            table.map(|(key, kind)| (key, kind.into_deserializer())),
        );
        T::of_fields(T::Fields::deserialize(table)?).map_err(|refusal| refused(&refusal))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
        let fields = T::Fields::deserialize(MapAccessDeserializer::new(table))?;
        T::of_fields(fields).map_err(|refusal| refused(&refusal))
    }
}

fn refused<E: de::Error>(refusal: &Refusal) -> E {
    E::custom(format!(
        "found {}, expected {}",
        refusal.found, refusal.expected
    ))
}
