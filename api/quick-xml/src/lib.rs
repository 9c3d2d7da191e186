//! XML for poem, which asks for quick-xml 0.36 and cannot be told to leave it out.
//!
//! Release 0.36 has two published faults (see `config/advisories.toml`), mended in 0.41 only, whose serializer has an error
//! type of its own. This package takes the place of 0.36 (`[patch.crates-io]` in the workspace's `Cargo.toml`): it passes
//! the calls that poem makes on to the mended release and gives both kinds of errors the one type that poem expects. Remove
//! it once a release of poem asks for 0.41 or later.

pub use de::DeError;

pub mod de {
    //! Reading XML.

    use std::io::BufRead;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    /// Error of reading or writing XML.
    #[derive(Clone, Debug, thiserror::Error)]
    pub enum DeError {
        #[error("{0}")]
        Custom(String),
        /// Value that has no form in XML, such as one without a name for its root.
        #[error("unsupported value: {0}")]
        Unsupported(String),
    }

    impl From<current::DeError> for DeError {
        fn from(error: current::DeError) -> Self {
            Self::Custom(error.to_string())
        }
    }

    impl From<current::SeError> for DeError {
        fn from(error: current::SeError) -> Self {
            match error {
                current::SeError::Unsupported(what) => Self::Unsupported(what.into_owned()),
                error => Self::Custom(error.to_string()),
            }
        }
    }

    /// Reads a value from text.
    pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DeError> {
        Ok(current::de::from_str(text)?)
    }

    /// Reads a value from a stream of bytes.
    pub fn from_reader<R: BufRead, T: DeserializeOwned>(reader: R) -> Result<T, DeError> {
        Ok(current::de::from_reader(reader)?)
    }
}

pub mod se {
    //! Writing XML.

    use serde::Serialize;

    use super::DeError;

    /// Writes a value under the name of its type.
    pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, DeError> {
        Ok(current::se::to_string(value)?)
    }

    /// Writes a value under a root of the given name.
    pub fn to_string_with_root<T: Serialize + ?Sized>(root: &str, value: &T) -> Result<String, DeError> {
        Ok(current::se::to_string_with_root(root, value)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{DeError, de, se};

    #[test]
    fn values_pass_and_errors_are_of_the_one_type() {
        let value = BTreeMap::from([("a".to_owned(), "1 < 2".to_owned())]);
        let text = se::to_string_with_root("root", &value).expect("is written");
        assert_eq!(text, "<root><a>1 &lt; 2</a></root>");
        assert_eq!(de::from_str::<BTreeMap<String, String>>(&text).expect("is read"), value);
        assert_eq!(de::from_reader::<_, BTreeMap<String, String>>(text.as_bytes()).expect("is read"), value);
        assert!(matches!(se::to_string(&value), Err(DeError::Unsupported(_))));
        assert!(matches!(de::from_str::<BTreeMap<String, String>>("<root><a></root>"), Err(DeError::Custom(_))));
    }
}
