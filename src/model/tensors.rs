//! The container of weights and checkpoints, safetensors: a header of JSON before the bytes of the tensors.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};

use crate::{
    error::{ModelError, excerpt},
    files::{kind::content_of, limits::TENSOR_HEADER_BYTES},
};

/// The key of the metadata in a header.
const METADATA: &str = "__metadata__";

/// The header of a file.
#[derive(Debug)]
pub(crate) struct TensorHeader {
    /// The metadata of the file.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The type, shape and place of each tensor. They fill the file without gap or overlap.
    pub(crate) tensors: Metadata,
}

impl TensorHeader {
    /// Parses the JSON of a header once.
    ///
    /// # Errors
    /// The finding, when it is damaged or has a key twice.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let Entries(entries) = serde_json::from_slice::<Entries<HeaderEntry>>(json)
            .map_err(|_error| "a damaged header".to_owned())?;
        let (mut metadata, mut tensors) = (BTreeMap::new(), BTreeMap::new());
        let twice = |key: &str| Err(format!("\"{}\" twice in the header", excerpt(key)));
        let mut has_metadata = false;
        for (key, entry) in entries {
            match entry {
                HeaderEntry::Metadata(Entries(fields)) if key == METADATA => {
                    if has_metadata {
                        return twice(&key);
                    }
                    has_metadata = true;
                    for (key, value) in fields {
                        if metadata.contains_key(&key) {
                            return twice(&key);
                        }
                        metadata.insert(key, value);
                    }
                }
                HeaderEntry::Tensor(info) if key != METADATA => {
                    if tensors.contains_key(&key) {
                        return twice(&key);
                    }
                    tensors.insert(key, info);
                }
                _ => return Err(format!("no tensor in \"{}\"", excerpt(key))),
            }
        }
        let mut tensors: Vec<_> = tensors.into_iter().collect();
        tensors.sort_by_key(|(_, info)| info.data_offsets);
        let tensors = Metadata::new(None, tensors)
            .map_err(|_error| "tensors that overlap, leave a gap or contradict their shape")?;
        Ok(Self { metadata, tensors })
    }
}

/// A file in memory.
#[derive(Debug)]
pub(crate) struct TensorFile<'a> {
    pub(crate) header: TensorHeader,
    data: &'a [u8],
}

impl<'a> TensorFile<'a> {
    /// Reads the header, and checks the length.
    ///
    /// # Errors
    /// The finding, when the bytes are not a whole file.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let Some((len, rest)) = bytes.split_first_chunk() else {
            return Err(content_of(bytes).to_owned());
        };
        let len = u64::from_le_bytes(*len);
        if !rest.starts_with(b"{") {
            return Err(content_of(bytes).to_owned());
        }
        if len > TENSOR_HEADER_BYTES as u64 {
            return Err(format!(
                "a header of {len} bytes, above {TENSOR_HEADER_BYTES}"
            ));
        }
        let (header, data) = rest
            .split_at_checked(len as usize)
            .ok_or("a file that is cut off in its header")?;
        let header = TensorHeader::parse(header)?;
        let len = header.tensors.data_len();
        if data.len() != len {
            let kind = if data.len() < len {
                "a file that is cut off"
            } else {
                "too long a file"
            };
            return Err(format!(
                "{kind}, with {} bytes of tensors instead of {len}",
                data.len()
            ));
        }
        Ok(Self { header, data })
    }

    /// The type, the shape and the bytes of a tensor.
    pub(crate) fn tensor(&self, name: &str) -> Option<(Dtype, &[usize], &'a [u8])> {
        let TensorInfo {
            dtype,
            shape,
            data_offsets: (start, end),
        } = self.header.tensors.info(name)?;
        Some((*dtype, shape, self.data.get(*start..*end)?))
    }
}

/// A tensor of a safetensors file.
pub(crate) struct StoredTensor {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    /// Row by row, little-endian.
    pub(crate) bytes: Vec<u8>,
}

/// The bytes of a safetensors file. The same content gives the same bytes; the `safetensors` crate writes the metadata
/// in random order.
///
/// # Errors
/// When JSON fails, which a tested program excludes.
pub(crate) fn serialize_tensors(
    mut tensors: Vec<StoredTensor>,
    metadata: &BTreeMap<&str, String>,
) -> Result<Vec<u8>, ModelError> {
    // As the crate does: wide types first, so that every tensor is aligned.
    tensors.sort_by(|a, b| b.dtype.cmp(&a.dtype).then_with(|| a.name.cmp(&b.name)));
    let mut header = format!("{{\"__metadata__\":{}", json(metadata)?);
    let mut end = 0;
    for StoredTensor {
        name,
        dtype,
        shape,
        bytes,
    } in &tensors
    {
        let start = end;
        end += bytes.len();
        let info = TensorInfo {
            dtype: *dtype,
            shape: shape.clone(),
            data_offsets: (start, end),
        };
        header.extend([",", &json(name)?, ":", &json(&info)?]);
    }
    header.push('}');
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    let mut file = Vec::with_capacity(8 + header.len() + end);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header.as_bytes());
    for tensor in tensors {
        file.extend(tensor.bytes);
    }
    Ok(file)
}

pub(super) fn json(value: &impl Serialize) -> Result<String, ModelError> {
    serde_json::to_string(value).map_err(|error| ModelError::Compute(Box::new(error)))
}

/// A value of a header.
#[derive(Deserialize)]
#[serde(untagged)]
enum HeaderEntry {
    Tensor(TensorInfo),
    Metadata(Entries<String>),
}

/// The keys and values of a JSON object in their order. A map would hide a key that occurs twice.
struct Entries<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a file.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let len = (header.len() as u64).to_le_bytes();
        [len.as_slice(), header.as_bytes(), data].concat()
    }

    #[test]
    fn a_whole_file_is_read() {
        let header = r#"{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},
            "__metadata__":{"format":"x"},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#;
        let bytes = file(header, b"123");
        let file = TensorFile::new(&bytes).expect("is whole");
        assert_eq!(file.header.metadata["format"], "x", "the metadata");
        assert_eq!(
            file.tensor("b"),
            Some((Dtype::U8, &[2][..], &b"23"[..])),
            "by name"
        );
        assert_eq!(
            file.tensor("a"),
            Some((Dtype::U8, &[][..], &b"1"[..])),
            "a number"
        );
        assert_eq!(file.tensor("c"), None, "missing");
    }

    #[test]
    fn damage_is_named() {
        let tensor = |start: u8, end: u8| {
            format!(r#"{{"dtype":"U8","shape":[1],"data_offsets":[{start},{end}]}}"#)
        };
        let one = tensor(0, 1);
        let cases = [
            (Vec::new(), "an empty file"),
            (b"<html></html>".to_vec(), "a web page"),
            (
                file(&format!(r#"{{"a":{one},"a":{one}}}"#), b"1"),
                "\"a\" twice",
            ),
            (
                file(r#"{"__metadata__":{"k":"1","k":"2"}}"#, b""),
                "\"k\" twice",
            ),
            (
                file(r#"{"__metadata__":{},"__metadata__":{}}"#, b""),
                "\"__metadata__\" twice",
            ),
            (file(r#"{"a":{}}"#, b""), "no tensor in \"a\""),
            (file(r#"{"a":3}"#, b""), "a damaged header"),
            (file("{", b""), "a damaged header"),
            (file(&format!(r#"{{"a":{one}}}"#), b""), "cut off"),
            (file(&format!(r#"{{"a":{one}}}"#), b"12"), "too long"),
            (
                file(&format!(r#"{{"a":{}}}"#, tensor(1, 2)), b"12"),
                "a gap",
            ),
            (
                file(&format!(r#"{{"a":{}}}"#, tensor(0, 2)), b"12"),
                "their shape",
            ),
            (
                file(&format!("{{{}}}", " ".repeat(1 << 20)), b""),
                "above 1048576",
            ),
            (file("{}", b"")[..9].to_vec(), "cut off in its header"),
        ];
        for (bytes, expected) in cases {
            let found = TensorFile::new(&bytes).expect_err(expected);
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
